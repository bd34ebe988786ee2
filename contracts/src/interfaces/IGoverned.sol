// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What every upgradeable contract of the protocol shares: the roles over it.
interface IGoverned {
    /// @notice An address that must be set is zero.
    /// @param account The address given.
    error GovernedInvalidAddress(address account);

    /// @notice The role that may replace the implementation.
    function UPGRADER_ROLE() external view returns (bytes32);
}
