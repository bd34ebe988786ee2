// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../../src/interfaces/IRewardDistribution.sol";
import {Lanes} from "../../../src/libraries/Lanes.sol";
import {Depositors} from "./Depositors.sol";

/// @dev True reports of the model, on time, late or left out, settled by anyone; and what they must make of the protocol,
/// worked out here once more.
abstract contract Reporters is Depositors {
    /// @dev What a report must come to. All in wei.
    struct Outcome {
        uint256 headroom;
        uint256 gain;
        uint256 loss;
        uint256 fromBonds;
        uint256 surplus;
        uint256 covered;
        uint256 uncovered;
        uint256 rewards;
        uint256 protocolFee;
        uint256 operatorFee;
        uint256 withdrawals;
    }

    /// @dev Sums over all settled reports: wei as in Outcome, fees, and the fees' shares.
    struct Sums {
        uint256 gain;
        uint256 loss;
        uint256 fromBonds;
        uint256 surplus;
        uint256 covered;
        uint256 uncovered;
        uint256 rewards;
        uint256 withdrawals;
        uint256 fees;
        uint256 protocolShares;
        uint256 operatorShares;
        uint256 distributions;
        uint256 reports;
        uint256 feeSharesOfLast;
    }

    uint256 private constant GENESIS_TIME = 1_606_824_023;
    uint256 private constant SECONDS_PER_SLOT = 12;
    uint256 private constant LEAST_SLOTS_PER_FRAME = 7_200;

    bytes private pending;
    Sums internal sums;
    uint256 public lastRefSlot;
    uint256 public reportedCredited;
    uint256 public reportedSlashed;
    /// @dev Wei lost by the consensus side up to the frame last settled; and up to the one that awaits settlement.
    uint256 public settledLost;
    uint256 private pendingLost;
    /// @dev Reports left in which members ask for no finalisation.
    uint256 private withheld;
    /// @dev Reports that raised the pool or the rate by more than the bound, or that left a gain out without reaching it.
    uint256 public excessiveRises;
    uint256 public excessivePrices;
    uint256 public idleHeadroom;
    /// @dev Losses or exits above the limit that were settled without the reviewers.
    uint256 public unreviewed;

    function sumsOf() external view returns (Sums memory) {
        return sums;
    }

    /// @dev A frame ends, and members agree on its report. Somebody may settle it now, later or never.
    function closeFrame(uint256 seed) external watched {
        _snapshot(seed);
        _count("closeFrame");
    }

    /// @dev Members keep leavers waiting.
    function withhold(uint256 seed) external watched {
        withheld = 8 + seed % 8;
        _count("withhold");
    }

    function settleReport(uint256 seed) external watchedFrame {
        if (pending.length != 0 && seed % 4 != 0) _at(time + (seed >> 8) % 20 hours);
        _settle(_next(seed));
    }

    /// @dev A frame ends and its report is settled.
    function report(uint256 seed) external watchedFrame {
        _snapshot(seed);
        if (!DISTRIBUTION.paused()) _settle(_next(seed));
    }

    /// @dev The committee changes between a report's agreement and its settlement.
    function reportAcrossAChange(uint256 seed) external watchedFrame {
        _snapshot(seed);
        VM.prank(cast.membership);
        committees[CONSENSUS].setMinimumQuorum(leastQuorum[CONSENSUS]);
        _forget(CONSENSUS);
        if (!DISTRIBUTION.paused()) _settle(_next(seed));
    }

    /* INTERNAL */

    function _snapshot(uint256 seed) private {
        uint256 slots = DISTRIBUTION.epochsPerFrame() * 32;
        uint256 slot = (_max(time, GENESIS_TIME) - GENESIS_TIME + SECONDS_PER_SLOT - 1) / SECONDS_PER_SLOT;
        uint256 refSlot = (slot + slots) / slots * slots - 1;
        if (refSlot < slot) refSlot += slots;
        if (refSlot <= lastRefSlot || seed % 16 == 0) refSlot += slots;
        _at(_frameEnd(refSlot));

        IRewardDistribution.Report memory made = IRewardDistribution.Report({
            refSlot: uint64(refSlot),
            beaconBalance: uint128(activeBalance),
            creditedValidators: uint32(credited),
            slashedValidators: uint32(slashings),
            withdrawalVaultBalance: uint128(address(WITHDRAWALS).balance),
            executionVaultBalance: uint128(address(REWARDS).balance),
            finalizeUpTo: uint32(_upTo(seed))
        });
        IOperatorRegistry.OperatorUpdate[] memory updates = _updates(seed);
        pending = abi.encode(made, updates);
        pendingLost = lost;
        _agree(CONSENSUS, Lanes.REPORT, DISTRIBUTION.reportDigest(made, updates), seed >> 8);
    }

    function _upTo(uint256 seed) private returns (uint256) {
        if (withheld != 0) {
            --withheld;
            return 0;
        }
        uint256 last = QUEUE.lastRequestId();
        return seed % 8 == 1 ? seed % (last + 1) : last;
    }

    /// @dev When a report may be settled: its last slot is over.
    function _frameEnd(uint256 refSlot) private pure returns (uint256) {
        return GENESIS_TIME + (refSlot + 1) * SECONDS_PER_SLOT;
    }

    /// @dev What is new of operators, by rising id.
    function _updates(uint256 seed) private view returns (IOperatorRegistry.OperatorUpdate[] memory updates) {
        updates = new IOperatorRegistry.OperatorUpdate[](operators);
        uint256 count = 0;
        for (uint256 id = 1; id <= operators; ++id) {
            Book storage book = books[id];
            uint256 stuck = (seed >> id) % 4 == 0 ? (seed >> 16) % (book.deposited - book.exited + 1) : book.stuck;
            stuck = _min(stuck, book.deposited - book.exited);
            if (book.exited == book.reportedExits && book.unreportedLoss == 0 && stuck == book.stuck) continue;
            updates[count++] = IOperatorRegistry.OperatorUpdate(
                uint32(id), uint32(book.exited), uint32(stuck), uint128(book.unreportedLoss)
            );
        }
        assembly ("memory-safe") {
            mstore(updates, count)
        }
    }

    /// @dev Settles what awaits it. A frame that a stale one or a longer frame overtook must be refused.
    function _settle(uint256 seed) private {
        if (pending.length == 0 || DISTRIBUTION.paused()) return;
        (IRewardDistribution.Report memory made, IOperatorRegistry.OperatorUpdate[] memory updates) =
            abi.decode(pending, (IRewardDistribution.Report, IOperatorRegistry.OperatorUpdate[]));
        bytes memory data = abi.encodeCall(DISTRIBUTION.settleRewards, (made, updates));
        delete pending;
        if (_overtaken(made.refSlot)) {
            _checkRefused(data);
            _count("overtakenReport");
            return;
        }
        // Members joined or left since: those who are there must agree anew.
        bytes32 digest = DISTRIBUTION.reportDigest(made, updates);
        if (agreedOn[CONSENSUS][Lanes.REPORT] != digest) {
            _checkRefused(data);
            _agree(CONSENSUS, Lanes.REPORT, digest, seed);
            _count("agreedAnew");
        }
        Outcome memory o = _assess(made, updates);
        _requireReview(o.loss, made, updates, seed);
        _apply(updates);
        Funds memory funds = _fundsOf(o);
        uint256 aside = address(QUEUE).balance;
        VM.prank(seed % 2 == 0 ? STRANGER : memberList[CONSENSUS][0]);
        (bool ok,) = address(DISTRIBUTION).call(data);
        _check(ok, "an agreed report is settled");
        aside = address(QUEUE).balance - aside;
        _afterReport(made, o);
        _mintFees(o, funds.buffered + funds.beacon);
        _frameProcessed(funds, aside, POOL.withdrawalDelay(), made.finalizeUpTo);
        if (o.uncovered <= o.rewards) _compareRate();
        else _count("uncoveredLoss");
        if (funds.buffered + funds.beacon > pooledBefore + o.headroom) ++excessiveRises;
        _comparePrice(funds, o.headroom);
        _checkRefused(data);
        _count(time > _frameEnd(made.refSlot) ? "lateReport" : "report");
    }

    /// @dev The pool's ether once a report's is in, before leavers take theirs.
    function _fundsOf(Outcome memory o) private view returns (Funds memory funds) {
        funds.rateBefore = rateOf(pooledBefore, supplyBefore);
        funds.buffered = POOL.bufferedEther() + o.withdrawals + o.rewards + o.fromBonds + o.covered;
        funds.beacon = POOL.beaconEther() + o.gain - o.loss - o.withdrawals;
    }

    /// @dev The price itself keeps the bound, whoever leaves in the same frame and whatever they forgo.
    function _comparePrice(Funds memory funds, uint256 headroom) private {
        uint256 present = (POOL.totalPooledEther() + VIRTUAL) * (supplyBefore + VIRTUAL);
        uint256 most = (pooledBefore + headroom + VIRTUAL) * (POOL.totalSupply() + VIRTUAL);
        // What is finalised leaves the supply after the fees' shares have come to it.
        most += _rounding(funds.buffered + funds.beacon, supplyBefore + sums.feeSharesOfLast) * (supplyBefore + VIRTUAL);
        if (present > most) ++excessivePrices;
    }

    function _overtaken(uint256 refSlot) private view returns (bool) {
        uint256 slots = DISTRIBUTION.epochsPerFrame() * 32;
        return (refSlot + 1) % slots != 0 || refSlot <= lastRefSlot
            || (lastRefSlot != 0 && refSlot < lastRefSlot + LEAST_SLOTS_PER_FRAME)
            || GENESIS_TIME + refSlot * SECONDS_PER_SLOT < POOL.lastFrameTime();
    }

    function _checkRefused(bytes memory data) private {
        (bool ok,) = address(DISTRIBUTION).call(data);
        _check(!ok, "a report that must be refused");
    }

    /// @dev Who bears a loss, and what of a gain is taken: bonds, then the fund, then the rate.
    function _assess(IRewardDistribution.Report memory made, IOperatorRegistry.OperatorUpdate[] memory updates)
        private
        returns (Outcome memory o)
    {
        uint256 expected = POOL.beaconEther();
        uint256 actual = made.beaconBalance + made.withdrawalVaultBalance
            + (POOL.depositedValidators() - made.creditedValidators) * VALIDATOR_ETHER;
        o.headroom = pooledBefore * DISTRIBUTION.maxIncreaseBps() / BASIS_POINTS;
        o.gain = _min(_less(actual, expected), o.headroom);
        o.loss = _less(expected, actual);
        uint256 charged = 0;
        for (uint256 i = 0; i < updates.length; ++i) {
            charged += _min(updates[i].loss, books[updates[i].operatorId].bond);
        }
        o.fromBonds = _min(o.loss, charged);
        o.surplus = charged - o.fromBonds;
        o.covered = _min(o.loss - o.fromBonds, address(FUND).balance);
        o.uncovered = o.loss - o.fromBonds - o.covered;
        o.rewards = _min(made.executionVaultBalance, o.headroom + o.uncovered - o.gain);
        o.withdrawals = _min(made.withdrawalVaultBalance, expected + o.gain - o.loss);
        bool rest = actual > expected + o.gain || made.executionVaultBalance > o.rewards;
        if (rest && o.gain + o.rewards < o.headroom) ++idleHeadroom;
    }

    /// @dev A loss above the limit, of the pool or of operators, or many exits, are refused until the reviewers agree too.
    function _requireReview(
        uint256 loss,
        IRewardDistribution.Report memory made,
        IOperatorRegistry.OperatorUpdate[] memory updates,
        uint256 seed
    ) private {
        uint256 laid = 0;
        uint256 exits = 0;
        for (uint256 i = 0; i < updates.length; ++i) {
            laid += updates[i].loss;
            exits += updates[i].exitedKeys - books[updates[i].operatorId].reportedExits;
        }
        bool many = exits > _max(16, _activeKeys() * 500 / BASIS_POINTS);
        bool large = _max(loss, laid) > pooledBefore * DISTRIBUTION.maxLossBps() / BASIS_POINTS;
        if (!many && !large) return;
        (bool ok,) = address(DISTRIBUTION).call(abi.encodeCall(DISTRIBUTION.settleRewards, (made, updates)));
        if (ok) ++unreviewed;
        _agree(REVIEW, Lanes.REPORT, DISTRIBUTION.reportDigest(made, updates), seed);
        if (large) _count("reviewedLoss");
        if (many) _count("reviewedExits");
    }

    /// @dev Takes the news of operators into the books.
    function _apply(IOperatorRegistry.OperatorUpdate[] memory updates) private {
        for (uint256 i = 0; i < updates.length; ++i) {
            Book storage book = books[updates[i].operatorId];
            uint256 charged = _min(updates[i].loss, book.bond);
            book.bond -= charged;
            bondCharged += charged;
            book.unreportedLoss -= updates[i].loss;
            book.reportedExits = updates[i].exitedKeys;
            book.stuck = updates[i].stuckKeys;
        }
    }

    function _afterReport(IRewardDistribution.Report memory made, Outcome memory o) private {
        lastRefSlot = made.refSlot;
        reportedCredited = made.creditedValidators;
        reportedSlashed = made.slashedValidators;
        settledLost = pendingLost;
        sums.gain += o.gain;
        sums.loss += o.loss;
        sums.fromBonds += o.fromBonds;
        sums.surplus += o.surplus;
        sums.covered += o.covered;
        sums.uncovered += o.uncovered;
        sums.rewards += o.rewards;
        sums.withdrawals += o.withdrawals;
        ++sums.reports;
        if (o.gain == o.headroom && o.gain != 0) _count("boundedGain");
        if (o.fromBonds != 0) _count("bondsPaid");
        if (o.surplus != 0) _count("bondsPaidMore");
        if (o.covered != 0) _count("fundPaid");
    }

    /// @dev Fees are on what the stakers gain on balance; their shares are worth them at the rate after them.
    function _mintFees(Outcome memory o, uint256 pooled) private {
        uint256 active = _activeKeys();
        uint256 net = _less(o.gain + o.rewards, o.uncovered);
        o.protocolFee = net * DISTRIBUTION.protocolFeeBps() / BASIS_POINTS;
        o.operatorFee = active == 0 ? 0 : net * DISTRIBUTION.operatorFeeBps() / BASIS_POINTS;
        uint256 fees = o.protocolFee + o.operatorFee;
        sums.fees += fees;
        sums.feeSharesOfLast = 0;
        if (fees == 0) return;
        uint256 shares = fees * (supplyBefore + VIRTUAL) / (pooled - fees + VIRTUAL);
        uint256 operatorShares = shares * o.operatorFee / fees;
        sums.feeSharesOfLast = shares;
        sums.operatorShares += operatorShares;
        sums.protocolShares += shares - operatorShares;
        if (operatorShares != 0) ++sums.distributions;
        sharesOf[DISTRIBUTION.treasury()] += shares - operatorShares;
        sharesOf[address(REGISTRY)] += operatorShares;
        _count("fees");
    }

    /// @dev Validators by the last report.
    function _activeKeys() private view returns (uint256 active) {
        for (uint256 id = 1; id <= operators; ++id) {
            active += books[id].deposited - books[id].reportedExits;
        }
    }
}
