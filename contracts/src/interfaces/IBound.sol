// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A contract whose modules are fixed for ever.
/// @notice The first account granted a module's role is the only one that can ever hold it, so that an admin cannot give
/// itself a module's rights. The role may be revoked, and granted again to the same account.
interface IBound {
    /// @notice A module is now fixed.
    /// @param role The module's role.
    /// @param account The only account that may hold it.
    event RoleBound(bytes32 indexed role, address indexed account);

    /// @notice The role was already given to another account.
    /// @param role The module's role.
    /// @param bound The account that may hold it.
    /// @param account The account it was to be granted to.
    error RoleAlreadyBound(bytes32 role, address bound, address account);

    /// @notice The only account that can hold a module's role; zero until it is granted the first time, and for roles that
    /// are not a module's.
    /// @param role The role.
    function boundAccount(bytes32 role) external view returns (address);
}
