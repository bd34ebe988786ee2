// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IGoverned} from "../interfaces/IGoverned.sol";

/// @dev Roles and upgrades of every contract behind a proxy. The implementation itself can never be initialised. The
/// admin starts with DEFAULT_ADMIN_ROLE only; who may upgrade is a grant that anyone can see.
abstract contract Governed is IGoverned, AccessControlUpgradeable, UUPSUpgradeable {
    /// @inheritdoc IGoverned
    bytes32 public constant override UPGRADER_ROLE = keccak256("UPGRADER_ROLE");

    /// @dev Locks the implementation: only proxies are initialised.
    constructor() {
        _disableInitializers();
    }

    /// @dev Gives the admin DEFAULT_ADMIN_ROLE.
    function __Governed_init(address admin) internal onlyInitializing {
        __AccessControl_init();
        __UUPSUpgradeable_init();
        _requireNonZero(admin);
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// @dev Only UPGRADER_ROLE replaces the implementation.
    function _authorizeUpgrade(address) internal view override onlyRole(UPGRADER_ROLE) {}

    /// @dev Reverts for the zero address.
    function _requireNonZero(address account) internal pure {
        if (account == address(0)) revert GovernedInvalidAddress(account);
    }
}
