// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Reporters} from "./handlers/Reporters.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev Reports: what they bring and what they cannot. Gain, loss, bonds, coverage, rewards and fees of each report are worked
/// out once more by the handler (Reporters); these compare the sums with what the contracts hold.
contract ReportInvariantsTest is InvariantBase {
    /// @dev More rewards and losses than elsewhere.
    function targets() internal view override returns (bytes4[] memory selectors) {
        bytes4[] memory all = allTargets();
        bytes4[10] memory often = [
            handler.earn.selector,
            handler.penalise.selector,
            handler.slash.selector,
            handler.exit.selector,
            handler.skim.selector,
            handler.proposerFees.selector,
            handler.give.selector,
            handler.report.selector,
            handler.report.selector,
            handler.closeFrame.selector
        ];
        selectors = new bytes4[](all.length + 3 * often.length);
        for (uint256 i = 0; i < selectors.length; ++i) {
            selectors[i] = i < all.length ? all[i] : often[(i - all.length) % often.length];
        }
    }

    /* WHERE ETHER IS BETWEEN CALLS */

    function invariant_distributionHoldsNothing() public view {
        assertEq(address(distribution).balance, handler.forced(address(distribution)));
        assertEq(pool.balanceOf(address(distribution)), handler.misplaced(address(distribution)));
    }

    function invariant_fundHoldsGiftsAndSurplusLessCover() public view {
        Reporters.Sums memory s = handler.sumsOf();
        assertEq(
            address(coverageFund).balance,
            handler.forced(address(coverageFund)) + s.surplus + handler.enforced() - s.covered
        );
    }

    function invariant_rewardsVaultHoldsWhatIsNotTaken() public view {
        assertEq(
            address(rewardsVault).balance,
            handler.executionRewards() + handler.forgoneOfBuffer() - handler.sumsOf().rewards
        );
    }

    function invariant_withdrawalVaultHoldsWhatIsNotTaken() public view {
        uint256 taken = handler.sumsOf().withdrawals + handler.swept();
        assertEq(address(withdrawalVault).balance, handler.returned() - taken);
    }

    /* WHAT REPORTS SAY */

    function invariant_lastReportIsTheLastSettled() public view {
        assertEq(distribution.lastRefSlot(), handler.lastRefSlot());
        assertLe(slotTime(distribution.lastRefSlot()), handler.time());
    }

    function invariant_creditedValidatorsAreDeposited() public view {
        assertEq(distribution.creditedValidators(), handler.reportedCredited());
        assertLe(distribution.creditedValidators(), pool.depositedValidators());
    }

    function invariant_slashedValidatorsAreCredited() public view {
        assertEq(distribution.slashedValidators(), handler.reportedSlashed());
        assertLe(distribution.slashedValidators(), distribution.creditedValidators());
    }

    /// @dev One report a frame of at least a day.
    function invariant_reportsAreNotMoreThanFrames() public view {
        assertLe(handler.sumsOf().reports, (handler.time() - 1_750_000_000) / 1 days + 1);
    }

    /* GAINS AND FEES */

    function invariant_noReportRaisesThePoolAboveTheBound() public view {
        assertEq(handler.excessiveRises(), 0);
    }

    /// @dev The price itself, whoever leaves in the same frame and at whatever older rate.
    function invariant_noReportRaisesThePriceAboveTheBound() public view {
        assertEq(handler.excessivePrices(), 0);
    }

    /// @dev What a report leaves out, of a gain or in the rewards vault, it leaves because it has reached the bound.
    function invariant_gainsAreSmoothedNotKept() public view {
        assertEq(handler.idleHeadroom(), 0);
    }

    function invariant_treasuriesHoldTheProtocolsFees() public view {
        uint256 held = pool.balanceOf(treasury) + pool.balanceOf(handler.OTHER_TREASURY());
        assertEq(held, handler.sumsOf().protocolShares);
    }

    function invariant_operatorsGotTheirFees() public view {
        uint256 held = pool.balanceOf(address(registry)) - handler.misplaced(address(registry));
        assertEq(held + handler.rewardSharesClaimed(), handler.sumsOf().operatorShares);
    }

    function invariant_feesAreAtMostAFifthOfGains() public view {
        Reporters.Sums memory s = handler.sumsOf();
        assertLe(s.fees * 5, s.gain + s.rewards);
    }

    /* LOSSES */

    /// @dev Bonds, then the fund, then the rate: each wei of a loss is borne once.
    function invariant_lossesAreBorneOnce() public view {
        Reporters.Sums memory s = handler.sumsOf();
        assertEq(s.loss, s.fromBonds + s.covered + s.uncovered);
    }

    function invariant_reportedLossesAreRealLosses() public view {
        assertLe(handler.sumsOf().loss, handler.lost());
    }

    /// @dev Many exits in one report too.
    function invariant_largeLossesAreReviewed() public view {
        assertEq(handler.unreviewed(), 0);
    }

    function invariant_reportParametersAreWithinTheirBounds() public view {
        assertGe(distribution.maxIncreaseBps(), 1);
        assertLe(distribution.maxIncreaseBps(), 100);
        assertGe(distribution.maxLossBps(), 1);
        assertLe(distribution.maxLossBps(), 500);
        assertLe(distribution.protocolFeeBps(), 1_000);
        assertLe(distribution.operatorFeeBps(), 1_000);
        assertGe(distribution.epochsPerFrame(), distribution.minEpochsPerFrame());
        assertLe(distribution.epochsPerFrame(), distribution.MAX_EPOCHS_PER_FRAME());
        assertTrue(distribution.treasury() != address(0));
    }
}
