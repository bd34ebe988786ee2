// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev The limit of each operator, and the turns in which keys are taken.
contract OperatorRegistryLimitsTest is RegistryActions {
    /// @dev Takes keys and checks which operators they came from, in order.
    function expectTurns(uint256 count, bytes memory expected) private {
        (bytes memory pubkeys,, uint256[] memory operatorIds) = take(count);
        assertEq(operatorIds.length, expected.length, "number of keys");
        assertEq(pubkeys.length, expected.length * 48);
        for (uint256 i = 0; i < expected.length; ++i) {
            assertEq(operatorIds[i], uint8(expected[i]), "operator in turn");
        }
    }

    /* VETTED */

    function test_setVettedKeys_boundsAndNonce() public {
        registerAs(manager, 7.5 ether);
        submitAs(manager, 0, 5);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.VettedKeysSet(1, 4);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(1, 4);
        vet(1, 4);
        counts(1, 5, 4, 0, 0);
        uint256 nonce = registry.keysNonce();
        assertGt(nonce, 0);
        assertEq(registry.depositableKeys(), 4);
        take(2);
        assertEq(registry.keysNonce(), nonce);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidVettedKeys.selector, 1, 2, 5));
        vet(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidVettedKeys.selector, 6, 2, 5));
        vet(1, 6);
        vet(1, 2);
        assertEq(registry.depositableKeys(), 0);
        assertGt(registry.keysNonce(), nonce);
        vet(1, 5);
        assertEq(registry.depositableKeys(), 3);
    }

    function test_setVettedKeys_alwaysMovesTheNonce() public {
        operatorWithKeys(manager, 0, 2);
        uint256 nonce = registry.keysNonce();
        vet(1, 2);
        assertEq(registry.keysNonce(), nonce + 1);
    }

    /* TARGET */

    function test_setTarget_limits() public {
        operatorWithKeys(manager, 0, 4);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.TargetSet(1, true, 2);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(1, 2);
        setTarget(1, true, 2);
        IOperatorRegistry.Operator memory op = registry.operator(1);
        assertTrue(op.hasTarget);
        assertEq(op.targetKeys, 2);
        assertEq(op.keyLimit, 2);
        setTarget(1, false, 2);
        assertEq(limitOf(1), 4);
        assertFalse(registry.operator(1).hasTarget);
        setTarget(1, true, 0);
        assertEq(registry.depositableKeys(), 0);
        setTarget(1, true, type(uint32).max);
        assertEq(limitOf(1), 4);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 32, 1 << 32));
        setTarget(1, true, 1 << 32);
    }

    /// @dev Those that are gone make room, and a target below what was taken takes nothing back.
    function test_setTarget_countsWhoIsThere() public {
        operatorWithKeys(manager, 0, 5);
        activate(0, 2);
        take(1);
        setTarget(1, true, 2);
        assertEq(limitOf(1), 3);
        setTarget(1, true, 3);
        assertEq(limitOf(1), 3);
        resolve(2, false);
        assertEq(limitOf(1), 4);
        applyUpdates(oneUpdate(1, 1, 0, 0));
        assertEq(limitOf(1), 5);
    }

    /* SUSPENSION */

    function test_setSuspended_stopsAndGoesOn() public {
        operatorWithKeys(manager, 0, 4);
        take(1);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.SuspensionSet(1, true);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(1, 1);
        vm.prank(address(serviceLevel));
        registry.setSuspended(1, true);
        assertTrue(registry.operator(1).suspended);
        assertEq(registry.depositableKeys(), 0);
        bytes32 role = registry.OPERATOR_MANAGER_ROLE();
        refuses(address(serviceLevel), role);
        registry.setSuspended(1, false);
        vet(1, 4);
        assertEq(limitOf(1), 1);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.SuspensionSet(1, false);
        suspend(1, false);
        assertEq(limitOf(1), 4);
        suspend(1, true);
        assertEq(limitOf(1), 1);
    }

    /* BOND */

    function test_refresh_afterTheBondPerKeyChanged() public {
        operatorWithKeys(manager, 0, 4);
        uint256 nonce = registry.keysNonce();
        setBondPerKey(2 ether);
        assertEq(limitOf(1), 4);
        assertEq(registry.keysNonce(), nonce);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(1, 3);
        vm.prank(mallory);
        registry.refreshKeyLimit(1);
        assertEq(limitOf(1), 3);
        assertEq(registry.depositableKeys(), 3);
        assertEq(registry.keysNonce(), nonce + 1);
        registry.refreshKeyLimit(1);
        assertEq(registry.keysNonce(), nonce + 1);
        setBondPerKey(2 ether + 1);
        registry.refreshKeyLimit(1);
        assertEq(limitOf(1), 2);
        setBondPerKey(1 ether);
        registry.refreshKeyLimit(1);
        assertEq(limitOf(1), 4);
    }

    function test_refresh_neverBelowTheTakenKeys() public {
        operatorWithKeys(manager, 0, 3);
        take(2);
        setBondPerKey(32 ether);
        registry.refreshKeyLimit(1);
        assertEq(limitOf(1), 2);
        assertEq(registry.depositableKeys(), 0);
    }

    /// @dev A key that is out with 1 ether of bond is still covered by it.
    function test_limit_countsPreDepositsAsBond() public {
        operatorWithKeys(manager, 0, 3);
        take(2);
        registry.refreshKeyLimit(1);
        assertEq(limitOf(1), 3);
        // An invalid key's ether is gone: 3.5 ether are left for the two others.
        resolve(0, false);
        assertEq(limitOf(1), 3);
        chargeBond(1, 0.5 ether);
        assertEq(limitOf(1), 3);
        chargeBond(1, 1);
        assertEq(limitOf(1), 2);
    }

    /// @dev An exited validator's bond is free for another.
    function test_limit_exitsMakeRoom() public {
        operatorWithKeys(manager, 0, 2);
        activate(0, 2);
        applyUpdates(oneUpdate(1, 1, 0, 0));
        submitAs(manager, 2, 1);
        vet(1, 3);
        assertEq(limitOf(1), 3);
        chargeBond(1, 1);
        assertEq(limitOf(1), 2);
    }

    function test_limit_countsTheBondAskedBackAsGone() public {
        operatorWithKeys(manager, 0, 2);
        registry.addBond{value: 1 ether}(1);
        vm.prank(manager);
        registry.requestBondWithdrawal(1, 1 ether);
        assertEq(limitOf(1), 2);
        chargeBond(1, 1);
        assertEq(limitOf(1), 1);
        // More asked back than is left.
        chargeBond(1, 3.5 ether);
        assertEq(limitOf(1), 0);
    }

    /* TURNS */

    function test_take_onlyVettedKeys() public {
        registerAs(manager, 7.5 ether);
        submitAs(manager, 0, 5);
        expectTurns(5, "");
        vet(1, 2);
        (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds) = take(5);
        assertEq(pubkeys, bytes.concat(pubkeyOf(0), pubkeyOf(1)));
        assertEq(sigs, bytes.concat(signatureOf(0), signatureOf(1)));
        assertEq(operatorIds.length, 2);
        counts(1, 5, 2, 2, 0);
    }

    function test_take_inTurn() public {
        operatorWithKeys(who(1), 0, 3);
        operatorWithKeys(who(2), 10, 1);
        operatorWithKeys(who(3), 20, 2);
        expectTurns(2, hex"0102");
        // The second has none left; the third is next, across calls.
        expectTurns(1, hex"03");
        expectTurns(10, hex"010301");
        expectTurns(1, "");
    }

    function test_take_newcomerWaitsForTheRound() public {
        operatorWithKeys(who(1), 0, 5);
        operatorWithKeys(who(2), 10, 5);
        expectTurns(1, hex"01");
        operatorWithKeys(who(3), 20, 5);
        // The turn is the second's; the newcomer stands before it, at the end of the round.
        expectTurns(4, hex"02010302");
    }

    function test_take_leavingOperatorsAreSkipped() public {
        operatorWithKeys(who(1), 0, 3);
        operatorWithKeys(who(2), 10, 3);
        operatorWithKeys(who(3), 20, 3);
        expectTurns(1, hex"01");
        vet(2, 0);
        expectTurns(2, hex"0301");
        vet(3, 1);
        vet(2, 3);
        expectTurns(9, hex"01020202");
        expectTurns(9, "");
        vet(3, 3);
        expectTurns(9, hex"0303");
    }

    /// @dev Whatever ends an operator's turn: suspension, target, bond.
    function test_take_everyWayOutOfTheRing() public {
        operatorWithKeys(who(1), 0, 3);
        operatorWithKeys(who(2), 10, 3);
        operatorWithKeys(who(3), 20, 3);
        operatorWithKeys(who(4), 30, 3);
        suspend(1, true);
        expectTurns(1, hex"02");
        setTarget(3, true, 0);
        chargeBond(4, 4.5 ether);
        expectTurns(1, hex"02");
        suspend(1, false);
        setTarget(3, false, 0);
        registry.addBond{value: 4.5 ether}(4);
        expectTurns(10, hex"02010304010304010304");
        expectTurns(1, "");
    }

    function test_take_lastOperatorLeavesAndReturns() public {
        operatorWithKeys(who(1), 0, 3);
        vet(1, 0);
        expectTurns(9, "");
        vet(1, 3);
        expectTurns(2, hex"0101");
        vm.prank(who(1));
        registry.removeUnusedKeys(1, 1);
        expectTurns(9, "");
        submitAs(who(1), 30, 1);
        vet(1, 3);
        expectTurns(9, hex"01");
    }

    function test_take_acrossManyBatches() public {
        registerAs(manager, 45 ether);
        for (uint256 i = 0; i < 10; ++i) {
            submitAs(manager, i * 3, i % 3 + 1);
        }
        (uint256 total,,,) = registry.keyCounts(1);
        vet(1, total);
        for (uint256 i = 0; i < total; ++i) {
            (bytes memory expectedPubkey, bytes memory expectedSig) = registry.validatorKey(1, i);
            (bytes memory pubkey, bytes memory sig,) = take(1);
            assertEq(pubkey, expectedPubkey);
            assertEq(sig, expectedSig);
        }
    }

    /// @dev With 500 operators in the ring, half of which leave it, the next keys cost what they cost with one.
    function test_take_costsTheSameAmongManyOperators() public {
        operatorWithKeys(who(0), 0, 3);
        take(1);
        uint256 before = gasleft();
        take(1);
        uint256 alone = before - gasleft();
        for (uint256 i = 1; i <= 500; ++i) {
            operatorWithKeys(who(i), 10 * i, 1);
        }
        for (uint256 i = 1; i <= 500; i += 2) {
            vm.prank(who(i));
            registry.removeUnusedKeys(i + 1, 1);
        }
        before = gasleft();
        take(1);
        assertLt(before - gasleft(), alone * 3 / 2);
    }
}
