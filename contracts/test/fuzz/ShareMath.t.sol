// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {ShareMath} from "../../src/libraries/ShareMath.sol";

/// @dev Every rounding is against the caller, whatever the pool: also one that lost ether.
contract ShareMathTest is Test {
    uint256 private constant V = ShareMath.VIRTUAL;
    /// @dev More ether than exists.
    uint256 private constant MOST = 1e27;

    function limits(uint256 amount, uint256 pooled, uint256 supply) private pure returns (uint256, uint256, uint256) {
        return (bound(amount, 0, MOST), bound(pooled, 0, MOST), bound(supply, 0, MOST));
    }

    function testFuzz_stakingNeverLowersTheRate(uint256 assets, uint256 pooled, uint256 supply) public pure {
        (assets, pooled, supply) = limits(assets, pooled, supply);
        uint256 shares = ShareMath.toShares(assets, pooled, supply);
        // (pooled + assets + V) / (supply + shares + V) >= (pooled + V) / (supply + V), without dividing.
        assertGe((pooled + assets + V) * (supply + V), (pooled + V) * (supply + shares + V));
    }

    function testFuzz_leavingNeverLowersTheRate(uint256 shares, uint256 pooled, uint256 supply) public pure {
        (shares, pooled, supply) = limits(shares, pooled, supply);
        shares = bound(shares, 0, supply);
        uint256 assets = ShareMath.toAssets(shares, pooled, supply);
        vm.assume(assets <= pooled);
        assertGe((pooled - assets + V) * (supply + V), (pooled + V) * (supply - shares + V));
    }

    function testFuzz_roundTripsNeverGain(uint256 amount, uint256 pooled, uint256 supply) public pure {
        (amount, pooled, supply) = limits(amount, pooled, supply);
        assertLe(ShareMath.toAssets(ShareMath.toShares(amount, pooled, supply), pooled, supply), amount);
        assertLe(ShareMath.toShares(ShareMath.toAssets(amount, pooled, supply), pooled, supply), amount);
    }

    function testFuzz_roundingTakesLessThanOneUnit(uint256 assets, uint256 pooled, uint256 supply) public pure {
        (assets, pooled, supply) = limits(assets, pooled, supply);
        uint256 shares = ShareMath.toShares(assets, pooled, supply);
        assertGt((shares + 1) * (pooled + V), assets * (supply + V));
    }

    function testFuzz_splittingAStakeNeverGains(uint256 first, uint256 second, uint256 pooled, uint256 supply)
        public
        pure
    {
        (first, pooled, supply) = limits(first, pooled, supply);
        second = bound(second, 0, MOST);
        uint256 whole = ShareMath.toShares(first + second, pooled, supply);
        uint256 a = ShareMath.toShares(first, pooled, supply);
        uint256 b = ShareMath.toShares(second, pooled + first, supply + a);
        assertLe(a + b, whole);
    }

    function testFuzz_allSharesAreBackedAtOrAboveOne(uint256 pooled, uint256 supply) public pure {
        supply = bound(supply, 0, MOST);
        pooled = bound(pooled, supply, MOST);
        assertLe(ShareMath.toAssets(supply, pooled, supply), pooled);
    }

    function test_firstRateIsOne() public pure {
        assertEq(ShareMath.toShares(1 ether, 0, 0), 1 ether);
        assertEq(ShareMath.toAssets(1 ether, 0, 0), 1 ether);
    }
}
