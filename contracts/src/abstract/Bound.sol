// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBound} from "../interfaces/IBound.sol";
import {Governed} from "./Governed.sol";

/// @dev Ties each module's role to the first account it is granted to. Contracts are deployed before the modules that draw
/// from them, so a module cannot be an initialiser's argument; without this an admin could grant itself the role and take
/// the ether.
abstract contract Bound is IBound, Governed {
    /// @custom:storage-location erc7201:ethstake.storage.Bound
    struct BoundStorage {
        mapping(bytes32 role => address account) accounts;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.Bound")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant BOUND_STORAGE = 0xfcf3a71153a88df007c174a1d96852638994cbebe90f45de5d57ec8570bf4500;

    /// @inheritdoc IBound
    function boundAccount(bytes32 role) public view override returns (address) {
        return _boundStorage().accounts[role];
    }

    /// @dev Whether a role is a module's. It must answer the same for ever: a role that becomes one later is not bound to
    /// those who hold it already.
    function _isBoundRole(bytes32 role) internal pure virtual returns (bool);

    /// @dev The first grant of a module's role binds it; another account is refused from then on.
    function _grantRole(bytes32 role, address account) internal virtual override returns (bool) {
        if (_isBoundRole(role)) {
            BoundStorage storage $ = _boundStorage();
            address bound = $.accounts[role];
            if (bound == address(0)) {
                _requireNonZero(account);
                $.accounts[role] = account;
                emit RoleBound(role, account);
            } else if (bound != account) {
                revert RoleAlreadyBound(role, bound, account);
            }
        }
        return super._grantRole(role, account);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _boundStorage() private pure returns (BoundStorage storage $) {
        assembly {
            $.slot := BOUND_STORAGE
        }
    }
}
