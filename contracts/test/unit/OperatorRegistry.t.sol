// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {Base} from "../support/Base.sol";

contract OperatorRegistryTest is Base {
    function unauthorized(address account, bytes32 role) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role);
    }

    function take(uint256 count)
        private
        returns (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds)
    {
        vm.prank(address(pool));
        return registry.takeKeys(count);
    }

    /// @dev Takes keys and checks which operators they came from, in order.
    function expectTurns(uint256 count, bytes memory expected) private {
        (bytes memory pubkeys,, uint256[] memory operatorIds) = take(count);
        assertEq(operatorIds.length, expected.length, "number of keys");
        assertEq(pubkeys.length, expected.length * 48);
        for (uint256 i = 0; i < expected.length; ++i) {
            assertEq(operatorIds[i], uint8(expected[i]), "operator in turn");
        }
    }

    function counts(uint256 operatorId, uint256 total, uint256 vetted, uint256 deposited) private view {
        (uint256 a, uint256 b, uint256 c) = registry.keyCounts(operatorId);
        assertEq(a, total, "total");
        assertEq(b, vetted, "vetted");
        assertEq(c, deposited, "deposited");
    }

    function who(uint256 i) private pure returns (address) {
        return address(uint160(0x10000 + i));
    }

    /* INITIALISATION */

    function test_initialize_state() public view {
        assertEq(registry.bondPerKey(), BOND_PER_KEY);
        assertEq(registry.operatorCount(), 0);
        assertEq(registry.boundPool(), address(pool));
        assertTrue(registry.hasRole(DEFAULT_ADMIN_ROLE, admin));
        assertFalse(registry.hasRole(registry.OPERATOR_MANAGER_ROLE(), admin));
        assertFalse(registry.hasRole(registry.PARAMETER_ROLE(), admin));
        assertFalse(registry.hasRole(registry.POOL_ROLE(), admin));
        assertFalse(registry.hasRole(registry.UPGRADER_ROLE(), admin));
    }

    function test_initialize_reverts() public {
        address implementation = address(new OperatorRegistry());
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(implementation, abi.encodeCall(OperatorRegistry.initialize, (address(0), 1 ether)));
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidParameter.selector, 0, 0.01 ether, 32 ether)
        );
        proxy(implementation, abi.encodeCall(OperatorRegistry.initialize, (admin, 0)));
    }

    /* REGISTRATION */

    function test_register_makesAnOperator() public {
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.OperatorRegistered(1, manager, recipient, "First", 3 ether);
        vm.prank(manager);
        assertEq(registry.registerOperator{value: 3 ether}("First", recipient), 1);
        IOperatorRegistry.Operator memory op = registry.operator(1);
        assertEq(op.manager, manager);
        assertEq(op.rewardRecipient, recipient);
        assertEq(op.name, "First");
        assertEq(op.bond, 3 ether);
        assertEq(op.totalKeys, 0);
        assertEq(op.vettedKeys, 0);
        assertEq(op.depositedKeys, 0);
        assertEq(registry.operatorIdOf(manager), 1);
        assertEq(registry.operatorIdOf(mallory), 0);
        assertEq(registry.operatorCount(), 1);
        assertEq(registerAs(bob, 0), 2);
    }

    function test_register_revertsForASecondOperator() public {
        registerAs(manager, 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryAlreadyRegistered.selector, manager, 1)
        );
        vm.prank(manager);
        registry.registerOperator("again", recipient);
    }

    function test_register_revertsOnBadInput() public {
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidRecipient.selector, address(0)));
        registry.registerOperator("name", address(0));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidName.selector, 0, 64));
        registry.registerOperator("", recipient);
        string memory longest = "0123456789012345678901234567890123456789012345678901234567890123";
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidName.selector, 65, 64));
        registry.registerOperator(string.concat(longest, "4"), recipient);
        registry.registerOperator(longest, recipient);
        vm.stopPrank();
    }

    function test_unknownOperator_reverts() public {
        bytes memory unknown = abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 1);
        vm.expectRevert(unknown);
        registry.operator(1);
        vm.expectRevert(unknown);
        registry.bondOf(1);
        vm.expectRevert(unknown);
        registry.excessBondOf(1);
        vm.expectRevert(unknown);
        registry.keyCounts(1);
        vm.expectRevert(unknown);
        registry.validatorKey(1, 0);
        vm.expectRevert(unknown);
        registry.addBond{value: 1}(1);
        vm.expectRevert(unknown);
        registry.withdrawBond(1, 1);
        vm.expectRevert(unknown);
        registry.submitValidatorSigs(1, "", "");
        vm.expectRevert(unknown);
        registry.removeUnusedKeys(1, 1);
        vm.expectRevert(unknown);
        vm.prank(vetter);
        registry.setKeyLimit(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 0));
        registry.operator(0);
    }

    /* BONDS */

    function test_addBond_byAnyone() public {
        registerAs(manager, 1 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondAdded(1, alice, 2 ether, 3 ether);
        vm.prank(alice);
        registry.addBond{value: 2 ether}(1);
        assertEq(registry.bondOf(1), 3 ether);
    }

    function test_addBond_revertsOnNothing() public {
        registerAs(manager, 1 ether);
        vm.expectRevert(IOperatorRegistry.OperatorRegistryZeroAmount.selector);
        registry.addBond(1);
    }

    function test_withdrawBond_onlyTheExcess() public {
        registerAs(manager, 5 ether);
        submitAs(manager, 0, 2);
        assertEq(registry.excessBondOf(1), 3 ether);
        vm.startPrank(manager);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 5 ether, 5 ether + 1)
        );
        registry.withdrawBond(1, 3 ether + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 5 ether, type(uint256).max
            )
        );
        registry.withdrawBond(1, type(uint256).max);
        uint256 before = manager.balance;
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondWithdrawn(1, manager, 3 ether, 2 ether);
        registry.withdrawBond(1, 3 ether);
        vm.stopPrank();
        assertEq(manager.balance - before, 3 ether);
        assertEq(registry.bondOf(1), 2 ether);
        assertEq(registry.excessBondOf(1), 0);
    }

    function test_withdrawBond_heldByARaisedRequirement() public {
        registerAs(manager, 5 ether);
        submitAs(manager, 0, 2);
        vm.prank(parameters);
        registry.setBondPerKey(3 ether);
        assertEq(registry.excessBondOf(1), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 5 ether, 6 ether + 1)
        );
        vm.prank(manager);
        registry.withdrawBond(1, 1);
    }

    function test_withdrawBond_reverts() public {
        registerAs(manager, 5 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, mallory, 1)
        );
        vm.prank(mallory);
        registry.withdrawBond(1, 1);
        vm.expectRevert(IOperatorRegistry.OperatorRegistryZeroAmount.selector);
        vm.prank(manager);
        registry.withdrawBond(1, 0);
    }

    function test_setBondPerKey_withinBounds() public {
        vm.startPrank(parameters);
        registry.setBondPerKey(0.01 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondPerKeySet(32 ether);
        registry.setBondPerKey(32 ether);
        assertEq(registry.bondPerKey(), 32 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidParameter.selector, 32 ether + 1, 0.01 ether, 32 ether
            )
        );
        registry.setBondPerKey(32 ether + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidParameter.selector, 0.01 ether - 1, 0.01 ether, 32 ether
            )
        );
        registry.setBondPerKey(0.01 ether - 1);
        vm.stopPrank();
        bytes32 role = registry.PARAMETER_ROLE();
        vm.expectRevert(unauthorized(admin, role));
        vm.prank(admin);
        registry.setBondPerKey(1 ether);
    }

    /* SUBMISSION */

    function test_submit_keepsKeysInOrder() public {
        registerAs(manager, 10 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeysSubmitted(1, 0, 3, 3);
        submitAs(manager, 100, 3);
        submitAs(manager, 103, 1);
        submitAs(manager, 104, 6);
        counts(1, 10, 0, 0);
        for (uint256 i = 0; i < 10; ++i) {
            (bytes memory pubkey, bytes memory sig) = registry.validatorKey(1, i);
            assertEq(pubkey, pubkeyOf(100 + i));
            assertEq(sig, signatureOf(100 + i));
            assertTrue(registry.isKeyRegistered(pubkey));
            assertFalse(registry.isKeyDeposited(pubkey));
            (uint256 owner, uint256 index) = registry.keyOwner(pubkey);
            assertEq(owner, 1);
            assertEq(index, i);
        }
        assertFalse(registry.isKeyRegistered(pubkeyOf(99)));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownKey.selector, 1, 10));
        registry.validatorKey(1, 10);
    }

    function test_submit_revertsOnLengths() public {
        registerAs(manager, 10 ether);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 2);
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeysLength.selector, 97, 192));
        registry.submitValidatorSigs(1, bytes.concat(pubkeys, hex"00"), sigs);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeysLength.selector, 96, 96));
        registry.submitValidatorSigs(1, pubkeys, signatureOf(0));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 0, 150));
        registry.submitValidatorSigs(1, "", "");
        (pubkeys, sigs) = makeKeys(0, 151);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 151, 150));
        registry.submitValidatorSigs(1, pubkeys, sigs);
        vm.stopPrank();
    }

    function test_submit_bondMustCoverExactly() public {
        registerAs(manager, 2 ether);
        submitAs(manager, 0, 1);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(1, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 2 ether, 3 ether)
        );
        vm.prank(manager);
        registry.submitValidatorSigs(1, pubkeys, sigs);
        submitAs(manager, 1, 1);
        counts(1, 2, 0, 0);
    }

    function test_submit_revertsForOthers() public {
        registerAs(manager, 2 ether);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, mallory, 1)
        );
        vm.prank(mallory);
        registry.submitValidatorSigs(1, pubkeys, sigs);
    }

    /* REMOVAL */

    function test_remove_fromTheEndAcrossBatches() public {
        registerAs(manager, 10 ether);
        submitAs(manager, 0, 4);
        submitAs(manager, 4, 1);
        submitAs(manager, 5, 3);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeysRemoved(1, 6, 2);
        vm.prank(manager);
        registry.removeUnusedKeys(1, 6);
        counts(1, 2, 0, 0);
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(registry.isKeyRegistered(pubkeyOf(i)), i < 2);
        }
        // Removed keys may come back, here or elsewhere, and indices stay contiguous.
        submitAs(manager, 5, 2);
        (bytes memory pubkey, bytes memory sig) = registry.validatorKey(1, 2);
        assertEq(pubkey, pubkeyOf(5));
        assertEq(sig, signatureOf(5));
        registerAs(bob, 1 ether);
        submitAs(bob, 7, 1);
        (uint256 owner,) = registry.keyOwner(pubkeyOf(7));
        assertEq(owner, 2);
    }

    function test_remove_freesTheBond() public {
        registerAs(manager, 2 ether);
        submitAs(manager, 0, 2);
        vm.startPrank(manager);
        registry.removeUnusedKeys(1, 2);
        registry.withdrawBond(1, 2 ether);
        vm.stopPrank();
        assertEq(registry.bondOf(1), 0);
    }

    function test_remove_takesVettingBack() public {
        operatorWithKeys(manager, 0, 5);
        assertEq(registry.depositableKeys(), 5);
        uint256 nonce = registry.keysNonce();
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitSet(1, 3);
        vm.prank(manager);
        registry.removeUnusedKeys(1, 2);
        counts(1, 3, 3, 0);
        assertEq(registry.keysNonce(), nonce + 1);
        assertEq(registry.depositableKeys(), 3);
        submitAs(manager, 50, 2);
        counts(1, 5, 3, 0);
        (bytes memory pubkeys,,) = take(10);
        assertEq(pubkeys.length, 3 * 48);
    }

    function test_remove_ofUnvettedKeysLeavesTheNonce() public {
        registerAs(manager, 5 ether);
        submitAs(manager, 0, 5);
        vet(1, 2);
        uint256 nonce = registry.keysNonce();
        vm.prank(manager);
        registry.removeUnusedKeys(1, 3);
        assertEq(registry.keysNonce(), nonce);
        counts(1, 2, 2, 0);
    }

    function test_remove_neverDepositedKeys() public {
        operatorWithKeys(manager, 0, 5);
        take(2);
        vm.startPrank(manager);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientUnusedKeys.selector, 1, 4, 3)
        );
        registry.removeUnusedKeys(1, 4);
        registry.removeUnusedKeys(1, 3);
        vm.stopPrank();
        counts(1, 2, 2, 2);
        assertTrue(registry.isKeyDeposited(pubkeyOf(1)));
        assertEq(registry.depositableKeys(), 0);
        // The partly used batch goes on with the next one.
        submitAs(manager, 10, 2);
        vet(1, 4);
        (bytes memory pubkeys,,) = take(5);
        assertEq(pubkeys, bytes.concat(pubkeyOf(10), pubkeyOf(11)));
    }

    function test_remove_reverts() public {
        operatorWithKeys(manager, 0, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, mallory, 1)
        );
        vm.prank(mallory);
        registry.removeUnusedKeys(1, 1);
        vm.startPrank(manager);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 0, 150));
        registry.removeUnusedKeys(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyCount.selector, 151, 150));
        registry.removeUnusedKeys(1, 151);
        vm.stopPrank();
    }

    /* VETTING */

    function test_setKeyLimit_boundsAndNonce() public {
        registerAs(manager, 5 ether);
        submitAs(manager, 0, 5);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitSet(1, 4);
        vet(1, 4);
        assertEq(registry.keysNonce(), 1);
        assertEq(registry.depositableKeys(), 4);
        take(2);
        assertEq(registry.keysNonce(), 1);
        vm.startPrank(vetter);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyLimit.selector, 1, 2, 5));
        registry.setKeyLimit(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidKeyLimit.selector, 6, 2, 5));
        registry.setKeyLimit(1, 6);
        registry.setKeyLimit(1, 2);
        assertEq(registry.depositableKeys(), 0);
        registry.setKeyLimit(1, 5);
        assertEq(registry.depositableKeys(), 3);
        vm.stopPrank();
    }

    function test_setKeyLimit_revertsForOthers() public {
        operatorWithKeys(manager, 0, 1);
        bytes32 role = registry.OPERATOR_MANAGER_ROLE();
        vm.expectRevert(unauthorized(manager, role));
        vm.prank(manager);
        registry.setKeyLimit(1, 1);
    }

    /* TURNS */

    function test_take_onlyVettedKeys() public {
        registerAs(manager, 5 ether);
        submitAs(manager, 0, 5);
        (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds) = take(5);
        assertEq(pubkeys.length + sigs.length + operatorIds.length, 0);
        vet(1, 2);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyDeposited(1, 0, pubkeyOf(0));
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyDeposited(1, 1, pubkeyOf(1));
        (pubkeys, sigs, operatorIds) = take(5);
        assertEq(pubkeys, bytes.concat(pubkeyOf(0), pubkeyOf(1)));
        assertEq(sigs, bytes.concat(signatureOf(0), signatureOf(1)));
        assertEq(operatorIds.length, 2);
        counts(1, 5, 2, 2);
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

    function test_take_lastOperatorLeavesAndReturns() public {
        operatorWithKeys(who(1), 0, 3);
        vet(1, 0);
        expectTurns(9, "");
        vet(1, 3);
        expectTurns(2, hex"0101");
        vm.prank(who(1));
        registry.removeUnusedKeys(1, 1);
        expectTurns(9, "");
        vm.deal(who(1), 10 ether);
        submitAs(who(1), 30, 1);
        vet(1, 3);
        expectTurns(9, hex"01");
    }

    function test_take_acrossManyBatches() public {
        registerAs(manager, 30 ether);
        for (uint256 i = 0; i < 10; ++i) {
            submitAs(manager, i * 3, i % 3 + 1);
        }
        (uint256 total,,) = registry.keyCounts(1);
        vet(1, total);
        for (uint256 i = 0; i < total; ++i) {
            (bytes memory expectedPubkey, bytes memory expectedSig) = registry.validatorKey(1, i);
            (bytes memory pubkey, bytes memory sig,) = take(1);
            assertEq(pubkey, expectedPubkey);
            assertEq(sig, expectedSig);
        }
    }

    function test_take_revertsForOthers() public {
        bytes32 role = registry.POOL_ROLE();
        vm.expectRevert(unauthorized(depositor, role));
        vm.prank(depositor);
        registry.takeKeys(1);
    }
}
