// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPoolBound} from "../interfaces/IPoolBound.sol";
import {Governed} from "./Governed.sol";

/// @dev Ties POOL_ROLE to the first account it is granted to. The vaults are deployed before the pool, so the pool cannot
/// be an initialiser's argument; without this an admin could grant itself the role and take the ether.
abstract contract PoolBound is IPoolBound, Governed {
    /// @custom:storage-location erc7201:ethstake.storage.PoolBound
    struct PoolBoundStorage {
        address pool;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.PoolBound")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant POOL_BOUND_STORAGE = 0x4f8f1981051d3707f862554eb4578f9e29da1e9a6bd35cb32f3e271b82455500;

    /// @inheritdoc IPoolBound
    bytes32 public constant override POOL_ROLE = keccak256("POOL_ROLE");

    /// @inheritdoc IPoolBound
    function boundPool() public view override returns (address) {
        return _poolBoundStorage().pool;
    }

    /// @dev The first grant of POOL_ROLE binds it; another account is refused from then on.
    function _grantRole(bytes32 role, address account) internal virtual override returns (bool) {
        if (role == POOL_ROLE) {
            PoolBoundStorage storage $ = _poolBoundStorage();
            address bound = $.pool;
            if (bound == address(0)) {
                _requireNonZero(account);
                $.pool = account;
                emit PoolFixed(account);
            } else if (bound != account) {
                revert PoolAlreadyBound(bound, account);
            }
        }
        return super._grantRole(role, account);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _poolBoundStorage() private pure returns (PoolBoundStorage storage $) {
        assembly {
            $.slot := POOL_BOUND_STORAGE
        }
    }
}
