// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {stdError} from "forge-std/StdError.sol";
import {Vm} from "forge-std/Vm.sol";
import {IBeaconDeposits} from "../../src/interfaces/IBeaconDeposits.sol";
import {IExpiringPause} from "../../src/interfaces/IExpiringPause.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {DepositLogs} from "../support/DepositLogs.sol";

/// @dev The second deposit: the pool's ether follows for proven keys.
contract BeaconDepositsCompletionTest is DepositLogs {
    function prove(uint256 first, uint256 count) private {
        attest(hashesOf(first, count), new bytes32[](0));
    }

    function completeFrom(uint256 first, uint256 count) private {
        (bytes memory pubkeys,) = makeKeys(first, count);
        deposits.completeDeposits(pubkeys);
    }

    function test_complete_thePoolsEtherFollows() public {
        stakeAs(alice, 100 ether);
        preDeposit(3);
        prove(0, 3);
        vm.recordLogs();
        (bytes memory pubkeys,) = makeKeys(1, 2);
        vm.prank(mallory);
        deposits.completeDeposits(pubkeys);
        Vm.Log[] memory logs = depositLogs();
        assertEq(logs.length, 2);
        checkDeposit(logs[0], 1, new bytes(96), 31e9, 3);
        checkDeposit(logs[1], 2, new bytes(96), 31e9, 4);
        assertEq(deposits.waitingKeys(), 1);
        assertEq(pool.bufferedEther(), 36 ether);
        assertEq(pool.beaconEther(), 64 ether);
        assertEq(pool.depositedValidators(), 2);
        assertEq(address(depositContract).balance, 65 ether);
        assertEq(registry.bondOf(1), 5 ether);
        assertEq(address(deposits).balance, 0);
        assertEq(registry.activeKeys(), 2);
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.DepositsCompleted(1, 0);
        deposits.completeDeposits(pubkeyOf(0));
        assertEq(registry.bondOf(1), 6 ether);
        assertEq(depositCount(), 6);
        assertEq(address(depositContract).balance, 96 ether);
    }

    function test_complete_wholeKeys() public {
        stakeAs(alice, 100 ether);
        preDeposit(2);
        prove(0, 2);
        uint256[4] memory lengths = [uint256(0), 47, 49, 95];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory pubkeys = new bytes(lengths[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsInvalidKeysLength.selector, lengths[i], 100)
            );
            deposits.completeDeposits(pubkeys);
        }
        completeFrom(0, 2);
    }

    function test_complete_atMost100() public {
        operatorWithKeys(bob, 100, 120);
        stakeAs(alice, 10_000 ether);
        preDeposit(100);
        preDeposit(24);
        prove(0, 4);
        prove(100, 120);
        (bytes memory pubkeys,) = makeKeys(100, 101);
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsInvalidKeysLength.selector, 4848, 100));
        deposits.completeDeposits(pubkeys);
        completeFrom(100, 100);
        assertEq(deposits.waitingKeys(), 24);
    }

    function notProven(uint256 number, IOperatorRegistry.KeyState state) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidKeyState.selector,
                keccak256(pubkeyOf(number)),
                state,
                IOperatorRegistry.KeyState.Proven
            )
        );
    }

    function test_complete_provenKeysOnly() public {
        stakeAs(alice, 200 ether);
        vm.expectRevert(stdError.arithmeticError);
        completeFrom(0, 1);
        preDeposit(3);
        notProven(3, IOperatorRegistry.KeyState.Submitted);
        completeFrom(3, 1);
        notProven(99, IOperatorRegistry.KeyState.None);
        completeFrom(99, 1);
        notProven(0, IOperatorRegistry.KeyState.Taken);
        completeFrom(0, 1);
        attest(hashesOf(1, 1), hashesOf(0, 1));
        notProven(0, IOperatorRegistry.KeyState.Invalid);
        completeFrom(0, 2);
        // One key twice.
        notProven(1, IOperatorRegistry.KeyState.Deposited);
        deposits.completeDeposits(bytes.concat(pubkeyOf(1), pubkeyOf(1)));
        completeFrom(1, 1);
        notProven(1, IOperatorRegistry.KeyState.Deposited);
        completeFrom(1, 1);
        vm.expectRevert(stdError.arithmeticError);
        completeFrom(1, 2);
    }

    /// @dev A suspended operator's proven keys get no ether of the pool; given up, they hold none back.
    function test_complete_notOfSuspendedOperators() public {
        stakeAs(alice, 64 ether);
        preDeposit(2);
        prove(0, 2);
        vm.prank(vetter);
        registry.setSuspended(1, true);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistrySuspended.selector, 1));
        completeFrom(0, 2);
        assertEq(deposits.waitingKeys(), 2);
        assertEq(pool.bufferedEther(), 64 ether);
        assertEq(pool.depositedValidators(), 0);
        operatorWithKeys(bob, 10, 2);
        vm.prank(parameters);
        deposits.abandonKeys(hashesOf(0, 2));
        assertEq(preDeposit(2), 2);
        prove(10, 2);
        completeFrom(10, 2);
        assertEq(pool.depositedValidators(), 2);
    }

    /// @dev Nor does a bond that was charged meanwhile.
    function test_complete_onlyWhatTheBondCovers() public {
        stakeAs(alice, 64 ether);
        preDeposit(2);
        prove(0, 2);
        vm.prank(address(serviceLevel));
        registry.charge(1, 3.5 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 2.5 ether, 3 ether)
        );
        completeFrom(0, 2);
        completeFrom(1, 1);
        assertEq(pool.depositedValidators(), 1);
        registry.addBond{value: 0.5 ether}(1);
        completeFrom(0, 1);
        assertEq(registry.bondOf(1), 3 ether);
    }

    function test_complete_notFromTheReserve() public {
        stakeAs(alice, 64 ether);
        preDeposit(2);
        prove(0, 2);
        vm.prank(parameters);
        pool.setReserve(1 gwei);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolInsufficientEther.selector, 64 ether, 64 ether - 1 gwei)
        );
        completeFrom(0, 2);
        completeFrom(0, 1);
        vm.prank(parameters);
        pool.setReserve(0);
        completeFrom(1, 1);
    }

    /// @dev What leavers wait for is not deposited.
    function test_complete_notFromTheQueues() public {
        stakeAs(alice, 32 ether);
        preDeposit(1);
        prove(0, 1);
        vm.prank(alice);
        queue.requestWithdrawal(1 ether, alice);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolInsufficientEther.selector, 32 ether, 31 ether));
        completeFrom(0, 1);
    }

    function test_complete_notPaused() public {
        stakeAs(alice, 64 ether);
        preDeposit(1);
        prove(0, 1);
        vm.startPrank(pauser);
        deposits.pause();
        uint256 until = block.timestamp + 3 days;
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, until));
        deposits.completeDeposits(pubkeyOf(0));
        vm.warp(until);
        pool.pause();
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, until + 3 days));
        deposits.completeDeposits(pubkeyOf(0));
        vm.stopPrank();
        vm.prank(resumer);
        pool.unpause();
        deposits.completeDeposits(pubkeyOf(0));
    }
}
