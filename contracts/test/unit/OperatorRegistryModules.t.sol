// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {IBound} from "../../src/interfaces/IBound.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev The way of a key with BeaconDeposits: taken, resolved, completed. And the roles of modules.
contract OperatorRegistryModulesTest is RegistryActions {
    function wrongState(uint256 number, IOperatorRegistry.KeyState state, IOperatorRegistry.KeyState expected) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidKeyState.selector, keccak256(pubkeyOf(number)), state, expected
            )
        );
    }

    function moved(uint256 number, uint256 index, IOperatorRegistry.KeyState state) private {
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyStateChanged(1, index, keccak256(pubkeyOf(number)), state);
    }

    /* TAKING */

    function test_take_paysOneEtherOfTheBondEach() public {
        operatorWithKeys(who(1), 0, 2);
        operatorWithKeys(who(2), 10, 1);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyTaken(1, 0, pubkeyOf(0));
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyTaken(2, 0, pubkeyOf(10));
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyTaken(1, 1, pubkeyOf(1));
        (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds) = take(3);
        assertEq(pubkeys, bytes.concat(pubkeyOf(0), pubkeyOf(10), pubkeyOf(1)));
        assertEq(sigs, bytes.concat(signatureOf(0), signatureOf(10), signatureOf(1)));
        assertEq(operatorIds.length, 3);
        assertEq(address(deposits).balance, 3 ether);
        assertEq(address(registry).balance, 1.5 ether);
        assertEq(registry.bondOf(1), 1 ether);
        assertEq(registry.bondOf(2), 0.5 ether);
        counts(1, 2, 2, 2, 0);
        assertEq(registry.activeKeys(), 0);
        assertEq(registry.activeKeysOf(1), 0);
    }

    function test_take_noMoreThanAskedOrThere() public {
        operatorWithKeys(manager, 0, 3);
        take(0);
        assertEq(registry.depositableKeys(), 3);
        take(2);
        assertEq(registry.depositableKeys(), 1);
        assertEq(address(deposits).balance, 2 ether);
        (bytes memory pubkeys,,) = take(type(uint256).max);
        assertEq(pubkeys, pubkeyOf(2));
        assertEq(registry.depositableKeys(), 0);
        (bytes memory none, bytes memory noSigs, uint256[] memory noIds) = take(1);
        assertEq(none.length + noSigs.length + noIds.length, 0);
        assertEq(address(deposits).balance, 3 ether);
    }

    /// @dev At the least bond per key the pre-deposits take all of it, and no more.
    function test_take_theWholeBondAtTheLeastBondPerKey() public {
        setBondPerKey(1 ether);
        registerAs(manager, 3 ether);
        submitAs(manager, 0, 3);
        vet(1, 3);
        take(3);
        assertEq(registry.bondOf(1), 0);
        assertEq(limitOf(1), 3);
    }

    /// @dev A limit set under the least bond per key can be used up however the bond per key moves since.
    function test_take_afterTheBondPerKeyRose() public {
        setBondPerKey(1 ether);
        registerAs(manager, 3 ether);
        submitAs(manager, 0, 3);
        vet(1, 3);
        setBondPerKey(32 ether);
        take(2);
        assertEq(registry.bondOf(1), 1 ether);
        take(1);
        assertEq(registry.bondOf(1), 0);
        resolve(0, false);
        assertEq(limitOf(1), 3);
    }

    /* RESOLVING */

    function test_resolve_valid() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        uint256 nonce = registry.keysNonce();
        moved(1, 1, IOperatorRegistry.KeyState.Proven);
        resolve(1, true);
        IOperatorRegistry.Operator memory op = registry.operator(1);
        assertEq(op.invalidKeys, 0);
        assertEq(op.depositedKeys, 0);
        assertEq(registry.bondOf(1), 1 ether);
        assertEq(registry.activeKeysOf(1), 0);
        assertEq(registry.keysNonce(), nonce);
    }

    function test_resolve_invalid() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        moved(1, 1, IOperatorRegistry.KeyState.Invalid);
        resolve(1, false);
        assertEq(registry.operator(1).invalidKeys, 1);
        assertEq(registry.bondOf(1), 1 ether);
        assertEq(registry.activeKeysOf(1), 0);
        // The bond that the invalid key no longer needs, less its lost ether, is not enough for another.
        assertEq(registry.excessBondOf(1), 0.5 ether);
    }

    function test_resolve_onlyTakenKeys() public {
        operatorWithKeys(manager, 0, 5);
        for (uint256 i = 0; i < 2; ++i) {
            wrongState(99, IOperatorRegistry.KeyState.None, IOperatorRegistry.KeyState.Taken);
            resolve(99, i == 0);
            wrongState(0, IOperatorRegistry.KeyState.Submitted, IOperatorRegistry.KeyState.Taken);
            resolve(0, i == 0);
        }
        take(3);
        resolve(0, true);
        resolve(1, false);
        resolve(2, true);
        complete(2, 1);
        for (uint256 i = 0; i < 2; ++i) {
            wrongState(0, IOperatorRegistry.KeyState.Proven, IOperatorRegistry.KeyState.Taken);
            resolve(0, true);
            wrongState(1, IOperatorRegistry.KeyState.Invalid, IOperatorRegistry.KeyState.Taken);
            resolve(1, i == 0);
            wrongState(2, IOperatorRegistry.KeyState.Deposited, IOperatorRegistry.KeyState.Taken);
            resolve(2, i == 0);
            wrongState(3, IOperatorRegistry.KeyState.Submitted, IOperatorRegistry.KeyState.Taken);
            resolve(3, i == 0);
        }
        assertEq(registry.operator(1).invalidKeys, 1);
    }

    /// @dev A proven key can be given up, as a taken one can, and never comes back.
    function test_resolve_provenKeysCanBeGivenUp() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        resolve(0, true);
        moved(0, 0, IOperatorRegistry.KeyState.Invalid);
        resolve(0, false);
        assertEq(registry.operator(1).invalidKeys, 1);
        assertEq(registry.bondOf(1), 1 ether);
        assertEq(registry.excessBondOf(1), 0.5 ether);
        for (uint256 i = 0; i < 2; ++i) {
            wrongState(0, IOperatorRegistry.KeyState.Invalid, IOperatorRegistry.KeyState.Taken);
            resolve(0, i == 0);
        }
        wrongState(0, IOperatorRegistry.KeyState.Invalid, IOperatorRegistry.KeyState.Proven);
        complete(0, 1);
    }

    /* COMPLETING */

    function test_complete_givesTheBondsBack() public {
        operatorWithKeys(who(1), 0, 2);
        operatorWithKeys(who(2), 2, 1);
        take(3);
        for (uint256 i = 0; i < 3; ++i) {
            resolve(i, true);
        }
        moved(0, 0, IOperatorRegistry.KeyState.Deposited);
        moved(1, 1, IOperatorRegistry.KeyState.Deposited);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyStateChanged(2, 0, keccak256(pubkeyOf(2)), IOperatorRegistry.KeyState.Deposited);
        complete(0, 3);
        assertEq(registry.bondOf(1), 3 ether);
        assertEq(registry.bondOf(2), 1.5 ether);
        assertEq(address(registry).balance, 4.5 ether);
        counts(1, 2, 2, 2, 2);
        assertEq(registry.activeKeysOf(1), 2);
        assertEq(registry.activeKeysOf(2), 1);
        assertEq(registry.activeKeys(), 3);
    }

    function test_complete_onlyProvenKeys() public {
        operatorWithKeys(manager, 0, 4);
        wrongState(99, IOperatorRegistry.KeyState.None, IOperatorRegistry.KeyState.Proven);
        complete(99, 1);
        wrongState(0, IOperatorRegistry.KeyState.Submitted, IOperatorRegistry.KeyState.Proven);
        complete(0, 1);
        take(3);
        wrongState(0, IOperatorRegistry.KeyState.Taken, IOperatorRegistry.KeyState.Proven);
        complete(0, 1);
        resolve(0, true);
        resolve(1, false);
        wrongState(1, IOperatorRegistry.KeyState.Invalid, IOperatorRegistry.KeyState.Proven);
        complete(0, 2);
        complete(0, 1);
        wrongState(0, IOperatorRegistry.KeyState.Deposited, IOperatorRegistry.KeyState.Proven);
        complete(0, 1);
    }

    function suspendedOperator(uint256 operatorId) private {
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistrySuspended.selector, operatorId));
    }

    function insufficientBond(uint256 operatorId, uint256 bond, uint256 required) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInsufficientBond.selector, operatorId, bond, required
            )
        );
    }

    function test_complete_notOfSuspendedOperators() public {
        operatorWithKeys(who(1), 0, 2);
        operatorWithKeys(who(2), 2, 1);
        take(3);
        for (uint256 i = 0; i < 3; ++i) {
            resolve(i, true);
        }
        suspend(1, true);
        suspendedOperator(1);
        complete(0, 1);
        // The others' keys can be completed without them.
        suspendedOperator(1);
        complete(0, 3);
        complete(2, 1);
        assertEq(registry.activeKeys(), 1);
        suspend(1, false);
        complete(0, 2);
        assertEq(registry.activeKeys(), 3);
        assertEq(registry.bondOf(1), 3 ether);
    }

    /// @dev To the wei, key by key.
    function test_complete_onlyWhatTheBondCovers() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        resolve(0, true);
        resolve(1, true);
        chargeBond(1, 1);
        insufficientBond(1, 3 ether - 1, 3 ether);
        complete(0, 2);
        complete(0, 1);
        insufficientBond(1, 3 ether - 1, 3 ether);
        complete(1, 1);
        assertEq(registry.bondOf(1), 2 ether - 1);
        registry.addBond{value: 1}(1);
        complete(1, 1);
        assertEq(registry.bondOf(1), 3 ether);
        assertEq(registry.activeKeysOf(1), 2);
    }

    /// @dev Validators that left need no bond; a higher bond per key counts for all that stay.
    function test_complete_bondCoversThoseThatAreThere() public {
        operatorWithKeys(manager, 0, 3);
        activate(0, 2);
        applyUpdates(oneUpdate(1, 1, 0, 0));
        take(1);
        resolve(2, true);
        assertEq(registry.bondOf(1), 3.5 ether);
        setBondPerKey(2.25 ether + 1 gwei);
        insufficientBond(1, 4.5 ether, 4.5 ether + 2 gwei);
        complete(2, 1);
        setBondPerKey(2.25 ether);
        complete(2, 1);
        assertEq(registry.bondOf(1), 4.5 ether);
    }

    function test_complete_notTwiceInACall() public {
        operatorWithKeys(manager, 0, 1);
        take(1);
        resolve(0, true);
        bytes32[] memory hashes = new bytes32[](2);
        hashes[0] = hashes[1] = keccak256(pubkeyOf(0));
        vm.deal(address(deposits), 2 ether);
        wrongState(0, IOperatorRegistry.KeyState.Deposited, IOperatorRegistry.KeyState.Proven);
        vm.prank(address(deposits));
        registry.completeKeys{value: 2 ether}(hashes);
    }

    function test_complete_takesExactlyTheRefund() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        resolve(0, true);
        resolve(1, true);
        bytes32[] memory hashes = hashesOf(0, 2);
        vm.deal(address(deposits), 10 ether);
        vm.startPrank(address(deposits));
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidRefund.selector, 2 ether - 1, 2 ether)
        );
        registry.completeKeys{value: 2 ether - 1}(hashes);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidRefund.selector, 2 ether + 1, 2 ether)
        );
        registry.completeKeys{value: 2 ether + 1}(hashes);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidRefund.selector, 1, 0));
        registry.completeKeys{value: 1}(new bytes32[](0));
        registry.completeKeys{value: 2 ether}(hashes);
        vm.stopPrank();
    }

    /* BOUND ROLES */

    function test_modulesRoles_areBoundForEver() public {
        bytes32[4] memory roles = [
            registry.POOL_ROLE(), registry.DEPOSITS_ROLE(), registry.DISTRIBUTION_ROLE(), registry.SERVICE_LEVEL_ROLE()
        ];
        address[4] memory holders = [address(pool), address(deposits), address(distribution), address(serviceLevel)];
        vm.startPrank(admin);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(registry.boundAccount(roles[i]), holders[i]);
            vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, roles[i], holders[i], admin));
            registry.grantRole(roles[i], admin);
            registry.revokeRole(roles[i], holders[i]);
            assertFalse(registry.hasRole(roles[i], holders[i]));
            vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, roles[i], holders[i], admin));
            registry.grantRole(roles[i], admin);
            registry.grantRole(roles[i], holders[i]);
            assertTrue(registry.hasRole(roles[i], holders[i]));
        }
        vm.stopPrank();
    }

    function test_modulesRoles_bindWithTheFirstGrant() public {
        OperatorRegistry fresh = OperatorRegistry(
            proxied("OperatorRegistry", "", abi.encodeCall(OperatorRegistry.initialize, (admin, 1 ether)))
        );
        bytes32[4] memory roles =
            [fresh.POOL_ROLE(), fresh.DEPOSITS_ROLE(), fresh.DISTRIBUTION_ROLE(), fresh.SERVICE_LEVEL_ROLE()];
        vm.startPrank(admin);
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
            fresh.grantRole(roles[i], address(0));
            vm.expectEmit(address(fresh));
            emit IBound.RoleBound(roles[i], alice);
            fresh.grantRole(roles[i], alice);
        }
        vm.stopPrank();
    }

    function test_otherRoles_areNotBound() public {
        bytes32[3] memory roles =
            [registry.PARAMETER_ROLE(), registry.OPERATOR_MANAGER_ROLE(), registry.UPGRADER_ROLE()];
        vm.startPrank(admin);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit(address(registry));
            emit IAccessControl.RoleGranted(roles[i], alice, admin);
            registry.grantRole(roles[i], alice);
            registry.grantRole(roles[i], bob);
            assertEq(registry.boundAccount(roles[i]), address(0));
        }
        vm.stopPrank();
    }
}
