// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Ether to shares and back.
/// @dev rate = (pooled + V) / (supply + V). The virtual gwei makes the first rate exactly 1, and whoever inflates the rate
/// of a near-empty pool gives to V what he hoped to take from the next staker. Both directions round down.
library ShareMath {
    /// @dev V: virtual wei and virtual shares. One gwei is 1e-9 of one ether: it takes no visible part of the rewards.
    uint256 internal constant VIRTUAL = 1 gwei;
    /// @dev Shares whose worth in wei is a rate in rays.
    uint256 internal constant RAY = 1e27;

    /// @dev Shares for `assets` wei: floor(assets * (supply + V) / (pooled + V)).
    function toShares(uint256 assets, uint256 pooled, uint256 supply) internal pure returns (uint256) {
        return Math.mulDiv(assets, supply + VIRTUAL, pooled + VIRTUAL);
    }

    /// @dev Wei for `shares`: floor(shares * (pooled + V) / (supply + V)).
    function toAssets(uint256 shares, uint256 pooled, uint256 supply) internal pure returns (uint256) {
        return Math.mulDiv(shares, pooled + VIRTUAL, supply + VIRTUAL);
    }
}
