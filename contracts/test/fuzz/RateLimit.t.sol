// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {RateLimit} from "../../src/libraries/RateLimit.sol";

/// @dev So much a day, against a plain account of every use.
contract RateLimitTest is Test {
    uint256 private constant UNIT = RateLimit.UNIT;

    uint256 private usedUnits;
    uint256 private lastUse;

    function setUp() public {
        vm.warp(1_750_000_000);
    }

    /// @dev Uses wei as the pool does.
    function use(uint256 amount, uint256 limit) private returns (bool accepted) {
        uint256 available = RateLimit.available(usedUnits, lastUse, limit);
        if (amount > available) return false;
        usedUnits = RateLimit.used(limit - available + amount);
        lastUse = block.timestamp;
        return true;
    }

    function testFuzz_isNeverAboveTheLimit(uint32 used, uint256 elapsed, uint256 limit) public view {
        limit = bound(limit, 0, RateLimit.MAX);
        elapsed = bound(elapsed, 0, block.timestamp);
        assertLe(RateLimit.available(used, block.timestamp - elapsed, limit), limit);
    }

    function testFuzz_risesWithTime(uint32 used, uint256 first, uint256 later, uint256 limit) public view {
        limit = bound(limit, 0, RateLimit.MAX);
        later = bound(later, 0, 100 days);
        first = bound(first, 0, later);
        assertLe(
            RateLimit.available(used, block.timestamp - first, limit),
            RateLimit.available(used, block.timestamp - later, limit)
        );
    }

    function testFuzz_isFreeAfterADay(uint256 inUse, uint256 limit) public view {
        limit = bound(limit, 0, RateLimit.MAX);
        // What is in use is never above the limit but for the rounding up of a unit.
        uint256 used = RateLimit.used(bound(inUse, 0, limit));
        assertApproxEqAbs(RateLimit.available(used, block.timestamp - 1 days, limit), limit, UNIT);
        assertEq(RateLimit.available(used / 2, block.timestamp - 1 days, limit), limit);
    }

    /// @dev Rounded up by less than a unit, and reversible within 32 bits.
    function testFuzz_unitsRoundUp(uint256 inUse) public pure {
        inUse = bound(inUse, 0, RateLimit.MAX);
        uint256 units = RateLimit.used(inUse);
        assertGe(units * UNIT, inUse);
        assertLt(units * UNIT, inUse + UNIT);
    }

    /// @dev Over any time, no more is accepted than one full bucket and what drained in it.
    function testFuzz_acceptsABucketAndWhatDrains(uint256 seed, uint256 limit) public {
        limit = bound(limit, 1 ether, RateLimit.MAX);
        lastUse = block.timestamp;
        uint256 start = block.timestamp;
        uint256 total = 0;
        for (uint256 i = 0; i < 30; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            skip(seed % 6 hours);
            uint256 amount = (seed >> 128) % (limit / 2) + 1;
            if (use(amount, limit)) total += amount;
            else assertGt(amount, RateLimit.available(usedUnits, lastUse, limit));
            assertLe(total, limit + limit * (block.timestamp - start) / 1 days);
        }
    }

    function test_bounds() public view {
        assertEq(RateLimit.MAX, 400_000 ether);
        assertEq(UNIT, 0.0001 ether);
        assertEq(RateLimit.used(RateLimit.MAX), 4_000_000_000);
        assertEq(RateLimit.used(0), 0);
        assertEq(RateLimit.used(1), 1);
        assertEq(RateLimit.used(UNIT), 1);
        assertEq(RateLimit.used(UNIT + 1), 2);
        assertEq(RateLimit.available(10_000, block.timestamp, 3 ether), 2 ether);
        assertEq(RateLimit.available(30_000, block.timestamp, 3 ether), 0);
        assertEq(RateLimit.available(30_001, block.timestamp, 3 ether), 0);
        assertEq(RateLimit.available(30_000, block.timestamp - 8 hours, 3 ether), 1 ether);
    }
}
