// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBound} from "../../src/interfaces/IBound.sol";
import {IExpiringPause} from "../../src/interfaces/IExpiringPause.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Parameters, the expiring pause and the roles of modules.
contract StakingPoolParametersTest is PoolTest {
    /* PARAMETERS */

    function test_parameters_areSetAndTold() public {
        vm.startPrank(parameters);
        vm.expectEmit(address(pool));
        emit IStakingPool.StakeCapSet(5 ether);
        pool.setStakeCap(5 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.MinimumStakeSet(1 ether);
        pool.setMinimumStake(1 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.StakeRateLimitSet(3 ether);
        pool.setStakeRateLimit(3 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.ReserveSet(7 ether);
        pool.setReserve(7 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.WithdrawalDelaySet(4);
        pool.setWithdrawalDelay(4);
        vm.expectEmit(address(pool));
        emit IStakingPool.StaleAfterSet(9 days);
        pool.setStaleAfter(9 days);
        assertEq(pool.stakeCap(), 5 ether);
        assertEq(pool.minimumStake(), 1 ether);
        assertEq(pool.stakeRateLimit(), 3 ether);
        assertEq(pool.reserve(), 7 ether);
        assertEq(pool.withdrawalDelay(), 4);
        assertEq(pool.staleAfter(), 9 days);
    }

    function test_parameters_areWholeGwei() public {
        vm.startPrank(parameters);
        vm.expectEmit(address(pool));
        emit IStakingPool.StakeCapSet(5 ether);
        pool.setStakeCap(5 ether + 1 gwei - 1);
        vm.expectEmit(address(pool));
        emit IStakingPool.MinimumStakeSet(1 ether);
        pool.setMinimumStake(1 ether + 1 gwei - 1);
        vm.expectEmit(address(pool));
        emit IStakingPool.StakeRateLimitSet(3 ether);
        pool.setStakeRateLimit(3 ether + 1 gwei - 1);
        vm.expectEmit(address(pool));
        emit IStakingPool.ReserveSet(7 ether);
        pool.setReserve(7 ether + 1 gwei - 1);
        assertEq(pool.stakeCap(), 5 ether);
        assertEq(pool.minimumStake(), 1 ether);
        assertEq(pool.stakeRateLimit(), 3 ether);
        assertEq(pool.reserve(), 7 ether);
    }

    function test_parameters_acceptTheirBounds() public {
        vm.startPrank(parameters);
        pool.setMinimumStake(0.001 ether);
        assertEq(pool.minimumStake(), 0.001 ether);
        pool.setMinimumStake(32 ether);
        assertEq(pool.minimumStake(), 32 ether);
        pool.setStakeRateLimit(0);
        assertEq(pool.stakeRateLimit(), 0);
        pool.setStakeRateLimit(400_000 ether);
        assertEq(pool.stakeRateLimit(), 400_000 ether);
        pool.setReserve(100_000 ether);
        assertEq(pool.reserve(), 100_000 ether);
        pool.setReserve(0);
        assertEq(pool.reserve(), 0);
        pool.setWithdrawalDelay(7);
        assertEq(pool.withdrawalDelay(), 7);
        pool.setWithdrawalDelay(1);
        assertEq(pool.withdrawalDelay(), 1);
        pool.setStaleAfter(30 days);
        assertEq(pool.staleAfter(), 30 days);
        pool.setStaleAfter(5 days);
        assertEq(pool.staleAfter(), 5 days);
    }

    function expectOutOfBounds(uint256 value, uint256 minimum, uint256 maximum) private {
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolInvalidParameter.selector, value, minimum, maximum)
        );
    }

    function test_parameters_refuseWhatIsOutOfBounds() public {
        vm.startPrank(parameters);
        expectOutOfBounds(0.001 ether - 1, 0.001 ether, 32 ether);
        pool.setMinimumStake(0.001 ether - 1);
        expectOutOfBounds(32 ether + 1, 0.001 ether, 32 ether);
        pool.setMinimumStake(32 ether + 1);
        expectOutOfBounds(400_000 ether + 1, 0, 400_000 ether);
        pool.setStakeRateLimit(400_000 ether + 1);
        expectOutOfBounds(100_000 ether + 1, 0, 100_000 ether);
        pool.setReserve(100_000 ether + 1);
        expectOutOfBounds(0, 1, 7);
        pool.setWithdrawalDelay(0);
        expectOutOfBounds(8, 1, 7);
        pool.setWithdrawalDelay(8);
        expectOutOfBounds(5 days - 1, 5 days, 30 days);
        pool.setStaleAfter(5 days - 1);
        expectOutOfBounds(30 days + 1, 5 days, 30 days);
        pool.setStaleAfter(30 days + 1);
    }

    function test_stakeCap_risesInSteps() public {
        vm.startPrank(parameters);
        expectOutOfBounds(160_000 ether + 1, 0, 160_000 ether);
        pool.setStakeCap(160_000 ether + 1);
        pool.setStakeCap(160_000 ether);
        skip(7 days);
        pool.setStakeCap(800_000 ether);
        skip(7 days);
        pool.setStakeCap(1_999_999 ether);
        skip(7 days);
        expectOutOfBounds(9_999_995 ether + 1, 0, 9_999_995 ether);
        pool.setStakeCap(9_999_995 ether + 1);
        pool.setStakeCap(2_000_000 ether);
        skip(7 days);
        expectOutOfBounds(10_000_000 ether + 1, 0, 10_000_000 ether);
        pool.setStakeCap(10_000_000 ether + 1);
        pool.setStakeCap(10_000_000 ether);
        expectOutOfBounds(10_000_000 ether + 1, 0, 10_000_000 ether);
        pool.setStakeCap(10_000_000 ether + 1);
        assertEq(pool.stakeCap(), 10_000_000 ether);
    }

    function expectRaisedTooRecently(uint256 from) private {
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolStakeCapRaisedTooRecently.selector, from));
    }

    function test_stakeCap_isRaisedOnceAWeek() public {
        vm.startPrank(parameters);
        uint256 from = block.timestamp + 7 days;
        pool.setStakeCap(32_000 ether + 1 gwei);
        expectRaisedTooRecently(from);
        pool.setStakeCap(32_000 ether + 2 gwei);
        vm.warp(from - 1);
        expectRaisedTooRecently(from);
        pool.setStakeCap(160_000 ether);
        vm.warp(from);
        pool.setStakeCap(160_000 ether);
        expectRaisedTooRecently(from + 7 days);
        pool.setStakeCap(160_000 ether + 1 gwei);
    }

    /// @dev The same again is no raise, lower is at any time; up again is a raise like any other.
    function test_stakeCap_isLoweredFreely() public {
        vm.startPrank(parameters);
        uint256 from = block.timestamp + 7 days;
        pool.setStakeCap(100_000 ether);
        pool.setStakeCap(100_000 ether);
        skip(6 days);
        pool.setStakeCap(99_999 ether);
        pool.setStakeCap(0);
        expectRaisedTooRecently(from);
        pool.setStakeCap(1 ether);
        vm.warp(from);
        pool.setStakeCap(32_000 ether);
        assertEq(pool.stakeCap(), 32_000 ether);
    }

    /// @dev A raise that is refused for its size does not use up the week's.
    function test_stakeCap_aRefusedRaiseIsNone() public {
        vm.startPrank(parameters);
        expectOutOfBounds(160_000 ether + 1, 0, 160_000 ether);
        pool.setStakeCap(160_000 ether + 1);
        pool.setStakeCap(160_000 ether);
    }

    function test_stakeCap_mayCloseStakingAndOpenAgain() public {
        vm.startPrank(parameters);
        pool.setStakeCap(0);
        assertEq(pool.availableStake(), 0);
        // From below the initial cap a step leads to the initial one, however low it was.
        expectOutOfBounds(32_000 ether + 1, 0, 32_000 ether);
        pool.setStakeCap(32_000 ether + 1);
        pool.setStakeCap(6_400 ether);
        skip(7 days);
        expectOutOfBounds(32_000 ether + 1, 0, 32_000 ether);
        pool.setStakeCap(32_000 ether + 1);
        pool.setStakeCap(6_401 ether);
        skip(7 days);
        pool.setStakeCap(32_005 ether);
        assertEq(pool.stakeCap(), 32_005 ether);
    }

    function test_parameters_areForTheirRole() public {
        bytes32 role = pool.PARAMETER_ROLE();
        vm.startPrank(admin);
        expectUnauthorized(admin, role);
        pool.setStakeCap(1);
        expectUnauthorized(admin, role);
        pool.setMinimumStake(0.001 ether);
        expectUnauthorized(admin, role);
        pool.setStakeRateLimit(1);
        expectUnauthorized(admin, role);
        pool.setReserve(1);
        expectUnauthorized(admin, role);
        pool.setWithdrawalDelay(1);
        expectUnauthorized(admin, role);
        pool.setStaleAfter(5 days);
    }

    /* PAUSE */

    function test_pause_expires() public {
        uint256 until = block.timestamp + 3 days;
        assertEq(pool.pausedUntil(), 0);
        assertEq(pool.nextPauseFrom(), 0);
        vm.expectEmit(address(pool));
        emit IExpiringPause.Paused(pauser, until);
        vm.prank(pauser);
        pool.pause();
        assertTrue(pool.paused());
        assertEq(pool.pausedUntil(), until);
        assertEq(pool.nextPauseFrom(), until + 3 days);
        vm.warp(until - 1);
        assertTrue(pool.paused());
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, until));
        stakeAs(alice, 1 ether);
        vm.warp(until);
        assertFalse(pool.paused());
        stakeAs(alice, 1 ether);
        vm.expectRevert(IExpiringPause.ExpectedPause.selector);
        vm.prank(resumer);
        pool.unpause();
    }

    function test_pause_cannotBeRepeatedAtOnce() public {
        vm.startPrank(pauser);
        uint256 next = block.timestamp + 6 days;
        pool.pause();
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.PauseTooSoon.selector, next));
        pool.pause();
        vm.warp(next - 1);
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.PauseTooSoon.selector, next));
        pool.pause();
        vm.warp(next);
        pool.pause();
        assertEq(pool.pausedUntil(), next + 3 days);
        assertEq(pool.nextPauseFrom(), next + 6 days);
    }

    function test_pause_endsEarly() public {
        uint256 next = block.timestamp + 6 days;
        vm.startPrank(resumer);
        vm.expectRevert(IExpiringPause.ExpectedPause.selector);
        pool.unpause();
        vm.stopPrank();
        vm.prank(pauser);
        pool.pause();
        skip(1 hours);
        vm.expectEmit(address(pool));
        emit IExpiringPause.Unpaused(resumer);
        vm.prank(resumer);
        pool.unpause();
        assertFalse(pool.paused());
        assertEq(pool.pausedUntil(), block.timestamp);
        assertEq(pool.nextPauseFrom(), next, "the next pause comes no sooner");
        stakeAs(alice, 1 ether);
    }

    function test_pause_isForItsRoles() public {
        bytes32 pauserRole = pool.PAUSER_ROLE();
        bytes32 resumerRole = pool.RESUMER_ROLE();
        expectUnauthorized(resumer, pauserRole);
        vm.prank(resumer);
        pool.pause();
        vm.prank(pauser);
        pool.pause();
        expectUnauthorized(pauser, resumerRole);
        vm.prank(pauser);
        pool.unpause();
        assertEq(pool.PAUSE_DURATION(), 3 days);
        assertEq(pool.PAUSE_COOLDOWN(), 3 days);
        assertEq(pauserRole, keccak256("PAUSER_ROLE"));
        assertEq(resumerRole, keccak256("RESUMER_ROLE"));
    }

    /* MODULES' ROLES */

    function test_moduleRoles_areBoundToTheirFirstHolder() public {
        bytes32[3] memory roles = [pool.QUEUE_ROLE(), pool.DEPOSITS_ROLE(), pool.DISTRIBUTION_ROLE()];
        address[3] memory holders = [address(queue), address(deposits), address(distribution)];
        vm.startPrank(admin);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(pool.boundAccount(roles[i]), holders[i]);
            vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, roles[i], holders[i], mallory));
            pool.grantRole(roles[i], mallory);
            pool.revokeRole(roles[i], holders[i]);
            assertFalse(pool.hasRole(roles[i], holders[i]));
            // Also while nobody holds it.
            vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, roles[i], holders[i], mallory));
            pool.grantRole(roles[i], mallory);
            pool.grantRole(roles[i], holders[i]);
            assertTrue(pool.hasRole(roles[i], holders[i]));
        }
        assertEq(pool.boundAccount(pool.PARAMETER_ROLE()), address(0));
        pool.grantRole(pool.PARAMETER_ROLE(), mallory);
        pool.grantRole(pool.PARAMETER_ROLE(), bob);
    }

    function test_moduleRoles_bindOnceAndNotToNobody() public {
        StakingPool fresh = StakingPool(
            payable(proxied(
                    "StakingPool", abi.encode(alice, alice, alice), abi.encodeCall(StakingPool.initialize, (admin))
                ))
        );
        assertEq(fresh.withdrawalQueue(), address(0));
        bytes32 role = fresh.QUEUE_ROLE();
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        fresh.grantRole(role, address(0));
        vm.expectEmit(address(fresh));
        emit IBound.RoleBound(role, alice);
        fresh.grantRole(role, alice);
        assertTrue(fresh.hasRole(role, alice));
        assertEq(fresh.withdrawalQueue(), alice);
        vm.recordLogs();
        fresh.grantRole(role, alice);
        assertEq(vm.getRecordedLogs().length, 0, "bound already");
    }
}
