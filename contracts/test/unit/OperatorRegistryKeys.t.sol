// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev Submission, removal, and what keys are found under.
contract OperatorRegistryKeysTest is RegistryActions {
    function submitRaw(bytes memory pubkeys, bytes memory sigs) private {
        vm.prank(manager);
        registry.submitValidatorSigs(1, pubkeys, sigs);
    }

    function removeKeys(uint256 count) private {
        vm.prank(manager);
        registry.removeUnusedKeys(1, count);
    }

    function assertKey(uint256 number, uint256 operatorId, uint256 index, IOperatorRegistry.KeyState state)
        private
        view
    {
        (uint256 id, uint256 position, IOperatorRegistry.KeyState actual) = registry.keyOf(keccak256(pubkeyOf(number)));
        assertEq(id, operatorId);
        assertEq(position, index);
        assertEq(uint8(actual), uint8(state));
        assertEq(registry.isKeyRegistered(pubkeyOf(number)), state != IOperatorRegistry.KeyState.None);
        assertEq(
            registry.isOwnValidator(pubkeyOf(number)),
            state == IOperatorRegistry.KeyState.Proven || state == IOperatorRegistry.KeyState.Deposited
        );
    }

    /* SUBMISSION */

    function test_submit_keepsKeysInOrder() public {
        registerAs(manager, 15 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeysSubmitted(1, 0, 3, 3);
        submitAs(manager, 100, 3);
        submitAs(manager, 103, 1);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeysSubmitted(1, 4, 6, 10);
        submitAs(manager, 104, 6);
        counts(1, 10, 0, 0, 0);
        for (uint256 i = 0; i < 10; ++i) {
            (bytes memory pubkey, bytes memory sig) = registry.validatorKey(1, i);
            assertEq(pubkey, pubkeyOf(100 + i));
            assertEq(sig, signatureOf(100 + i));
            assertKey(100 + i, 1, i, IOperatorRegistry.KeyState.Submitted);
        }
        assertKey(99, 0, 0, IOperatorRegistry.KeyState.None);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownKey.selector, 1, 10));
        registry.validatorKey(1, 10);
    }

    function test_submit_revertsOnLengths() public {
        registerAs(manager, 15 ether);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 2);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeysLength.selector, 97, 192));
        submitRaw(bytes.concat(pubkeys, hex"00"), sigs);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeysLength.selector, 96, 96));
        submitRaw(pubkeys, signatureOf(0));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeysLength.selector, 96, 193));
        submitRaw(pubkeys, bytes.concat(sigs, hex"00"));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeysLength.selector, 47, 0));
        submitRaw(new bytes(47), "");
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 0, 150));
        submitRaw("", "");
    }

    function test_submit_atMost150() public {
        registerAs(manager, 150 * BOND_PER_KEY);
        registry.addBond{value: 1.5 ether}(1);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 151);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 151, 150));
        submitRaw(pubkeys, sigs);
        submitAs(manager, 0, 150);
        submitAs(manager, 150, 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 151, 150));
        removeKeys(151);
        removeKeys(150);
        counts(1, 1, 0, 0, 0);
    }

    function test_submit_bondMustCoverExactly() public {
        registerAs(manager, 3 ether - 1);
        submitAs(manager, 0, 1);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 3 ether - 1, 3 ether)
        );
        submitRaw(pubkeys, sigs);
        registry.addBond{value: 1}(1);
        submitRaw(pubkeys, sigs);
        counts(1, 2, 0, 0, 0);
    }

    /// @dev Keys that are gone need no bond; pre-deposits out count as bond.
    function test_submit_bondOfGoneAndTakenKeys() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(2, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 3 ether, 4.5 ether)
        );
        submitRaw(pubkeys, sigs);
        resolve(0, false);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 2 ether, 3 ether)
        );
        submitRaw(pubkeys, sigs);
        resolve(1, true);
        complete(1, 1);
        applyUpdates(oneUpdate(1, 1, 0, 0));
        submitRaw(pubkeys, sigs);
        counts(1, 3, 2, 2, 1);
    }

    /* DUPLICATES */

    function expectDuplicate(address operatorManager, bytes memory pubkeys, bytes memory sigs, bytes memory culprit)
        private
    {
        uint256 id = registry.operatorIdOf(operatorManager);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryDuplicateKey.selector, culprit));
        vm.prank(operatorManager);
        registry.submitValidatorSigs(id, pubkeys, sigs);
    }

    function test_duplicates_areRefused() public {
        operatorWithKeys(manager, 0, 2);
        registerAs(mallory, 10 ether);
        // One's own, another's, one twice in a batch, with another signature.
        registry.addBond{value: 10 ether}(1);
        expectDuplicate(manager, pubkeyOf(1), signatureOf(1), pubkeyOf(1));
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(0), pubkeyOf(0));
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(9), pubkeyOf(0));
        expectDuplicate(
            mallory,
            bytes.concat(pubkeyOf(5), pubkeyOf(6), pubkeyOf(5)),
            bytes.concat(signatureOf(5), signatureOf(6), signatureOf(5)),
            pubkeyOf(5)
        );
    }

    function test_duplicates_areRefusedForEver() public {
        operatorWithKeys(manager, 0, 3);
        registerAs(mallory, 10 ether);
        take(3);
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(0), pubkeyOf(0));
        resolve(0, true);
        resolve(1, true);
        resolve(2, false);
        complete(0, 1);
        for (uint256 i = 0; i < 3; ++i) {
            expectDuplicate(mallory, pubkeyOf(i), signatureOf(i), pubkeyOf(i));
        }
        applyUpdates(oneUpdate(1, 1, 0, 0));
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(0), pubkeyOf(0));
    }

    /* REMOVAL */

    function test_remove_fromTheEndAcrossBatches() public {
        registerAs(manager, 15 ether);
        submitAs(manager, 0, 4);
        submitAs(manager, 4, 1);
        submitAs(manager, 5, 3);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeysRemoved(1, 6, 2);
        removeKeys(6);
        counts(1, 2, 0, 0, 0);
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(registry.isKeyRegistered(pubkeyOf(i)), i < 2);
        }
        // Removed keys may come back, here or elsewhere, and indices stay contiguous.
        submitAs(manager, 5, 2);
        assertKey(5, 1, 2, IOperatorRegistry.KeyState.Submitted);
        (bytes memory pubkey, bytes memory sig) = registry.validatorKey(1, 2);
        assertEq(pubkey, pubkeyOf(5));
        assertEq(sig, signatureOf(5));
        registerAs(bob, 1.5 ether);
        submitAs(bob, 7, 1);
        assertKey(7, 2, 0, IOperatorRegistry.KeyState.Submitted);
    }

    function test_remove_exactlyToABatchsStart() public {
        registerAs(manager, 15 ether);
        submitAs(manager, 0, 2);
        submitAs(manager, 2, 2);
        removeKeys(2);
        submitAs(manager, 10, 2);
        removeKeys(1);
        submitAs(manager, 20, 1);
        vet(1, 4);
        (bytes memory pubkeys,,) = take(4);
        assertEq(pubkeys, bytes.concat(pubkeyOf(0), pubkeyOf(1), pubkeyOf(10), pubkeyOf(20)));
        for (uint256 i = 0; i < 4; ++i) {
            (bytes memory pubkey,) = registry.validatorKey(1, i);
            assertEq(pubkey, i < 2 ? pubkeyOf(i) : pubkeyOf(i == 2 ? 10 : 20));
        }
    }

    function test_remove_freesTheBond() public {
        registerAs(manager, 3 ether);
        submitAs(manager, 0, 2);
        assertEq(registry.excessBondOf(1), 0);
        removeKeys(1);
        assertEq(registry.excessBondOf(1), 1.5 ether);
        removeKeys(1);
        assertEq(registry.excessBondOf(1), 3 ether);
    }

    function test_remove_takesVettingBack() public {
        operatorWithKeys(manager, 0, 5);
        assertEq(registry.depositableKeys(), 5);
        uint256 nonce = registry.keysNonce();
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.VettedKeysSet(1, 3);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(1, 3);
        removeKeys(2);
        counts(1, 3, 3, 0, 0);
        assertGt(registry.keysNonce(), nonce);
        assertEq(registry.depositableKeys(), 3);
        submitAs(manager, 50, 2);
        counts(1, 5, 3, 0, 0);
        (bytes memory pubkeys,,) = take(10);
        assertEq(pubkeys.length, 3 * 48);
    }

    /// @dev The limit is the target's, so it stays; yet other keys may now come below it.
    function test_remove_ofVettedKeysBeyondTheLimitMovesTheNonce() public {
        operatorWithKeys(manager, 0, 5);
        setTarget(1, true, 2);
        uint256 nonce = registry.keysNonce();
        removeKeys(2);
        assertEq(limitOf(1), 2);
        assertEq(registry.keysNonce(), nonce + 1);
    }

    function test_remove_ofUnvettedKeysLeavesTheNonce() public {
        registerAs(manager, 7.5 ether);
        submitAs(manager, 0, 5);
        vet(1, 2);
        uint256 nonce = registry.keysNonce();
        removeKeys(3);
        assertEq(registry.keysNonce(), nonce);
        counts(1, 2, 2, 0, 0);
    }

    function test_remove_bringsTheLimitUpToDate() public {
        operatorWithKeys(manager, 0, 4);
        vet(1, 3);
        setBondPerKey(3 ether);
        assertEq(limitOf(1), 3);
        removeKeys(1);
        assertEq(limitOf(1), 2);
    }

    function test_remove_neverTakenKeys() public {
        operatorWithKeys(manager, 0, 5);
        take(2);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientUnusedKeys.selector, 1, 4, 3)
        );
        removeKeys(4);
        removeKeys(3);
        counts(1, 2, 2, 2, 0);
        assertKey(1, 1, 1, IOperatorRegistry.KeyState.Taken);
        assertEq(registry.depositableKeys(), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientUnusedKeys.selector, 1, 1, 0)
        );
        removeKeys(1);
        // The partly used batch goes on with the next one.
        submitAs(manager, 10, 2);
        vet(1, 4);
        (bytes memory pubkeys,,) = take(5);
        assertEq(pubkeys, bytes.concat(pubkeyOf(10), pubkeyOf(11)));
    }

    function test_remove_revertsOnCount() public {
        operatorWithKeys(manager, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 0, 150));
        removeKeys(0);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientUnusedKeys.selector, 1, 3, 2)
        );
        removeKeys(3);
    }

    /* VIEWS */

    function test_validatorKey_findsItsBatch() public {
        registerAs(manager, 45 ether);
        uint256 next = 0;
        for (uint256 i = 0; i < 7; ++i) {
            submitAs(manager, next, i % 3 + 1);
            next += i % 3 + 1;
        }
        for (uint256 i = 0; i < next; ++i) {
            (bytes memory pubkey, bytes memory sig) = registry.validatorKey(1, i);
            assertEq(pubkey, pubkeyOf(i));
            assertEq(sig, signatureOf(i));
        }
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownKey.selector, 1, next));
        registry.validatorKey(1, next);
    }

    function test_keyOf_everyState() public {
        operatorWithKeys(manager, 0, 4);
        assertKey(0, 1, 0, IOperatorRegistry.KeyState.Submitted);
        take(3);
        assertKey(2, 1, 2, IOperatorRegistry.KeyState.Taken);
        assertKey(3, 1, 3, IOperatorRegistry.KeyState.Submitted);
        resolve(0, true);
        resolve(1, false);
        resolve(2, true);
        complete(2, 1);
        assertKey(0, 1, 0, IOperatorRegistry.KeyState.Proven);
        assertKey(1, 1, 1, IOperatorRegistry.KeyState.Invalid);
        assertKey(2, 1, 2, IOperatorRegistry.KeyState.Deposited);
        assertKey(3, 1, 3, IOperatorRegistry.KeyState.Submitted);
    }
}
