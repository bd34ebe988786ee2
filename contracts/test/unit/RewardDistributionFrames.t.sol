// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Base} from "../support/Base.sol";

/// @dev When a report can be settled, and which reports are impossible.
contract RewardDistributionFramesTest is Base {
    function setUp() public override {
        super.setUp();
        operatorWithKeys(manager, 0, 4);
        stakeAs(alice, 200 ether);
        depositKeys(0, 2);
    }

    /// @dev A quiet report of a frame.
    function quiet(uint256 refSlot) private pure returns (IRewardDistribution.Report memory) {
        return IRewardDistribution.Report(uint64(refSlot), 64 ether, 2, 0, 0, 0, 0);
    }

    function settleQuiet(uint256 refSlot) private {
        settle(quiet(refSlot), noUpdates());
    }

    function tooOld(uint256 refSlot, uint256 lastRefSlot, uint256 lastFrameTime) private {
        agree(0, distribution.reportDigest(quiet(refSlot), noUpdates()));
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionFrameTooOld.selector, refSlot, lastRefSlot, lastFrameTime
            )
        );
        distribution.settleRewards(quiet(refSlot), noUpdates());
    }

    function refuse(uint256 refSlot, bytes memory reason) private {
        agree(0, distribution.reportDigest(quiet(refSlot), noUpdates()));
        vm.expectRevert(reason);
        distribution.settleRewards(quiet(refSlot), noUpdates());
    }

    function invalidSlot(uint256 refSlot, uint256 slotsPerFrame) private {
        refuse(
            refSlot,
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionInvalidRefSlot.selector, refSlot, slotsPerFrame
            )
        );
    }

    function impossible(IRewardDistribution.Report memory report, string memory field, uint256 value, uint256 limit)
        private
    {
        agree(0, distribution.reportDigest(report, noUpdates()));
        vm.expectRevert(
            abi.encodeWithSelector(IRewardDistribution.RewardDistributionImpossible.selector, field, value, limit)
        );
        distribution.settleRewards(report, noUpdates());
    }

    /* FRAMES */

    function test_frame_isMarkedAsSettled() public {
        uint256 refSlot = nextFrame();
        settleQuiet(refSlot);
        assertEq(distribution.lastRefSlot(), refSlot);
        assertEq(distribution.creditedValidators(), 2);
        assertEq(pool.lastFrameTime(), block.timestamp);
        tooOld(refSlot, refSlot, block.timestamp);
    }

    function test_frame_endsWithAFrame() public {
        uint256 refSlot = nextFrame();
        vm.warp(slotTime(refSlot) + 2 days);
        invalidSlot(refSlot - 1, 7200);
        invalidSlot(refSlot + 1, 7200);
        invalidSlot(refSlot + 32, 7200);
        invalidSlot(0, 7200);
        settleQuiet(refSlot);
    }

    function test_frame_lengthCanBeSet() public {
        vm.prank(parameters);
        distribution.setEpochsPerFrame(450);
        uint256 slot = (block.timestamp - GENESIS_TIME) / 12;
        uint256 refSlot = (slot / 14_400 + 1) * 14_400 - 1;
        vm.warp(slotTime(refSlot + 1));
        invalidSlot(refSlot - 7200, 14_400);
        settleQuiet(refSlot);
    }

    function tooEarly(uint256 refSlot) private {
        refuse(
            refSlot,
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionFrameTooEarly.selector, refSlot, slotTime(refSlot + 1)
            )
        );
    }

    /// @dev Within its last slot, that slot's block may still change what the report states.
    function test_frame_onlyWhenItsLastSlotIsOver() public {
        uint256 refSlot = nextFrame();
        vm.warp(slotTime(refSlot) - 1);
        tooEarly(refSlot);
        vm.warp(slotTime(refSlot));
        tooEarly(refSlot);
        vm.warp(slotTime(refSlot + 1) - 1);
        tooEarly(refSlot);
        vm.warp(slotTime(refSlot + 1));
        settleQuiet(refSlot);
        tooEarly(uint256(type(uint64).max) / 7200 * 7200 - 1);
    }

    /// @dev Whoever sets frames shortly after one another cannot make reports, and what each may raise, more frequent: frames
    /// of 226 epochs have one that ends an epoch before the day is over.
    function test_frame_neverWithinTheShortestOfTheLast() public {
        uint256 refSlot = nextFrame();
        while ((refSlot + 1 + 7168) % 7232 != 0) refSlot += 7200;
        vm.warp(slotTime(refSlot + 1));
        settleQuiet(refSlot);
        uint256 settled = block.timestamp;
        vm.prank(parameters);
        distribution.setEpochsPerFrame(226);
        vm.warp(slotTime(refSlot + 7168 + 1));
        tooOld(refSlot + 7168, refSlot, settled);
        // A whole one of the shortest is enough.
        vm.prank(parameters);
        distribution.setEpochsPerFrame(225);
        vm.warp(slotTime(refSlot + 7200 + 1));
        settleQuiet(refSlot + 7200);
        assertEq(distribution.lastRefSlot(), refSlot + 7200);
    }

    /// @dev A few of those frames that end soon after the last report, however they are set.
    function testFuzz_frame_neverWithinTheShortestOfTheLast(uint256 epochs) public {
        uint256 refSlot = nextFrame();
        settleQuiet(refSlot);
        uint256 settled = block.timestamp;
        epochs = bound(epochs, 225, 450);
        uint256 next = ((refSlot + 1) / (epochs * 32) + 1) * epochs * 32 - 1;
        vm.prank(parameters);
        distribution.setEpochsPerFrame(epochs);
        vm.warp(slotTime(next + 1));
        if (next < refSlot + 7200) tooOld(next, refSlot, settled);
        else settleQuiet(next);
    }

    /// @dev Frames may be left out, and not be made up for.
    function test_frame_skippedOnesAreGone() public {
        uint256 refSlot = nextFrame();
        vm.warp(slotTime(refSlot + 7201));
        settleQuiet(refSlot + 7200);
        tooOld(refSlot, refSlot + 7200, block.timestamp);
        settleQuiet(nextFrame());
    }

    /// @dev A report settled after the next frame's last slot: that frame's totals were taken before ether left the vaults.
    function test_frame_lateProcessingMakesTheNextTooOld() public {
        uint256 refSlot = nextFrame();
        uint256 late = slotTime(refSlot + 7200) + 1;
        vm.warp(late);
        settleQuiet(refSlot);
        vm.warp(slotTime(refSlot + 7201));
        tooOld(refSlot + 7200, refSlot, late);
        vm.warp(slotTime(refSlot + 14_401));
        settleQuiet(refSlot + 14_400);
    }

    function test_frame_processedInTheNextOnesLastSlot() public {
        uint256 refSlot = nextFrame();
        vm.warp(slotTime(refSlot + 7200));
        settleQuiet(refSlot);
        // That slot's state has the settlement.
        vm.warp(slotTime(refSlot + 7201));
        settleQuiet(refSlot + 7200);
    }

    /// @dev The same with a frame that anyone processes because reports are stale.
    function test_frame_staleFrameMakesEarlierOnesTooOld() public {
        uint256 refSlot = nextFrame();
        vm.warp(slotTime(refSlot + 10 * 7200) + 12);
        vm.deal(address(withdrawalVault), 1 ether);
        pool.processStaleFrame();
        uint256 processed = block.timestamp;
        tooOld(refSlot, 0, processed);
        tooOld(refSlot + 10 * 7200, 0, processed);
        vm.warp(slotTime(refSlot + 11 * 7200 + 1));
        settleQuiet(refSlot + 11 * 7200);
        assertEq(pool.totalPooledEther(), 200.2 ether);
    }

    function test_frame_notOfBeforeTheDeployment() public {
        uint256 slot = (block.timestamp - GENESIS_TIME) / 12;
        uint256 refSlot = slot / 7200 * 7200 - 1;
        tooOld(refSlot, 0, block.timestamp);
    }

    /* IMPOSSIBLE REPORTS */

    function test_report_creditedValidators() public {
        IRewardDistribution.Report memory report = reportOf(96 ether);
        report.creditedValidators = 3;
        impossible(report, "creditedValidators", 3, 2);
        report.creditedValidators = 1;
        report.beaconBalance = 32 ether;
        settle(report, noUpdates());
        assertEq(distribution.creditedValidators(), 1);
        assertEq(pool.totalPooledEther(), 200 ether);
        report = reportOf(0);
        report.creditedValidators = 0;
        impossible(report, "creditedValidators", 0, 2);
        report.creditedValidators = 1;
        report.beaconBalance = 32 ether;
        settle(report, noUpdates());
        settleFrame(64 ether);
        assertEq(distribution.creditedValidators(), 2);
    }

    function test_report_slashedValidators() public {
        IRewardDistribution.Report memory report = reportOf(64 ether);
        report.slashedValidators = 3;
        impossible(report, "slashedValidators", 3, 2);
        report.slashedValidators = 1;
        settle(report, noUpdates());
        assertEq(distribution.slashedValidators(), 1);
        report = reportOf(64 ether);
        report.slashedValidators = 0;
        impossible(report, "slashedValidators", 0, 2);
        report.slashedValidators = 2;
        settle(report, noUpdates());
        assertEq(distribution.slashedValidators(), 2);
    }

    function test_report_beaconBalance() public {
        IRewardDistribution.Report memory report = reportOf(4096 ether + 1);
        impossible(report, "beaconBalance", 4096 ether + 1, 4096 ether);
        report.beaconBalance = 4096 ether;
        settle(report, noUpdates());
        assertEq(pool.totalPooledEther(), 200.2 ether);
    }

    function test_report_withdrawalVaultBalance() public {
        vm.deal(address(withdrawalVault), 1 ether);
        IRewardDistribution.Report memory report = reportOf(63 ether);
        report.withdrawalVaultBalance = 1 ether + 1;
        impossible(report, "withdrawalVaultBalance", 1 ether + 1, 1 ether);
        report.withdrawalVaultBalance = 1 ether;
        settle(report, noUpdates());
        assertEq(address(withdrawalVault).balance, 0);
        assertEq(pool.totalPooledEther(), 200 ether);
        assertEq(pool.bufferedEther(), 137 ether);
    }

    function test_report_executionVaultBalance() public {
        vm.deal(address(rewardsVault), 0.1 ether);
        IRewardDistribution.Report memory report = reportOf(64 ether);
        report.executionVaultBalance = 0.1 ether + 1;
        impossible(report, "executionVaultBalance", 0.1 ether + 1, 0.1 ether);
        report.executionVaultBalance = 0.1 ether;
        settle(report, noUpdates());
        assertEq(address(rewardsVault).balance, 0);
    }

    /* DEPOSITS ON THEIR WAY */

    /// @dev Deposits that the beacon chain has not credited are worth what was deposited.
    function test_report_countsDepositsOnTheirWay() public {
        IRewardDistribution.Report memory report = reportOf(64 ether);
        // After the frame's last slot, two more.
        depositKeys(2, 2);
        settle(report, noUpdates());
        assertEq(pool.totalPooledEther(), 200 ether);
        assertEq(pool.beaconEther(), 128 ether);
        settleFrame(128.1 ether);
        assertEq(pool.totalPooledEther(), 200.1 ether);
    }
}
