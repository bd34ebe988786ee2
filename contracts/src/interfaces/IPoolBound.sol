// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A contract that serves one pool, for ever.
/// @notice The first account granted POOL_ROLE is the only one that can ever hold it, so that an admin cannot give
/// itself the pool's rights. The role may be revoked, and granted again to the same account.
interface IPoolBound {
    /// @notice The pool is now fixed.
    /// @param pool The account that may hold POOL_ROLE.
    event PoolFixed(address indexed pool);

    /// @notice POOL_ROLE was already given to another account.
    /// @param bound The account that may hold POOL_ROLE.
    /// @param account The account it was to be granted to.
    error PoolAlreadyBound(address bound, address account);

    /// @notice The role of the pool.
    function POOL_ROLE() external view returns (bytes32);

    /// @notice The only account that can hold POOL_ROLE; zero until it is granted the first time.
    function boundPool() external view returns (address);
}
