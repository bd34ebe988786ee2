// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {QueueMath} from "../../src/libraries/QueueMath.sol";
import {ShareMath} from "../../src/libraries/ShareMath.sol";

/// @dev What finalised requests pay, for every number of shares and every rate that the queue can store.
contract QueueMathProperties {
    uint256 private constant RAY = QueueMath.RAY;

    /// @dev Two parts of what is finalised together pay at most what was set aside for both, and less than two wei below it.
    function check_twoPartsNeverPayMoreThanTheWhole(uint96 one, uint96 other, uint128 rate) public pure {
        uint256 parts = QueueMath.assetsOf(one, rate) + QueueMath.assetsOf(other, rate);
        uint256 whole = QueueMath.assetsOf(uint256(one) + other, rate);
        assert(parts <= whole);
        assert(whole <= parts + 1);
    }

    /// @dev The step of an induction over any number of requests: what some pay is covered by what was set aside for them, so
    /// it is with one more.
    function check_oneMorePartNeverPaysMoreThanTheWhole(uint256 paid, uint96 shares, uint96 part, uint128 rate)
        public
        pure
    {
        if (paid > QueueMath.assetsOf(shares, rate)) return;
        assert(paid + QueueMath.assetsOf(part, rate) <= QueueMath.assetsOf(uint256(shares) + part, rate));
    }

    function check_moreSharesNeverPayLess(uint96 fewer, uint96 more, uint128 rate) public pure {
        if (fewer > more) return;
        assert(QueueMath.assetsOf(fewer, rate) <= QueueMath.assetsOf(more, rate));
    }

    function check_aHigherRateNeverPaysLess(uint96 shares, uint128 lower, uint128 higher) public pure {
        if (lower > higher) return;
        assert(QueueMath.assetsOf(shares, lower) <= QueueMath.assetsOf(shares, higher));
    }

    /// @dev The lower of the rate at the close of a batch and the rate now pays no more than either.
    function check_theLowerRateNeverPaysMoreThanEither(uint96 shares, uint128 atClose, uint128 current) public pure {
        uint256 paid = QueueMath.assetsOf(shares, Math.min(atClose, current));
        assert(paid <= QueueMath.assetsOf(shares, atClose));
        assert(paid <= QueueMath.assetsOf(shares, current));
    }

    /// @dev The rate of one is exact: as many wei as shares.
    function check_atTheRateOfOneSharesAreWei(uint96 shares) public pure {
        assert(QueueMath.assetsOf(shares, RAY) == shares);
    }

    /// @dev No leaver gets more than the pool has his shares at.
    function check_leavingPaysAtMostThePoolsValue(uint96 shares, uint96 pooled, uint96 supply) public pure {
        uint256 rate = _rate(pooled, supply);
        if (rate > type(uint128).max) return;
        assert(QueueMath.assetsOf(shares, rate) <= ShareMath.toAssets(shares, pooled, supply));
    }

    /// @dev All shares together get at most the pool, in a pool that lost ether too: there is nothing beyond it to pay them.
    function check_allSharesTogetherGetAtMostThePool(uint96 pooled, uint96 supply) public pure {
        if (supply == 0) return;
        uint256 rate = _rate(pooled, supply);
        if (rate > type(uint128).max) return;
        assert(rate * supply <= RAY * pooled);
        assert(QueueMath.assetsOf(supply, rate) <= pooled);
    }

    /// @dev StakingPool._rate, which is private.
    function _rate(uint256 pooled, uint256 supply) private pure returns (uint256 rate) {
        rate = ShareMath.toAssets(ShareMath.RAY, pooled, supply);
        if (supply != 0) rate = Math.min(rate, Math.mulDiv(ShareMath.RAY, pooled, supply));
    }
}
