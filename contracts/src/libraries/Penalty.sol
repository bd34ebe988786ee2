// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title What missed validator-epochs cost.
/// @dev Reports and proofs are priced by this one function; lib/penalty.ts is its twin off-chain, and both are held to
/// test/fixtures/penalty-vectors.json.
///
/// What is within the allowance is free. What is beyond it costs one unit each up to 1 % of the assigned epochs, two up to
/// 5 %, three above. The rates apply to what lies in each band, as with an income tax: the price has no step at which one
/// more missed epoch costs much more than the one before, and it never falls when more evidence comes.
library Penalty {
    /// @dev Basis points of a whole.
    uint256 internal constant BASIS_POINTS = 10_000;
    /// @dev Parts of a whole in which uptime is told.
    uint256 internal constant PARTS_PER_MILLION = 1_000_000;
    /// @dev Downtime in basis points (uptime 99 %) up to which a missed epoch costs one unit.
    uint256 internal constant FIRST_BAND_BPS = 100;
    /// @dev Downtime in basis points (uptime 95 %) up to which it costs two; above, three.
    uint256 internal constant SECOND_BAND_BPS = 500;

    /// @dev The terms of a window.
    /// @param allowedDowntimeBps Basis points of the assigned epochs that may be missed; at most FIRST_BAND_BPS.
    /// @param perMissedEpoch Wei of a unit.
    /// @param maxPenaltyBps Basis points of the bond that a window can cost.
    struct Terms {
        uint256 allowedDowntimeBps;
        uint256 perMissedEpoch;
        uint256 maxPenaltyBps;
    }

    /// @dev Validator-epochs that may be missed. Rounded down.
    function allowance(uint256 assigned, uint256 windowEpochs, uint256 allowedDowntimeBps)
        internal
        pure
        returns (uint256)
    {
        return _share(_basis(assigned, windowEpochs), allowedDowntimeBps);
    }

    /// @dev Wei that a window costs altogether.
    /// @param missed Validator-epochs missed; what is above the assigned ones is not counted.
    /// @param assigned Validator-epochs on duty.
    /// @param windowEpochs Epochs of the window: assigned / windowEpochs are the validators, on average over the window.
    /// @param bondPerKey Wei of bond asked for per key.
    function due(uint256 missed, uint256 assigned, uint256 windowEpochs, uint256 bondPerKey, Terms memory terms)
        internal
        pure
        returns (uint256)
    {
        missed = Math.min(missed, assigned);
        uint256 basis = _basis(assigned, windowEpochs);
        uint256 free = _share(basis, terms.allowedDowntimeBps);
        if (missed <= free) return 0;
        // Each band's surcharge of one unit starts where the band does.
        uint256 units = missed - free + Math.saturatingSub(missed, _share(basis, FIRST_BAND_BPS))
            + Math.saturatingSub(missed, _share(basis, SECOND_BAND_BPS));
        uint256 cap = assigned * bondPerKey * terms.maxPenaltyBps / (windowEpochs * BASIS_POINTS);
        return Math.min(units * terms.perMissedEpoch, cap);
    }

    /// @dev Uptime in parts per million, rounded down.
    function uptimePpm(uint256 missed, uint256 assigned) internal pure returns (uint256) {
        return Math.saturatingSub(assigned, missed) * PARTS_PER_MILLION / assigned;
    }

    /// @dev What allowance and bands are shares of: never less than one validator's whole window. Otherwise a validator that
    /// came in a window's last days would breach it with its first missed epoch.
    function _basis(uint256 assigned, uint256 windowEpochs) private pure returns (uint256) {
        return Math.max(assigned, windowEpochs);
    }

    /// @dev Basis points of it, rounded down.
    function _share(uint256 basis, uint256 bps) private pure returns (uint256) {
        return basis * bps / BASIS_POINTS;
    }
}
