// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Base} from "../support/Base.sol";

/// @dev The registry's ring against a plain list that does the same slowly.
contract TurnsTest is Base {
    uint256 private constant OPERATORS = 6;

    /// @dev The model: operators with depositable keys, the next one first.
    uint256[] private queue;
    uint256[7] private total;
    uint256[7] private vetted;
    uint256[7] private deposited;
    uint256 private nextKey;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 1; i <= OPERATORS; ++i) {
            registerAs(who(i), 10_000 ether);
        }
    }

    function who(uint256 operatorId) private pure returns (address) {
        return address(uint160(0x20000 + operatorId));
    }

    function testFuzz_ringServesAsAList(uint256[40] calldata actions) public {
        for (uint256 i = 0; i < actions.length; ++i) {
            uint256 operatorId = 1 + (actions[i] >> 8) % OPERATORS;
            uint256 amount = actions[i] >> 16;
            uint256 kind = actions[i] % 8;
            if (kind < 2) submit(operatorId, 1 + amount % 4);
            else if (kind < 5) limit(operatorId, amount);
            else if (kind < 6) remove(operatorId, amount);
            else takeAndCompare(amount % 7);
        }
        takeAndCompare(1000);
        assertEq(queue.length, 0);
        assertEq(registry.depositableKeys(), 0);
    }

    function submit(uint256 operatorId, uint256 count) private {
        submitAs(who(operatorId), nextKey, count);
        nextKey += count;
        total[operatorId] += count;
    }

    function limit(uint256 operatorId, uint256 amount) private {
        uint256 to = bound(amount, deposited[operatorId], total[operatorId]);
        vet(operatorId, to);
        setVetted(operatorId, to);
    }

    function remove(uint256 operatorId, uint256 amount) private {
        uint256 unused = total[operatorId] - deposited[operatorId];
        if (unused == 0) return;
        uint256 count = bound(amount, 1, unused);
        vm.prank(who(operatorId));
        registry.removeUnusedKeys(operatorId, count);
        total[operatorId] -= count;
        if (vetted[operatorId] > total[operatorId]) setVetted(operatorId, total[operatorId]);
    }

    function setVetted(uint256 operatorId, uint256 to) private {
        bool was = vetted[operatorId] > deposited[operatorId];
        bool is_ = to > deposited[operatorId];
        vetted[operatorId] = to;
        if (is_ && !was) queue.push(operatorId);
        if (was && !is_) leave(operatorId);
    }

    function leave(uint256 operatorId) private {
        for (uint256 i = 0; i < queue.length; ++i) {
            if (queue[i] != operatorId) continue;
            for (; i + 1 < queue.length; ++i) {
                queue[i] = queue[i + 1];
            }
            queue.pop();
            return;
        }
    }

    function takeAndCompare(uint256 count) private {
        vm.prank(address(pool));
        (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds) = registry.takeKeys(count);
        uint256 taken = operatorIds.length;
        assertEq(pubkeys.length, 48 * taken);
        assertEq(sigs.length, 96 * taken);
        for (uint256 i = 0; i < taken; ++i) {
            uint256 expected = queue[0];
            assertEq(operatorIds[i], expected, "turn");
            (bytes memory pubkey,) = registry.validatorKey(expected, deposited[expected]);
            assertEq(pubkey, this.slice(pubkeys, 48 * i, 48 * i + 48), "key");
            ++deposited[expected];
            leave(expected);
            if (deposited[expected] < vetted[expected]) queue.push(expected);
        }
        if (taken < count) assertEq(queue.length, 0, "keys left over");
    }

    function slice(bytes calldata data, uint256 from, uint256 to) external pure returns (bytes memory) {
        return data[from:to];
    }
}
