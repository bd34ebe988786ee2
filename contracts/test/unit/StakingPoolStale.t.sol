// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Frames without a report.
contract StakingPoolStaleTest is PoolTest {
    function expectNotStale(uint256 from) private {
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolNotStale.selector, from));
        pool.processStaleFrame();
    }

    function test_stale_isExact() public {
        uint256 from = block.timestamp + 7 days;
        expectNotStale(from);
        vm.warp(from - 1);
        expectNotStale(from);
        vm.warp(from);
        vm.expectEmit(address(pool));
        emit IStakingPool.StaleFrameProcessed(mallory, 0);
        vm.prank(mallory);
        pool.processStaleFrame();
        assertEq(pool.lastFrameTime(), from);
        assertEq(queue.frame(), 1);
        // Once in each such time.
        expectNotStale(from + 7 days);
        vm.warp(from + 7 days);
        pool.processStaleFrame();
        assertEq(queue.frame(), 2);
    }

    function test_stale_countsFromTheLastReport() public {
        skip(6 days);
        frame(0);
        uint256 from = block.timestamp + 7 days;
        vm.warp(from - 1);
        expectNotStale(from);
        vm.warp(from);
        pool.processStaleFrame();
    }

    function test_stale_followsItsParameter() public {
        vm.prank(parameters);
        pool.setStaleAfter(5 days);
        uint256 from = block.timestamp + 5 days;
        vm.warp(from - 1);
        expectNotStale(from);
        vm.warp(from);
        pool.processStaleFrame();
    }

    /// @dev 100 ether, 64 of them with validators.
    function withValidators() private {
        stakeAs(alice, 100 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(2);
        skip(7 days);
    }

    function test_stale_takesWhatCameBackAsPrincipal() public {
        withValidators();
        vm.deal(address(withdrawalVault), 40 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.StaleFrameProcessed(address(this), 40 ether);
        pool.processStaleFrame();
        assertEq(pool.bufferedEther(), 76 ether);
        assertEq(pool.beaconEther(), 24 ether);
        assertEq(pool.totalPooledEther(), 100 ether);
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(address(pool).balance, 76 ether);
        assertEq(address(withdrawalVault).balance, 0);
    }

    function test_stale_takesAtMostWhatValidatorsHad() public {
        withValidators();
        vm.deal(address(withdrawalVault), 70 ether);
        pool.processStaleFrame();
        assertEq(pool.bufferedEther(), 100 ether);
        assertEq(pool.beaconEther(), 0);
        assertEq(address(withdrawalVault).balance, 6 ether, "rewards wait for a report");
        skip(7 days);
        pool.processStaleFrame();
        assertEq(address(withdrawalVault).balance, 6 ether);
        assertEq(pool.totalPooledEther(), 100 ether);
    }

    function test_stale_leavesRewardsAndAnEmptyVaultAlone() public {
        withValidators();
        vm.deal(address(rewardsVault), 1 ether);
        vm.expectCall(address(withdrawalVault), abi.encodePacked(IWithdrawalVault.withdrawEther.selector), 0);
        pool.processStaleFrame();
        assertEq(address(rewardsVault).balance, 1 ether);
        assertEq(pool.bufferedEther(), 36 ether);
    }

    /// @dev The delay is one frame whatever is set; no request is beyond the last; the rate is the one there is.
    function test_stale_finalisesAllThatIsDue() public {
        stakeAs(alice, 100 ether);
        vm.prank(parameters);
        pool.setWithdrawalDelay(7);
        uint256 id = requestAs(alice, 10 ether);
        skip(7 days);
        vm.expectCall(
            address(queue), 10 ether, abi.encodeCall(IWithdrawalQueue.processFrame, (RAY, RAY, 1, type(uint32).max))
        );
        pool.processStaleFrame();
        assertEq(queue.lastFinalizedId(), 0);
        skip(7 days);
        pool.processStaleFrame();
        assertEq(queue.lastFinalizedId(), id);
        assertEq(claimAs(alice, id), 10 ether);
        assertEq(pool.sharePrice(), 1 ether);
    }

    function test_stale_usesWhatItSwept() public {
        withValidators();
        uint256 id = requestAs(alice, 50 ether);
        pool.processStaleFrame();
        vm.deal(address(withdrawalVault), 13.9 ether);
        skip(7 days);
        pool.processStaleFrame();
        assertEq(queue.lastFinalizedId(), 0, "49.9 ether do not pay 50");
        vm.deal(address(withdrawalVault), 0.1 ether);
        skip(7 days);
        pool.processStaleFrame();
        assertEq(queue.lastFinalizedId(), id);
        assertEq(pool.bufferedEther(), 0);
        assertEq(pool.beaconEther(), 50 ether);
    }

    /// @dev A vault that gives nothing keeps nobody's buffered ether back, and the accounts as they are; what it has is taken by
    /// a later frame.
    function test_stale_aVaultThatRefusesDoesNotBlock() public {
        withValidators();
        uint256 id = requestAs(alice, 20 ether);
        vm.deal(address(withdrawalVault), 40 ether);
        vm.mockCallRevert(
            address(withdrawalVault), abi.encodePacked(IWithdrawalVault.withdrawEther.selector), "refused"
        );
        pool.processStaleFrame();
        skip(7 days);
        vm.expectEmit(address(pool));
        emit IStakingPool.StaleFrameProcessed(address(this), 0);
        vm.expectEmit(address(pool));
        emit IStakingPool.WithdrawalsFunded(20 ether, 20 ether, 0, 16 ether);
        pool.processStaleFrame();
        assertEq(pool.bufferedEther(), 16 ether);
        assertEq(pool.beaconEther(), 64 ether);
        assertEq(address(pool).balance, 16 ether);
        assertEq(address(withdrawalVault).balance, 40 ether);
        assertEq(claimAs(alice, id), 20 ether);
        vm.clearMockedCalls();
        skip(7 days);
        pool.processStaleFrame();
        assertEq(pool.bufferedEther(), 56 ether);
        assertEq(pool.beaconEther(), 24 ether);
        assertEq(address(pool).balance, 56 ether);
    }

    /// @dev A caller that sends too little gas for the vault has too little for all of it: it cannot make a frame that sweeps
    /// nothing.
    function test_stale_gasDoesNotDecideWhatIsSwept() public {
        withValidators();
        vm.deal(address(withdrawalVault), 40 ether);
        uint256 start = vm.snapshotState();
        for (uint256 gas = 30_000; gas <= 400_000; gas += 2_500) {
            (bool done,) = address(pool).call{gas: gas}(abi.encodeCall(pool.processStaleFrame, ()));
            if (done) assertEq(pool.bufferedEther(), 76 ether);
            else assertLt(gas, 400_000);
            vm.revertToState(start);
        }
    }

    /// @dev All that leavers forgo is at the validators, or as much as is there: swept ether is buffered, so with all of it back
    /// there is nothing left to take it from.
    function test_stale_forgoneGoesToTheRewardsVault() public {
        stakeAs(alice, 100 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(2);
        requestAs(alice, 50 ether);
        vm.prank(parameters);
        pool.setWithdrawalDelay(7);
        frame(64 ether);
        frame(74 ether);
        uint256 price = pool.sharePrice();
        vm.deal(address(withdrawalVault), 74 ether);
        skip(7 days);
        pool.processStaleFrame();
        assertEq(address(queue).balance, 50 ether);
        assertApproxEqAbs(address(rewardsVault).balance, 5 ether, 1 gwei);
        assertEq(pool.totalPooledEther(), 60 ether - address(rewardsVault).balance);
        assertApproxEqAbs(price, 1.1 ether, 1 gwei);
        assertApproxEqAbs(pool.sharePrice(), price, 1 gwei);
    }

    function test_stale_goesOnWhilePaused() public {
        withValidators();
        vm.prank(pauser);
        pool.pause();
        pool.processStaleFrame();
    }

    /// @dev A report after stale frames: what they took as principal is missing at the validators, so nothing is counted
    /// twice and nothing is lost.
    function test_stale_losesNothingForTheNextReport() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 100 ether);
        depositKeys(0, 2);
        skip(7 days);
        // One validator left; 0.3 ether of rewards came with it.
        vm.deal(address(withdrawalVault), 32.3 ether);
        pool.processStaleFrame();
        skip(7 days);
        pool.processStaleFrame();
        vm.prank(parameters);
        distribution.setMaxIncreaseBps(100);
        settleFrame(32 ether);
        assertEq(pool.totalPooledEther(), 100.3 ether);
        assertEq(pool.bufferedEther(), 68.3 ether);
        assertEq(pool.beaconEther(), 32 ether);
        assertEq(address(pool).balance, 68.3 ether);
    }
}
