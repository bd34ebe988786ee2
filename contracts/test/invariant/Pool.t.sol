// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Reporters} from "./handlers/Reporters.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev The pool's ether, its shares and its rate.
contract PoolInvariantsTest is InvariantBase {
    /* ETHER */

    function invariant_poolHoldsWhatIsBuffered() public view {
        assertEq(address(pool).balance, pool.bufferedEther() + handler.forced(address(pool)));
    }

    function invariant_pooledEtherIsBufferedOrWithValidators() public view {
        assertEq(pool.totalPooledEther(), pool.bufferedEther() + pool.beaconEther());
    }

    /// @dev Stakes, gains and compensation came in; losses and what was set aside for leavers or forgone by them went out;
    /// nothing else.
    function invariant_pooledEtherIsTheSumOfAllFlows() public view {
        Reporters.Sums memory s = handler.sumsOf();
        uint256 into = handler.staked() + s.gain + s.rewards + s.fromBonds + s.covered;
        assertEq(pool.totalPooledEther(), into - s.loss - handler.setAside() - handler.forgone());
    }

    function invariant_bufferedEtherIsTheSumOfItsFlows() public view {
        Reporters.Sums memory s = handler.sumsOf();
        uint256 into = handler.staked() + s.withdrawals + s.rewards + s.fromBonds + s.covered + handler.swept();
        uint256 out = 32 ether * handler.completed() + handler.setAside() + handler.forgoneOfBuffer();
        assertEq(pool.bufferedEther(), into - out);
    }

    function invariant_beaconEtherIsTheSumOfItsFlows() public view {
        Reporters.Sums memory s = handler.sumsOf();
        uint256 into = 32 ether * handler.completed() + s.gain;
        uint256 ofBeacon = handler.forgone() - handler.forgoneOfBuffer();
        assertEq(pool.beaconEther(), into - s.loss - s.withdrawals - handler.swept() - ofBeacon);
    }

    /// @dev The consensus side as it truly is differs from the pool's account of it by what reports have not brought: gains
    /// since the last one, above its bound or forgone by leavers, and losses since the last one. To the wei.
    function invariant_beaconEtherIsTheTruthAsReported() public view {
        Reporters.Sums memory s = handler.sumsOf();
        uint256 ofBeacon = handler.forgone() - handler.forgoneOfBuffer();
        uint256 known = pool.beaconEther() + handler.earned() + s.loss + ofBeacon;
        assertEq(handler.consensusEther() + handler.lost() + s.gain, known);
    }

    /// @dev The pool never counts more than there is, but for losses that no settled report has brought yet.
    function invariant_poolNeverCountsMoreThanThereIs() public view {
        assertLe(pool.beaconEther(), handler.consensusEther() + handler.lost() - handler.settledLost());
    }

    function invariant_depositableEtherLeavesQueueAndReserve() public view {
        uint256 kept = pool.convertToAssets(pool.balanceOf(address(queue))) + pool.reserve();
        uint256 buffered = pool.bufferedEther();
        assertEq(pool.depositableEther(), buffered > kept ? buffered - kept : 0);
    }

    function invariant_depositedValidatorsAreCompletedDeposits() public view {
        assertEq(pool.depositedValidators(), handler.completed());
    }

    /* SHARES */

    function invariant_supplyIsTheSumOfBalances() public view {
        uint256 sum = 0;
        address[] memory list = holders();
        for (uint256 i = 0; i < list.length; ++i) {
            sum += pool.balanceOf(list[i]);
        }
        assertEq(sum, pool.totalSupply());
    }

    /// @dev Balances change by stakes, transfers, fees, requests and finalisation, never by themselves.
    function invariant_everyBalanceIsAsTheBooksHaveIt() public view {
        address[] memory list = holders();
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(pool.balanceOf(list[i]), handler.sharesOf(list[i]));
        }
    }

    function invariant_supplyIsMintedLessBurnt() public view {
        Reporters.Sums memory s = handler.sumsOf();
        uint256 minted = handler.sharesMinted() + s.protocolShares + s.operatorShares;
        assertEq(pool.totalSupply(), minted - handler.sharesBurnt());
    }

    /// @dev All shares are worth what is pooled; in a loss up to the virtual gwei more, which the queue's rate takes off.
    function invariant_sharesAreBacked() public view {
        uint256 supply = pool.totalSupply();
        assertLe(pool.convertToAssets(supply), pool.totalPooledEther() + 1 gwei);
        assertLe(supply * handler.rateOf(pool.totalPooledEther(), supply) / 1e27, pool.totalPooledEther());
    }

    function invariant_noGainInAndOut() public view {
        uint256 amount = 1 + handler.allCalls() * 1e15;
        assertLe(pool.convertToAssets(pool.convertToShares(amount)), amount);
        assertLe(pool.convertToShares(pool.convertToAssets(amount)), amount);
    }

    /* RATE */

    function invariant_rateIsPooledEtherPerShare() public view {
        uint256 pooled = pool.totalPooledEther() + 1 gwei;
        assertEq(pool.sharePrice(), 1e18 * pooled / (pool.totalSupply() + 1 gwei));
    }

    /// @dev Compared before and after every call as a fraction, without rounding.
    function invariant_rateFallsByUncoveredLossesOnly() public view {
        assertEq(handler.rateFalls(), 0);
    }

    /// @dev Other calls than frames raise it by less than a share is worth, which is their rounding.
    function invariant_rateRisesInFramesOnly() public view {
        assertEq(handler.undueRises(), 0);
    }

    /// @dev Leavers take the whole worth of their shares out of the accounts, paid or forgone: who stays has what he had.
    function invariant_finalisationNeverMovesTheRate() public view {
        assertEq(handler.finalisationMoves(), 0);
    }

    /* LIMITS */

    function invariant_availableStakeIsWithinCapAndRate() public {
        vm.warp(handler.time());
        uint256 available = pool.availableStake();
        assertLe(available, pool.stakeRateLimit());
        if (available != 0) assertLe(pool.totalPooledEther() + available, pool.stakeCap());
    }

    function invariant_parametersAreWithinTheirBounds() public view {
        assertLe(pool.stakeCap(), pool.MAX_STAKE_CAP());
        assertLe(pool.minimumStake(), pool.MAX_MINIMUM_STAKE());
        assertGe(pool.minimumStake(), pool.MIN_MINIMUM_STAKE());
        assertLe(pool.stakeRateLimit(), pool.MAX_STAKE_RATE_LIMIT());
        assertLe(pool.reserve(), pool.MAX_RESERVE());
        assertGe(pool.withdrawalDelay(), 1);
        assertLe(pool.withdrawalDelay(), pool.MAX_WITHDRAWAL_DELAY());
        assertGe(pool.staleAfter(), pool.MIN_STALE_AFTER());
        assertLe(pool.staleAfter(), pool.MAX_STALE_AFTER());
    }

    function invariant_lastFrameIsTheLastReportOrStaleFrame() public view {
        assertEq(pool.lastFrameTime(), handler.lastFrameTime());
        assertLe(pool.lastFrameTime(), handler.time());
    }
}
