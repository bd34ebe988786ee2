// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {RegistryActions} from "../support/RegistryActions.sol";

/// @dev What reports bring, exits asked for, and the operators' rewards.
contract OperatorRegistryReportsTest is RegistryActions {
    function invalid(uint256 operatorId, uint256 exited, uint256 stuck) private {
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidReport.selector, operatorId, exited, stuck)
        );
    }

    function update(uint256 operatorId, uint256 exited, uint256 stuck, uint256 loss) private returns (uint256) {
        return applyUpdates(oneUpdate(operatorId, exited, stuck, loss));
    }

    function twoUpdates(uint256 first, uint256 second)
        private
        pure
        returns (IOperatorRegistry.OperatorUpdate[] memory updates)
    {
        updates = new IOperatorRegistry.OperatorUpdate[](2);
        updates[0] = IOperatorRegistry.OperatorUpdate(uint32(first), 0, 0, 0);
        updates[1] = IOperatorRegistry.OperatorUpdate(uint32(second), 0, 0, 0);
    }

    /// @dev Puts shares into the registry and divides them, as a settlement does.
    function distribute(uint256 shares) private {
        vm.prank(alice);
        assertTrue(pool.transfer(address(registry), shares));
        vm.prank(address(pool));
        registry.distributeRewards(shares);
    }

    /// @dev Two operators with active keys 0 on and 100 on.
    function twoOperators(uint256 first, uint256 second) private {
        operatorWithKeys(who(1), 0, 5);
        operatorWithKeys(who(2), 100, 5);
        vm.prank(who(2));
        registry.setRewardRecipient(2, bob);
        stakeAs(alice, 100 ether);
        vet(2, 0);
        if (first != 0) activate(0, first);
        vet(2, 5);
        vet(1, first);
        if (second != 0) activate(100, second);
        vet(1, 5);
    }

    /* REPORTS */

    function test_report_countsExits() public {
        twoOperators(3, 2);
        assertEq(registry.activeKeys(), 5);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.OperatorReported(1, 2, 1);
        assertEq(update(1, 2, 1, 0), 0);
        IOperatorRegistry.Operator memory op = registry.operator(1);
        assertEq(op.exitedKeys, 2);
        assertEq(op.stuckKeys, 1);
        assertEq(registry.activeKeysOf(1), 1);
        assertEq(registry.activeKeysOf(2), 2);
        assertEq(registry.activeKeys(), 3);
        update(1, 2, 0, 0);
        assertEq(registry.operator(1).stuckKeys, 0);
        assertEq(registry.activeKeys(), 3);
        update(1, 3, 0, 0);
        update(2, 2, 0, 0);
        assertEq(registry.activeKeys(), 0);
    }

    function test_report_countsExitsOfAll() public {
        twoOperators(3, 2);
        IOperatorRegistry.OperatorUpdate[] memory updates = twoUpdates(1, 2);
        updates[0].exitedKeys = 2;
        updates[1].exitedKeys = 1;
        applyUpdates(updates);
        assertEq(registry.activeKeys(), 2);
    }

    function test_report_exitsNeverFall() public {
        twoOperators(3, 1);
        update(1, 2, 0, 0);
        invalid(1, 1, 0);
        update(1, 1, 0, 0);
        update(1, 2, 0, 0);
    }

    function test_report_exitsOfDepositedKeysOnly() public {
        twoOperators(3, 1);
        take(1);
        invalid(1, 4, 0);
        update(1, 4, 0, 0);
        update(1, 3, 0, 0);
    }

    function test_report_stuckAreThere() public {
        twoOperators(3, 1);
        invalid(1, 0, 4);
        update(1, 0, 4, 0);
        invalid(1, 1, 3);
        update(1, 1, 3, 0);
        invalid(1, 3, 1);
        update(1, 3, 1, 0);
        update(1, 0, 3, 0);
        update(1, 1, 2, 0);
        update(1, 3, 0, 0);
    }

    function test_report_byRisingId() public {
        twoOperators(1, 1);
        invalid(1, 0, 0);
        applyUpdates(twoUpdates(1, 1));
        invalid(1, 0, 0);
        applyUpdates(twoUpdates(2, 1));
        applyUpdates(twoUpdates(1, 2));
        applyUpdates(noUpdates());
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 3));
        applyUpdates(twoUpdates(2, 3));
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 0));
        applyUpdates(twoUpdates(0, 1));
    }

    function test_report_chargesLosses() public {
        twoOperators(1, 1);
        IOperatorRegistry.OperatorUpdate[] memory updates = twoUpdates(1, 2);
        updates[0].loss = 1 ether;
        updates[1].loss = 7.5 ether + 1;
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondCharged(1, address(distribution), 1 ether, 1 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.BondCharged(2, address(distribution), 7.5 ether + 1, 7.5 ether);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.KeyLimitChanged(2, 1);
        assertEq(applyUpdates(updates), 8.5 ether);
        assertEq(address(distribution).balance, 8.5 ether);
        assertEq(address(registry).balance, 6.5 ether);
        assertEq(registry.bondOf(1), 6.5 ether);
        assertEq(registry.bondOf(2), 0);
        // 6.5 ether cover four keys.
        assertEq(limitOf(1), 4);
    }

    /// @dev Exits count before the limit is worked out, losses too.
    function test_report_bringsTheLimitUpToDate() public {
        twoOperators(2, 1);
        chargeBond(1, 3 ether);
        assertEq(limitOf(1), 3);
        update(1, 1, 0, 0);
        assertEq(limitOf(1), 4);
        update(1, 1, 0, 1);
        assertEq(limitOf(1), 3);
    }

    function test_report_atMost128() public {
        IOperatorRegistry.OperatorUpdate[] memory updates = new IOperatorRegistry.OperatorUpdate[](129);
        for (uint256 i = 0; i < 129; ++i) {
            registerAs(who(i), 0);
            updates[i].operatorId = uint32(i + 1);
        }
        outOfBounds(129, 0, 128);
        applyUpdates(updates);
        assembly ("memory-safe") {
            mstore(updates, 128)
        }
        applyUpdates(updates);
    }

    /* EXITS */

    function test_requestExits() public {
        twoOperators(3, 1);
        vm.startPrank(vetter);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.ExitsRequested(1, 3);
        registry.requestExits(1, 3);
        assertEq(registry.operator(1).requestedExits, 3);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidExits.selector, 1, 4, 3));
        registry.requestExits(1, 4);
        registry.requestExits(1, 1);
        assertEq(registry.operator(1).requestedExits, 1);
        vm.stopPrank();
    }

    /* REWARDS */

    function test_rewards_byActiveKeys() public {
        twoOperators(3, 1);
        distribute(96);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.RewardsDistributed(4, 4);
        vm.prank(address(pool));
        registry.distributeRewards(4);
        assertEq(registry.claimableRewards(1), 75);
        assertEq(registry.claimableRewards(2), 25);
        distribute(4);
        assertEq(registry.claimableRewards(1), 78);
        assertEq(registry.claimableRewards(2), 26);
    }

    function test_rewards_accrueBeforeKeysCome() public {
        twoOperators(1, 1);
        distribute(10);
        vet(2, 1);
        activate(1, 1);
        assertEq(registry.claimableRewards(1), 5);
        distribute(9);
        assertEq(registry.claimableRewards(1), 5 + 6);
        assertEq(registry.claimableRewards(2), 5 + 3);
        // Two at once: the first of them must not earn what came before.
        activate(2, 2);
        assertEq(registry.claimableRewards(1), 11);
        distribute(10);
        assertEq(registry.claimableRewards(1), 19);
        assertEq(registry.claimableRewards(2), 10);
    }

    function test_rewards_accrueBeforeKeysGo() public {
        twoOperators(3, 1);
        distribute(8);
        update(1, 2, 0, 0);
        assertEq(registry.claimableRewards(1), 6);
        assertEq(registry.claimableRewards(2), 2);
        distribute(8);
        assertEq(registry.claimableRewards(1), 10);
        assertEq(registry.claimableRewards(2), 6);
        update(1, 3, 0, 0);
        distribute(8);
        assertEq(registry.claimableRewards(1), 10);
        assertEq(registry.claimableRewards(2), 14);
    }

    /// @dev Who joins later has no part in earlier rewards.
    function test_rewards_notBeforeTheFirstKey() public {
        twoOperators(1, 0);
        distribute(100);
        vet(1, 1);
        activate(100, 1);
        assertEq(registry.claimableRewards(2), 0);
        distribute(2);
        assertEq(registry.claimableRewards(1), 101);
        assertEq(registry.claimableRewards(2), 1);
    }

    function test_rewards_claimGoesToTheRecipient() public {
        twoOperators(3, 1);
        distribute(100);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.RewardsClaimed(1, recipient, 75);
        vm.prank(mallory);
        assertEq(registry.claimRewards(1), 75);
        assertEq(pool.balanceOf(recipient), 75);
        assertEq(registry.claimableRewards(1), 0);
        vm.recordLogs();
        assertEq(registry.claimRewards(1), 0);
        assertEq(vm.getRecordedLogs().length, 0);
        distribute(100);
        vm.prank(who(1));
        registry.setRewardRecipient(1, mallory);
        assertEq(registry.claimRewards(1), 75);
        assertEq(pool.balanceOf(recipient), 75);
        assertEq(pool.balanceOf(mallory), 75);
        assertEq(registry.claimRewards(2), 50);
        assertEq(pool.balanceOf(bob), 50);
        assertEq(pool.balanceOf(address(registry)), 0);
    }

    /// @dev Rounding leaves shares in the registry; it never pays one too many.
    function test_rewards_dustStays() public {
        twoOperators(2, 1);
        distribute(10);
        assertEq(registry.claimRewards(1), 6);
        assertEq(registry.claimRewards(2), 3);
        assertEq(pool.balanceOf(address(registry)), 1);
        // With twelve more digits, what is lost is below a share a claim, not a distribution.
        for (uint256 i = 0; i < 30; ++i) {
            distribute(10);
        }
        assertEq(registry.claimRewards(1), 199);
        assertEq(registry.claimRewards(2), 99);
        assertEq(pool.balanceOf(address(registry)), 3);
    }

    function test_rewards_needActiveKeys() public {
        vm.startPrank(address(pool));
        vm.expectRevert(IOperatorRegistry.OperatorRegistryNoActiveKeys.selector);
        registry.distributeRewards(1);
        vm.stopPrank();
        twoOperators(1, 0);
        update(1, 1, 0, 0);
        vm.prank(address(pool));
        vm.expectRevert(IOperatorRegistry.OperatorRegistryNoActiveKeys.selector);
        registry.distributeRewards(1);
    }

    function test_rewards_beyondTheIndexAreRefused() public {
        twoOperators(1, 0);
        uint256 most = type(uint128).max / 1e12;
        vm.startPrank(address(pool));
        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, (most + 1) * 1e12)
        );
        registry.distributeRewards(most + 1);
        registry.distributeRewards(most);
        vm.stopPrank();
        assertEq(registry.claimableRewards(1), most);
    }

    function testFuzz_rewards_neverMoreThanDistributed(uint96[8] calldata amounts, uint8 pattern) public {
        twoOperators(2, 1);
        uint256 total = 0;
        uint256 claimed = 0;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 shares = bound(amounts[i], 0, 10 ether);
            total += shares;
            distribute(shares);
            if (pattern >> i & 1 == 1) claimed += registry.claimRewards(1 + i % 2);
        }
        uint256 paid = claimed + registry.claimRewards(1) + registry.claimRewards(2);
        assertLe(paid, total);
        assertLe(total - paid, 12);
    }
}
