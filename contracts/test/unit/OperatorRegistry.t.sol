// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev Initialisation, registration, parameters, and who may call what.
contract OperatorRegistryTest is RegistryActions {
    /* INITIALISATION */

    function test_initialize_state() public view {
        assertEq(registry.bondPerKey(), BOND_PER_KEY);
        assertEq(registry.bondCooldown(), 7 days);
        assertEq(registry.operatorCount(), 0);
        assertEq(registry.activeKeys(), 0);
        assertEq(registry.depositableKeys(), 0);
        assertEq(registry.keysNonce(), 0);
        assertEq(registry.boundPool(), address(pool));
        assertTrue(registry.hasRole(DEFAULT_ADMIN_ROLE, admin));
        assertFalse(registry.hasRole(registry.OPERATOR_MANAGER_ROLE(), admin));
        assertFalse(registry.hasRole(registry.PARAMETER_ROLE(), admin));
        assertFalse(registry.hasRole(registry.POOL_ROLE(), admin));
        assertFalse(registry.hasRole(registry.UPGRADER_ROLE(), admin));
    }

    function test_initialize_bounds() public {
        address target = implementation("OperatorRegistry", "");
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(target, abi.encodeCall(OperatorRegistry.initialize, (address(0), 1 ether)));
        outOfBounds(1 ether - 1, 1 ether, 32 ether);
        proxy(target, abi.encodeCall(OperatorRegistry.initialize, (admin, 1 ether - 1)));
        outOfBounds(32 ether + 1, 1 ether, 32 ether);
        proxy(target, abi.encodeCall(OperatorRegistry.initialize, (admin, 32 ether + 1)));
        proxy(target, abi.encodeCall(OperatorRegistry.initialize, (admin, 1 ether)));
        vm.expectEmit();
        emit IOperatorRegistry.BondPerKeySet(32 ether);
        vm.expectEmit();
        emit IOperatorRegistry.BondCooldownSet(7 days);
        proxy(target, abi.encodeCall(OperatorRegistry.initialize, (admin, 32 ether)));
    }

    function test_constants() public view {
        assertEq(registry.MAX_KEYS_PER_CALL(), 150);
        assertEq(registry.MAX_NAME_LENGTH(), 64);
        assertEq(registry.MAX_UPDATES_PER_REPORT(), 128);
        assertEq(registry.PRE_DEPOSIT(), 1 ether);
        assertEq(registry.MIN_BOND_PER_KEY(), 1 ether);
        assertEq(registry.MAX_BOND_PER_KEY(), 32 ether);
        assertEq(registry.MIN_BOND_COOLDOWN(), 1 days);
        assertEq(registry.MAX_BOND_COOLDOWN(), 30 days);
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
        assertEq(op.totalKeys + op.vettedKeys + op.keyLimit + op.takenKeys + op.depositedKeys, 0);
        assertFalse(op.suspended);
        assertFalse(op.hasTarget);
        assertEq(registry.operatorIdOf(manager), 1);
        assertEq(registry.operatorIdOf(mallory), 0);
        assertEq(registry.operatorCount(), 1);
        assertEq(address(registry).balance, 3 ether);
        assertEq(registerAs(bob, 0), 2);
        assertEq(registry.operatorCount(), 2);
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
        assertEq(registry.operator(1).name, longest);
        vm.stopPrank();
        vm.prank(bob);
        assertEq(registry.registerOperator("1", recipient), 2);
    }

    function test_register_boundTooLarge() public {
        vm.deal(manager, 1 << 96);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 96, 1 << 96));
        vm.prank(manager);
        registry.registerOperator{value: 1 << 96}("rich", recipient);
        vm.prank(manager);
        registry.registerOperator{value: (1 << 96) - 1}("rich", recipient);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 96, 1 << 96));
        registry.addBond{value: 1}(1);
    }

    /* RECIPIENT */

    function test_setRewardRecipient() public {
        registerAs(manager, 0);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.RewardRecipientSet(1, bob);
        vm.prank(manager);
        registry.setRewardRecipient(1, bob);
        assertEq(registry.operator(1).rewardRecipient, bob);
    }

    function test_setRewardRecipient_reverts() public {
        registerAs(manager, 0);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidRecipient.selector, address(0)));
        vm.prank(manager);
        registry.setRewardRecipient(1, address(0));
        expectOnlyManager();
        registry.setRewardRecipient(1, mallory);
    }

    /* MANAGER */

    function test_manager_isHandedOver() public {
        registerAs(manager, 10 ether);
        vm.startPrank(manager);
        registry.requestBondWithdrawal(1, 4 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.ManagerProposed(1, manager, bob);
        registry.proposeManager(1, bob);
        vm.stopPrank();
        // Nothing changed yet.
        assertEq(registry.proposedManagerOf(1), bob);
        assertEq(registry.operator(1).manager, manager);
        assertEq(registry.operatorIdOf(bob), 0);

        vm.expectEmit(address(registry));
        emit IOperatorRegistry.ManagerChanged(1, manager, bob);
        vm.prank(bob);
        registry.acceptManager(1);
        assertEq(registry.operator(1).manager, bob);
        assertEq(registry.operatorIdOf(bob), 1);
        assertEq(registry.operatorIdOf(manager), 0);
        assertEq(registry.proposedManagerOf(1), address(0));
        assertEq(registry.operator(1).rewardRecipient, recipient);

        // Bond asked back before goes to the new manager; the old one can do nothing more.
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, manager, 1)
        );
        vm.prank(manager);
        registry.withdrawBond(1);
        uint256 before = bob.balance;
        vm.prank(bob);
        assertEq(registry.withdrawBond(1), 4 ether);
        assertEq(bob.balance - before, 4 ether);
        // And may register anew.
        assertEq(registerAs(manager, 0), 2);
    }

    function test_manager_proposalCanBeTakenBack() public {
        registerAs(manager, 0);
        vm.startPrank(manager);
        registry.proposeManager(1, bob);
        registry.proposeManager(1, alice);
        vm.stopPrank();
        bytes memory unauthorized =
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, bob, 1);
        vm.expectRevert(unauthorized);
        vm.prank(bob);
        registry.acceptManager(1);
        vm.prank(manager);
        registry.proposeManager(1, address(0));
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, alice, 1)
        );
        vm.prank(alice);
        registry.acceptManager(1);
        assertEq(registry.operator(1).manager, manager);
    }

    function test_manager_reverts() public {
        registerAs(manager, 0);
        expectOnlyManager();
        registry.proposeManager(1, mallory);
        // Of two operators nobody is the manager: an address has one.
        vm.prank(bob);
        registry.registerOperator("2", recipient);
        vm.prank(manager);
        registry.proposeManager(1, bob);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryAlreadyRegistered.selector, bob, 2));
        vm.prank(bob);
        registry.acceptManager(1);
        // Nor does a handover to oneself lose the operator.
        vm.prank(manager);
        registry.proposeManager(1, manager);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryAlreadyRegistered.selector, manager, 1)
        );
        vm.prank(manager);
        registry.acceptManager(1);
        // A proposal is used once.
        vm.prank(manager);
        registry.proposeManager(1, alice);
        vm.prank(alice);
        registry.acceptManager(1);
        vm.prank(alice);
        registry.proposeManager(1, manager);
        vm.prank(manager);
        registry.acceptManager(1);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, alice, 1)
        );
        vm.prank(alice);
        registry.acceptManager(1);
    }

    /* PARAMETERS */

    function test_setBondPerKey_withinBounds() public {
        vm.startPrank(parameters);
        registry.setBondPerKey(1 ether);
        assertEq(registry.bondPerKey(), 1 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondPerKeySet(32 ether);
        registry.setBondPerKey(32 ether);
        assertEq(registry.bondPerKey(), 32 ether);
        outOfBounds(32 ether + 1, 1 ether, 32 ether);
        registry.setBondPerKey(32 ether + 1);
        outOfBounds(1 ether - 1, 1 ether, 32 ether);
        registry.setBondPerKey(1 ether - 1);
        vm.stopPrank();
    }

    function test_setBondCooldown_withinBounds() public {
        vm.startPrank(parameters);
        registry.setBondCooldown(1 days);
        assertEq(registry.bondCooldown(), 1 days);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondCooldownSet(30 days);
        registry.setBondCooldown(30 days);
        assertEq(registry.bondCooldown(), 30 days);
        outOfBounds(30 days + 1, 1 days, 30 days);
        registry.setBondCooldown(30 days + 1);
        outOfBounds(1 days - 1, 1 days, 30 days);
        registry.setBondCooldown(1 days - 1);
        vm.stopPrank();
    }

    /* WHO MAY CALL WHAT */

    function expectOnlyManager() private {
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnauthorizedManager.selector, mallory, 1)
        );
        vm.prank(mallory);
    }

    function test_manager_only() public {
        operatorWithKeys(manager, 0, 1);
        expectOnlyManager();
        registry.requestBondWithdrawal(1, 1);
        expectOnlyManager();
        registry.withdrawBond(1);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(1, 1);
        expectOnlyManager();
        registry.submitValidatorSigs(1, pubkeys, sigs);
        expectOnlyManager();
        registry.removeUnusedKeys(1, 1);
    }

    function test_roles_parameters() public {
        bytes32 role = registry.PARAMETER_ROLE();
        refuses(admin, role);
        registry.setBondPerKey(1 ether);
        refuses(vetter, role);
        registry.setBondCooldown(1 days);
    }

    function test_roles_operatorManager() public {
        operatorWithKeys(manager, 0, 1);
        bytes32 role = registry.OPERATOR_MANAGER_ROLE();
        refuses(manager, role);
        registry.setVettedKeys(1, 1);
        refuses(admin, role);
        registry.setTarget(1, true, 1);
        refuses(parameters, role);
        registry.requestExits(1, 0);
        refuses(manager, role);
        registry.setSuspended(1, false);
        refuses(mallory, role);
        registry.setSuspended(1, true);
    }

    function test_roles_modules() public {
        bytes32 role = registry.DEPOSITS_ROLE();
        refuses(address(pool), role);
        registry.takeKeys(1);
        refuses(address(distribution), role);
        registry.resolveKey(bytes32(0), true);
        refuses(depositor, role);
        registry.completeKeys(new bytes32[](0));
        role = registry.SERVICE_LEVEL_ROLE();
        refuses(address(distribution), role);
        registry.charge(1, 1);
        role = registry.DISTRIBUTION_ROLE();
        refuses(address(pool), role);
        registry.applyReport(noUpdates());
        role = registry.POOL_ROLE();
        refuses(address(distribution), role);
        registry.distributeRewards(1);
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
        registry.claimableRewards(1);
        vm.expectRevert(unknown);
        registry.keyCounts(1);
        vm.expectRevert(unknown);
        registry.activeKeysOf(1);
        vm.expectRevert(unknown);
        registry.validatorKey(1, 0);
        vm.expectRevert(unknown);
        registry.addBond{value: 1}(1);
        vm.expectRevert(unknown);
        registry.requestBondWithdrawal(1, 1);
        vm.expectRevert(unknown);
        registry.withdrawBond(1);
        vm.expectRevert(unknown);
        registry.setRewardRecipient(1, alice);
        vm.expectRevert(unknown);
        registry.proposeManager(1, alice);
        vm.expectRevert(unknown);
        registry.acceptManager(1);
        vm.expectRevert(unknown);
        registry.claimRewards(1);
        vm.expectRevert(unknown);
        registry.submitValidatorSigs(1, "", "");
        vm.expectRevert(unknown);
        registry.removeUnusedKeys(1, 1);
        vm.expectRevert(unknown);
        registry.refreshKeyLimit(1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 0));
        registry.operator(0);
    }

    function test_unknownOperator_revertsForRoles() public {
        bytes memory unknown = abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 1);
        vm.startPrank(vetter);
        vm.expectRevert(unknown);
        registry.setVettedKeys(1, 0);
        vm.expectRevert(unknown);
        registry.setTarget(1, true, 1);
        vm.expectRevert(unknown);
        registry.requestExits(1, 0);
        vm.expectRevert(unknown);
        registry.setSuspended(1, true);
        vm.stopPrank();
        vm.expectRevert(unknown);
        chargeBond(1, 1);
        vm.expectRevert(unknown);
        applyUpdates(oneUpdate(1, 0, 0, 0));
    }
}
