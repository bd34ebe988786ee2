// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Gas of the main calls, each as a transaction of its own: cold storage, the 21,000 base and calldata included,
/// refunds deducted. The figures are kept in snapshots/, one file a fork; FORGE_SNAPSHOT_CHECK=true compares.
/// forge-config: default.isolate = true
/// forge-config: prague.isolate = true
contract GasTest is PoolTest {
    /// @dev The gas limit of a transaction (2^24, EIP-7825).
    uint256 private constant TRANSACTION_GAS_LIMIT = 16_777_216;

    /// @dev Keeps the last call's gas under a name and checks its budget.
    function record(string memory name, uint256 budget) private returns (uint256 gas) {
        string memory group = buildProfile();
        gas = vm.snapshotGasLastCall(string.concat("gas-", group), name);
        assertLe(gas, budget, name);
    }

    /* STAKERS */

    function test_gas_stake() public {
        stakeAs(bob, 1 ether);
        stakeAs(alice, 1 ether);
        record("stake, first of an account", 80_000);
        stakeAs(alice, 1 ether);
        record("stake, again", 55_000);
    }

    function test_gas_transfer() public {
        stakeAs(alice, 1 ether);
        stakeAs(bob, 1 ether);
        vm.prank(alice);
        pool.transfer(bob, 0.5 ether);
        record("transfer", 45_000);
    }

    function test_gas_requestWithdrawal() public {
        stakeAs(bob, 10 ether);
        requestAs(bob, 1 ether);
        stakeAs(alice, 10 ether);
        requestAs(alice, 1 ether);
        record("requestWithdrawal, first of an account", 90_000);
        requestAs(alice, 1 ether);
        record("requestWithdrawal, again", 90_000);
        vm.startPrank(alice);
        queue.requestWithdrawal(1 ether, bob);
        record("requestWithdrawal, for another holder", 90_000);
        queue.requestWithdrawal(1 ether, mallory);
        record("requestWithdrawal, for an account that has nothing", 105_000);
        queue.transferFrom(alice, bob, 2);
        record("position's transfer, the first of both", 90_000);
        queue.transferFrom(alice, bob, 3);
        record("position's transfer, again", 60_000);
    }

    function test_gas_requestWithdrawal_most() public {
        raiseCap(160_000 ether);
        vm.deal(alice, 110_000 ether);
        stakeAs(alice, 100_000 ether);
        requestAs(alice, 100_000 ether);
        record("requestWithdrawal, 100 requests (the most)", TRANSACTION_GAS_LIMIT);
    }

    /// @dev After ten payouts. It makes no difference what else the owner has.
    function test_gas_claim() public {
        stakeAs(alice, 1_000 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(1);
        for (uint256 i = 0; i < 12; ++i) {
            requestAs(alice, 1 ether);
            frame(32 ether + i * 0.1 ether);
        }
        assertEq(queue.payoutCount(), 10);
        uint256 hint = queue.findHint(5);
        vm.prank(alice);
        queue.claim(5, hint, alice);
        record("claim, with a hint, of an account with more positions", 50_000);
        vm.prank(alice);
        queue.transferFrom(alice, bob, 6);
        hint = queue.findHint(6);
        vm.prank(bob);
        queue.claim(6, hint, bob);
        record("claim, with a hint", 50_000);
        vm.prank(alice);
        queue.claim(11);
        record("claim, by search (10 payouts), of an account with more positions", 55_000);
        uint256[] memory ids = new uint256[](4);
        uint256[] memory hints = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            ids[i] = 7 + i;
            hints[i] = queue.findHint(7 + i);
        }
        vm.prank(alice);
        queue.claimBatch(ids, hints, alice);
        record("claimBatch, 4 requests", 85_000);
    }

    /* REPORTS */

    /// @dev A member's vote as a transaction.
    function voteAs(uint256 member, uint256 lane, bytes32 digest) private {
        vm.prank(members[member]);
        consensus.vote(lane, digest);
    }

    function test_gas_vote() public {
        voteAs(0, Lanes.REPORT, keccak256("first"));
        record("vote, a member's first ever", 70_000);
        voteAs(1, Lanes.REPORT, keccak256("first"));
        record("vote, first ever to reach the quorum", 100_000);
        voteAs(2, Lanes.REPORT, keccak256("first"));
        voteAs(0, Lanes.REPORT, keccak256("second"));
        record("vote, steady state", 50_000);
        voteAs(1, Lanes.REPORT, keccak256("second"));
        record("vote, steady state, reaching the quorum", 100_000);
        voteAs(2, Lanes.REPORT, keccak256("second"));
        record("vote, steady state, after the quorum", 50_000);
    }

    /// @dev Reports of a running pool: rewards of both layers, fees, a request that is finalised and one that is closed.
    function test_gas_settleRewards() public {
        operatorWithKeys(manager, 0, 10);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 10);
        for (uint256 i = 1; i < 4; ++i) {
            requestAs(alice, 1 ether);
            vm.deal(address(rewardsVault), 0.01 ether);
            vm.deal(address(withdrawalVault), 0.1 ether);
            settleFrame(320 ether + i * 0.1 ether);
        }
        requestAs(alice, 1 ether);
        settled("settleRewards, steady state, both vaults and a request", 320.4 ether, true);
        settled("settleRewards, quiet", 320.4 ether, false);
        settled("settleRewards, quiet, nothing queued", 320.4 ether, false);
    }

    /// @dev Settles a report and records the call alone.
    function settled(string memory name, uint256 balance, bool withEther) private {
        vm.deal(address(rewardsVault), withEther ? 0.01 ether : 0);
        vm.deal(address(withdrawalVault), withEther ? 0.1 ether : 0);
        settleFrame(balance);
        record(name, 400_000);
    }

    function test_gas_settleRewards_loss() public {
        operatorWithKeys(manager, 0, 10);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 10);
        settleFrame(320 ether);
        coverageFund.deposit{value: 1 ether}();
        settle(reportOf(315 ether), oneUpdate(1, 1, 0, 2 ether));
        record("settleRewards, a loss through bond and fund", 300_000);
    }

    function test_gas_processStaleFrame() public {
        stakeAs(alice, 1_000 ether);
        requestAs(alice, 1 ether);
        skip(7 days);
        pool.processStaleFrame();
        requestAs(alice, 1 ether);
        skip(7 days);
        pool.processStaleFrame();
        record("processStaleFrame, one batch closed and one finalised", 300_000);
    }

    /* OPERATORS */

    function test_gas_registerOperator() public {
        vm.prank(manager);
        registry.registerOperator{value: 2 ether}("operator", recipient);
        record("registerOperator", 180_000);
        vm.prank(manager);
        registry.addBond{value: 1 ether}(1);
        record("addBond", 50_000);
        vm.prank(manager);
        registry.requestBondWithdrawal(1, 1 ether);
        record("requestBondWithdrawal", 70_000);
        skip(7 days);
        vm.prank(manager);
        registry.withdrawBond(1);
        record("withdrawBond", 60_000);
    }

    function test_gas_submitValidatorSigs() public {
        registerAs(manager, 1000 ether);
        submitAs(manager, 0, 1);
        record("submitValidatorSigs, 1 key, first", 240_000);
        submitAs(manager, 1, 1);
        uint256 one = record("submitValidatorSigs, 1 key", 200_000);
        submitAs(manager, 2, 101);
        uint256 many = record("submitValidatorSigs, 101 keys", TRANSACTION_GAS_LIMIT);
        assertLe(many - one, 100 * 75_000, "the marginal key");
        submitAs(manager, 103, 150);
        record("submitValidatorSigs, 150 keys (the most)", TRANSACTION_GAS_LIMIT);
        vm.prank(manager);
        registry.removeUnusedKeys(1, 150);
        record("removeUnusedKeys, 150 keys (the most)", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_setVettedKeys() public {
        registerAs(manager, 100 ether);
        submitAs(manager, 0, 10);
        vet(1, 5);
        record("setVettedKeys, joins the ring", 110_000);
        vet(1, 10);
        record("setVettedKeys", 80_000);
    }

    /* DEPOSITS */

    function test_gas_deposits() public {
        operatorWithKeys(manager, 0, 111);
        stakeAs(alice, 32 * 111 ether);
        uint256[3] memory counts = [uint256(1), 10, 100];
        string[3] memory names = ["1 key (the contract's first)", "10 keys", "100 keys (the most)"];
        uint256 first = 0;
        for (uint256 i = 0; i < 3; ++i) {
            preDeposit(counts[i]);
            record(string.concat("preDeposit, ", names[i]), TRANSACTION_GAS_LIMIT);
            attest(hashesOf(first, counts[i]), new bytes32[](0));
            record(string.concat("attestCredentials, ", names[i]), TRANSACTION_GAS_LIMIT);
            (bytes memory pubkeys,) = makeKeys(first, counts[i]);
            deposits.completeDeposits(pubkeys);
            record(string.concat("completeDeposits, ", names[i]), TRANSACTION_GAS_LIMIT);
            first += counts[i];
        }
    }

    function test_gas_deposits_manyOperators() public {
        for (uint256 i = 0; i < 100; ++i) {
            operatorWithKeys(address(uint160(0x50000 + i)), i, 1);
        }
        stakeAs(alice, 32 * 100 ether);
        preDeposit(100);
        record("preDeposit, 100 keys of 100 operators", TRANSACTION_GAS_LIMIT);
        attest(hashesOf(0, 100), new bytes32[](0));
        (bytes memory pubkeys,) = makeKeys(0, 100);
        deposits.completeDeposits(pubkeys);
        record("completeDeposits, 100 keys of 100 operators", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_plainRewards() public {
        vm.prank(alice);
        (bool ok,) = address(rewardsVault).call{value: 1 ether}("");
        assertTrue(ok);
        record("builder's payment to the rewards vault", 30_000);
    }

    function test_gas_reportBudget() public {
        // The digest binds all totals: a vote is a report's whole cost for a member.
        operatorWithKeys(manager, 0, 10);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 10);
        settleFrame(320 ether);
        IRewardDistribution.Report memory report = reportOf(320.1 ether);
        bytes32 digest = distribution.reportDigest(report, noUpdates());
        voteAs(0, Lanes.REPORT, digest);
        uint256 gas = vm.lastCallGas().gasTotalUsed;
        voteAs(1, Lanes.REPORT, digest);
        gas = gas > vm.lastCallGas().gasTotalUsed ? gas : vm.lastCallGas().gasTotalUsed;
        assertLe(gas, 100_000, "a member's report");
    }
}
