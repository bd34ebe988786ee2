// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RateLimit} from "../../src/libraries/RateLimit.sol";

interface Warp {
    function warp(uint256 timestamp) external;
}

/// @dev The bucket, for every time, use and limit that the pool can have.
contract RateLimitProperties {
    /// @dev The address of forge's and halmos's cheatcodes.
    Warp private constant VM = Warp(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    /// @dev Never more than the limit at once.
    function check_neverMoreThanTheLimitAtOnce(uint32 usedUnits, uint40 last, uint40 elapsed, uint80 limit) public {
        assert(_availableAt(usedUnits, last, elapsed, limit) <= limit);
    }

    /// @dev A full day empties the bucket, whatever was in it, unless the limit was lowered meanwhile.
    function check_aDayGivesTheWholeLimitBack(uint32 usedUnits, uint40 last, uint40 elapsed, uint80 limit) public {
        if (elapsed < 1 days || uint256(usedUnits) * RateLimit.UNIT > limit) return;
        assert(_availableAt(usedUnits, last, elapsed, limit) == limit);
    }

    /// @dev Time only ever drains it.
    function check_drainingIsMonotone(uint32 usedUnits, uint40 last, uint40 sooner, uint40 later, uint80 limit) public {
        if (sooner > later) return;
        assert(_availableAt(usedUnits, last, sooner, limit) <= _availableAt(usedUnits, last, later, limit));
    }

    /// @dev Using more never leaves more.
    function check_useNeverAdds(uint32 less, uint32 more, uint40 last, uint40 elapsed, uint80 limit) public {
        if (less > more) return;
        assert(_availableAt(more, last, elapsed, limit) <= _availableAt(less, last, elapsed, limit));
    }

    /// @dev Units are rounded up by less than one, and do not truncate up to MAX.
    function check_unitsRoundUp(uint80 inUse) public pure {
        if (inUse > RateLimit.MAX) return;
        uint256 kept = uint256(RateLimit.used(inUse)) * RateLimit.UNIT;
        assert(kept >= inUse);
        assert(kept < uint256(inUse) + RateLimit.UNIT);
    }

    /// @dev StakingPool.stake twice: together at most the limit and what drained in between.
    function check_twoUsesGetAtMostTheLimitAndWhatDrained(
        uint32 usedUnits,
        uint40 last,
        uint40 elapsed,
        uint80 limit,
        uint80 first
    ) public {
        if (limit > RateLimit.MAX) return;
        uint256 available = _availableAt(usedUnits, last, 0, limit);
        if (first > available) return;
        uint32 used = RateLimit.used(limit - available + first);
        uint256 second = _availableAt(used, last, elapsed, limit);
        assert(first + second <= limit + uint256(limit) * elapsed / 1 days);
    }

    function _availableAt(uint256 usedUnits, uint256 last, uint256 elapsed, uint256 limit) private returns (uint256) {
        VM.warp(last + elapsed);
        return RateLimit.available(usedUnits, last, limit);
    }
}
