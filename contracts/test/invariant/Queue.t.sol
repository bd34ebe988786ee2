// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {Leavers} from "./handlers/Leavers.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev The withdrawal queue. That frames serve requests in order, when they are due and as far as the ether reaches, is
/// checked in each of them (Leavers).
contract QueueInvariantsTest is InvariantBase {
    /* ETHER */

    function invariant_queueHoldsWhatIsSetAsideAndNotPaid() public view {
        uint256 held = handler.setAside() - handler.paid();
        assertEq(address(queue).balance, held + handler.forced(address(queue)));
    }

    function invariant_queueCanPayAllFinalisedClaims() public view {
        uint256 owed = 0;
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            if (!positionOf(id).claimed) owed += queue.requestOf(id).assets;
        }
        assertGe(address(queue).balance, owed);
    }

    /// @dev What single claims lose to rounding is less than a wei each.
    function invariant_nothingIsSetAsideInExcess() public view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            sum += queue.requestOf(id).assets;
        }
        assertGe(handler.setAside(), sum);
        assertLe(handler.setAside(), sum + queue.lastFinalizedId());
    }

    function invariant_paidIsTheSumOfClaimedRequests() public view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            IWithdrawalQueue.Request memory request = queue.requestOf(id);
            if (request.claimed) sum += request.assets;
        }
        assertEq(sum, handler.paid());
    }

    /* SHARES */

    function invariant_queueHoldsTheQueuedShares() public view {
        assertEq(pool.balanceOf(address(queue)), queue.queuedShares() + handler.misplaced(address(queue)));
    }

    function invariant_queuedSharesAreThoseOfOpenRequests() public view {
        uint256 sum = 0;
        for (uint256 id = queue.lastFinalizedId() + 1; id <= queue.lastRequestId(); ++id) {
            sum += queue.requestOf(id).shares;
        }
        assertEq(sum, queue.queuedShares());
    }

    /// @dev Cumulative shares rise with every request: each one has what it gave, whatever came after.
    function invariant_requestsKeepTheirShares() public view {
        assertEq(queue.lastRequestId(), handler.positionCount());
        for (uint256 id = 1; id <= queue.lastRequestId(); ++id) {
            assertEq(queue.requestOf(id).shares, positionOf(id).shares);
        }
    }

    function invariant_requestsAreWithinTheirBounds() public view {
        for (uint256 id = 1; id <= queue.lastRequestId(); ++id) {
            uint256 shares = queue.requestOf(id).shares;
            assertGe(shares, queue.MIN_REQUEST_SHARES());
            assertLe(shares, queue.MAX_REQUEST_SHARES());
        }
    }

    /* ORDER */

    function invariant_finalisedRequestsAreTheFirst() public view {
        assertLe(queue.lastFinalizedId(), queue.lastRequestId());
        assertEq(queue.lastFinalizedId(), handler.finalizedUpTo());
        for (uint256 id = 1; id <= queue.lastRequestId(); ++id) {
            assertEq(queue.requestOf(id).finalized, id <= queue.lastFinalizedId());
        }
    }

    function invariant_laterRequestsAreNotFinalisedEarlier() public view {
        uint256 frame = 0;
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            assertGe(positionOf(id).finalized, frame);
            frame = positionOf(id).finalized;
        }
    }

    function invariant_requestsWaitAtLeastOneFrame() public view {
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            assertGt(positionOf(id).finalized, positionOf(id).closed);
        }
    }

    /* PAYOUTS */

    function invariant_payoutsAreNotAboveTheRateAtTheClose() public view {
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            Leavers.Position memory position = positionOf(id);
            assertLe(queue.requestOf(id).assets, position.shares * position.closeRate / 1e27);
        }
    }

    function invariant_payoutsAreNotAboveTheRateAtFinalisation() public view {
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            Leavers.Position memory position = positionOf(id);
            assertLe(queue.requestOf(id).assets, position.shares * position.frameRate / 1e27);
        }
    }

    function invariant_payoutsAreTheLowerOfBothRates() public view {
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            assertEq(queue.requestOf(id).assets, handler.payoutOf(id));
        }
    }

    function invariant_hintsRiseAndExist() public view {
        uint256 hint = 0;
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            assertGe(queue.findHint(id), hint);
            hint = queue.findHint(id);
            assertLt(hint, queue.payoutCount());
        }
    }

    /* POSITIONS */

    function invariant_positionsBelongToWhomTheyWereGiven() public view {
        for (uint256 id = 1; id <= queue.lastRequestId(); ++id) {
            Leavers.Position memory position = positionOf(id);
            assertEq(queue.requestOf(id).owner, position.owner);
            assertEq(queue.requestOf(id).claimed, position.claimed);
        }
    }

    /// @dev Claimed or not: a receipt counts, too.
    function invariant_everyOwnerHasItsPositions() public view {
        uint256[5] memory owned;
        for (uint256 id = 1; id <= queue.lastRequestId(); ++id) {
            for (uint256 i = 0; i < 5; ++i) {
                if (handler.stakerAt(i) == positionOf(id).owner) ++owned[i];
            }
        }
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(queue.balanceOf(handler.stakerAt(i)), owned[i]);
        }
    }

    function invariant_onlyFinalisedRequestsAreClaimed() public view {
        for (uint256 id = queue.lastFinalizedId() + 1; id <= queue.lastRequestId(); ++id) {
            assertFalse(queue.requestOf(id).claimed);
        }
    }

    /* FRAMES AND STOPS */

    function invariant_framesAreReportsAndStaleFrames() public view {
        assertEq(queue.frame(), handler.sumsOf().reports + handler.staleFrames());
    }

    function invariant_batchesAndPayoutsAreBounded() public view {
        assertLe(queue.batchCount(), queue.frame());
        assertLe(queue.batchCount(), queue.lastRequestId());
        assertLe(queue.payoutCount(), queue.lastFinalizedId());
    }

    function invariant_claimsAreHeldThreeDaysAtMost() public view {
        assertEq(queue.claimsHeldUntil(), handler.holdsUntil());
        assertLe(queue.claimsHeldUntil(), handler.time() + 72 hours);
    }

    /// @dev Everything that can be paused is, and a finalised request is claimed all the same, unless guardians hold claims.
    function invariant_pausesDoNotStopClaims() public {
        vm.warp(handler.time());
        vm.startPrank(pauser);
        if (block.timestamp >= pool.nextPauseFrom()) pool.pause();
        if (block.timestamp >= deposits.nextPauseFrom()) deposits.pause();
        if (block.timestamp >= distribution.nextPauseFrom()) distribution.pause();
        vm.stopPrank();
        vm.warp(max(block.timestamp, queue.claimsHeldUntil()));
        claimAll();
    }

    /// @dev Nothing stops a request, pauses included.
    function invariant_pausesDoNotStopRequests() public {
        vm.warp(handler.time());
        if (block.timestamp >= pool.nextPauseFrom()) {
            vm.prank(pauser);
            pool.pause();
        }
        uint256 least = queue.MIN_REQUEST_SHARES();
        for (uint256 i = 0; i < 5; ++i) {
            address owner = handler.stakerAt(i);
            if (pool.balanceOf(owner) < least) continue;
            uint256 last = queue.lastRequestId();
            vm.prank(owner);
            queue.requestWithdrawal(least, owner);
            assertEq(queue.lastRequestId(), last + 1);
        }
    }
}
