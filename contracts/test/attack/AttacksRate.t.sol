// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconDeposits} from "../../src/interfaces/IBeaconDeposits.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Pushes its ether into an address that refuses calls.
contract ForcedEther {
    constructor(address payable target) payable {
        selfdestruct(target);
    }
}

/// @dev Attackers on the rate: who inflates it, rounds it, or times it.
contract AttacksRateTest is PoolTest {
    /* SHARE INFLATION AND DONATION */

    function test_donation_neverMovesTheRate() public {
        stakeAs(alice, 10 ether);
        new ForcedEther{value: 100 ether}(payable(address(pool)));
        new ForcedEther{value: 100 ether}(payable(address(queue)));
        new ForcedEther{value: 100 ether}(payable(address(withdrawalVault)));
        assertEq(pool.totalPooledEther(), 10 ether);
        assertEq(pool.depositableEther(), 10 ether);
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(stakeAs(bob, 1 ether), 1 ether);
        // Nor at a frame without a report: the vault's ether is principal only as far as validators had some.
        skip(7 days);
        pool.processStaleFrame();
        assertEq(pool.sharePrice(), 1 ether);
    }

    function test_donation_ofSharesToTheQueueIsTheGiversLoss() public {
        stakeAs(alice, 10 ether);
        uint256 id = requestAs(alice, 4 ether);
        vm.startPrank(alice);
        pool.transfer(address(queue), 5 ether);
        vm.stopPrank();
        frame(0);
        frame(0);
        assertEq(queue.lastFinalizedId(), id);
        assertEq(pool.balanceOf(address(queue)), 5 ether, "only what was requested is burnt");
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(claimAs(alice, id), 4 ether);
    }

    function test_donation_doesNotPayForDeposits() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 10 ether);
        new ForcedEther{value: 100 ether}(payable(address(pool)));
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNothingToDeposit.selector, 10 ether, 0));
        vm.prank(depositor);
        deposits.preDeposit(1, root, nonce, credentials);
    }

    /// @dev The first staker with the least there is, and a rise in one step that no report could bring: 10,000 ether that all
    /// seem the attacker's. The next staker loses nothing to be seen, and the attacker a millionth of its gift, which is more.
    function test_inflation_costsTheAttacker() public {
        vm.prank(parameters);
        pool.setMinimumStake(0.001 ether);
        uint256 own = stakeAs(mallory, 0.001 ether);
        frame(10_000 ether);
        uint256 shares = stakeAs(alice, 1 ether);
        uint256 lost = 1 ether - pool.convertToAssets(shares);
        assertLt(lost, 0.0000001 ether, "the victim keeps its stake");
        assertLt(pool.convertToAssets(own), 10_000 ether - 0.008 ether, "the attacker lost more");
    }

    /* ROUNDING */

    /// @dev In and out again, at any rate, in any state of the queue, never gains a wei.
    function testFuzz_rounding_isAgainstTheCaller(uint256 others, uint256 beacon, uint256 amount) public {
        others = bound(others, 1 ether, 10_000 ether);
        stakeAs(alice, others);
        frame(bound(beacon, 0, others * 2));
        amount = bound(amount, 0.01 ether, 1_000 ether);
        uint256 shares = stakeAs(mallory, amount);
        vm.assume(shares >= 0.0001 ether && shares <= 1_000 ether);
        uint256 id = requestAs(mallory, shares);
        frame(pool.beaconEther());
        frame(pool.beaconEther());
        assertLe(claimAs(mallory, id), amount);
    }

    /// @dev Many small stakes are worth no more than one, and take nothing from others.
    function test_rounding_dustTakesNothing() public {
        stakeAs(alice, 100 ether);
        frame(33.333333333333333333 ether);
        uint256 before = pool.convertToAssets(100 ether);
        uint256 shares = 0;
        for (uint256 i = 0; i < 300; ++i) {
            shares += stakeAs(mallory, 0.001 ether + 7);
        }
        assertLe(pool.convertToAssets(shares), 300 * (0.001 ether + 7));
        assertGe(pool.convertToAssets(100 ether), before);
    }

    /* TIMING A REPORT */

    /// @dev A report with so much more at the validators, settled through the members.
    function report(uint256 gain) private returns (uint256 price) {
        return settleFrame(pool.beaconEther() - address(withdrawalVault).balance + gain);
    }

    function withValidators(uint256 count, uint256 staked) private {
        operatorWithKeys(manager, 0, count);
        stakeAs(alice, staked);
        depositKeys(0, count);
    }

    /// @dev Staking before a report and asking to leave before it too: not a wei of it.
    function test_sandwich_withinOneReportGainsNothing() public {
        withValidators(10, 1_000 ether);
        uint256 shares = stakeAs(mallory, 1_000 ether);
        uint256 id = requestAs(mallory, shares);
        report(100 ether);
        report(100 ether);
        assertLe(claimAs(mallory, id), 1_000 ether);
    }

    /// @dev Staking before the largest report there can be and asking to leave right after it: 0.1 % of the stake for two
    /// frames of waiting, whatever is behind the report.
    function test_sandwich_isBoundedByTheReport() public {
        withValidators(10, 1_000 ether);
        vm.deal(address(rewardsVault), 500 ether);
        uint256 shares = stakeAs(mallory, 1_000 ether);
        report(500 ether);
        uint256 id = requestAs(mallory, shares);
        uint256 requested = block.timestamp;
        report(500 ether);
        report(500 ether);
        uint256 paid = claimAs(mallory, id);
        assertLe(paid, 1_001 ether);
        assertGe(block.timestamp, requested + 2 days);
        assertGt(address(rewardsVault).balance, 490 ether, "the rest stays for later");
    }

    /// @dev What requests forgo while they wait goes to who stays, and not at once: who stakes just before they are finalised
    /// finds the rate where it was, and later the bound of each report.
    function test_sandwich_ofForgoneGainsIsBounded() public {
        vm.prank(parameters);
        pool.setWithdrawalDelay(7);
        withValidators(10, 1_000 ether);
        requestAs(alice, 600 ether);
        for (uint256 i = 0; i < 7; ++i) {
            report(10 ether);
        }
        assertEq(queue.lastFinalizedId(), 0);
        uint256 beacon = pool.beaconEther();
        uint256 shares = stakeAs(mallory, 10_000 ether);
        uint256 before = pool.convertToAssets(shares);
        report(0);
        assertEq(queue.lastFinalizedId(), 1);
        assertApproxEqAbs(pool.convertToAssets(shares), before, 2, "nothing at the finalisation");
        uint256 forgone = beacon - pool.beaconEther();
        assertGt(forgone, 3.9 ether);
        assertLe(forgone, uint256(600 ether) * 71 / 10_000);
        // The forgone part is in the next report, less fees.
        settleFrame(beacon);
        uint256 taken = pool.convertToAssets(shares) - before;
        assertGt(taken, 3 ether);
        assertLe(taken, forgone);
        assertLe(taken, before / 1_000, "the bound of one report");
    }

    /// @dev Nine tenths are leaving after a week's gains, a loophole for a jump of nine times what they forwent: no report raises
    /// the rate by more than its bound, the one that finalises them and those after it included, until all is back.
    function test_sandwich_ofAnExodusIsBounded() public {
        vm.prank(parameters);
        pool.setWithdrawalDelay(7);
        withValidators(10, 10_000 ether);
        requestAs(alice, 9_000 ether);
        for (uint256 i = 0; i < 7; ++i) {
            report(9 ether);
        }
        uint256 beacon = pool.beaconEther();
        assertEq(queue.lastFinalizedId(), 0);
        uint256 frames = 0;
        uint256 price = pool.sharePrice();
        uint256 start = price;
        while (frames < 100) {
            uint256 next = settleFrame(beacon);
            ++frames;
            assertGe(next, price);
            assertLe(next, price * 1_001 / 1_000 + 1);
            if (frames > 1 && next == price) break;
            price = next;
        }
        assertEq(queue.lastFinalizedId(), queue.lastRequestId());
        assertEq(pool.beaconEther(), beacon, "all of it is back");
        // About 53 of 1,000 ether, less fees: more than fifty days' bounds.
        assertGt(frames, 50);
        assertGt(price, start * 104 / 100);
    }

    /* LEAVING BEFORE A LOSS */

    /// @dev Who sees a slashing coming and asks to leave pays for it like who stays: before the batch closes, and in all
    /// frames until it is finalised.
    function test_leavingBeforeALoss_doesNotHelp() public {
        for (uint256 delay = 1; delay <= 3; ++delay) {
            uint256 start = vm.snapshotState();
            vm.prank(parameters);
            pool.setWithdrawalDelay(delay);
            withValidators(20, 900 ether);
            uint256 shares = stakeAs(mallory, 100 ether);
            uint256 id = requestAs(mallory, shares);
            for (uint256 i = 0; i < delay; ++i) {
                report(0);
            }
            // 0.9 % at the very report that finalises.
            uint256 price = settleFrame(640 ether - 9 ether);
            assertEq(queue.lastFinalizedId(), id);
            uint256 paid = claimAs(mallory, id);
            assertApproxEqAbs(paid, shares * price / 1 ether, 1e9);
            assertApproxEqAbs(paid, 99.1 ether, 1e9);
            assertApproxEqAbs(pool.convertToAssets(pool.balanceOf(alice)), 891.9 ether, 1e9);
            vm.revertToState(start);
        }
    }

    /// @dev Who is finalised before the loss comes to light bears none; it waited its frames like everyone.
    function test_leavingBeforeALoss_finalisedRequestsAreSettled() public {
        withValidators(20, 900 ether);
        uint256 id = requestAs(alice, 100 ether);
        report(0);
        report(0);
        settleFrame(640 ether - 7 ether);
        assertApproxEqAbs(claimAs(alice, id), 100 ether, 1);
        assertApproxEqAbs(pool.convertToAssets(800 ether), 793 ether, 1e9);
    }

    /// @dev In a loss all shares together are worth no more than there is: the last one out is paid too.
    function test_loss_theLastOneIsPaid() public {
        stakeAs(alice, 600 ether);
        stakeAs(bob, 400 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(20);
        vm.deal(address(withdrawalVault), 512 ether);
        // A fifth of the validators' ether is gone, and the rest came back.
        uint256 a = requestAs(alice, 600 ether);
        uint256 b = requestAs(bob, 400 ether);
        IStakingPool.Settlement memory settlement = settlementOf(0);
        settlement.withdrawals = 512 ether;
        settleAs(settlement);
        frame(0);
        assertEq(queue.lastFinalizedId(), b);
        assertEq(pool.totalSupply(), 0);
        uint256 paid = claimAs(alice, a) + claimAs(bob, b);
        assertLe(paid, 872 ether);
        assertGe(paid + 2, 872 ether);
        assertLe(pool.bufferedEther(), 1);
        assertEq(stakeAs(mallory, 1 ether) / 1e9, 1e9, "and the next one starts at one");
    }
}
