// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPoolBound} from "../interfaces/IPoolBound.sol";
import {Bound} from "./Bound.sol";

/// @dev The pool as the one module. A contract with more modules overrides `_isBoundRole` and asks this one too.
abstract contract PoolBound is IPoolBound, Bound {
    /// @inheritdoc IPoolBound
    bytes32 public constant override POOL_ROLE = keccak256("POOL_ROLE");

    /// @inheritdoc IPoolBound
    function boundPool() public view override returns (address) {
        return boundAccount(POOL_ROLE);
    }

    /// @inheritdoc Bound
    function _isBoundRole(bytes32 role) internal pure virtual override returns (bool) {
        return role == POOL_ROLE;
    }
}
