// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICoverageFund} from "../../src/interfaces/ICoverageFund.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Settlements} from "../support/Settlements.sol";

/// @dev Losses: the bonds first, then the coverage fund, then the rate; and who must look at large ones.
contract RewardDistributionLossesTest is Settlements {
    function cover(uint256 amount) private {
        coverageFund.deposit{value: amount}();
    }

    /// @dev A loss of the pool, of which each operator is laid so much.
    function lose(uint256 loss, uint256 first, uint256 second, Outcome memory o) private {
        expectOutcome(reportOf(pool.beaconEther() - loss), twoLosses(first, second), o);
    }

    /* BONDS */

    function test_loss_bondsOnly() public {
        cover(1 ether);
        lose(0.5 ether, 0.3 ether, 0.2 ether, losses(0.5 ether, 0.5 ether, 0, 0));
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(registry.bondOf(1), 2.7 ether);
        assertEq(registry.bondOf(2), 2.8 ether);
        assertEq(address(coverageFund).balance, 1 ether);
        assertEq(pool.beaconEther(), 127.5 ether);
        assertEq(pool.bufferedEther(), 72.5 ether);
    }

    /// @dev More was laid to operators than the pool lost: the fund gets the rest.
    function test_loss_bondsSurplusGoesToTheFund() public {
        vm.expectCall(address(coverageFund), 0.3 ether, abi.encodeCall(ICoverageFund.deposit, ()));
        lose(0.5 ether, 0.5 ether, 0.3 ether, losses(0.5 ether, 0.5 ether, 0, 0));
        assertEq(address(coverageFund).balance, 0.3 ether);
    }

    function test_loss_bondsSurplusOfAWei() public {
        lose(0.5 ether, 0.5 ether + 1, 0, losses(0.5 ether, 0.5 ether, 0, 0));
        assertEq(address(coverageFund).balance, 1);
    }

    /// @dev A frame with a gain: all that is charged goes to the fund, and the gain is a gain.
    function test_loss_laidToOperatorsInAFrameWithAGain() public {
        expectOutcome(reportOf(128.1 ether), twoLosses(0.2 ether, 0), gains(0.1 ether, 0));
        assertEq(address(coverageFund).balance, 0.2 ether);
        assertEq(registry.bondOf(1), 2.8 ether);
    }

    function test_loss_bondsAsFarAsTheyGo() public {
        vm.prank(parameters);
        distribution.setMaxLossBps(500);
        lose(4 ether, 4 ether, 0, losses(4 ether, 3 ether, 0, 0));
        assertEq(registry.bondOf(1), 0);
        assertEq(registry.bondOf(2), 3 ether);
        assertEq(pool.totalPooledEther(), 199 ether);
    }

    /* THE COVERAGE FUND */

    function test_loss_coverageOnly() public {
        cover(1 ether);
        vm.expectCall(address(coverageFund), abi.encodeCall(ICoverageFund.cover, (0.6 ether)));
        expectOutcome(127.4 ether, losses(0.6 ether, 0, 0.6 ether, 0));
        assertEq(address(coverageFund).balance, 0.4 ether);
        assertEq(pool.sharePrice(), 1 ether);
    }

    function test_loss_coverageToTheLastWei() public {
        cover(0.6 ether);
        expectOutcome(127.4 ether, losses(0.6 ether, 0, 0.6 ether, 0));
        assertEq(address(coverageFund).balance, 0);
    }

    function test_loss_coveragePartly() public {
        cover(0.1 ether);
        expectOutcome(127.4 ether, losses(0.6 ether, 0, 0.1 ether, 0));
        assertEq(pool.totalPooledEther(), 199.5 ether);
    }

    /* THE RATE */

    function test_loss_rateOnly() public {
        expectOutcome(127.4 ether, losses(0.6 ether, 0, 0, 0));
        assertEq(pool.totalPooledEther(), 199.4 ether);
        assertApproxEqAbs(pool.sharePrice(), 0.997 ether, 1e7);
    }

    function test_loss_allThree() public {
        cover(0.3 ether);
        lose(1 ether, 0.25 ether, 0.25 ether, losses(1 ether, 0.5 ether, 0.3 ether, 0));
        assertEq(pool.totalPooledEther(), 199.8 ether);
    }

    /// @dev Bonds' surplus of a frame does not pay for the same frame twice.
    function test_loss_bondsAndCoverageTogether() public {
        cover(1 ether);
        lose(1 ether, 0.5 ether, 0.25 ether, losses(1 ether, 0.75 ether, 0.25 ether, 0));
        assertEq(address(coverageFund).balance, 0.75 ether);
    }

    /// @dev Validators' balances fell while ether came back: no loss.
    function test_loss_notByWithdrawals() public {
        vm.deal(address(withdrawalVault), 32 ether);
        expectOutcome(96 ether, none());
    }

    function test_loss_whileAllCameBack() public {
        vm.deal(address(withdrawalVault), 127 ether);
        expectOutcome(0, losses(1 ether, 0, 0, 0));
        assertEq(pool.bufferedEther(), 199 ether);
        assertEq(pool.beaconEther(), 0);
    }

    /* REWARDS FILL WHAT IS LEFT OF A LOSS */

    function test_loss_rewardsFillIt() public {
        vm.deal(address(rewardsVault), 0.6 ether);
        expectOutcome(127 ether, losses(1 ether, 0, 0, 0.6 ether));
        assertEq(pool.totalPooledEther(), 199.6 ether);
    }

    function test_loss_rewardsFillItExactly() public {
        vm.deal(address(rewardsVault), 1 ether);
        expectOutcome(127 ether, losses(1 ether, 0, 0, 1 ether));
        assertEq(pool.sharePrice(), 1 ether);
    }

    /// @dev Fees on what is above the loss only, and the bound on the rise holds above it.
    function test_loss_rewardsBeyondIt() public {
        vm.deal(address(rewardsVault), 1.5 ether);
        Outcome memory o = losses(1 ether, 0, 0, 1.2 ether);
        o.protocolFee = 0.01 ether;
        o.operatorFee = 0.004 ether;
        expectOutcome(127 ether, o);
        assertEq(address(rewardsVault).balance, 0.3 ether);
        assertEq(pool.totalPooledEther(), 200.2 ether);
    }

    /// @dev What bonds and the fund paid is no loss to fill.
    function test_loss_rewardsAfterBondsAndCoverage() public {
        cover(0.3 ether);
        vm.deal(address(rewardsVault), 1.5 ether);
        Outcome memory o = losses(1 ether, 0.5 ether, 0.3 ether, 0.4 ether);
        o.protocolFee = 0.01 ether;
        o.operatorFee = 0.004 ether;
        lose(1 ether, 0.5 ether, 0, o);
    }

    /* REVIEW */

    function notReviewed(
        IRewardDistribution.Report memory report,
        IOperatorRegistry.OperatorUpdate[] memory updates,
        uint256 loss,
        uint256 limit,
        bytes32 reviewed
    ) private {
        bytes32 digest = distribution.reportDigest(report, updates);
        agree(0, digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionLossNotReviewed.selector, loss, limit, reviewed, digest
            )
        );
        distribution.settleRewards(report, updates);
    }

    function test_review_upToTheLimitNone() public {
        expectOutcome(126 ether, losses(2 ether, 0, 0, 0));
    }

    function test_review_ofALossOfThePool() public {
        IRewardDistribution.Report memory report = reportOf(126 ether - 1);
        notReviewed(report, noUpdates(), 2 ether + 1, 2 ether, bytes32(0));
        // The reviewers agreed on something else.
        bytes32 other = keccak256("other");
        review(other);
        notReviewed(report, noUpdates(), 2 ether + 1, 2 ether, other);
        review(distribution.reportDigest(report, noUpdates()));
        expectOutcome(report, noUpdates(), losses(2 ether + 1, 0, 0, 0));
    }

    /// @dev Coverage does not spare the reviewers: the limit is on what was lost.
    function test_review_alsoOfACoveredLoss() public {
        cover(10 ether);
        notReviewed(reportOf(126 ether - 1), noUpdates(), 2 ether + 1, 2 ether, bytes32(0));
    }

    function test_review_ofWhatIsLaidToOperators() public {
        IRewardDistribution.Report memory report = reportOf(128 ether);
        notReviewed(report, twoLosses(1 ether, 1 ether + 1), 2 ether + 1, 2 ether, bytes32(0));
        notReviewed(report, twoLosses(2 ether + 1, 0), 2 ether + 1, 2 ether, bytes32(0));
        expectOutcome(report, twoLosses(1 ether, 1 ether), none());
        assertEq(address(coverageFund).balance, 2 ether);
        report = reportOf(128 ether);
        review(distribution.reportDigest(report, twoLosses(2 ether, 2 ether)));
        expectOutcome(report, twoLosses(2 ether, 2 ether), none());
        assertEq(address(coverageFund).balance, 6 ether);
        assertEq(registry.bondOf(1), 0);
    }

    /// @dev The larger of the two counts, not their sum.
    function test_review_ofTheLarger() public {
        lose(2 ether, 1 ether, 1 ether, losses(2 ether, 2 ether, 0, 0));
        notReviewed(reportOf(126 ether - 3 ether), twoLosses(1 ether, 1 ether), 3 ether, 2 ether, bytes32(0));
    }

    function test_review_theLimitCanBeSet() public {
        vm.prank(parameters);
        distribution.setMaxLossBps(1);
        notReviewed(reportOf(128 ether - 0.02 ether - 1), noUpdates(), 0.02 ether + 1, 0.02 ether, bytes32(0));
        expectOutcome(127.98 ether, losses(0.02 ether, 0, 0, 0));
    }

    /* ANYTHING */

    /// @dev Each wei of loss is borne once, and no ether is made or lost.
    function testFuzz_loss_isBorneOnce(uint256 loss, uint256 laid, uint256 fund, uint256 vaulted) public {
        loss = bound(loss, 0, 10 ether);
        laid = bound(laid, 0, 10 ether);
        fund = bound(fund, 1, 10 ether);
        vaulted = bound(vaulted, 0, 10 ether);
        cover(fund);
        vm.deal(address(rewardsVault), vaulted);
        uint256 charged = laid < 3 ether ? laid : 3 ether;
        Outcome memory o;
        o.loss = loss;
        o.fromBonds = charged < loss ? charged : loss;
        o.covered = fund < loss - o.fromBonds ? fund : loss - o.fromBonds;
        uint256 uncovered = loss - o.fromBonds - o.covered;
        o.rewards = vaulted < HEADROOM + uncovered ? vaulted : HEADROOM + uncovered;
        if (o.rewards > uncovered) {
            o.protocolFee = (o.rewards - uncovered) * 5 / 100;
            o.operatorFee = (o.rewards - uncovered) * 2 / 100;
        }
        IRewardDistribution.Report memory report = reportOf(128 ether - loss);
        review(distribution.reportDigest(report, oneUpdate(1, 0, 0, laid)));
        expectOutcome(report, oneUpdate(1, 0, 0, laid), o);
        assertEq(address(coverageFund).balance, fund + charged - o.fromBonds - o.covered);
    }
}
