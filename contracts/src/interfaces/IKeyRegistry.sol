// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Which validators are the protocol's own.
interface IKeyRegistry {
    /// @notice Whether the protocol deposited this validator, with credentials of its own.
    /// @param pubkey 48 bytes.
    function isOwnValidator(bytes calldata pubkey) external view returns (bool);
}
