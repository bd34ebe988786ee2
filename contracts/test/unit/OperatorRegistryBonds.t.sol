// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev A manager that calls again while its bond arrives.
contract ReentrantManager {
    OperatorRegistry private immutable REGISTRY;

    constructor(OperatorRegistry registry) {
        REGISTRY = registry;
    }

    receive() external payable {
        REGISTRY.withdrawBond(1);
    }

    function register() external payable {
        REGISTRY.registerOperator{value: msg.value}("reentrant", address(this));
        REGISTRY.requestBondWithdrawal(1, msg.value / 2);
    }

    function withdraw() external {
        REGISTRY.withdrawBond(1);
    }
}

/// @dev Bonds: what they cover, how they are asked back, and how they are charged.
contract OperatorRegistryBondsTest is RegistryActions {
    function insufficient(uint256 held, uint256 required) private {
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, held, required)
        );
    }

    function locked(uint256 unlockTime) private {
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryBondLocked.selector, 1, unlockTime));
    }

    function ask(uint256 amount) private {
        vm.prank(manager);
        registry.requestBondWithdrawal(1, amount);
    }

    function withdraw() private returns (uint256) {
        vm.prank(manager);
        return registry.withdrawBond(1);
    }

    /* ADDING */

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

    function test_addBond_raisesTheLimit() public {
        operatorWithKeys(manager, 0, 3);
        chargeBond(1, 1.5 ether);
        assertEq(limitOf(1), 2);
        registry.addBond{value: 1.5 ether - 1}(1);
        assertEq(limitOf(1), 2);
        registry.addBond{value: 1}(1);
        assertEq(limitOf(1), 3);
    }

    /* ASKING BACK */

    function test_request_upToTheExcess() public {
        registerAs(manager, 6 ether);
        submitAs(manager, 0, 2);
        assertEq(registry.excessBondOf(1), 3 ether);
        insufficient(3 ether, 3 ether + 1);
        ask(3 ether + 1);
        insufficient(3 ether, type(uint256).max);
        ask(type(uint256).max);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondWithdrawalRequested(1, 3 ether, block.timestamp + 7 days);
        ask(3 ether);
        IOperatorRegistry.Operator memory op = registry.operator(1);
        assertEq(op.bond, 6 ether);
        assertEq(op.pendingBondWithdrawal, 3 ether);
        assertEq(op.bondUnlockTime, block.timestamp + 7 days);
        assertEq(registry.excessBondOf(1), 0);
        insufficient(3 ether, 3 ether + 1);
        ask(1);
        insufficient(3 ether, type(uint256).max);
        ask(type(uint256).max);
    }

    function test_request_revertsOnNothing() public {
        registerAs(manager, 1 ether);
        vm.expectRevert(IOperatorRegistry.OperatorRegistryZeroAmount.selector);
        ask(0);
    }

    function test_request_addsAndStartsTheTimeAnew() public {
        registerAs(manager, 6 ether);
        ask(1 ether);
        skip(6 days);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondWithdrawalRequested(1, 3 ether, block.timestamp + 7 days);
        ask(2 ether);
        assertEq(registry.excessBondOf(1), 3 ether);
        uint256 unlockTime = block.timestamp + 7 days;
        skip(1 days);
        locked(unlockTime);
        withdraw();
        vm.warp(unlockTime);
        assertEq(withdraw(), 3 ether);
    }

    function test_request_keepsItsCooldown() public {
        registerAs(manager, 6 ether);
        ask(1 ether);
        uint256 unlockTime = block.timestamp + 7 days;
        vm.prank(parameters);
        registry.setBondCooldown(30 days);
        assertEq(registry.operator(1).bondUnlockTime, unlockTime);
        ask(1 ether);
        assertEq(registry.operator(1).bondUnlockTime, block.timestamp + 30 days);
    }

    /// @dev A bond per key that fell since is noticed by whatever call comes next.
    function test_request_bringsTheLimitUpToDate() public {
        operatorWithKeys(manager, 0, 3);
        chargeBond(1, 1.4 ether);
        setBondPerKey(1 ether);
        assertEq(limitOf(1), 2);
        ask(0.1 ether);
        assertEq(limitOf(1), 3);
    }

    /// @dev Pre-deposits come back, so they count as bond; they are not here, so they cannot be had.
    function test_request_countsPreDepositsAsBond() public {
        operatorWithKeys(manager, 0, 2);
        registry.addBond{value: 0.5 ether}(1);
        take(2);
        assertEq(registry.bondOf(1), 1.5 ether);
        assertEq(registry.excessBondOf(1), 0.5 ether);
        setBondPerKey(1 ether);
        assertEq(registry.excessBondOf(1), 1.5 ether);
        insufficient(1.5 ether, 1.5 ether + 1);
        ask(1.5 ether + 1);
        ask(1.5 ether);
        // One key's credentials are wrong: its ether is gone, and so is what it required.
        resolve(0, false);
        assertEq(registry.excessBondOf(1), 0);
        skip(7 days);
        assertEq(withdraw(), 1.5 ether);
        assertEq(registry.bondOf(1), 0);
        insufficient(0, 1);
        ask(1);
    }

    function test_request_freesTheBondOfInvalidAndExitedKeys() public {
        operatorWithKeys(manager, 0, 3);
        take(3);
        assertEq(registry.excessBondOf(1), 0);
        resolve(0, false);
        // 3 ether are held for two keys, and of the third's 1.5 ether 0.5 are left.
        assertEq(registry.excessBondOf(1), 0.5 ether);
        resolve(1, true);
        complete(1, 1);
        assertEq(registry.excessBondOf(1), 0.5 ether);
        applyUpdates(oneUpdate(1, 1, 0, 0));
        assertEq(registry.excessBondOf(1), 2 ether);
    }

    /* TAKING */

    function test_withdraw_afterTheCooldown() public {
        registerAs(manager, 5 ether);
        locked(0);
        withdraw();
        ask(2 ether);
        uint256 unlockTime = block.timestamp + 7 days;
        vm.warp(unlockTime - 1);
        locked(unlockTime);
        withdraw();
        vm.warp(unlockTime);
        uint256 before = manager.balance;
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondWithdrawn(1, manager, 2 ether, 3 ether);
        assertEq(withdraw(), 2 ether);
        assertEq(manager.balance - before, 2 ether);
        assertEq(registry.bondOf(1), 3 ether);
        assertEq(address(registry).balance, 3 ether);
        assertEq(registry.operator(1).pendingBondWithdrawal, 0);
        locked(unlockTime);
        withdraw();
    }

    function test_withdraw_lessWhenTheRequirementRose() public {
        registerAs(manager, 6 ether);
        submitAs(manager, 0, 2);
        ask(3 ether);
        setBondPerKey(2 ether);
        skip(7 days);
        assertEq(withdraw(), 2 ether);
        assertEq(registry.bondOf(1), 4 ether);
        assertEq(registry.operator(1).pendingBondWithdrawal, 0);
    }

    /// @dev What new keys require is not paid out either; until the request is settled they wait.
    function test_withdraw_nothingWhenKeysCameSince() public {
        registerAs(manager, 4.5 ether);
        submitAs(manager, 0, 2);
        vet(1, 2);
        ask(1.5 ether);
        submitAs(manager, 2, 1);
        vet(1, 3);
        assertEq(limitOf(1), 2);
        assertEq(registry.excessBondOf(1), 0);
        skip(7 days);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondWithdrawn(1, manager, 0, 4.5 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(1, 3);
        assertEq(withdraw(), 0);
        assertEq(registry.bondOf(1), 4.5 ether);
    }

    function test_withdraw_lessWhenChargedSince() public {
        registerAs(manager, 4.5 ether);
        ask(4.5 ether);
        assertEq(chargeBond(1, 2 ether), 2 ether);
        assertEq(registry.excessBondOf(1), 0);
        insufficient(2.5 ether, 4.5 ether + 1);
        ask(1);
        skip(7 days);
        assertEq(withdraw(), 2.5 ether);
        assertEq(registry.bondOf(1), 0);
    }

    function test_withdraw_revertsWhenTheManagerRefuses() public {
        registerAs(manager, 1 ether);
        ask(1 ether);
        skip(7 days);
        vm.etch(manager, hex"60006000fd");
        vm.expectRevert(Errors.FailedCall.selector);
        withdraw();
    }

    function test_withdraw_cannotBeReentered() public {
        ReentrantManager attacker = new ReentrantManager(registry);
        attacker.register{value: 2 ether}();
        // Others' bonds lie in the same contract.
        registerAs(manager, 10 ether);
        skip(7 days);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryBondLocked.selector, 1, block.timestamp)
        );
        attacker.withdraw();
        assertEq(address(registry).balance, 12 ether);
    }

    /* CHARGES */

    function test_charge_upToTheBond() public {
        operatorWithKeys(manager, 0, 2);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondCharged(1, address(serviceLevel), 1 ether, 1 ether);
        assertEq(chargeBond(1, 1 ether), 1 ether);
        assertEq(address(serviceLevel).balance, 1 ether);
        assertEq(registry.bondOf(1), 2 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondCharged(1, address(serviceLevel), 2 ether + 1, 2 ether);
        assertEq(chargeBond(1, 2 ether + 1), 2 ether);
        assertEq(address(serviceLevel).balance, 3 ether);
        assertEq(registry.bondOf(1), 0);
        assertEq(chargeBond(1, 1 ether), 0);
        assertEq(address(registry).balance, 0);
    }

    function test_charge_lowersTheLimit() public {
        operatorWithKeys(manager, 0, 3);
        chargeBond(1, 1);
        assertEq(limitOf(1), 2);
        assertEq(registry.depositableKeys(), 2);
        chargeBond(1, 1.5 ether - 1);
        assertEq(limitOf(1), 2);
        chargeBond(1, 3 ether);
        assertEq(limitOf(1), 0);
        assertEq(registry.depositableKeys(), 0);
    }

    /// @dev The ether of pre-deposits is not here to be charged.
    function test_charge_leavesPreDeposits() public {
        operatorWithKeys(manager, 0, 2);
        take(2);
        assertEq(chargeBond(1, 10 ether), 1 ether);
        assertEq(registry.bondOf(1), 0);
        resolve(0, true);
        resolve(1, true);
        // A charged bond gets no validators until it covers them again.
        insufficient(1 ether, 1.5 ether);
        complete(0, 2);
        registry.addBond{value: 1 ether}(1);
        complete(0, 2);
        assertEq(registry.bondOf(1), 3 ether);
        assertEq(chargeBond(1, 10 ether), 3 ether);
    }
}
