// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconDeposits} from "../../src/interfaces/IBeaconDeposits.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Members that lie: what a whole quorum can do in a day, and that one vote less can do nothing.
contract AttacksQuorumTest is PoolTest {
    function setUp() public override {
        super.setUp();
        operatorWithKeys(manager, 0, 20);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 20);
    }

    /// @dev The bound is checked without dividing: price * denominator <= before * numerator, within a wei.
    function withinDay(uint256 before, uint256 price, uint256 numerator) private pure returns (bool) {
        return price * 10_000 <= before * numerator + 10_000;
    }

    /* A WHOLE QUORUM */

    /// @dev The highest balance that a report can name, every day: at most 0.1 % a day, 0.7021 % in a week.
    function test_quorum_raisesTheRateByAtMostItsBoundADay() public {
        uint256 start = pool.sharePrice();
        uint256 began = block.timestamp;
        vm.deal(address(rewardsVault), 1_000 ether);
        for (uint256 day = 0; day < 7; ++day) {
            uint256 before = pool.sharePrice();
            uint256 price = settleFrame(20 * 2_048 ether);
            assertGt(price, before);
            assertTrue(withinDay(before, price, 10_010));
        }
        assertGe(block.timestamp - began, 6 days);
        // 1.001^7, rounded up.
        assertLe(pool.sharePrice(), start * 1_007_021_036 / 1_000_000_000);
        // Less the fees, which the quorum cannot turn off: 93 % of it.
        assertApproxEqRel(pool.sharePrice(), start * 10_065 / 10_000, 0.0001e18);
    }

    /// @dev The largest loss that needs no reviewer, every day: at most 1 % a day, 6.793 % in a week.
    function test_quorum_lowersTheRateByAtMostItsBoundADay() public {
        uint256 start = pool.sharePrice();
        for (uint256 day = 0; day < 7; ++day) {
            uint256 before = pool.sharePrice();
            uint256 beacon = pool.beaconEther() - pool.totalPooledEther() / 100;
            uint256 price = settleFrame(beacon);
            assertGe(price * 100 + 100, before * 99);
            assertLt(price, before);
        }
        // 0.99^7, rounded down.
        assertGe(pool.sharePrice(), start * 932_065_347 / 1_000_000_000);
        // A wei more needs the reviewers.
        uint256 limit = pool.totalPooledEther() / 100;
        IRewardDistribution.Report memory report = reportOf(pool.beaconEther() - limit - 1);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        agree(Lanes.REPORT, digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionLossNotReviewed.selector, limit + 1, limit, 0, digest
            )
        );
        distribution.settleRewards(report, noUpdates());
    }

    /// @dev Within a frame there is no second report, whatever is agreed: not of the same slot, not of an earlier or a later
    /// one, not of half a frame.
    function test_quorum_hasOneReportAFrame() public {
        settleFrame(640 ether);
        uint64 settled = uint64(distribution.lastRefSlot());
        IRewardDistribution.Report memory report = reportOf(640.1 ether);
        uint256 due = block.timestamp;
        vm.warp(slotTime(report.refSlot) - 1);
        assertGt(block.timestamp, slotTime(settled));
        uint64[4] memory slots =
            [settled, settled - uint64(SLOTS_PER_FRAME), report.refSlot, settled + uint64(SLOTS_PER_FRAME) / 2];
        bytes4[4] memory reasons = [
            IRewardDistribution.RewardDistributionFrameTooOld.selector,
            IRewardDistribution.RewardDistributionFrameTooOld.selector,
            IRewardDistribution.RewardDistributionFrameTooEarly.selector,
            IRewardDistribution.RewardDistributionInvalidRefSlot.selector
        ];
        for (uint256 i = 0; i < 4; ++i) {
            report.refSlot = slots[i];
            agree(Lanes.REPORT, distribution.reportDigest(report, noUpdates()));
            vm.expectPartialRevert(reasons[i]);
            distribution.settleRewards(report, noUpdates());
        }
        vm.warp(due);
        report.refSlot = slots[2];
        settle(report, noUpdates());
    }

    /// @dev A quorum cannot take ether: what it settles ends in the pool, the queue, the fund or the operators' bonds.
    function test_quorum_cannotPayItself() public {
        vm.deal(address(rewardsVault), 10 ether);
        vm.deal(address(withdrawalVault), 10 ether);
        uint256 held = address(pool).balance + address(rewardsVault).balance + address(withdrawalVault).balance
            + address(registry).balance + address(coverageFund).balance;
        settle(reportOf(640 ether), oneUpdate(1, 5, 3, 9 ether));
        settleFrame(630 ether);
        assertEq(
            address(pool).balance + address(rewardsVault).balance + address(withdrawalVault).balance
                + address(registry).balance + address(coverageFund).balance,
            held
        );
        assertEq(address(distribution).balance, 0);
        for (uint256 i = 0; i < members.length; ++i) {
            assertEq(members[i].balance, 0);
            assertEq(pool.balanceOf(members[i]), 0);
        }
    }

    /// @dev What it lays to an operator is bounded by the operator's bond, and by the reviewers above 1 % of the pool.
    function test_quorum_chargesAtMostTheBond() public {
        IRewardDistribution.Report memory report = reportOf(640 ether);
        IOperatorRegistry.OperatorUpdate[] memory updates = oneUpdate(1, 0, 0, 10 ether + 1);
        bytes32 digest = distribution.reportDigest(report, updates);
        agree(Lanes.REPORT, digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionLossNotReviewed.selector, 10 ether + 1, 10 ether, 0, digest
            )
        );
        distribution.settleRewards(report, updates);
        for (uint256 i = 0; i < 4; ++i) {
            settle(reportOf(640 ether), oneUpdate(1, 0, 0, 10 ether));
        }
        assertEq(registry.bondOf(1), 0, "30 ether were all there was");
        assertEq(address(coverageFund).balance, 30 ether, "and they cover the stakers' next loss");
    }

    /// @dev Every report names no request: seven frames after its close a batch is paid all the same, at the rate of its close,
    /// and whoever queues after it has the same week.
    function test_quorum_withholdsWithdrawalsForAWeekAtMost() public {
        uint256 first = requestAs(alice, 100 ether);
        withhold(1);
        uint256 closed = block.timestamp;
        uint256 second = requestAs(alice, 50 ether);
        withhold(6);
        assertEq(queue.lastFinalizedId(), 0);
        withhold(1);
        assertEq(queue.lastFinalizedId(), first);
        assertLe(block.timestamp, closed + 7 days);
        assertEq(claimAs(alice, first), 100 ether);
        withhold(1);
        assertEq(queue.lastFinalizedId(), second);
        assertEq(claimAs(alice, second), 50 ether);
    }

    /// @dev Reports that are true but for the withdrawals.
    function withhold(uint256 frames) private {
        for (uint256 i = 0; i < frames; ++i) {
            IRewardDistribution.Report memory report = reportOf(640 ether);
            report.finalizeUpTo = 0;
            settle(report, noUpdates());
        }
    }

    /* ONE VOTE LESS */

    /// @dev A member votes.
    function oneVotes(uint256 lane, bytes32 digest) private {
        vm.prank(members[0]);
        consensus.vote(lane, digest);
        vm.prank(guards[0]);
        guardians.vote(lane, digest);
        // Again does not count twice.
        vm.prank(members[0]);
        consensus.vote(lane, digest);
        vm.prank(guards[0]);
        guardians.vote(lane, digest);
    }

    function test_quorumMinusOne_movesNothing() public {
        IRewardDistribution.Report memory report = reportOf(641 ether);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        oneVotes(Lanes.REPORT, digest);
        vm.expectRevert(abi.encodeWithSelector(IRewardDistribution.RewardDistributionNotAgreed.selector, 0, digest));
        distribution.settleRewards(report, noUpdates());
        assertEq(pool.totalPooledEther(), 1_000 ether);
    }

    function test_quorumMinusOne_attestsNoCredentials() public {
        operatorWithKeys(mallory, 100, 1);
        preDeposit(1);
        bytes32[] memory valid = hashesOf(100, 1);
        bytes32 last = consensus.agreed(Lanes.CREDENTIALS);
        bytes32 digest = deposits.attestationDigest(valid, new bytes32[](0));
        oneVotes(Lanes.CREDENTIALS, digest);
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNotAgreed.selector, last, digest));
        deposits.attestCredentials(valid, new bytes32[](0));
    }

    function test_quorumMinusOne_stopsNoClaims() public {
        bytes32 digest = queue.holdDigest();
        oneVotes(Lanes.EMERGENCY, digest);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNoEmergency.selector, 0, digest));
        queue.holdClaims();
    }

    /// @dev The reviewers are others: all oracle members and one reviewer bring no large loss.
    function test_quorumMinusOne_reviewsNoLoss() public {
        IRewardDistribution.Report memory report = reportOf(600 ether);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        agree(Lanes.REPORT, digest);
        vm.prank(reviewers[0]);
        lossReview.vote(Lanes.REPORT, digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionLossNotReviewed.selector, 40 ether, 10 ether, 0, digest
            )
        );
        distribution.settleRewards(report, noUpdates());
        vm.prank(reviewers[1]);
        lossReview.vote(Lanes.REPORT, digest);
        distribution.settleRewards(report, noUpdates());
        assertEq(pool.totalPooledEther(), 960 ether);
    }

    /* REPLAYS */

    /// @dev A settled report, with its charges, is worth nothing a second time; its totals in the next frame neither.
    function test_replay_ofALossIsANoOp() public {
        IRewardDistribution.Report memory report = reportOf(639 ether);
        IOperatorRegistry.OperatorUpdate[] memory updates = oneUpdate(1, 1, 0, 0.5 ether);
        settle(report, updates);
        uint256 bond = registry.bondOf(1);
        assertEq(bond, 29.5 ether);
        assertEq(pool.totalPooledEther(), 999.5 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionFrameTooOld.selector,
                report.refSlot,
                report.refSlot,
                block.timestamp
            )
        );
        distribution.settleRewards(report, updates);
        // The same totals again: no loss, no exit counted twice.
        settle(reportOf(639 ether), oneUpdate(1, 1, 0, 0));
        assertEq(registry.bondOf(1), bond);
        assertEq(pool.totalPooledEther(), 999.5 ether);
        assertEq(registry.activeKeys(), 19);
    }

    /// @dev Another deployment's or chain's agreement is another digest.
    function test_replay_onAnotherChainIsAnotherDigest() public {
        IRewardDistribution.Report memory report = reportOf(640 ether);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        bytes32 holding = queue.holdDigest();
        vm.chainId(5);
        assertNotEq(distribution.reportDigest(report, noUpdates()), digest);
        assertNotEq(queue.holdDigest(), holding);
    }
}
