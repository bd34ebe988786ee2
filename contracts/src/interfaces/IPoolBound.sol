// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A contract that serves one pool, for ever.
/// @notice POOL_ROLE is bound to the first account it is granted to (IBound).
interface IPoolBound {
    /// @notice The role of the pool.
    function POOL_ROLE() external view returns (bytes32);

    /// @notice The only account that can hold POOL_ROLE; zero until it is granted the first time.
    function boundPool() external view returns (address);
}
