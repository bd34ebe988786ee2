// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev The registry's ring against a plain list that does the same slowly, with every reason for which an operator's limit
/// moves.
contract TurnsTest is RegistryActions {
    uint256 private constant OPERATORS = 6;
    uint256 private constant NO_TARGET = type(uint32).max;

    /// @dev An operator in the model.
    struct Model {
        uint256 total;
        uint256 vetted;
        uint256 taken;
        uint256 invalid;
        uint256 target;
        uint256 bond;
        uint256 deposited;
        bool suspended;
        uint256 limit;
    }

    /// @dev Operators with keys that may be taken, the next one first.
    uint256[] private ring;
    mapping(uint256 operatorId => Model) private models;
    /// @dev The made-up keys of each operator, in order.
    mapping(uint256 operatorId => uint256[]) private keysOf;
    /// @dev 0: taken, 1: proven, 2: completed or invalid.
    mapping(uint256 operatorId => mapping(uint256 index => uint256)) private stages;
    uint256 private nextKey;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 1; i <= OPERATORS; ++i) {
            registerAs(who(i), 60 ether);
            models[i].target = NO_TARGET;
            models[i].bond = 60 ether;
        }
    }

    function testFuzz_ringServesAsAList(uint256[40] calldata actions) public {
        for (uint256 i = 0; i < actions.length; ++i) {
            uint256 operatorId = 1 + (actions[i] >> 8) % OPERATORS;
            uint256 amount = actions[i] >> 16;
            uint256 kind = actions[i] % 14;
            if (kind < 2) submit(operatorId, 1 + amount % 4);
            else if (kind < 5) limit(operatorId, amount);
            else if (kind < 6) remove(operatorId, amount);
            else if (kind < 7) target(operatorId, amount);
            else if (kind < 8) toggle(operatorId);
            else if (kind < 9) bond(operatorId, amount);
            else if (kind < 10) fail(operatorId, amount);
            else if (kind < 12) finish(operatorId, amount);
            else takeAndCompare(amount % 7);
            checkSums();
        }
        takeAndCompare(1000);
        assertEq(ring.length, 0);
        assertEq(registry.depositableKeys(), 0);
    }

    /* ACTIONS */

    function submit(uint256 operatorId, uint256 count) private {
        Model storage model = models[operatorId];
        if ((model.total + count - model.invalid) * BOND_PER_KEY > held(model)) return;
        submitAs(who(operatorId), nextKey, count);
        for (uint256 i = 0; i < count; ++i) {
            keysOf[operatorId].push(nextKey++);
        }
        model.total += count;
    }

    function limit(uint256 operatorId, uint256 amount) private {
        Model storage model = models[operatorId];
        model.vetted = bound(amount, model.taken, model.total);
        vet(operatorId, model.vetted);
        refresh(operatorId);
    }

    function remove(uint256 operatorId, uint256 amount) private {
        Model storage model = models[operatorId];
        uint256 unused = model.total - model.taken;
        if (unused == 0) return;
        uint256 count = bound(amount, 1, unused);
        vm.prank(who(operatorId));
        registry.removeUnusedKeys(operatorId, count);
        model.total -= count;
        for (uint256 i = 0; i < count; ++i) {
            keysOf[operatorId].pop();
        }
        if (model.vetted > model.total) model.vetted = model.total;
        refresh(operatorId);
    }

    function target(uint256 operatorId, uint256 amount) private {
        bool has = amount % 3 != 0;
        models[operatorId].target = has ? amount % 8 : NO_TARGET;
        setTarget(operatorId, has, amount % 8);
        refresh(operatorId);
    }

    function toggle(uint256 operatorId) private {
        models[operatorId].suspended = !models[operatorId].suspended;
        suspend(operatorId, models[operatorId].suspended);
        refresh(operatorId);
    }

    function bond(uint256 operatorId, uint256 amount) private {
        Model storage model = models[operatorId];
        if (amount % 2 == 0) {
            uint256 added = bound(amount >> 1, 1, 10 ether);
            registry.addBond{value: added}(operatorId);
            model.bond += added;
        } else {
            model.bond -= chargeBond(operatorId, bound(amount >> 1, 0, 40 ether));
        }
        refresh(operatorId);
    }

    function fail(uint256 operatorId, uint256 amount) private {
        Model storage model = models[operatorId];
        if (model.taken == 0) return;
        uint256 index = amount % model.taken;
        if (stages[operatorId][index] == 2) return;
        stages[operatorId][index] = 2;
        resolve(keysOf[operatorId][index], false);
        ++model.invalid;
        refresh(operatorId);
    }

    /// @dev Proves a key, and completes it if the operator is not suspended and its bond covers it.
    function finish(uint256 operatorId, uint256 amount) private {
        Model storage model = models[operatorId];
        if (model.taken == 0) return;
        uint256 index = amount % model.taken;
        if (stages[operatorId][index] == 2) return;
        uint256 number = keysOf[operatorId][index];
        if (stages[operatorId][index] == 0) resolve(number, true);
        stages[operatorId][index] = 1;
        uint256 required = (model.deposited + 1) * BOND_PER_KEY;
        if (model.suspended) {
            vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistrySuspended.selector, operatorId));
        } else if (model.bond + 1 ether < required) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IOperatorRegistry.OperatorRegistryInsufficientBond.selector,
                    operatorId,
                    model.bond + 1 ether,
                    required
                )
            );
        } else {
            stages[operatorId][index] = 2;
            ++model.deposited;
            model.bond += 1 ether;
        }
        complete(number, 1);
        refresh(operatorId);
    }

    /* MODEL */

    function held(Model storage model) private view returns (uint256) {
        return model.bond + (model.taken - model.invalid - model.deposited) * 1 ether;
    }

    function refresh(uint256 operatorId) private {
        Model storage model = models[operatorId];
        bool was = model.limit > model.taken;
        uint256 limit_ = model.vetted;
        uint256 covered = model.invalid + held(model) / BOND_PER_KEY;
        if (covered < limit_) limit_ = covered;
        if (model.invalid + model.target < limit_) limit_ = model.invalid + model.target;
        if (model.suspended || limit_ < model.taken) limit_ = model.taken;
        model.limit = limit_;
        bool is_ = limit_ > model.taken;
        if (is_ && !was) ring.push(operatorId);
        if (was && !is_) leave(operatorId);
        assertEq(limitOf(operatorId), limit_, "limit");
    }

    function leave(uint256 operatorId) private {
        for (uint256 i = 0; i < ring.length; ++i) {
            if (ring[i] != operatorId) continue;
            for (; i + 1 < ring.length; ++i) {
                ring[i] = ring[i + 1];
            }
            ring.pop();
            return;
        }
    }

    function takeAndCompare(uint256 count) private {
        (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds) = take(count);
        uint256 taken = operatorIds.length;
        assertEq(pubkeys.length, 48 * taken);
        assertEq(sigs.length, 96 * taken);
        for (uint256 i = 0; i < taken; ++i) {
            uint256 expected = ring[0];
            assertEq(operatorIds[i], expected, "turn");
            Model storage model = models[expected];
            uint256 number = keysOf[expected][model.taken];
            assertEq(this.slice(pubkeys, 48 * i, 48 * i + 48), pubkeyOf(number), "key");
            assertEq(this.slice(sigs, 96 * i, 96 * i + 96), signatureOf(number), "signature");
            ++model.taken;
            model.bond -= 1 ether;
            leave(expected);
            if (model.taken < model.limit) ring.push(expected);
        }
        if (taken < count) assertEq(ring.length, 0, "keys left over");
    }

    function checkSums() private view {
        uint256 depositable = 0;
        uint256 bonds = 0;
        for (uint256 i = 1; i <= OPERATORS; ++i) {
            depositable += models[i].limit - models[i].taken;
            bonds += models[i].bond;
            assertEq(registry.bondOf(i), models[i].bond, "bond");
        }
        assertEq(registry.depositableKeys(), depositable, "depositable");
        assertEq(address(registry).balance, bonds, "ether");
    }

    function slice(bytes calldata data, uint256 from, uint256 to) external pure returns (bytes memory) {
        return data[from:to];
    }
}
