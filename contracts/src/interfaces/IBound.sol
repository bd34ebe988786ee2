// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Roles of the protocol's modules, each bound for ever to the first account it is granted to.
/// @notice A bound role may be revoked, and granted again to the same account, never to another one.
interface IBound {
    /// @notice A role is now bound.
    /// @param account The only account that can hold it.
    event RoleBound(bytes32 indexed role, address indexed account);

    /// @notice The role was already given to another account.
    /// @param bound The account that may hold it.
    /// @param account The account it was to be granted to.
    error RoleAlreadyBound(bytes32 role, address bound, address account);

    /// @notice The only account that can hold a module's role; zero until it is granted the first time.
    function boundAccount(bytes32 role) external view returns (address);
}
