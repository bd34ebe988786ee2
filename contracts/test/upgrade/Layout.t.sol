// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {IServiceLevel} from "../../src/interfaces/IServiceLevel.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Base} from "../support/Base.sol";

/// @dev The storage of all contracts, slot by slot: a change here breaks every deployed proxy.
contract LayoutTest is Base {
    /// @dev ERC-7201: keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~bytes32(uint256(0xff)).
    function namespaceOf(string memory id) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(uint256(keccak256(bytes(id))) - 1)) & ~bytes32(uint256(0xff)));
    }

    function load(address target, uint256 slot) private view returns (uint256) {
        return uint256(vm.load(target, bytes32(slot)));
    }

    /// @dev The slot of a mapping's value.
    function at(uint256 key, uint256 slot) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, slot)));
    }

    function layout(address target, uint256 slot, uint256 expected) private view {
        assertEq(load(target, slot), expected);
    }

    /// @dev Members of a word, from its least significant bits.
    function word(uint256[8] memory values, uint256 bits) private pure returns (uint256 result) {
        for (uint256 i = 0; i < 8; ++i) {
            result |= values[i] << (i * bits);
        }
    }

    /* POOL */

    function test_layout_ofThePool() public {
        vm.startPrank(parameters);
        pool.setReserve(3 ether);
        pool.setWithdrawalDelay(2);
        pool.setStakeRateLimit(1000 ether);
        pool.setStakeCap(40_000 ether);
        vm.stopPrank();
        uint256 raised = block.timestamp;
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 100 ether);
        uint256 staked = block.timestamp;
        depositKeys(0, 2);
        settleFrame(64.05 ether);
        uint256 slot = namespaceOf("ethstake.storage.StakingPool");
        address target = address(pool);
        layout(target, slot, 36 ether | uint256(64.05 ether) << 96 | uint256(1_000_000) << 192 | staked << 224);
        layout(target, slot + 1, 40_000e9 | uint256(0.001e9) << 64 | uint256(1000e9) << 128);
        layout(
            target,
            slot + 2,
            2 | block.timestamp << 32 | uint256(7 days) << 72 | uint256(2) << 104 | uint256(3e9) << 112 | raised << 176
        );
        layout(target, slot + 3, 0);
    }

    function test_layout_ofBoundRolesAndPauses() public {
        uint256 slot = namespaceOf("ethstake.storage.Bound");
        layout(address(pool), at(uint256(keccak256("QUEUE_ROLE")), slot), uint160(address(queue)));
        layout(address(pool), at(uint256(keccak256("DEPOSITS_ROLE")), slot), uint160(address(deposits)));
        layout(address(registry), at(uint256(keccak256("POOL_ROLE")), slot), uint160(address(pool)));
        layout(address(withdrawalVault), at(uint256(keccak256("POOL_ROLE")), slot), uint160(address(pool)));
        layout(address(rewardsVault), at(uint256(keccak256("POOL_ROLE")), slot), uint160(address(pool)));
        layout(address(coverageFund), at(uint256(keccak256("COVER_ROLE")), slot), uint160(address(distribution)));
        vm.startPrank(pauser);
        pool.pause();
        deposits.pause();
        distribution.pause();
        vm.stopPrank();
        slot = namespaceOf("ethstake.storage.ExpiringPause");
        uint256 expected = (block.timestamp + 3 days) | (block.timestamp + 6 days) << 40;
        layout(address(pool), slot, expected);
        layout(address(deposits), slot, expected);
        layout(address(distribution), slot, expected);
    }

    /* REGISTRY */

    function test_layout_ofTheRegistry() public {
        operatorWithKeys(manager, 0, 4);
        operatorWithKeys(bob, 10, 2);
        address target = address(registry);
        vm.prank(address(deposits));
        registry.takeKeys(1);
        uint256 slot = namespaceOf("ethstake.storage.OperatorRegistry");
        // Two operators, the second's turn, five keys left, no validator, the cooldown, the nonce of two vettings, each of
        // which moved a limit.
        layout(
            target,
            slot,
            2 | uint256(2) << 32 | uint256(5) << 64 | uint256(0) << 96 | uint256(7 days) << 128 | uint256(4) << 160
        );
        layout(target, slot + 1, 1.5 ether);
        layout(target, at(uint160(manager), slot + 3), 1);
        layout(target, at(uint160(bob), slot + 3), 2);
        layout(target, at(uint256(keccak256(pubkeyOf(11))), slot + 4), 2 | uint256(1) << 32 | uint256(1) << 64);
        layout(target, at(uint256(keccak256(pubkeyOf(99))), slot + 4), 0);
    }

    function test_layout_ofAnOperator() public {
        registerAs(manager, 12 ether);
        submitAs(manager, 0, 2);
        submitAs(manager, 2, 4);
        vet(1, 6);
        stakeAs(alice, 200 ether);
        depositKeys(0, 2);
        preDeposit(3);
        attest(hashesOf(2, 1), hashesOf(3, 1));
        operatorWithKeys(bob, 10, 1);
        settle(reportOf(64.05 ether), oneUpdate(1, 1, 1, 0.5 ether));
        uint256 index = (pool.balanceOf(address(registry)) * 1e12) / 1;
        vm.prank(manager);
        registry.requestBondWithdrawal(1, 0.125 ether);
        vm.startPrank(vetter);
        registry.requestExits(1, 2);
        registry.setTarget(1, true, 9);
        vm.stopPrank();

        address target = address(registry);
        uint256 slot = namespaceOf("ethstake.storage.OperatorRegistry");
        layout(target, slot + 1, 1.5 ether | index << 96);
        uint256 first = at(1, slot + 2);
        // Submitted, vetted, taken, deposited, invalid, exited, limit, batch.
        layout(target, first, word([uint256(6), 6, 5, 2, 1, 1, 6, 1], 32));
        // 12 ether less three pre-deposits, two of which will come back, less the loss.
        layout(target, first + 1, uint160(manager) | uint256(8.5 ether) << 160);
        // Its neighbours are the second operator; stuck, asked to leave, target, a target, not suspended.
        layout(target, first + 2, word([uint256(2), 2, 1, 2, 9, 1, 0, 0], 32));
        layout(target, first + 3, uint160(recipient));
        layout(target, first + 4, uint256(0.125 ether) << 128 | (block.timestamp + 7 days) << 224);
        layout(target, first + 5, uint256(bytes32("operator")) | 2 * 8);
        layout(target, first + 6, 2);
        uint256 batches = uint256(keccak256(abi.encode(first + 6)));
        assertEq(load(target, batches) >> 160, 0 | uint256(2) << 32);
        assertEq(load(target, batches + 1) >> 160, 2 | uint256(6) << 32);
        layout(target, first + 7, 0);
        // Deposited, proven, invalid, taken, submitted: the states as they are kept.
        uint8[6] memory states = [4, 4, 3, 5, 1, 1];
        for (uint256 i = 0; i < 6; ++i) {
            layout(target, at(uint256(keccak256(pubkeyOf(i))), slot + 4), 1 | i << 32 | uint256(states[i]) << 64);
        }
    }

    function test_layout_ofAnOperatorsRewards() public {
        operatorWithKeys(manager, 0, 2);
        vm.prank(vetter);
        registry.setSuspended(1, true);
        vm.prank(vetter);
        registry.setSuspended(1, false);
        stakeAs(alice, 200 ether);
        depositKeys(0, 2);
        settleFrame(64.05 ether);
        vm.prank(vetter);
        registry.setSuspended(1, true);
        uint256 shares = pool.balanceOf(address(registry));
        uint256 index = shares * 1e12 / 2;
        settle(reportOf(64.05 ether), oneUpdate(1, 1, 0, 0));
        address target = address(registry);
        uint256 slot = namespaceOf("ethstake.storage.OperatorRegistry");
        uint256 first = at(1, slot + 2);
        assertApproxEqAbs(load(target, first + 3) >> 160, shares, 1);
        assertEq(uint160(load(target, first + 3)), uint160(recipient));
        layout(target, first + 4, index);
        // Not in the ring, no target, suspended.
        layout(target, first + 2, uint256(1) << 168);
    }

    /* REPORTS */

    function test_layout_ofTheDistribution() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 200 ether);
        depositKeys(0, 2);
        vm.startPrank(parameters);
        distribution.setEpochsPerFrame(450);
        distribution.setMaxIncreaseBps(11);
        distribution.setMaxLossBps(112);
        distribution.setProtocolFeeBps(513);
        distribution.setOperatorFeeBps(214);
        vm.stopPrank();
        uint256 refSlot = (block.timestamp - GENESIS_TIME) / 12 / 14_400 * 14_400 + 14_399;
        vm.warp(slotTime(refSlot + 1));
        settle(slashed(uint64(refSlot)), noUpdates());
        uint256 slot = namespaceOf("ethstake.storage.RewardDistribution");
        uint256 bps = 11 | uint256(112) << 16 | uint256(513) << 32 | uint256(214) << 48;
        layout(
            address(distribution),
            slot,
            refSlot | uint256(2) << 64 | uint256(1) << 96 | uint256(450) << 128 | bps << 160
        );
        layout(address(distribution), slot + 1, uint160(treasury));
    }

    function slashed(uint64 refSlot) private pure returns (IRewardDistribution.Report memory) {
        return IRewardDistribution.Report(refSlot, 64 ether, 2, 1, 0, 0, 0);
    }

    function test_layout_ofTheConsensus() public {
        vm.prank(membership);
        consensus.setMinimumQuorum(2);
        agree(5, bytes32(uint256(77)));
        address target = address(consensus);
        uint256 slot = namespaceOf("ethstake.storage.ReportConsensus");
        layout(target, slot, 2 | uint256(3) << 128);
        for (uint256 i = 0; i < 3; ++i) {
            layout(target, at(i + 1, slot + 1), uint160(members[i]));
            layout(target, at(uint160(members[i]), slot + 2), i + 1);
            layout(target, at(i + 1, at(5, slot + 3)), 77);
        }
        layout(target, at(5, slot + 4), 77);
        // Nothing is left of who leaves, nor of what was agreed.
        vm.prank(membership);
        consensus.removeMember(members[0]);
        layout(target, slot, 2 | uint256(2) << 128);
        layout(target, at(1, slot + 1), uint160(members[2]));
        layout(target, at(3, slot + 1), 0);
        layout(target, at(uint160(members[0]), slot + 2), 0);
        layout(target, at(3, at(5, slot + 3)), 0);
        layout(target, at(2, at(5, slot + 3)), 77);
        layout(target, at(5, slot + 4), 0);
    }

    /* DEPOSITS */

    function test_layout_ofTheDeposits() public {
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 200 ether);
        preDeposit(2);
        vm.warp(block.timestamp + 12);
        preDeposit(1);
        uint256 last = block.timestamp;
        vm.warp(block.timestamp + 12);
        attest(hashesOf(0, 1), new bytes32[](0));
        attest(hashesOf(1, 1), new bytes32[](0));
        deposits.completeDeposits(pubkeyOf(0));
        uint256 slot = namespaceOf("ethstake.storage.BeaconDeposits");
        layout(address(deposits), slot, 2 | uint256(1) << 32 | uint256(2) << 40 | uint256(3) << 104 | last << 136);
    }

    /* SERVICE LEVEL */

    function test_layout_ofTheServiceLevel() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 32 ether);
        depositKeys(0, 1);
        vm.startPrank(parameters);
        serviceLevel.setAppealWindow(2 days);
        serviceLevel.setBreachLimit(4);
        serviceLevel.setMaxPenaltyBps(999);
        vm.stopPrank();
        uint256 window = serviceLevel.currentWindow() + 1;
        vm.warp(GENESIS_TIME + (window + 1) * WINDOW_EPOCHS * 384);
        IServiceLevel.DowntimeReport memory downtime =
            IServiceLevel.DowntimeReport(1, uint32(window), uint64(WINDOW_EPOCHS), 100);
        agree(Lanes.SERVICE_LEVEL, serviceLevel.downtimeDigest(downtime));
        serviceLevel.reportDowntime(downtime);
        uint256 amount = serviceLevel.penalty(1).amount;
        assertGt(amount, 0);
        address target = address(serviceLevel);
        uint256 slot = namespaceOf("ethstake.storage.ServiceLevel");
        // One penalty, the appeal window, the breach limit.
        layout(target, slot, 1 | uint256(2 days) << 32 | uint256(4) << 64);
        // Two terms: the first ones, and those from the next window on.
        layout(target, slot + 1, 2);
        uint256 terms = uint256(keccak256(abi.encode(slot + 1)));
        layout(target, terms, (uint256(35_000) << 32 | uint256(1_000) << 16 | 30) << 32);
        layout(target, terms + 1, (uint256(35_000) << 32 | uint256(999) << 16 | 30) << 32 | window);
        // The operator, the window, downtime, pending, its time, its amount; assigned and missed.
        layout(
            target,
            at(1, slot + 2),
            1 | window << 32 | uint256(serviceLevel.penalty(1).kind) << 64 | uint256(serviceLevel.penalty(1).state)
                << 72 | (block.timestamp + 2 days) << 80 | amount << 120
        );
        layout(target, at(1, slot + 2) + 1, WINDOW_EPOCHS | uint256(100) << 64);
        // No proven misses; one report, which waits; nothing charged.
        layout(target, at(window, at(1, slot + 3)), uint256(1) << 64 | uint256(1) << 96);
    }

    /* NAMESPACES */

    /// @dev The supply, and accounts: shares, and positions above them.
    function test_layout_shareToken() public {
        stakeAs(alice, 5 ether);
        vm.startPrank(alice);
        queue.requestWithdrawal(1 ether, alice);
        queue.requestWithdrawal(1 ether, alice);
        vm.stopPrank();
        uint256 slot = namespaceOf("ethstake.storage.ShareToken");
        layout(address(pool), slot, 5 ether);
        layout(address(pool), at(uint160(alice), slot + 1), 3 ether | uint256(2) << 192);
        layout(address(pool), at(uint160(address(queue)), slot + 1), 2 ether);
    }

    /// @dev OpenZeppelin's own: versions of it that move them would lose every allowance and role.
    function test_layout_ofTheLibraries() public {
        uint256 erc20 = namespaceOf("openzeppelin.storage.ERC20");
        vm.prank(alice);
        pool.approve(bob, 5 ether);
        layout(address(pool), at(uint160(bob), at(uint160(alice), erc20 + 1)), 5 ether);
        uint256 roles = namespaceOf("openzeppelin.storage.AccessControl");
        layout(address(registry), at(uint160(admin), at(0, roles)), 1);
        layout(address(registry), namespaceOf("openzeppelin.storage.Initializable"), 1);
    }
}
