// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Base} from "../support/Base.sol";

/// @dev The worked numbers of docs/ECONOMICS.md, to the wei, on the deployed contracts. The fixture has inputs and results, one
/// section a test; docs/economics.test.ts holds the document to the same fixture.
contract EconomicsTest is Base {
    string private fixture;
    string private section;
    /// @dev Entries of the section that the test has used.
    uint256 private used;

    function setUp() public override {
        super.setUp();
        fixture = vm.readFile("test/fixtures/economics.json");
    }

    function test_frameAndRate() public {
        begin("frame");
        uint256 stake = input("stake");
        uint256 validators = input("validators");
        equals("stakeShares", stakeWithValidators(stake, validators));
        uint256 consensusReward = input("consensusReward");
        vm.deal(address(rewardsVault), input("executionReward"));
        IRewardDistribution.Report memory report = reportOf(validators * 32 ether + consensusReward);
        vm.recordLogs();
        uint256 price = settle(report, noUpdates());
        (,,,, uint256 protocolFee, uint256 operatorFee) = settlement();
        equals("protocolFee", protocolFee);
        equals("operatorFee", operatorFee);
        equals("protocolShares", pool.balanceOf(treasury));
        equals("operatorShares", pool.balanceOf(address(registry)));
        equals("pooled", pool.totalPooledEther());
        equals("sharePrice", price);
        end();

        begin("rate");
        uint256 shares = stakeAs(bob, input("stake"));
        equals("stakeShares", shares);
        equals("worth", pool.convertToAssets(shares));
        equals("sharePrice", pool.sharePrice());
        end();
    }

    function test_smoothing() public {
        begin("smoothing");
        stakeAs(alice, input("stake"));
        vm.deal(address(rewardsVault), input("vaulted"));
        for (uint256 i = 1; i <= 5; ++i) {
            uint256 before = address(rewardsVault).balance;
            settleFrame(0);
            equals(string.concat("taken", vm.toString(i)), before - address(rewardsVault).balance);
        }
        assertEq(address(rewardsVault).balance, 0);
        equals("sharePrice", pool.sharePrice());
        end();
    }

    function test_loss() public {
        begin("loss");
        uint256 validators = input("validators");
        stakeWithValidators(input("stake"), validators);
        assertEq(registry.bondOf(1), input("bond"));
        coverageFund.deposit{value: input("fund")}();
        uint256 executionReward = input("executionReward");
        vm.deal(address(rewardsVault), executionReward);
        uint256 loss = input("loss");
        IRewardDistribution.Report memory report = reportOf(validators * 32 ether - loss);
        vm.recordLogs();
        settle(report, oneUpdate(1, 0, 0, input("laidToOperator")));
        (uint256 lost, uint256 rewards, uint256 fromBonds, uint256 covered, uint256 protocolFee, uint256 operatorFee) =
            settlement();
        assertEq(lost, loss);
        equals("fromBonds", fromBonds);
        equals("fromFund", covered);
        equals("fromRewards", rewards);
        equals("borneByRate", loss - fromBonds - covered - rewards);
        equals("fees", protocolFee + operatorFee);
        equals("pooled", pool.totalPooledEther());
        equals("bondAfter", registry.bondOf(1));
        equals("sharePrice", pool.sharePrice());
        // The next frame lays half an ether more of the same loss to the operator: the rate has borne it already.
        assertEq(address(coverageFund).balance, 0);
        settle(reportOf(validators * 32 ether - loss), oneUpdate(1, 0, 0, input("laterCharge")));
        equals("fundAfterLaterCharge", address(coverageFund).balance);
        equals("bondAfterLaterCharge", registry.bondOf(1));
        end();
    }

    function test_withdrawal() public {
        begin("withdrawal");
        uint256 validators = input("validators");
        stakeWithValidators(input("stake"), validators);
        uint256 balance = validators * 32 ether;
        uint256 reward = input("frameReward");

        uint256 shares = input("gainShares");
        uint256 id = requestAs(alice, shares);
        settleFrame(balance += reward);
        assertEq(queue.lastFinalizedId(), 0);
        IRewardDistribution.Report memory report = reportOf(balance += reward);
        agree(Lanes.REPORT, distribution.reportDigest(report, noUpdates()));
        uint256 worth = worthAfter(report, shares);
        distribution.settleRewards(report, noUpdates());
        equals("gainPaid", queue.requestOf(id).assets);
        equals("gainWorth", worth);

        shares = input("lossShares");
        equals("lossWorth", pool.convertToAssets(shares));
        id = requestAs(alice, shares);
        settleFrame(balance += reward);
        settleFrame(balance - input("lossOfPool"));
        assertEq(queue.lastFinalizedId(), id);
        equals("lossPaid", queue.requestOf(id).assets);
        equals("sharePrice", pool.sharePrice());
        end();
    }

    function test_bond() public {
        begin("bond");
        uint256 keys = input("keys");
        assertEq(input("bondPerKey"), BOND_PER_KEY);
        uint256 id = operatorWithKeys(manager, 0, keys);
        assertEq(registry.bondOf(id), input("bond"));
        stakeAs(alice, 100 ether);
        preDeposit(keys);
        equals("bondPreDeposited", registry.bondOf(id));
        equals("heldPreDeposited", registry.heldBondOf(id));
        attest(hashesOf(0, 1), hashesOf(1, 1));
        (bytes memory pubkeys,) = makeKeys(0, 1);
        deposits.completeDeposits(pubkeys);
        equals("bondAfterValid", registry.bondOf(id));
        equals("heldAfterInvalid", registry.heldBondOf(id));
        equals("excessAfterInvalid", registry.excessBondOf(id));
        end();
    }

    function test_quorumThatRaises() public {
        begin("quorumRaises");
        uint256 validators = input("validators");
        stakeWithValidators(input("stake"), validators);
        uint256 before = pool.totalPooledEther();
        IRewardDistribution.Report memory report = reportOf(2 * validators * 32 ether);
        vm.recordLogs();
        settle(report, noUpdates());
        (,,,, uint256 protocolFee, uint256 operatorFee) = settlement();
        equals("rise", pool.totalPooledEther() - before);
        equals("protocolFee", protocolFee);
        equals("operatorFee", operatorFee);
        equals("priceAfter1", pool.sharePrice());
        for (uint256 i = 1; i < 7; ++i) {
            settleFrame(2 * validators * 32 ether);
        }
        equals("priceAfter7", pool.sharePrice());
        end();
    }

    function test_quorumThatLowers() public {
        begin("quorumLowers");
        uint256 validators = input("validators");
        stakeWithValidators(input("stake"), validators);
        uint256 before = pool.totalPooledEther();
        expectLossRefused();
        settleFrame(pool.beaconEther() - pool.totalPooledEther() / 100);
        equals("fall", before - pool.totalPooledEther());
        equals("priceAfter1", pool.sharePrice());
        for (uint256 i = 1; i < 7; ++i) {
            settleFrame(pool.beaconEther() - pool.totalPooledEther() / 100);
        }
        equals("priceAfter7", pool.sharePrice());
        end();
    }

    function test_quorumThatCharges() public {
        begin("quorumCharges");
        uint256 validators = input("validators");
        stakeWithValidators(input("stake"), validators);
        settle(reportOf(validators * 32 ether), oneUpdate(1, 0, 0, pool.totalPooledEther() / 100));
        equals("toFund", address(coverageFund).balance);
        equals("bondAfter", registry.bondOf(1));
        equals("sharePrice", pool.sharePrice());
        end();
    }

    function test_year() public {
        begin("year");
        uint256 stake = input("stake");
        uint256 validators = input("validators");
        uint256 frames = input("frames");
        uint256 shares = stakeWithValidators(stake, validators);
        uint256 consensusReward = validators * 32 ether * input("consensusBps") / 10_000 / frames;
        uint256 executionReward = validators * 32 ether * input("executionBps") / 10_000 / frames;
        for (uint256 i = 0; i < frames; ++i) {
            vm.deal(address(withdrawalVault), consensusReward);
            vm.deal(address(rewardsVault), executionReward);
            settleFrame(validators * 32 ether);
        }
        equals("consensusRewards", frames * consensusReward);
        equals("executionRewards", frames * executionReward);
        equals("pooled", pool.totalPooledEther());
        equals("protocolShares", pool.balanceOf(treasury));
        equals("operatorShares", pool.balanceOf(address(registry)));
        equals("stakerWorth", pool.convertToAssets(shares));
        equals("stakerGain", pool.convertToAssets(shares) - stake);
        equals("protocolWorth", pool.convertToAssets(pool.balanceOf(treasury)));
        equals("operatorWorth", pool.convertToAssets(pool.balanceOf(address(registry))));
        equals("sharePrice", pool.sharePrice());
        assertEq(registry.bondOf(1), input("operatorBond"));
        end();
    }

    /* FIXTURE */

    function begin(string memory name) private {
        section = string.concat(".", name);
        used = 0;
    }

    /// @dev An entry of the section.
    function input(string memory name) private returns (uint256) {
        ++used;
        return vm.parseJsonUint(fixture, string.concat(section, ".", name));
    }

    /// @dev Compares a result, to the wei.
    function equals(string memory name, uint256 actual) private {
        assertEq(actual, input(name), name);
    }

    /// @dev Every entry of the section was used: the document has no number that is not executed.
    function end() private view {
        assertEq(used, vm.parseJsonKeys(fixture, section).length, section);
    }

    /* SCENARIOS */

    /// @dev Alice stakes, and operator 1 runs validators with the ether.
    function stakeWithValidators(uint256 stake, uint256 validators) private returns (uint256 shares) {
        operatorWithKeys(manager, 0, validators);
        shares = stakeAs(alice, stake);
        depositKeys(0, validators);
    }

    function requestAs(address staker, uint256 shares) private returns (uint256 id) {
        vm.prank(staker);
        (id,) = queue.requestWithdrawal(shares, staker);
    }

    /// @dev What shares are worth after an agreed report that finalises nothing.
    function worthAfter(IRewardDistribution.Report memory report, uint256 shares) private returns (uint256 worth) {
        uint256 state = vm.snapshotState();
        report.finalizeUpTo = 0;
        settle(report, noUpdates());
        worth = pool.convertToAssets(shares);
        vm.revertToState(state);
        report.finalizeUpTo = uint32(queue.lastRequestId());
    }

    /// @dev One wei more than 1 % needs the reviewers.
    function expectLossRefused() private {
        uint256 state = vm.snapshotState();
        uint256 limit = pool.totalPooledEther() / 100;
        IRewardDistribution.Report memory report = reportOf(pool.beaconEther() - limit - 1);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        agree(Lanes.REPORT, digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewardDistribution.RewardDistributionLossNotReviewed.selector, limit + 1, limit, bytes32(0), digest
            )
        );
        distribution.settleRewards(report, noUpdates());
        vm.revertToState(state);
    }

    /// @dev What the last recorded RewardSettled says.
    function settlement()
        private
        returns (
            uint256 loss,
            uint256 rewards,
            uint256 fromBonds,
            uint256 covered,
            uint256 protocolFee,
            uint256 operatorFee
        )
    {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRewardDistribution.RewardSettled.selector) continue;
            (, loss, rewards, fromBonds, covered, protocolFee, operatorFee,) =
                abi.decode(logs[i].data, (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256));
        }
    }
}
