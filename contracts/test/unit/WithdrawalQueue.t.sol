// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Frames: batches, delays, order, rates. The pool's part is played here, so that rates and ether are exact.
contract WithdrawalQueueTest is PoolTest {
    uint256 private constant ALL = type(uint32).max;
    uint256 private constant PLENTY = 1e30;

    function setUp() public override {
        super.setUp();
        stakeAs(alice, 10_000 ether);
    }

    /// @dev A frame as the pool brings it.
    function process(uint256 rateBefore, uint256 rate, uint256 delay, uint256 upTo, uint256 available)
        private
        returns (uint256 assets, uint256 shares)
    {
        return processAs(rateBefore, rate, delay, upTo, available);
    }

    /// @dev A frame at a rate of one with all the ether that is needed.
    function pass() private returns (uint256 assets, uint256 shares) {
        return process(RAY, RAY, 1, ALL, PLENTY);
    }

    /// @dev Requests of 1, 2, 3 ... shares (1e18), closed as one batch.
    function batchOf(uint256 count) private {
        for (uint256 i = 1; i <= count; ++i) {
            requestAs(alice, i * 1 ether);
        }
        pass();
    }

    /* BATCHES */

    function test_frame_closesABatch() public {
        requestAs(alice, 1 ether);
        requestAs(alice, 2 ether);
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.BatchClosed(0, 1, 2, 7);
        (uint256 assets, uint256 shares) = process(7, RAY, 1, ALL, PLENTY);
        assertEq(assets, 0);
        assertEq(shares, 0);
        assertEq(queue.frame(), 1);
        assertEq(queue.batchCount(), 1);
        assertEq(queue.lastFinalizedId(), 0);
        requestAs(alice, 3 ether);
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.BatchClosed(1, 2, 3, RAY);
        pass();
        assertEq(queue.frame(), 2);
        assertEq(queue.batchCount(), 2);
    }

    function test_frame_withoutRequestsClosesNone() public {
        pass();
        assertEq(queue.frame(), 1);
        assertEq(queue.batchCount(), 0);
        requestAs(alice, 1 ether);
        pass();
        pass();
        pass();
        assertEq(queue.frame(), 4);
        assertEq(queue.batchCount(), 1);
    }

    function test_frame_finalisesInTheNextOne() public {
        requestAs(alice, 1 ether);
        requestAs(alice, 2 ether);
        pass();
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalsFinalized(2, 3 ether, 3 ether, RAY);
        (uint256 assets, uint256 shares) = pass();
        assertEq(assets, 3 ether);
        assertEq(shares, 3 ether);
        assertEq(queue.lastFinalizedId(), 2);
        assertEq(queue.queuedShares(), 0);
        assertEq(queue.payoutCount(), 1);
        (assets, shares) = pass();
        assertEq(assets + shares, 0, "nothing is finalised twice");
    }

    function test_frame_keepsTheDelay() public {
        for (uint256 delay = 1; delay <= 7; ++delay) {
            uint256 id = requestAs(alice, 1 ether);
            process(RAY, RAY, delay, ALL, PLENTY);
            for (uint256 i = 1; i < delay; ++i) {
                process(RAY, RAY, delay, ALL, PLENTY);
                assertEq(queue.lastFinalizedId(), id - 1);
            }
            process(RAY, RAY, delay, ALL, PLENTY);
            assertEq(queue.lastFinalizedId(), id);
        }
    }

    /// @dev Two batches one frame apart: each has its own delay.
    function test_frame_delaysEachBatch() public {
        requestAs(alice, 1 ether);
        process(RAY, RAY, 2, ALL, PLENTY);
        requestAs(alice, 1 ether);
        process(RAY, RAY, 2, ALL, PLENTY);
        process(RAY, RAY, 2, ALL, PLENTY);
        assertEq(queue.lastFinalizedId(), 1);
        process(RAY, RAY, 2, ALL, PLENTY);
        assertEq(queue.lastFinalizedId(), 2);
    }

    /* ORDER */

    function test_frame_finalisesUpToTheRequestNamed() public {
        batchOf(3);
        (uint256 assets, uint256 shares) = process(RAY, RAY, 1, 0, PLENTY);
        assertEq(assets + shares, 0);
        (assets, shares) = process(RAY, RAY, 1, 2, PLENTY);
        assertEq(assets, 3 ether);
        assertEq(shares, 3 ether);
        assertEq(queue.lastFinalizedId(), 2);
        assertEq(queue.queuedShares(), 3 ether);
        // An earlier one takes nothing back.
        (assets, shares) = process(RAY, RAY, 1, 1, PLENTY);
        assertEq(assets + shares, 0);
        assertEq(queue.lastFinalizedId(), 2);
        (assets, shares) = process(RAY, RAY, 1, 3, PLENTY);
        assertEq(assets, 3 ether);
        assertEq(queue.lastFinalizedId(), 3);
    }

    function test_frame_finalisesExactlyWhatTheEtherPays() public {
        // 1 + 2 + 3 + 4 + 5 = 15 ether; sums 1, 3, 6, 10, 15.
        uint256[6] memory sums = [uint256(0), 1 ether, 3 ether, 6 ether, 10 ether, 15 ether];
        batchOf(5);
        uint256 start = vm.snapshotState();
        for (uint256 i = 0; i <= 5; ++i) {
            (uint256 assets, uint256 shares) = process(RAY, RAY, 1, ALL, sums[i]);
            assertEq(assets, sums[i]);
            assertEq(shares, sums[i]);
            assertEq(queue.lastFinalizedId(), i);
            assertEq(queue.payoutCount(), i == 0 ? 0 : 1);
            vm.revertToState(start);
            if (i == 0) continue;
            (assets, shares) = process(RAY, RAY, 1, ALL, sums[i] - 1);
            assertEq(assets, sums[i - 1]);
            assertEq(queue.lastFinalizedId(), i - 1);
            vm.revertToState(start);
        }
    }

    function test_frame_goesOnWhereItStopped() public {
        batchOf(5);
        process(RAY, RAY, 1, ALL, 3 ether);
        assertEq(queue.lastFinalizedId(), 2);
        (uint256 assets,) = process(RAY, RAY, 1, ALL, 7 ether);
        assertEq(assets, 7 ether, "the third and the fourth");
        assertEq(queue.lastFinalizedId(), 4);
        (assets,) = process(RAY, RAY, 1, ALL, 5 ether - 1);
        assertEq(assets, 0);
        (assets,) = process(RAY, RAY, 1, ALL, 5 ether);
        assertEq(queue.lastFinalizedId(), 5);
    }

    /// @dev A large request holds up those after it, also in later batches: first come, first served.
    function test_frame_neverOvertakes() public {
        requestAs(alice, 10 ether);
        pass();
        requestAs(alice, 1 ether);
        process(RAY, RAY, 1, ALL, 9 ether);
        process(RAY, RAY, 1, ALL, 9 ether);
        assertEq(queue.lastFinalizedId(), 0);
        (uint256 assets,) = process(RAY, RAY, 1, ALL, 10.5 ether);
        assertEq(assets, 10 ether);
        assertEq(queue.lastFinalizedId(), 1);
    }

    /// @dev The ether of one frame is shared by the batches it finalises.
    function test_frame_spendsItsEtherOnce() public {
        requestAs(alice, 4 ether);
        process(RAY, RAY, 7, ALL, 0);
        requestAs(alice, 3 ether);
        requestAs(alice, 3 ether);
        process(RAY, RAY, 7, ALL, 0);
        process(RAY, RAY, 7, ALL, 0);
        (uint256 assets, uint256 shares) = process(RAY, RAY, 1, ALL, 7 ether);
        assertEq(assets, 7 ether);
        assertEq(shares, 7 ether);
        assertEq(queue.lastFinalizedId(), 2);
    }

    function test_frame_finalisesSoManyBatchesAndGoesOn() public {
        for (uint256 i = 0; i < 130; ++i) {
            requestAs(alice, 1 ether);
            process(RAY, RAY, 7, 0, 0);
        }
        for (uint256 i = 0; i < 7; ++i) {
            process(RAY, RAY, 7, 0, 0);
        }
        (uint256 assets,) = process(RAY, RAY, 7, ALL, PLENTY);
        assertEq(queue.lastFinalizedId(), 64);
        assertEq(assets, 64 ether);
        process(RAY, RAY, 7, ALL, PLENTY);
        assertEq(queue.lastFinalizedId(), 128);
        process(RAY, RAY, 7, ALL, PLENTY);
        assertEq(queue.lastFinalizedId(), 130);
        assertEq(queue.payoutCount(), 1, "one rate, one payout");
    }

    /* WITHHOLDING */

    /// @dev Seven frames after its close a batch is finalised whatever the report names; the frame before that it is not.
    function test_forced_isExact() public {
        batchOf(3);
        for (uint256 i = 1; i < 7; ++i) {
            (, uint256 shares_) = process(RAY, RAY, 1, 0, PLENTY);
            assertEq(shares_, 0);
            assertEq(queue.lastFinalizedId(), 0);
        }
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalsFinalized(3, 6 ether, 6 ether, RAY);
        (uint256 assets, uint256 shares) = process(RAY, RAY, 1, 0, PLENTY);
        assertEq(assets, 6 ether);
        assertEq(shares, 6 ether);
        assertEq(queue.lastFinalizedId(), 3);
    }

    /// @dev Each batch has its own seven frames, and one that is forced takes no younger one with it.
    function test_forced_isOfEachBatch() public {
        requestAs(alice, 1 ether);
        process(RAY, RAY, 1, 0, PLENTY);
        requestAs(alice, 2 ether);
        process(RAY, RAY, 1, 0, PLENTY);
        for (uint256 i = 2; i < 7; ++i) {
            process(RAY, RAY, 1, 0, PLENTY);
        }
        assertEq(queue.lastFinalizedId(), 0);
        process(RAY, RAY, 1, 0, PLENTY);
        assertEq(queue.lastFinalizedId(), 1);
        process(RAY, RAY, 1, 0, PLENTY);
        assertEq(queue.lastFinalizedId(), 2);
    }

    /// @dev A part of the batch was asked for; the rest of it is forced.
    function test_forced_finishesAPart() public {
        batchOf(3);
        process(RAY, RAY, 1, 2, PLENTY);
        for (uint256 i = 2; i < 7; ++i) {
            process(RAY, RAY, 1, 2, PLENTY);
        }
        assertEq(queue.lastFinalizedId(), 2);
        (uint256 assets,) = process(RAY, RAY, 1, 2, PLENTY);
        assertEq(assets, 3 ether);
        assertEq(queue.lastFinalizedId(), 3);
    }

    /// @dev It pays what there is, as any other frame, at the lower rate.
    function test_forced_isBoundedByTheEther() public {
        batchOf(3);
        for (uint256 i = 0; i < 7; ++i) {
            process(RAY, RAY, 1, 0, 0);
        }
        (uint256 assets, uint256 shares) = process(RAY, RAY / 2, 1, 0, 1.5 ether);
        assertEq(assets, 1.5 ether);
        assertEq(shares, 3 ether);
        assertEq(queue.lastFinalizedId(), 2);
        (assets,) = process(RAY, RAY, 1, 0, 3 ether - 1);
        assertEq(assets, 0);
        (assets,) = process(RAY, RAY, 1, 0, 3 ether);
        assertEq(assets, 3 ether);
    }

    /// @dev With the longest delay that there is, a batch is due in the very frame in which it is forced.
    function test_forced_isNotBeforeTheDelay() public {
        requestAs(alice, 1 ether);
        process(RAY, RAY, 7, 0, PLENTY);
        for (uint256 i = 1; i < 7; ++i) {
            process(RAY, RAY, 7, 0, PLENTY);
            assertEq(queue.lastFinalizedId(), 0);
        }
        process(RAY, RAY, 7, 0, PLENTY);
        assertEq(queue.lastFinalizedId(), 1);
    }

    /* ETHER */

    /// @dev What is not set aside goes back to whom it came from, to the wei; all of it when nothing is due, none when all is
    /// needed.
    function test_ether_surplusGoesBack() public {
        batchOf(2);
        uint256[4] memory sent = [uint256(0), 0.5 ether, 3 ether, 1_000_000 ether];
        uint256[4] memory kept = [uint256(0), 0, 3 ether, 3 ether];
        uint256 start = vm.snapshotState();
        for (uint256 i = 0; i < 4; ++i) {
            vm.deal(address(pool), sent[i] + 7);
            vm.prank(address(pool));
            (uint256 assets,) = queue.processFrame{value: sent[i]}(RAY, RAY, 1, ALL);
            assertEq(assets, kept[i]);
            assertEq(address(queue).balance, kept[i]);
            assertEq(address(pool).balance, sent[i] - kept[i] + 7);
            vm.revertToState(start);
        }
    }

    /// @dev The queue's own ether, earlier leavers' or forced upon it, is never part of what a frame sets aside.
    function test_ether_isOnlyWhatComesWithTheCall() public {
        batchOf(1);
        vm.deal(address(queue), 100 ether);
        (uint256 assets, uint256 shares) = process(RAY, RAY, 1, ALL, 1 ether - 1);
        assertEq(assets + shares, 0);
        assertEq(address(queue).balance, 100 ether);
        process(RAY, RAY, 1, ALL, 1 ether);
        assertEq(address(queue).balance, 101 ether);
    }

    /* RATES */

    /// @dev What a request of 10 shares pays between these rates.
    function paid(uint256 closing, uint256 finalising) private returns (uint256 assets) {
        uint256 id = requestAs(alice, 10 ether);
        process(closing, closing, 1, ALL, PLENTY);
        (assets,) = process(finalising, finalising, 1, ALL, PLENTY);
        assertEq(queue.requestOf(id).assets, assets);
    }

    function test_rate_isTheLowerOfTheTwo() public {
        assertEq(paid(RAY * 11 / 10, RAY), 10 ether, "a loss before finalisation is borne");
        assertEq(paid(RAY, RAY * 11 / 10), 10 ether, "a gain after the request is not had");
        assertEq(paid(RAY * 2, RAY * 2), 20 ether);
        assertEq(paid(RAY, RAY - 1), 10 ether - 1, "rounded down");
        assertEq(paid(0, RAY), 0, "a pool that lost everything");
        assertEq(queue.lastFinalizedId(), 5);
    }

    function test_rate_isOfTheBatchNotOfTheFrame() public {
        requestAs(alice, 10 ether);
        process(RAY, RAY, 2, ALL, PLENTY);
        requestAs(alice, 10 ether);
        process(RAY * 12 / 10, RAY * 12 / 10, 2, ALL, PLENTY);
        process(RAY * 15 / 10, RAY * 15 / 10, 2, 0, PLENTY);
        (uint256 assets,) = process(RAY * 11 / 10, RAY * 11 / 10, 2, ALL, PLENTY);
        assertEq(assets, 21 ether);
        assertEq(queue.requestOf(1).assets, 10 ether);
        assertEq(queue.requestOf(2).assets, 11 ether);
        assertEq(queue.payoutCount(), 2);
    }

    /// @dev Parts of one batch pay by the rate at which each was finalised.
    function test_rate_mayDifferWithinABatch() public {
        batchOf(3);
        process(RAY, RAY, 1, 1, PLENTY);
        process(RAY, RAY / 2, 1, 2, PLENTY);
        process(RAY, RAY * 3, 1, 3, PLENTY);
        assertEq(queue.requestOf(1).assets, 1 ether);
        assertEq(queue.requestOf(2).assets, 1 ether);
        assertEq(queue.requestOf(3).assets, 3 ether);
        assertEq(queue.payoutCount(), 3);
    }

    function test_payouts_mergeAtOneRate() public {
        batchOf(4);
        process(RAY, RAY, 1, 1, PLENTY);
        process(RAY, RAY, 1, 2, PLENTY);
        assertEq(queue.payoutCount(), 1);
        process(RAY, RAY - 1, 1, 3, PLENTY);
        assertEq(queue.payoutCount(), 2);
        process(RAY, RAY, 1, 4, PLENTY);
        assertEq(queue.payoutCount(), 3);
        uint256[4] memory hints = [uint256(0), 0, 1, 2];
        for (uint256 id = 1; id <= 4; ++id) {
            assertEq(queue.findHint(id), hints[id - 1]);
        }
    }

    /* PROPERTIES */

    /// @dev As many requests are finalised as a plain sum says, and what they pay is never above what was set aside.
    function testFuzz_frame_matchesAPlainList(uint256 seed, uint256 rate, uint256 available) public {
        rate = bound(rate, RAY / 1_000, RAY * 1_000);
        uint256 count = 1 + seed % 12;
        uint256[] memory sizes = new uint256[](count);
        uint256 total = 0;
        for (uint256 i = 0; i < count; ++i) {
            sizes[i] = bound(uint256(keccak256(abi.encode(seed, i))), 0.001 ether, 700 ether);
            total += sizes[i];
            requestAs(alice, sizes[i]);
        }
        available = bound(available, 0, total * rate / RAY + 1);
        process(rate, rate, 1, 0, 0);
        (uint256 assets, uint256 shares) = process(rate, rate, 1, ALL, available);

        uint256 sum = 0;
        uint256 fit = 0;
        while (fit < count && (sum + sizes[fit]) * rate / RAY <= available) {
            sum += sizes[fit++];
        }
        assertEq(queue.lastFinalizedId(), fit);
        assertEq(shares, sum);
        assertEq(assets, sum * rate / RAY);
        assertLe(assets, available);

        uint256 claimed = 0;
        for (uint256 id = 1; id <= fit; ++id) {
            claimed += claimAs(alice, id);
        }
        assertLe(claimed, assets);
        assertLe(assets - claimed, fit, "less than a wei a request stays");
        assertEq(address(queue).balance, assets - claimed);
    }
}
