// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title So much a day: a bucket that drains evenly.
/// @dev What was used is kept in units of 0.0001 ether, rounded up, so that it fits beside the pool's balances.
library RateLimit {
    /// @dev Wei of a unit.
    uint256 internal constant UNIT = 0.0001 ether;
    /// @dev The most wei a day; as units below 2^32.
    uint256 internal constant MAX = 400_000 ether;

    /// @dev Wei that can be used now.
    /// @param usedUnits Units used at `lastUse`.
    /// @param lastUse Unix time.
    /// @param limit Wei a day, at most MAX.
    function available(uint256 usedUnits, uint256 lastUse, uint256 limit) internal view returns (uint256) {
        uint256 drained = limit * (block.timestamp - lastUse) / 1 days;
        return Math.saturatingSub(limit, Math.saturatingSub(usedUnits * UNIT, drained));
    }

    /// @dev Units for so many wei in use, at most MAX.
    function used(uint256 inUse) internal pure returns (uint32) {
        // Cannot truncate: MAX is 4,000,000,000 units.
        return uint32(Math.ceilDiv(inUse, UNIT));
    }
}
