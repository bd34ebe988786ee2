// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {InvariantBase} from "./InvariantBase.sol";
import {Ring} from "./Ring.sol";

/// @dev Operators: bonds, limits, the ring, rewards.
contract OperatorInvariantsTest is InvariantBase {
    /// @dev Calls a function for each operator.
    function each(function(uint256, IOperatorRegistry.Operator memory) view check) private view {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            check(id, operatorOf(id));
        }
    }

    /* BONDS */

    function invariant_registryHoldsTheBonds() public view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            sum += registry.bondOf(id);
        }
        assertEq(address(registry).balance, sum + handler.forced(address(registry)));
    }

    function invariant_bondsAreAsTheBooksHaveThem() public view {
        each(bondIsAsBooked);
    }

    function bondIsAsBooked(uint256 id, IOperatorRegistry.Operator memory o) private view {
        assertEq(o.bond, book(id).bond);
    }

    /// @dev A key that waits for its deposit keeps its pre-deposit in its operator's bond.
    function invariant_heldBondCountsThePreDepositsThatComeBack() public view {
        each(heldBondIs);
    }

    function heldBondIs(uint256 id, IOperatorRegistry.Operator memory o) private view {
        uint256 waiting = o.takenKeys - o.depositedKeys - o.invalidKeys;
        assertEq(registry.heldBondOf(id), o.bond + waiting * 1 ether);
    }

    function invariant_bondAskedBackIsAsTheBooksHaveIt() public view {
        each(pendingIsAsBooked);
    }

    function pendingIsAsBooked(uint256 id, IOperatorRegistry.Operator memory o) private view {
        assertEq(o.pendingBondWithdrawal, book(id).pending);
    }

    /// @dev What can still be asked back leaves what the keys require.
    function invariant_excessBondLeavesWhatKeysRequire() public view {
        each(excessLeavesRequired);
    }

    function excessLeavesRequired(uint256 id, IOperatorRegistry.Operator memory o) private view {
        uint256 excess = registry.excessBondOf(id);
        if (excess == 0) return;
        uint256 required = (o.totalKeys - o.exitedKeys - o.invalidKeys) * registry.bondPerKey();
        assertLe(excess + o.pendingBondWithdrawal, o.bond);
        assertGe(registry.heldBondOf(id), required + o.pendingBondWithdrawal + excess);
    }

    /// @dev What was charged came from bonds, and went to the loss, to the fund, or to the service level module.
    function invariant_chargesAreWhatBondsHad() public view {
        uint256 spent =
            handler.sumsOf().fromBonds + handler.sumsOf().surplus + handler.serviceCharges() + handler.enforced();
        assertEq(handler.bondCharged(), spent);
        assertEq(address(serviceLevel).balance, handler.serviceCharges());
    }

    /* LIMITS */

    function invariant_limitIsNotBelowTakenKeys() public view {
        each(limitIsNotBelowTaken);
    }

    function limitIsNotBelowTaken(uint256, IOperatorRegistry.Operator memory o) private pure {
        assertLe(o.takenKeys, o.keyLimit);
        assertLe(o.keyLimit, o.totalKeys);
    }

    function invariant_limitIsNotAboveVettedKeys() public view {
        each(limitIsNotAboveVetted);
    }

    function limitIsNotAboveVetted(uint256, IOperatorRegistry.Operator memory o) private pure {
        assertLe(o.keyLimit, o.vettedKeys);
        assertLe(o.vettedKeys, o.totalKeys);
    }

    /// @dev The bond that is here and not asked back pays the pre-deposit of each key that may be taken, and leaves as much for
    /// each validator.
    function invariant_keysThatMayBeTakenAreCovered() public view {
        each(isCovered);
    }

    function isCovered(uint256, IOperatorRegistry.Operator memory o) private pure {
        if (o.keyLimit == o.takenKeys) return;
        uint256 active = o.depositedKeys - o.exitedKeys;
        assertGe(o.bond, o.pendingBondWithdrawal + (o.keyLimit - o.takenKeys + active) * 1 ether);
    }

    function invariant_suspendedOperatorsGetNoKeys() public view {
        each(suspendedGetNone);
    }

    function suspendedGetNone(uint256 id, IOperatorRegistry.Operator memory o) private view {
        assertEq(o.suspended, book(id).suspended);
        if (o.suspended) assertEq(o.keyLimit, o.takenKeys);
    }

    function invariant_targetsBoundValidators() public view {
        each(targetBounds);
    }

    function targetBounds(uint256, IOperatorRegistry.Operator memory o) private pure {
        if (!o.hasTarget) return;
        assertLe(o.keyLimit, max(o.takenKeys, o.exitedKeys + o.invalidKeys + o.targetKeys));
    }

    /* COUNTS */

    function invariant_countsAreAsTheBooksHaveThem() public view {
        each(countsAreAsBooked);
    }

    function countsAreAsBooked(uint256 id, IOperatorRegistry.Operator memory o) private view {
        assertEq(o.totalKeys, handler.keysSubmitted(id));
        assertEq(o.takenKeys, book(id).taken);
        assertEq(o.depositedKeys, book(id).deposited);
        assertEq(o.invalidKeys, book(id).invalid);
        assertEq(o.exitedKeys, book(id).reportedExits);
        assertEq(o.stuckKeys, book(id).stuck);
        assertEq(o.requestedExits, book(id).requestedExits);
    }

    function invariant_takenKeysAreResolvedOnce() public view {
        each(takenAreResolvedOnce);
    }

    function takenAreResolvedOnce(uint256, IOperatorRegistry.Operator memory o) private pure {
        assertLe(o.depositedKeys + o.invalidKeys, o.takenKeys);
    }

    function invariant_validatorsExitOnce() public view {
        each(exitOnce);
    }

    function exitOnce(uint256, IOperatorRegistry.Operator memory o) private pure {
        assertLe(o.exitedKeys + o.stuckKeys, o.depositedKeys);
        assertLe(o.requestedExits, o.depositedKeys);
    }

    function invariant_depositableKeysAreTheSumBelowTheLimits() public view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            sum += operatorOf(id).keyLimit - operatorOf(id).takenKeys;
        }
        assertEq(registry.depositableKeys(), sum);
    }

    function invariant_activeKeysAreTheSumOfValidators() public view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            assertEq(registry.activeKeysOf(id), operatorOf(id).depositedKeys - operatorOf(id).exitedKeys);
            sum += registry.activeKeysOf(id);
        }
        assertEq(registry.activeKeys(), sum);
    }

    function invariant_eachManagerHasItsOperator() public view {
        assertEq(registry.operatorCount(), handler.operators());
        each(managerHasIt);
    }

    function managerHasIt(uint256 id, IOperatorRegistry.Operator memory o) private view {
        assertEq(registry.operatorIdOf(o.manager), id);
    }

    function invariant_keysNonceAndClockNeverFall() public view {
        assertEq(handler.countersFell(), 0);
    }

    /* THE RING */

    function invariant_ringHoldsWhoHasAKeyToGive() public view {
        uint256 count = registry.operatorCount();
        uint256[] memory ring = Ring.walk(vm, address(registry), count);
        uint256 expected = 0;
        for (uint256 id = 1; id <= count; ++id) {
            if (operatorOf(id).keyLimit > operatorOf(id).takenKeys) ++expected;
        }
        assertEq(ring.length, expected);
        for (uint256 i = 0; i < ring.length; ++i) {
            assertGt(operatorOf(ring[i]).keyLimit, operatorOf(ring[i]).takenKeys);
        }
    }

    function invariant_ringClosesBothWays() public view {
        uint256[] memory ring = Ring.walk(vm, address(registry), registry.operatorCount());
        for (uint256 i = 0; i < ring.length; ++i) {
            (uint256 next,) = Ring.neighbours(vm, address(registry), ring[i]);
            (, uint256 back) = Ring.neighbours(vm, address(registry), next);
            assertEq(next, ring[(i + 1) % ring.length]);
            assertEq(back, ring[i]);
        }
    }

    function invariant_whoIsNotInTheRingHasNoNeighbours() public view {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            (uint256 next, uint256 previous) = Ring.neighbours(vm, address(registry), id);
            bool inside = operatorOf(id).keyLimit > operatorOf(id).takenKeys;
            assertEq(next != 0, inside);
            assertEq(previous != 0, inside);
        }
    }

    /* REWARDS */

    function invariant_registryHoldsTheRewardsNotClaimed() public view {
        uint256 held = handler.sumsOf().operatorShares - handler.rewardSharesClaimed();
        assertEq(pool.balanceOf(address(registry)), held + handler.misplaced(address(registry)));
    }

    function claimable() private view returns (uint256 sum) {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            sum += registry.claimableRewards(id);
        }
    }

    function invariant_claimableRewardsAreThere() public view {
        assertLe(claimable(), pool.balanceOf(address(registry)) - handler.misplaced(address(registry)));
    }

    /// @dev Rounding takes less than a share of each distribution and of each time that an operator's rewards are counted.
    function invariant_noRewardsAreLostButToRounding() public view {
        uint256 held = handler.sumsOf().operatorShares - handler.rewardSharesClaimed();
        uint256 counted = handler.sumsOf().distributions + handler.allCalls() * 4;
        assertLe(held, claimable() + counted);
    }

    function invariant_registryParametersAreWithinTheirBounds() public view {
        assertGe(registry.bondPerKey(), registry.MIN_BOND_PER_KEY());
        assertLe(registry.bondPerKey(), registry.MAX_BOND_PER_KEY());
        assertGe(registry.bondCooldown(), registry.MIN_BOND_COOLDOWN());
        assertLe(registry.bondCooldown(), registry.MAX_BOND_COOLDOWN());
    }
}
