// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {IExpiringPause} from "../../src/interfaces/IExpiringPause.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Start, stakes, deposits and the share token.
contract StakingPoolTest is PoolTest {
    /* START */

    function test_initialize_state() public view {
        assertEq(pool.name(), "ethstake Staked Ether");
        assertEq(pool.symbol(), "ethSTAKE");
        assertEq(pool.decimals(), 18);
        assertEq(address(pool.operatorRegistry()), address(registry));
        assertEq(address(pool.withdrawalVault()), address(withdrawalVault));
        assertEq(address(pool.executionRewardsVault()), address(rewardsVault));
        assertEq(pool.withdrawalQueue(), address(queue));
        assertEq(pool.stakeCap(), 32_000 ether);
        assertEq(pool.minimumStake(), 0.001 ether);
        assertEq(pool.stakeRateLimit(), 400_000 ether);
        assertEq(pool.reserve(), 0);
        assertEq(pool.withdrawalDelay(), 1);
        assertEq(pool.staleAfter(), 7 days);
        assertEq(pool.lastFrameTime(), block.timestamp);
        assertEq(pool.availableStake(), 32_000 ether);
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(pool.totalPooledEther(), 0);
        assertEq(pool.depositedValidators(), 0);
        assertFalse(pool.paused());
    }

    function test_constants() public view {
        assertEq(pool.VALIDATOR_ETHER(), 32 ether);
        assertEq(pool.INITIAL_STAKE_CAP(), 32_000 ether);
        assertEq(pool.STAKE_CAP_STEP(), 5);
        assertEq(pool.MAX_STAKE_CAP(), 10_000_000 ether);
        assertEq(pool.MIN_MINIMUM_STAKE(), 0.001 ether);
        assertEq(pool.MAX_MINIMUM_STAKE(), 32 ether);
        assertEq(pool.MAX_STAKE_RATE_LIMIT(), 400_000 ether);
        assertEq(pool.MAX_RESERVE(), 100_000 ether);
        assertEq(pool.MAX_WITHDRAWAL_DELAY(), 7);
        assertEq(pool.MIN_STALE_AFTER(), 5 days);
        assertEq(pool.STAKE_CAP_WAIT(), 7 days);
        assertEq(pool.MAX_STALE_AFTER(), 30 days);
        assertEq(pool.PARAMETER_ROLE(), keccak256("PARAMETER_ROLE"));
        assertEq(pool.DEPOSITS_ROLE(), keccak256("DEPOSITS_ROLE"));
        assertEq(pool.DISTRIBUTION_ROLE(), keccak256("DISTRIBUTION_ROLE"));
        assertEq(pool.QUEUE_ROLE(), keccak256("QUEUE_ROLE"));
    }

    function test_initialize_tellsItsParameters() public {
        address target = newImplementation(address(registry), address(withdrawalVault), address(rewardsVault));
        vm.expectEmit();
        emit IStakingPool.StakeCapSet(32_000 ether);
        vm.expectEmit();
        emit IStakingPool.MinimumStakeSet(0.001 ether);
        vm.expectEmit();
        emit IStakingPool.StakeRateLimitSet(400_000 ether);
        vm.expectEmit();
        emit IStakingPool.StaleAfterSet(7 days);
        vm.expectEmit();
        emit IStakingPool.WithdrawalDelaySet(1);
        proxy(target, abi.encodeCall(StakingPool.initialize, (admin)));
    }

    function test_initialize_adminHoldsOnlyTheAdminRole() public view {
        assertTrue(pool.hasRole(DEFAULT_ADMIN_ROLE, admin));
        bytes32[7] memory roles = [
            pool.UPGRADER_ROLE(),
            pool.PAUSER_ROLE(),
            pool.RESUMER_ROLE(),
            pool.PARAMETER_ROLE(),
            pool.DEPOSITS_ROLE(),
            pool.DISTRIBUTION_ROLE(),
            pool.QUEUE_ROLE()
        ];
        for (uint256 i = 0; i < roles.length; ++i) {
            assertFalse(pool.hasRole(roles[i], admin));
        }
    }

    /// @dev External, so that a constructor's revert can be expected.
    function newImplementation(address registry_, address withdrawals, address rewards) public returns (address) {
        return implementation("StakingPool", abi.encode(registry_, withdrawals, rewards));
    }

    function test_constructor_refusesZeroAddresses() public {
        bytes memory refused = abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0));
        vm.expectRevert(refused);
        this.newImplementation(address(0), alice, alice);
        vm.expectRevert(refused);
        this.newImplementation(alice, address(0), alice);
        vm.expectRevert(refused);
        this.newImplementation(alice, alice, address(0));
    }

    function test_initialize_refusesTheZeroAdmin() public {
        address target = newImplementation(alice, alice, alice);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(target, abi.encodeCall(StakingPool.initialize, (address(0))));
    }

    /* STAKE */

    function test_stake_mintsForTheReceiver() public {
        vm.expectEmit(address(pool));
        emit IERC20.Transfer(address(0), bob, 10 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.Staked(alice, bob, mallory, 10 ether, 10 ether);
        vm.prank(alice);
        uint256 shares = pool.stake{value: 10 ether}(bob, 10 ether, mallory);
        assertEq(shares, 10 ether);
        assertEq(pool.balanceOf(bob), 10 ether);
        assertEq(pool.totalSupply(), 10 ether);
        assertEq(pool.bufferedEther(), 10 ether);
        assertEq(pool.beaconEther(), 0);
        assertEq(pool.totalPooledEther(), 10 ether);
        assertEq(address(pool).balance, 10 ether);
    }

    function test_stake_mintsAtTheRate() public {
        stakeAs(alice, 100 ether);
        frame(25 ether);
        uint256 expected = uint256(10 ether) * (100 ether + V) / (125 ether + V);
        assertEq(pool.convertToShares(10 ether), expected);
        assertEq(stakeAs(bob, 10 ether), expected);
        assertEq(pool.beaconEther(), 25 ether);
        assertEq(pool.bufferedEther(), 110 ether);
        assertEq(pool.convertToAssets(expected), expected * (135 ether + V) / (100 ether + expected + V));
        assertEq(pool.sharePrice(), uint256(1 ether) * (135 ether + V) / (100 ether + expected + V));
    }

    function test_stake_acceptsTheMinimumExactly() public {
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolBelowMinimumStake.selector, 0.001 ether - 1, 0.001 ether)
        );
        stakeAs(alice, 0.001 ether - 1);
        assertEq(stakeAs(alice, 0.001 ether), 0.001 ether);
    }

    function test_stake_fillsTheCapExactlyAndNoMore() public {
        stakeAs(alice, 31_999 ether);
        assertEq(pool.availableStake(), 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolStakeCapExceeded.selector, 32_000 ether + 1, 32_000 ether)
        );
        stakeAs(alice, 1 ether + 1);
        stakeAs(alice, 1 ether);
        assertEq(pool.totalPooledEther(), 32_000 ether);
        assertEq(pool.availableStake(), 0);
    }

    function test_stake_capCountsEtherWithValidators() public {
        stakeAs(alice, 1 ether);
        frame(64 ether);
        raiseCap(66 ether);
        assertEq(pool.availableStake(), 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolStakeCapExceeded.selector, 66 ether + 1, 66 ether)
        );
        stakeAs(alice, 1 ether + 1);
        raiseCap(64 ether);
        assertEq(pool.availableStake(), 0, "the pool may be above its cap");
    }

    function test_stake_acceptsTheSharesNamedExactly() public {
        vm.prank(alice);
        pool.stake{value: 1 ether}(alice, 1 ether, address(0));
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolInsufficientShares.selector, 1 ether, 1 ether + 1)
        );
        vm.prank(alice);
        pool.stake{value: 1 ether}(alice, 1 ether + 1, address(0));
    }

    function test_stake_refusesToMintNothing() public {
        vm.prank(parameters);
        pool.setMinimumStake(0.001 ether);
        raiseCap(2_000_000 ether);
        // 0.001 ether * V / (pooled + V) is one share at 1e24 - 1e9 wei, and none above it.
        frame(1_000_000 ether - 1 gwei + 1);
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolInsufficientShares.selector, 0, 0));
        stakeAs(alice, 0.001 ether);
        frame(1_000_000 ether - 1 gwei);
        assertEq(stakeAs(alice, 0.001 ether), 1);
    }

    function test_stake_refusesTheZeroReceiver() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        vm.prank(alice);
        pool.stake{value: 1 ether}(address(0), 0, address(0));
    }

    function test_stake_stopsWhilePaused() public {
        vm.prank(pauser);
        pool.pause();
        assertEq(pool.availableStake(), 0);
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, block.timestamp + 3 days));
        stakeAs(alice, 1 ether);
        skip(3 days);
        assertEq(pool.availableStake(), 32_000 ether);
        stakeAs(alice, 1 ether);
    }

    /* RATE LIMIT */

    /// @dev The least that is refused, and what is available, to the wei.
    function expectAvailable(uint256 available) private {
        assertEq(pool.availableStake(), available);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolStakeRateExceeded.selector, available + 1 ether, available)
        );
        stakeAs(alice, available + 1 ether);
    }

    function limitRate(uint256 limit) private {
        vm.prank(parameters);
        pool.setStakeRateLimit(limit);
    }

    function test_rateLimit_isExact() public {
        limitRate(100 ether);
        assertEq(pool.availableStake(), 100 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolStakeRateExceeded.selector, 100 ether + 1, 100 ether)
        );
        stakeAs(alice, 100 ether + 1);
        stakeAs(alice, 60 ether);
        expectAvailable(40 ether);
        stakeAs(bob, 40 ether);
        expectAvailable(0);
    }

    function test_rateLimit_drainsEvenly() public {
        limitRate(100 ether);
        stakeAs(alice, 100 ether);
        skip(6 hours);
        expectAvailable(25 ether);
        stakeAs(alice, 20 ether);
        skip(3 hours);
        expectAvailable(17.5 ether);
        skip(1 days);
        assertEq(pool.availableStake(), 100 ether, "never above the limit");
        stakeAs(alice, 100 ether);
        skip(1);
        // 100 ether in use, less 100 ether / 86,400, rounded down.
        assertEq(pool.availableStake(), uint256(100 ether) / 86_400);
    }

    function test_rateLimit_roundsUsedUnitsUp() public {
        limitRate(100 ether);
        stakeAs(alice, 1 ether + 1);
        expectAvailable(98.9999 ether);
        stakeAs(alice, 0.9999 ether);
        expectAvailable(98 ether);
    }

    function test_rateLimit_changesWithTheLimit() public {
        limitRate(100 ether);
        stakeAs(alice, 80 ether);
        limitRate(50 ether);
        expectAvailable(0);
        skip(12 hours);
        // 80 ether in use, of which 25 drained at the new rate: 55 are still above the limit.
        expectAvailable(0);
        skip(12 hours);
        expectAvailable(20 ether);
        limitRate(0);
        expectAvailable(0);
    }

    function test_rateLimit_acceptsTheMostOnOneDay() public {
        raiseCap(1_000_000 ether);
        stakeAs(alice, 400_000 ether);
        expectAvailable(0);
        skip(1 days);
        assertEq(pool.availableStake(), 400_000 ether);
    }

    /* DEPOSITS */

    function takeAs(address account, uint256 validators) private {
        vm.prank(account);
        pool.takeForDeposits(validators);
    }

    function expectTooLittle(uint256 validators, uint256 depositable) private {
        assertEq(pool.depositableEther(), depositable);
        vm.expectRevert(
            abi.encodeWithSelector(
                IStakingPool.StakingPoolInsufficientEther.selector, validators * 32 ether, depositable
            )
        );
        takeAs(address(deposits), validators);
    }

    function test_take_movesEtherToValidators() public {
        stakeAs(alice, 100 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.EtherTakenForDeposits(2, 36 ether);
        takeAs(address(deposits), 2);
        assertEq(address(deposits).balance, 64 ether);
        assertEq(address(pool).balance, 36 ether);
        assertEq(pool.bufferedEther(), 36 ether);
        assertEq(pool.beaconEther(), 64 ether);
        assertEq(pool.depositedValidators(), 2);
        assertEq(pool.sharePrice(), 1 ether);
        takeAs(address(deposits), 1);
        assertEq(pool.depositedValidators(), 3);
        assertEq(pool.beaconEther(), 96 ether);
        expectTooLittle(1, 4 ether);
    }

    function test_take_needsTheWholeSum() public {
        stakeAs(alice, 64 ether - 1);
        expectTooLittle(2, 64 ether - 1);
        takeAs(address(deposits), 1);
    }

    function test_take_leavesTheReserve() public {
        stakeAs(alice, 64 ether);
        vm.startPrank(parameters);
        pool.setReserve(32 ether + 1 gwei);
        vm.stopPrank();
        expectTooLittle(1, 32 ether - 1 gwei);
        vm.prank(parameters);
        pool.setReserve(32 ether);
        takeAs(address(deposits), 1);
        assertEq(pool.depositableEther(), 0);
        vm.prank(parameters);
        pool.setReserve(33 ether);
        assertEq(pool.depositableEther(), 0);
    }

    function test_take_leavesWhatTheQueueWaitsFor() public {
        stakeAs(alice, 64 ether);
        frame(16 ether);
        uint256 shares = 8 ether;
        requestAs(alice, shares);
        uint256 queued = pool.convertToAssets(shares);
        assertGt(queued, 9.9 ether);
        expectTooLittle(2, 64 ether - queued);
        vm.prank(parameters);
        pool.setReserve(1 ether);
        expectTooLittle(2, 63 ether - queued);
        takeAs(address(deposits), 1);
    }

    function test_take_isForTheDepositsModule() public {
        stakeAs(alice, 64 ether);
        expectUnauthorized(depositor, pool.DEPOSITS_ROLE());
        takeAs(depositor, 1);
    }

    function test_take_stopsWhilePaused() public {
        stakeAs(alice, 64 ether);
        vm.prank(pauser);
        pool.pause();
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, block.timestamp + 3 days));
        takeAs(address(deposits), 1);
    }

    /* ETHER AND SHARES */

    function test_receive_isForTheVaultsAndTheQueue() public {
        address[3] memory senders = [address(withdrawalVault), address(rewardsVault), address(queue)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.deal(senders[i], 1 ether);
            (bool sent,) = sendFrom(senders[i]);
            assertTrue(sent);
        }
        assertEq(address(pool).balance, 3 ether);
        assertEq(pool.totalPooledEther(), 0);
        address[4] memory others = [alice, admin, address(deposits), address(distribution)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.deal(others[i], 1 ether);
            (bool sent, bytes memory reason) = sendFrom(others[i]);
            assertFalse(sent);
            assertEq(
                reason, abi.encodeWithSelector(IStakingPool.StakingPoolUnexpectedEther.selector, others[i], 1 ether)
            );
        }
        assertEq(address(pool).balance, 3 ether);
    }

    function sendFrom(address account) private returns (bool sent, bytes memory reason) {
        vm.prank(account);
        (sent, reason) = address(pool).call{value: 1 ether}("");
    }

    function test_lockForWithdrawal_isForTheQueue() public {
        stakeAs(alice, 2 ether);
        expectUnauthorized(alice, pool.QUEUE_ROLE());
        vm.prank(alice);
        pool.lockForWithdrawal(alice, 1 ether, bob, 2);
        vm.expectEmit(address(pool));
        emit IERC20.Transfer(alice, address(queue), 1 ether);
        vm.startPrank(address(queue));
        pool.lockForWithdrawal(alice, 1 ether, bob, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 1 ether, 1 ether + 1)
        );
        pool.lockForWithdrawal(alice, 1 ether + 1, bob, 1);
        assertEq(pool.balanceOf(address(queue)), 1 ether);
        assertEq(pool.balanceOf(alice), 1 ether);
        assertEq(pool.positionsOf(bob), 2);
        assertEq(pool.positionsOf(alice), 0);
    }
}
