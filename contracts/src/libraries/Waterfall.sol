// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Who gains and who bears what a report brings.
/// @dev A loss is borne by the bonds of the operators at fault, then by the coverage fund, then by the rate: each wei of it
/// once. A gain enters the rate up to a bound a report; what is above it stays where it is, for later reports.
library Waterfall {
    /// @dev Basis points of a whole.
    uint256 internal constant BASIS_POINTS = 10_000;

    /// @dev The consensus layer's result against what the pool has it at: a gain within the bound, or a loss.
    /// @param expected Wei with validators by the pool's accounts.
    /// @param actual Wei by the report: balances, deposits on their way, and what came back to the vault.
    /// @param headroom The most wei by which a report may raise the pool.
    function result(uint256 expected, uint256 actual, uint256 headroom)
        internal
        pure
        returns (uint256 gain, uint256 loss)
    {
        gain = Math.min(Math.saturatingSub(actual, expected), headroom);
        loss = Math.saturatingSub(expected, actual);
    }

    /// @dev What of the charged bonds pays for the loss, and what is left over for the coverage fund.
    function fromBonds(uint256 loss, uint256 charged) internal pure returns (uint256 paid, uint256 surplus) {
        paid = Math.min(loss, charged);
        surplus = charged - paid;
    }

    /// @dev Execution rewards to take: what keeps the rise within the headroom. They also fill what is left of a loss.
    /// @param vaulted Wei in the execution rewards vault.
    /// @param uncovered Wei of loss that neither bonds nor fund paid; 0 with a gain.
    function rewardsTaken(uint256 vaulted, uint256 headroom, uint256 gain, uint256 uncovered)
        internal
        pure
        returns (uint256)
    {
        // A gain is at most the headroom.
        return Math.min(vaulted, headroom - gain + uncovered);
    }

    /// @dev Fees on what the stakers gain on balance, none on what makes up for a loss. Rounded down.
    function fees(uint256 gain, uint256 rewards, uint256 uncovered, uint256 protocolBps, uint256 operatorBps)
        internal
        pure
        returns (uint256 protocolFee, uint256 operatorFee)
    {
        uint256 net = Math.saturatingSub(gain + rewards, uncovered);
        protocolFee = net * protocolBps / BASIS_POINTS;
        operatorFee = net * operatorBps / BASIS_POINTS;
    }
}
