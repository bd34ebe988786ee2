// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Settlements} from "../support/Settlements.sol";

/// @dev Gains: their bound, what is left for later frames, and the fees.
contract RewardDistributionGainsTest is Settlements {
    /* THE BOUND */

    function test_gain_withinTheBound() public {
        expectOutcome(128.1 ether, gains(0.1 ether, 0));
        assertEq(pool.beaconEther(), 128.1 ether);
        assertEq(pool.bufferedEther(), 72 ether);
    }

    function test_gain_ofNothing() public {
        expectOutcome(128 ether, none());
        assertEq(pool.sharePrice(), 1 ether);
    }

    function test_gain_upToTheBound() public {
        expectOutcome(128 ether + HEADROOM, gains(HEADROOM, 0));
        assertEq(pool.beaconEther(), 128.2 ether);
    }

    function test_gain_aboveTheBoundArrivesLater() public {
        expectOutcome(128 ether + HEADROOM + 1, gains(HEADROOM, 0));
        assertEq(pool.beaconEther(), 128.2 ether);
        expectOutcome(128 ether + HEADROOM + 1, gains(1, 0));
        assertEq(pool.beaconEther(), 128.2 ether + 1);
    }

    function test_gain_theBoundCanBeSet() public {
        vm.prank(parameters);
        distribution.setMaxIncreaseBps(100);
        expectOutcome(130.5 ether, gains(2 ether, 0));
        vm.prank(parameters);
        distribution.setMaxIncreaseBps(1);
        // 0.01 % of 202 ether.
        expectOutcome(130.5 ether, gains(0.0202 ether, 0));
    }

    /// @dev However it is clamped, the whole gain arrives.
    function test_gain_nothingIsLost() public {
        uint256 gained = 0;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 before = pool.totalPooledEther();
            settleFrame(129 ether);
            uint256 rise = pool.totalPooledEther() - before;
            assertLe(rise, before * 10 / 10_000);
            gained += rise;
        }
        assertEq(gained, 1 ether);
        assertEq(pool.beaconEther(), 129 ether);
    }

    /* WHAT CAME BACK */

    function test_withdrawals_enterTheBuffer() public {
        vm.deal(address(withdrawalVault), 64.1 ether);
        expectOutcome(64 ether, gains(0.1 ether, 0));
        assertEq(pool.beaconEther(), 64 ether);
        assertEq(pool.bufferedEther(), 136.1 ether);
        assertEq(address(withdrawalVault).balance, 0);
    }

    /// @dev What came back is taken whole; the surplus is then the validators'.
    function test_withdrawals_withASurplus() public {
        vm.deal(address(withdrawalVault), 64.5 ether);
        expectOutcome(64 ether, gains(HEADROOM, 0));
        assertEq(pool.beaconEther(), 63.7 ether);
        assertEq(pool.bufferedEther(), 136.5 ether);
        expectOutcome(64 ether, gains(0.2002 ether, 0));
        expectOutcome(64 ether, gains(0.0998 ether, 0));
        assertEq(pool.totalPooledEther(), 200.5 ether);
    }

    /// @dev All came back: what may not enter yet stays in the vault.
    function test_withdrawals_beyondWhatIsRecognised() public {
        vm.deal(address(withdrawalVault), 128.5 ether);
        expectOutcome(0, gains(HEADROOM, 0));
        assertEq(pool.beaconEther(), 0);
        assertEq(pool.bufferedEther(), 200.2 ether);
        assertEq(address(withdrawalVault).balance, 0.3 ether);
        expectOutcome(0, gains(0.2002 ether, 0));
        expectOutcome(0, gains(0.0998 ether, 0));
        assertEq(address(withdrawalVault).balance, 0);
        assertEq(pool.bufferedEther(), 200.5 ether);
    }

    /// @dev What came after the frame's last slot waits for the next report.
    function test_withdrawals_asOfTheReport() public {
        vm.deal(address(withdrawalVault), 1 ether);
        IRewardDistribution.Report memory report = reportOf(127 ether);
        vm.deal(address(withdrawalVault), 3 ether);
        expectOutcome(report, noUpdates(), none());
        assertEq(address(withdrawalVault).balance, 2 ether);
        expectOutcome(125 ether, none());
        assertEq(address(withdrawalVault).balance, 0);
    }

    /* EXECUTION REWARDS */

    function test_rewards_areSmoothed() public {
        vm.deal(address(rewardsVault), 0.5 ether);
        expectOutcome(128 ether, gains(0, HEADROOM));
        assertEq(address(rewardsVault).balance, 0.3 ether);
        expectOutcome(128 ether, gains(0, 0.2002 ether));
        expectOutcome(128 ether, gains(0, 0.0998 ether));
        assertEq(pool.bufferedEther(), 72.5 ether);
        expectOutcome(128 ether, none());
    }

    /// @dev Both together are bound, the consensus layer's gain first.
    function test_rewards_afterTheGain() public {
        vm.deal(address(rewardsVault), 0.1 ether);
        expectOutcome(128.15 ether, gains(0.15 ether, 0.05 ether));
        assertEq(address(rewardsVault).balance, 0.05 ether);
    }

    function test_rewards_upToTheBound() public {
        vm.deal(address(rewardsVault), 0.05 ether);
        expectOutcome(128.15 ether, gains(0.15 ether, 0.05 ether));
        vm.deal(address(rewardsVault), 0.1 ether);
        expectOutcome(129 ether, gains(0.2002 ether, 0));
        assertEq(address(rewardsVault).balance, 0.1 ether);
    }

    function test_rewards_asOfTheReport() public {
        vm.deal(address(rewardsVault), 0.01 ether);
        IRewardDistribution.Report memory report = reportOf(128 ether);
        vm.deal(address(rewardsVault), 0.1 ether);
        expectOutcome(report, noUpdates(), gains(0, 0.01 ether));
    }

    /* FEES */

    function test_fees_areTheirShareOfTheGain() public {
        vm.deal(address(rewardsVault), 0.05 ether);
        settleFrame(128.1 ether);
        assertApproxEqAbs(pool.convertToAssets(pool.balanceOf(treasury)), 0.0075 ether, 2);
        assertApproxEqAbs(pool.convertToAssets(pool.balanceOf(address(registry))), 0.003 ether, 2);
        // Less the virtual gwei's part of 200 ether.
        assertApproxEqAbs(pool.convertToAssets(pool.balanceOf(alice)), 200.1395 ether, 700_000);
    }

    function test_fees_roundDown() public {
        vm.startPrank(parameters);
        distribution.setProtocolFeeBps(999);
        distribution.setOperatorFeeBps(1);
        vm.stopPrank();
        Outcome memory o = gains(10_009, 0);
        o.protocolFee = 999;
        o.operatorFee = 1;
        expectOutcome(128 ether + 10_009, o);
    }

    /// @dev The last wei without a fee, and the first with one: 20 wei for 5 %, 50 for 2 %.
    function test_fees_ofAFewWei() public {
        expectOutcome(128 ether + 19, gains(19, 0));
        expectOutcome(128 ether + 39, gains(20, 0));
        expectOutcome(128 ether + 88, gains(49, 0));
        expectOutcome(128 ether + 138, gains(50, 0));
    }

    function test_fees_canBeNone() public {
        vm.startPrank(parameters);
        distribution.setProtocolFeeBps(0);
        distribution.setOperatorFeeBps(0);
        vm.stopPrank();
        Outcome memory o;
        o.gain = 0.1 ether;
        expectOutcome(128.1 ether, o);
        vm.prank(parameters);
        distribution.setOperatorFeeBps(1000);
        o.operatorFee = 0.01 ether;
        expectOutcome(128.2 ether, o);
        vm.startPrank(parameters);
        distribution.setOperatorFeeBps(0);
        distribution.setProtocolFeeBps(1000);
        vm.stopPrank();
        (o.operatorFee, o.protocolFee) = (0, 0.01 ether);
        expectOutcome(128.3 ether, o);
    }

    /// @dev There is no high-water mark: a gain that makes up for an earlier report's loss pays fees. Only what makes up for
    /// a loss of the same report does not.
    function test_fees_onAGainAfterAnEarlierLoss() public {
        expectOutcome(127.9 ether, losses(0.1 ether, 0, 0, 0));
        expectOutcome(128 ether, gains(0.1 ether, 0));
    }

    function test_fees_goToTheTreasuryOfTheTime() public {
        settleFrame(128.1 ether);
        uint256 before = pool.balanceOf(treasury);
        vm.prank(parameters);
        distribution.setTreasury(mallory);
        settleFrame(128.2 ether);
        assertEq(pool.balanceOf(treasury), before);
        assertApproxEqAbs(pool.convertToAssets(pool.balanceOf(mallory)), 0.005 ether, 2);
    }

    /// @dev The report by which the last validators leave brings their operators no more fees.
    function test_fees_noneForOperatorsWithoutValidators() public {
        vm.deal(address(withdrawalVault), 128.1 ether);
        IOperatorRegistry.OperatorUpdate[] memory updates = twoLosses(0, 0);
        updates[0].exitedKeys = 2;
        updates[1].exitedKeys = 1;
        expectOutcome(reportOf(0), updates, gains(0.1 ether, 0));
        updates[1].exitedKeys = 2;
        vm.deal(address(withdrawalVault), 0.1 ether);
        Outcome memory o = gains(0.1 ether, 0);
        o.operatorFee = 0;
        expectOutcome(reportOf(0), updates, o);
    }

    function test_fees_operatorsShareThem() public {
        settleFrame(128.2 ether);
        uint256 shares = pool.balanceOf(address(registry));
        assertApproxEqAbs(registry.claimableRewards(1), shares / 2, 1);
        assertApproxEqAbs(registry.claimableRewards(2), shares / 2, 1);
    }

    /* AN EMPTY POOL */

    function test_emptyPool_takesNothing() public {
        vm.prank(alice);
        queue.requestWithdrawal(200 ether, alice);
        vm.deal(address(withdrawalVault), 128 ether);
        settleFrame(0);
        settleFrame(0);
        assertEq(pool.totalPooledEther(), 0);
        vm.deal(address(rewardsVault), 1 ether);
        expectOutcome(0, none());
        assertEq(address(rewardsVault).balance, 1 ether);
    }
}
