// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Base} from "../support/Base.sol";

/// @dev The whole cycle, as a user and an operator see it.
contract LifecycleTest is Base {
    function test_lifecycle() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 100 ether);
        depositKeys(0, 2);
        assertEq(depositCount(), 4);
        assertEq(address(depositContract).balance, 64 ether);
        assertEq(pool.bufferedEther(), 36 ether);
        assertEq(registry.bondOf(1), 2 * BOND_PER_KEY);

        vm.deal(address(rewardsVault), 0.05 ether);
        uint256 price = settleFrame(64.02 ether);
        // 0.07 ether of rewards, 7 % fees.
        assertApproxEqAbs(price, 1 ether + 0.07 ether * 93 / 100 / 100, 1e6);

        vm.prank(alice);
        (uint256 id,) = queue.requestWithdrawal(10 ether, alice);
        settleFrame(64.02 ether);
        assertEq(queue.lastFinalizedId(), 0);
        settleFrame(64.02 ether);
        assertEq(queue.lastFinalizedId(), id);
        uint256 before = alice.balance;
        vm.prank(alice);
        uint256 paid = queue.claim(id);
        assertEq(alice.balance - before, paid);
        assertApproxEqAbs(paid, 10 ether * price / 1 ether, 1e3);
        assertEq(registry.claimRewards(1), pool.balanceOf(recipient));
        assertGt(pool.balanceOf(treasury), 0);
    }

    function test_loss() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 100 ether);
        depositKeys(0, 2);
        coverageFund.deposit{value: 0.1 ether}();
        IRewardDistribution.Report memory report = reportOf(63.2 ether);
        uint256 price = settle(report, oneUpdate(1, 0, 0, 0.5 ether));
        assertApproxEqAbs(price, 1 ether - 0.2 ether / 100, 1e6);
        assertEq(registry.bondOf(1), 2.5 ether);
    }
}
