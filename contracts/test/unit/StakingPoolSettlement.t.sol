// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {stdError} from "forge-std/StdError.sol";
import {IExecutionRewardsVault} from "../../src/interfaces/IExecutionRewardsVault.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev A vault that sends another amount than it was asked for.
contract WrongVault {
    int256 private immutable DIFFERENCE;

    constructor(int256 difference) {
        DIFFERENCE = difference;
    }

    function withdrawEther(uint256 amount) external {
        send(amount);
    }

    function withdrawRewards(uint256 amount) external {
        send(amount);
    }

    function send(uint256 amount) private {
        (bool sent,) = msg.sender.call{value: uint256(int256(amount) + DIFFERENCE)}("");
        require(sent, "not sent");
    }
}

/// @dev Settlements: accounts, fees, vaults, rates handed to the queue.
contract StakingPoolSettlementTest is PoolTest {
    /* ACCOUNTS */

    function test_settle_takesEverythingIntoTheAccounts() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(withdrawalVault), 10 ether);
        vm.deal(address(rewardsVault), 10 ether);
        vm.deal(address(distribution), 1 ether);
        IStakingPool.Settlement memory settlement = settlementOf(40 ether);
        settlement.withdrawals = 3 ether;
        settlement.rewards = 0.5 ether;
        skip(1 hours);

        vm.expectEmit(address(pool));
        emit IStakingPool.Settled(143.75 ether, 100 ether, 0, 0);
        vm.expectEmit(address(withdrawalVault));
        emit IWithdrawalVault.EtherWithdrawn(address(pool), 3 ether);
        vm.expectEmit(address(rewardsVault));
        emit IExecutionRewardsVault.RewardsWithdrawn(address(pool), 0.5 ether);
        vm.prank(address(distribution));
        uint256 price = pool.settle{value: 0.25 ether}(settlement);

        assertEq(pool.bufferedEther(), 103.75 ether);
        assertEq(pool.beaconEther(), 40 ether);
        assertEq(address(pool).balance, 103.75 ether);
        assertEq(address(withdrawalVault).balance, 7 ether);
        assertEq(address(rewardsVault).balance, 9.5 ether);
        assertEq(price, uint256(1 ether) * (143.75 ether + V) / (100 ether + V));
        assertEq(pool.sharePrice(), price);
        assertEq(pool.lastFrameTime(), block.timestamp);
        assertEq(queue.frame(), 1);
    }

    function test_settle_asksAVaultOnlyForSomething() public {
        stakeAs(alice, 100 ether);
        vm.expectCall(address(withdrawalVault), abi.encodePacked(IWithdrawalVault.withdrawEther.selector), 0);
        vm.expectCall(address(rewardsVault), abi.encodePacked(IExecutionRewardsVault.withdrawRewards.selector), 0);
        frame(1 ether);
    }

    function test_settle_keepsTheRateLimit() public {
        stakeAs(alice, 100 ether);
        frame(1 ether);
        vm.prank(parameters);
        pool.setStakeRateLimit(150 ether);
        assertEq(pool.availableStake(), 50 ether);
    }

    function test_settle_goesOnWhilePaused() public {
        stakeAs(alice, 100 ether);
        vm.prank(pauser);
        pool.pause();
        assertGt(frame(1 ether), 1 ether);
    }

    function test_settle_isForTheDistribution() public {
        IStakingPool.Settlement memory settlement = settlementOf(0);
        expectUnauthorized(admin, pool.DISTRIBUTION_ROLE());
        vm.prank(admin);
        pool.settle(settlement);
    }

    function test_settle_refusesWhatDoesNotFit() public {
        IStakingPool.Settlement memory settlement = settlementOf(type(uint96).max);
        settleAs(settlement);
        assertEq(pool.totalPooledEther(), type(uint96).max);
        settlement.beaconEther += 1;
        vm.expectRevert(IStakingPool.StakingPoolInvalidSettlement.selector);
        settleAs(settlement);
        // The sum counts, not the parts.
        settlement.beaconEther = type(uint96).max;
        settlement.rewards = 1;
        vm.expectRevert(IStakingPool.StakingPoolInvalidSettlement.selector);
        settleAs(settlement);
    }

    function test_settle_refusesFeesAboveThePool() public {
        stakeAs(alice, 1 ether);
        IStakingPool.Settlement memory settlement = settlementOf(1 ether);
        (settlement.protocolFee, settlement.operatorFee) = (1 ether, 1 ether + 1);
        vm.expectRevert(IStakingPool.StakingPoolInvalidSettlement.selector);
        settleAs(settlement);
        (settlement.protocolFee, settlement.operatorFee) = (2 ether, 0);
        settleAs(settlement);
    }

    /* VAULTS */

    function expectMismatch(uint256 expected, uint256 received) private {
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolEtherMismatch.selector, expected, received));
    }

    function test_settle_refusesAnotherAmountOfTheVaults() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(withdrawalVault), 10 ether);
        vm.deal(address(rewardsVault), 10 ether);
        bytes memory more = address(new WrongVault(1)).code;
        bytes memory less = address(new WrongVault(-1)).code;
        IStakingPool.Settlement memory settlement = settlementOf(0);
        settlement.withdrawals = 2 ether;
        settlement.rewards = 1 ether;
        uint256 start = vm.snapshotState();
        vm.etch(address(withdrawalVault), less);
        expectMismatch(3 ether, 3 ether - 1);
        settleAs(settlement);
        vm.etch(address(withdrawalVault), more);
        expectMismatch(3 ether, 3 ether + 1);
        settleAs(settlement);
        vm.revertToState(start);
        vm.etch(address(rewardsVault), less);
        expectMismatch(3 ether, 3 ether - 1);
        settleAs(settlement);
        vm.etch(address(rewardsVault), more);
        expectMismatch(3 ether, 3 ether + 1);
        settleAs(settlement);
    }

    function test_settle_needsTheVaultsEther() public {
        stakeAs(alice, 100 ether);
        IStakingPool.Settlement memory settlement = settlementOf(0);
        settlement.withdrawals = 1;
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultInsufficientBalance.selector, 1, 0));
        settleAs(settlement);
    }

    /* FEES */

    /// @dev A settlement that brings `gain` with fees out of it.
    function withFees(uint256 gain, uint256 protocolFee, uint256 operatorFee)
        private
        view
        returns (IStakingPool.Settlement memory settlement)
    {
        settlement = settlementOf(pool.beaconEther() + gain);
        (settlement.protocolFee, settlement.operatorFee) = (protocolFee, operatorFee);
    }

    function test_settle_feesAreSharesOfTreasuryAndOperators() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 100 ether);
        depositKeys(0, 2);
        // 10 ether of gain, 0.7 of fees: shares at the rate of what is left.
        uint256 shares = uint256(0.7 ether) * (100 ether + V) / (109.3 ether + V);
        uint256 operatorShares = shares * 2 / 7;
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.RewardsDistributed(operatorShares, 2);
        vm.expectEmit(address(pool));
        emit IStakingPool.Settled(110 ether, 100 ether + shares, shares - operatorShares, operatorShares);
        uint256 price = settleAs(withFees(10 ether, 0.5 ether, 0.2 ether));
        assertEq(pool.balanceOf(treasury), shares - operatorShares);
        assertEq(pool.balanceOf(address(registry)), operatorShares);
        assertApproxEqAbs(registry.claimableRewards(1), operatorShares, 2);
        assertApproxEqAbs(pool.convertToAssets(pool.balanceOf(treasury)), 0.5 ether, 2);
        assertApproxEqAbs(pool.convertToAssets(operatorShares), 0.2 ether, 2);
        assertApproxEqAbs(price, uint256(1 ether) * (109.3 ether + V) / (100 ether + V), 2);
    }

    function test_settle_oneFeeAlone() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 100 ether);
        depositKeys(0, 1);
        settleAs(withFees(1 ether, 0.05 ether, 0));
        assertEq(pool.balanceOf(address(registry)), 0);
        uint256 shares = pool.balanceOf(treasury);
        assertGt(shares, 0);
        // Nobody is asked for the other one's account.
        IStakingPool.Settlement memory settlement = withFees(1 ether, 0, 0.05 ether);
        settlement.treasury = address(0);
        settleAs(settlement);
        assertEq(pool.balanceOf(treasury), shares);
        assertGt(pool.balanceOf(address(registry)), 0);
    }

    function test_settle_operatorFeeNeedsAnOperator() public {
        stakeAs(alice, 100 ether);
        IStakingPool.Settlement memory settlement = withFees(1 ether, 0.05 ether, 0.02 ether);
        vm.expectRevert(IOperatorRegistry.OperatorRegistryNoActiveKeys.selector);
        settleAs(settlement);
    }

    /// @dev Fees' shares are worth the fee, at most two wei less and never more, and nobody else pays for them twice.
    function testFuzz_settle_feesAreWorthTheFees(uint256 staked, uint256 gain, uint256 fee) public {
        staked = bound(staked, 1 ether, 30_000 ether);
        gain = bound(gain, 0, staked);
        fee = bound(fee, 0, gain / 5);
        uint256 own = stakeAs(alice, staked);
        settleAs(withFees(gain, fee, 0));
        uint256 worth = pool.convertToAssets(pool.balanceOf(treasury));
        assertLe(worth, fee);
        assertGe(worth + 3, fee);
        assertApproxEqAbs(pool.convertToAssets(own), staked + gain - fee, 2 gwei, "but for what V takes");
    }

    /* RATES FOR THE QUEUE */

    function expectFrame(uint256 rateBefore, uint256 rate, uint256 delay, uint256 upTo, uint256 available) private {
        vm.expectCall(
            address(queue), available, abi.encodeCall(IWithdrawalQueue.processFrame, (rateBefore, rate, delay, upTo))
        );
    }

    function test_settle_givesTheQueueBothRates() public {
        stakeAs(alice, 100 ether);
        requestAs(alice, 10 ether);
        vm.prank(parameters);
        pool.setWithdrawalDelay(3);
        uint256 rate = RAY * (101 ether + V) / (100 ether + V);
        expectFrame(RAY, rate, 3, 1, uint256(10 ether) * rate / RAY);
        frame(1 ether);
        // Back to where it was.
        expectFrame(rate, RAY, 3, 0, 10 ether);
        IStakingPool.Settlement memory settlement = settlementOf(0);
        settlement.finalizeUpTo = 0;
        settleAs(settlement);
    }

    function test_settle_ratesIncludeFeesAndCompensation() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(distribution), 1 ether);
        vm.deal(address(rewardsVault), 1 ether);
        IStakingPool.Settlement memory settlement = settlementOf(0);
        settlement.rewards = 1 ether;
        settlement.protocolFee = 0.1 ether;
        uint256 shares = uint256(0.1 ether) * (100 ether + V) / (101.9 ether + V);
        expectFrame(RAY, RAY * (102 ether + V) / (100 ether + shares + V), 1, 0, 0);
        vm.prank(address(distribution));
        pool.settle{value: 1 ether}(settlement);
    }

    function test_settle_clampsTheRateInALoss() public {
        stakeAs(alice, 100 ether);
        takeAll();
        frame(86 ether);
        // 90 of 100: all shares together are worth 90 ether and not a wei more.
        uint256 clamped = RAY * 90 / 100;
        assertLt(clamped, RAY * (90 ether + V) / (100 ether + V));
        expectFrame(clamped, clamped, 1, 0, 0);
        frame(86 ether);
    }

    function takeAll() private {
        vm.prank(address(deposits));
        pool.takeForDeposits(3);
    }

    function test_settle_emptyPoolHasARateOfOne() public {
        expectFrame(RAY, RAY, 1, 0, 0);
        frame(0);
    }

    /* FORGONE GAINS */

    /// @dev 200 ether, 96 of them with validators, and 40 shares queued in a batch that is closed at a rate of one.
    function withClosedBatch() private {
        stakeAs(alice, 200 ether);
        takeAll();
        requestAs(alice, 40 ether);
        frame(96 ether);
    }

    /// @dev What a frame would leave without finalising anything.
    function priceWithout(uint256 beaconEther) private returns (uint256 price) {
        uint256 start = vm.snapshotState();
        IStakingPool.Settlement memory settlement = settlementOf(beaconEther);
        settlement.finalizeUpTo = 0;
        price = settleAs(settlement);
        vm.revertToState(start);
    }

    function test_forgone_leavesWithTheLeavers() public {
        withClosedBatch();
        uint256 rate = RAY * (220 ether + V) / (200 ether + V);
        uint256 forgone = uint256(40 ether) * rate / RAY - 40 ether;
        assertApproxEqAbs(forgone, 4 ether, V);
        uint256 without = priceWithout(116 ether);
        expectFrame(RAY, rate, 1, 1, 40 ether + forgone);
        vm.expectEmit(address(pool));
        emit IStakingPool.WithdrawalsFunded(40 ether, 40 ether, forgone, 64 ether);
        uint256 price = frame(116 ether);
        assertGe(price, without);
        assertLe(price, without + 1);
        assertEq(pool.bufferedEther(), 64 ether);
        assertEq(pool.beaconEther(), 116 ether - forgone);
        assertEq(pool.totalSupply(), 160 ether);
        assertEq(address(queue).balance, 40 ether);
        assertEq(address(pool).balance, 64 ether, "what was sent too much is back");
        // The next report finds it at the validators.
        assertApproxEqAbs(frame(116 ether), uint256(180 ether) * 1e18 / 160 ether, V);
        assertEq(pool.totalPooledEther(), 180 ether);
    }

    /// @dev What the validators' accounts cannot hold back goes to the rewards vault: the rate stays in every case.
    function test_forgone_goesToTheRewardsVaultBeyondWhatIsWithValidators() public {
        uint256[3] memory left = [uint256(0), 1 ether, 3.9 ether];
        stakeAs(alice, 200 ether);
        requestAs(alice, 40 ether);
        frame(0);
        uint256 start = vm.snapshotState();
        for (uint256 i = 0; i < 3; ++i) {
            // 20 ether of rewards, in the buffer but for these: 40 shares forgo a fifth of them.
            IStakingPool.Settlement memory settlement = settlementOf(left[i]);
            settlement.rewards = 20 ether - left[i];
            vm.deal(address(rewardsVault), settlement.rewards);
            uint256 price = settleAs(settlement);
            assertEq(pool.beaconEther(), 0);
            assertApproxEqAbs(address(rewardsVault).balance, 4 ether - left[i], 1 gwei);
            assertEq(pool.totalPooledEther(), 180 ether - left[i] - address(rewardsVault).balance);
            assertApproxEqAbs(price, 1.1 ether, V);
            assertEq(address(queue).balance, 40 ether);
            vm.revertToState(start);
        }
    }

    /// @dev Nothing is forgone at a rate that fell, or stayed.
    function test_forgone_isNothingInALoss() public {
        withClosedBatch();
        frame(76 ether);
        assertEq(address(queue).balance, 36 ether);
        assertEq(pool.beaconEther(), 76 ether);
        assertApproxEqAbs(pool.sharePrice(), 0.9 ether, V);
    }

    /// @dev A finalisation never lowers the rate, and raises it by no more than rounding and what V has in a loss.
    function testFuzz_forgone_finalisationKeepsTheRate(uint256 staked, uint256 queued, uint256 later, uint256 last)
        public
    {
        staked = bound(staked, 64 ether, 10_000 ether);
        queued = bound(queued, 0.001 ether, staked - 1 ether);
        stakeAs(alice, staked);
        uint256 validators = staked * 9 / 10 / 32 ether;
        vm.prank(address(deposits));
        pool.takeForDeposits(validators);
        uint256 beacon = validators * 32 ether;
        // What pays for them came back, from the validators or as rewards.
        requestAs(alice, queued);
        frame(beacon * bound(later, 90, 130) / 100);
        beacon = beacon * bound(last, 90, 130) / 100;
        uint256 without = priceWithout(beacon);
        uint256 price = frame(beacon);
        assertGe(price, without, "never lower");
        uint256 remaining = pool.totalSupply();
        assertLe(price - without, (V + 3) * 1e18 / remaining + 1, "nor higher");
        if (without >= 1 ether && pool.beaconEther() != 0) {
            assertLe(price - without, 3e18 / remaining + 1, "up to wei");
        }
        assertEq(address(pool).balance, pool.bufferedEther());
    }

    /* FUNDING THE QUEUE */

    function test_settle_sendsAtMostWhatIsBuffered() public {
        stakeAs(alice, 100 ether);
        takeAll();
        requestAs(alice, 3 ether);
        requestAs(alice, 3 ether);
        expectFrame(RAY, RAY, 1, 2, 4 ether);
        frame(96 ether);
        expectFrame(RAY, RAY, 1, 2, 4 ether);
        vm.expectEmit(address(pool));
        emit IStakingPool.WithdrawalsFunded(3 ether, 3 ether, 0, 1 ether);
        frame(96 ether);
        assertEq(address(pool).balance, 1 ether);
        // Shares that nobody asked for count as well; what comes of them is back.
        vm.prank(alice);
        pool.transfer(address(queue), 50 ether);
        IStakingPool.Settlement memory settlement = settlementOf(96 ether);
        settlement.finalizeUpTo = 7;
        expectFrame(RAY, RAY, 1, 7, 1 ether);
        settleAs(settlement);
        assertEq(pool.bufferedEther(), 1 ether);
        assertEq(address(pool).balance, 1 ether);
    }

    function test_settle_fundsWhatIsFinalised() public {
        stakeAs(alice, 100 ether);
        frame(25 ether);
        requestAs(alice, 40 ether);
        frame(25 ether);
        uint256 rate = RAY * (125 ether + V) / (100 ether + V);
        uint256 assets = uint256(40 ether) * rate / RAY;
        vm.expectEmit(address(pool));
        emit IStakingPool.WithdrawalsFunded(assets, 40 ether, 0, 100 ether - assets);
        frame(25 ether);
        assertEq(address(queue).balance, assets);
        assertEq(pool.bufferedEther(), 100 ether - assets);
        assertEq(pool.totalPooledEther(), 125 ether - assets);
        assertEq(pool.totalSupply(), 60 ether);
        assertEq(pool.balanceOf(address(queue)), 0);
        assertEq(pool.balanceOf(alice), 60 ether);
    }

    /// @dev What the queue answers.
    function mockQueue(uint256 assets, uint256 shares) private {
        vm.mockCall(
            address(queue), abi.encodeWithSelector(IWithdrawalQueue.processFrame.selector), abi.encode(assets, shares)
        );
    }

    function test_settle_trustsTheQueueOnlyForWhatIsThere() public {
        stakeAs(alice, 100 ether);
        requestAs(alice, 10 ether);
        mockQueue(100 ether + 1, 1);
        IStakingPool.Settlement memory settlement = settlementOf(0);
        vm.expectRevert(stdError.arithmeticError);
        settleAs(settlement);
        mockQueue(100 ether, 0);
        frame(0);
        assertEq(pool.bufferedEther(), 100 ether, "no shares, no ether");
        mockQueue(100 ether, 1);
        frame(0);
        assertEq(pool.bufferedEther(), 0);
        assertEq(pool.totalSupply(), 100 ether - 1);
    }

    function test_settle_burnsSharesWorthNothing() public {
        stakeAs(alice, 100 ether);
        requestAs(alice, 10 ether);
        mockQueue(0, 10 ether);
        frame(0);
        assertEq(pool.totalSupply(), 90 ether);
        assertEq(pool.bufferedEther(), 90 ether);
        assertEq(address(rewardsVault).balance, 10 ether);
    }

    /// @dev Nobody is left: what the last ones forgo does not stay for the first to come.
    function test_settle_theLastToLeaveLeaveNothingBehind() public {
        vm.startPrank(parameters);
        distribution.setProtocolFeeBps(0);
        distribution.setOperatorFeeBps(0);
        vm.stopPrank();
        stakeAs(alice, 1_000 ether);
        requestAs(alice, 1_000 ether);
        vm.deal(address(rewardsVault), 1 ether);
        settleFrame(0);
        settleFrame(0);
        assertEq(pool.totalSupply(), 0);
        assertLe(pool.totalPooledEther(), 1 gwei);
        assertApproxEqAbs(address(rewardsVault).balance, 1 ether, 1 gwei);
        assertApproxEqRel(stakeAs(bob, 32 ether), 32 ether, 0.5e18);
    }
}
