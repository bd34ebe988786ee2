// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A contract that serves one pool, for ever.
interface IPoolBound {
    /// @notice The role of the pool, bound to the first account that it is granted to.
    function POOL_ROLE() external view returns (bytes32);

    /// @notice The only account that can hold POOL_ROLE; zero until it is granted the first time.
    function boundPool() external view returns (address);
}
