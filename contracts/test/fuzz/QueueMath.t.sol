// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {QueueMath} from "../../src/libraries/QueueMath.sol";

/// @dev What queued shares are worth: never above what was set aside, and rounded down once.
contract QueueMathTest is Test {
    uint256 private constant RAY = QueueMath.RAY;

    function testFuzz_isRoundedDown(uint96 shares, uint128 rate) public pure {
        uint256 assets = QueueMath.assetsOf(shares, rate);
        assertLe(assets * RAY, uint256(shares) * rate);
        assertGt((assets + 1) * RAY, uint256(shares) * rate);
    }

    /// @dev However a request is split, its parts pay no more than the whole, and less than a wei a part is lost.
    function testFuzz_partsNeverExceedTheWhole(uint96[] calldata parts, uint128 rate) public pure {
        uint256 shares = 0;
        uint256 assets = 0;
        uint256 count = parts.length;
        for (uint256 i = 0; i < count; ++i) {
            uint256 part = parts[i] / count;
            shares += part;
            assets += QueueMath.assetsOf(part, rate);
        }
        uint256 whole = QueueMath.assetsOf(shares, rate);
        assertLe(assets, whole);
        assertLe(whole, assets + count);
    }

    function testFuzz_growsWithSharesAndRate(uint96 shares, uint96 more, uint128 rate, uint128 higher) public pure {
        shares = uint96(bound(shares, 0, more));
        rate = uint128(bound(rate, 0, higher));
        assertLe(QueueMath.assetsOf(shares, rate), QueueMath.assetsOf(more, rate));
        assertLe(QueueMath.assetsOf(shares, rate), QueueMath.assetsOf(shares, higher));
    }

    function testFuzz_aRateOfOneIsTheShares(uint96 shares) public pure {
        assertEq(QueueMath.assetsOf(shares, RAY), shares);
    }

    /// @dev The bounds that the library names do not overflow.
    function test_bounds() public pure {
        assertGt(QueueMath.assetsOf(type(uint96).max, type(uint128).max), 0);
        assertEq(QueueMath.assetsOf(0, type(uint128).max), 0);
        assertEq(QueueMath.assetsOf(type(uint96).max, 0), 0);
    }
}
