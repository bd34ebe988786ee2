// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IReportConsensus} from "./interfaces/IReportConsensus.sol";
import {IStakingPool} from "./interfaces/IStakingPool.sol";
import {IWithdrawalQueue} from "./interfaces/IWithdrawalQueue.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {QueueMath} from "./libraries/QueueMath.sol";

/// @title The way out: requests to withdraw, served in the order in which they were made.
/// @dev OpenZeppelin's ERC-721 with a storage of its own, so that a request writes one new slot: its owner, whether it was
/// claimed, and the shares of all requests up to it. How many positions an account was given is counted in the pool, in the
/// slot of its shares, and what was transferred here: neither claims nor transfers ask the pool. Rates belong to batches and
/// payouts, so a request stores none. A claimed position stays with its owner as a receipt that cannot be transferred.
contract WithdrawalQueue is IWithdrawalQueue, ERC721 {
    /// @dev A request. One slot.
    /// @param owner Who may claim it, or claimed it.
    /// @param end Shares of all requests up to it; CLAIMED beside them once it was paid.
    struct Position {
        address owner;
        uint96 end;
    }

    /// @dev What a request reads and writes. One slot.
    /// @param lastRequestId The last request made.
    /// @param requestedShares Shares of all requests ever made.
    /// @param heldUntil Unix time until which claims are stopped.
    /// @param frame Frames processed.
    struct Head {
        uint32 lastRequestId;
        uint96 requestedShares;
        uint40 heldUntil;
        uint32 frame;
    }

    /// @dev How far finalisation has come. One slot.
    /// @param lastFinalizedId The last request finalised.
    /// @param finalizedShares Shares of all requests up to it.
    /// @param nextBatch The first batch not wholly finalised.
    /// @param holds How often claims were stopped.
    /// @param payouts Payouts recorded.
    struct Tail {
        uint32 lastFinalizedId;
        uint96 finalizedShares;
        uint32 nextBatch;
        uint32 holds;
        uint32 payouts;
    }

    /// @dev Requests made between two frames.
    /// @param lastId The last of them.
    /// @param frame The frame that closed it.
    /// @param rate Ray of wei per share: the most that they pay.
    struct Batch {
        uint32 lastId;
        uint32 frame;
        uint128 rate;
    }

    /// @dev What consecutive requests pay. One slot, so that a claim reads no other.
    /// @param firstId The first of them.
    /// @param lastId The last of them; 0 where there is no payout.
    /// @param rate Ray of wei per share.
    struct Payout {
        uint32 firstId;
        uint32 lastId;
        uint128 rate;
    }

    /// @notice Shares of the smallest request: what a claim costs should not exceed what it pays.
    uint256 public constant MIN_REQUEST_SHARES = 0.0001 ether;
    /// @notice Shares of the largest request: a large leaver is served piece by piece as ether comes in.
    uint256 public constant MAX_REQUEST_SHARES = 1_000 ether;
    /// @notice The most requests that one call makes.
    uint256 public constant MAX_REQUESTS_PER_CALL = 100;
    /// @notice The most batches that one frame finalises: each costs about 26,000 gas.
    uint256 public constant MAX_BATCHES_PER_FRAME = 64;
    /// @notice Frames after its close from which a batch is finalised whether a report asks for it or not: members who withhold
    /// withdrawals do so for a week of daily frames.
    uint256 public constant FORCED_AFTER_FRAMES = 7;
    /// @notice Seconds that guardians can stop claims.
    uint256 public constant HOLD_DURATION = 72 hours;
    /// @notice Seconds between the end of a stop and the next one.
    uint256 public constant HOLD_COOLDOWN = 14 days;

    /// @dev Of a position's end: the request was claimed.
    uint256 private constant CLAIMED = 1 << 95;

    /// @inheritdoc IWithdrawalQueue
    IStakingPool public immutable override pool;
    /// @inheritdoc IWithdrawalQueue
    IReportConsensus public immutable override guardians;

    Head private _head;
    Tail private _tail;
    Batch[] private _batches;
    mapping(uint256 index => Payout) private _payouts;
    mapping(uint256 requestId => Position) private _positions;
    /// @dev Positions that came by transfers, less those that left by them.
    mapping(address owner => int256) private _moved;

    /// @dev Stops the call while claims are held.
    modifier whenNotHeld() {
        uint256 until = _head.heldUntil;
        if (block.timestamp < until) revert WithdrawalQueueClaimsHeld(until);
        _;
    }

    /// @dev Only the pool.
    modifier onlyPool() {
        if (msg.sender != address(pool)) revert WithdrawalQueueOnlyPool(msg.sender);
        _;
    }

    /// @param pool_ The pool whose shares are withdrawn.
    /// @param guardians_ The committee that may stop claims for a while.
    constructor(IStakingPool pool_, IReportConsensus guardians_) ERC721("ethstake Withdrawal", "unstETHSTAKE") {
        if (address(pool_) == address(0) || address(guardians_) == address(0)) revert WithdrawalQueueInvalidAddress();
        pool = pool_;
        guardians = guardians_;
    }

    /* REQUESTS */

    /// @inheritdoc IWithdrawalQueue
    function requestWithdrawal(uint256 shares, address receiver)
        external
        override
        returns (uint256 firstRequestId, uint256 lastRequestId_)
    {
        if (shares < MIN_REQUEST_SHARES) revert WithdrawalQueueTooSmall(shares, MIN_REQUEST_SHARES);
        uint256 pieces = Math.ceilDiv(shares, MAX_REQUEST_SHARES);
        if (pieces > MAX_REQUESTS_PER_CALL) {
            revert WithdrawalQueueTooLarge(shares, MAX_REQUESTS_PER_CALL * MAX_REQUEST_SHARES);
        }
        if (receiver == address(0)) revert ERC721InvalidReceiver(receiver);
        pool.lockForWithdrawal(msg.sender, shares, receiver, pieces);

        Head memory head = _head;
        firstRequestId = head.lastRequestId + 1;
        lastRequestId_ = head.lastRequestId + pieces;
        uint256 requested = head.requestedShares;
        uint256 end = requested + shares;
        // 2^95 shares are 300 times all ether, and 270 years of staking at the highest rate limit: only a pool that asks for
        // nothing gets there, and must not come round to requests that were made before.
        if (end >= CLAIMED) revert WithdrawalQueueFull();
        head.lastRequestId = SafeCast.toUint32(lastRequestId_);
        head.requestedShares = uint96(end);
        _head = head;

        for (uint256 id = firstRequestId; id <= lastRequestId_; ++id) {
            uint256 piece = (end - requested) / (lastRequestId_ + 1 - id);
            requested += piece;
            _positions[id] = Position(receiver, uint96(requested));
            emit Transfer(address(0), receiver, id);
            emit WithdrawalRequested(id, receiver, piece);
        }
    }

    /* CLAIMS */

    /// @inheritdoc IWithdrawalQueue
    function claim(uint256 requestId, uint256 hint, address recipient)
        external
        override
        whenNotHeld
        returns (uint256 assets)
    {
        assets = _take(requestId, hint, recipient);
        Address.sendValue(payable(recipient), assets);
    }

    /// @inheritdoc IWithdrawalQueue
    function claim(uint256 requestId) external override whenNotHeld returns (uint256 assets) {
        assets = _take(requestId, findHint(requestId), msg.sender);
        Address.sendValue(payable(msg.sender), assets);
    }

    /// @inheritdoc IWithdrawalQueue
    function claimBatch(uint256[] calldata requestIds, uint256[] calldata hints, address recipient)
        external
        override
        whenNotHeld
        returns (uint256 assets)
    {
        if (requestIds.length == 0 || requestIds.length != hints.length) {
            revert WithdrawalQueueInvalidBatch(requestIds.length, hints.length);
        }
        for (uint256 i = 0; i < requestIds.length; ++i) {
            assets += _take(requestIds[i], hints[i], recipient);
        }
        Address.sendValue(payable(recipient), assets);
    }

    /// @inheritdoc IWithdrawalQueue
    function holdClaims() external override {
        uint256 heldUntil = _head.heldUntil;
        uint256 from = heldUntil == 0 ? 0 : heldUntil + HOLD_COOLDOWN;
        if (block.timestamp < from) revert WithdrawalQueueHeldTooRecently(from);
        bytes32 expected = holdDigest();
        bytes32 agreed = guardians.agreed(Lanes.EMERGENCY);
        if (agreed != expected) revert WithdrawalQueueNoEmergency(agreed, expected);
        ++_tail.holds;
        uint256 until = block.timestamp + HOLD_DURATION;
        _head.heldUntil = uint40(until);
        emit ClaimsHeld(until);
    }

    /* FRAMES */

    /// @inheritdoc IWithdrawalQueue
    function processFrame(uint256 rateBefore, uint256 rate, uint256 delay, uint256 upTo)
        external
        payable
        override
        onlyPool
        returns (uint256 assets, uint256 shares)
    {
        uint256 frame_ = _closeBatch(rateBefore);
        Tail memory tail = _tail;
        uint256 stop = Math.min(_batches.length, tail.nextBatch + MAX_BATCHES_PER_FRAME);
        uint256 finalizedBefore = tail.finalizedShares;
        while (tail.nextBatch < stop) {
            Batch memory batch = _batches[tail.nextBatch];
            if (batch.frame + delay > frame_) break;
            uint256 payRate = Math.min(batch.rate, rate);
            uint256 wanted = batch.frame + FORCED_AFTER_FRAMES <= frame_ ? batch.lastId : Math.min(batch.lastId, upTo);
            uint256 last = _lastWithin(tail, wanted, payRate, msg.value - assets);
            if (last > tail.lastFinalizedId) assets += _finalize(tail, last, payRate);
            if (last < batch.lastId) break;
            ++tail.nextBatch;
        }
        _tail = tail;
        shares = tail.finalizedShares - finalizedBefore;
        // What is set aside came with this call: whatever the pool becomes, it cannot promise one leaver another's ether.
        if (assets < msg.value) Address.sendValue(payable(msg.sender), msg.value - assets);
    }

    /* VIEWS */

    /// @inheritdoc IWithdrawalQueue
    function holdDigest() public view override returns (bytes32) {
        return keccak256(abi.encode("holdClaims", block.chainid, address(this), _tail.holds));
    }

    /// @inheritdoc IWithdrawalQueue
    function claimsHeldUntil() external view override returns (uint256) {
        return _head.heldUntil;
    }

    /// @inheritdoc IWithdrawalQueue
    function requestOf(uint256 requestId) external view override returns (Request memory request) {
        _requireKnown(requestId);
        request.owner = _ownerOf(requestId);
        request.shares = _sharesOf(requestId);
        request.finalized = requestId <= _tail.lastFinalizedId;
        request.claimed = _isClaimed(requestId);
        if (request.finalized) {
            request.assets = QueueMath.assetsOf(request.shares, _payouts[findHint(requestId)].rate);
        }
    }

    /// @inheritdoc IWithdrawalQueue
    function findHint(uint256 requestId) public view override returns (uint256 hint) {
        if (requestId == 0 || requestId > _tail.lastFinalizedId) revert WithdrawalQueueNotFinalized(requestId);
        // The first payout whose last request is not before this one: they rise, and the last one is lastFinalizedId.
        uint256 high = _tail.payouts - 1;
        while (hint < high) {
            uint256 middle = (hint + high) / 2;
            if (_payouts[middle].lastId < requestId) hint = middle + 1;
            else high = middle;
        }
    }

    /// @inheritdoc IWithdrawalQueue
    function lastRequestId() external view override returns (uint256) {
        return _head.lastRequestId;
    }

    /// @inheritdoc IWithdrawalQueue
    function lastFinalizedId() external view override returns (uint256) {
        return _tail.lastFinalizedId;
    }

    /// @inheritdoc IWithdrawalQueue
    function queuedShares() external view override returns (uint256) {
        return _head.requestedShares - _tail.finalizedShares;
    }

    /// @inheritdoc IWithdrawalQueue
    function frame() external view override returns (uint256) {
        return _head.frame;
    }

    /// @inheritdoc IWithdrawalQueue
    function batchCount() external view override returns (uint256) {
        return _batches.length;
    }

    /// @inheritdoc IWithdrawalQueue
    function payoutCount() external view override returns (uint256) {
        return _tail.payouts;
    }

    /// @notice An owner's positions, receipts included.
    function balanceOf(address owner) public view override returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(owner);
        return SafeCast.toUint256(SafeCast.toInt256(pool.positionsOf(owner)) + _moved[owner]);
    }

    /// @notice Metadata of a position, as a data URI: a claimed one is a receipt and worth nothing.
    function tokenURI(uint256 requestId) public view override returns (string memory) {
        _requireKnown(requestId);
        return string.concat(
            'data:application/json;charset=utf-8,{"name":"ethstake withdrawal %23',
            Strings.toString(requestId),
            '","description":"A request to withdraw ',
            Strings.toString(_sharesOf(requestId)),
            ' ethSTAKE (1e-18 units)","attributes":[{"trait_type":"state","value":"',
            _isClaimed(requestId) ? "claimed" : requestId <= _tail.lastFinalizedId ? "claimable" : "waiting",
            '"}]}'
        );
    }

    /* INTERNAL */

    /// @dev Counts the frame and closes the requests made since the last one as a batch.
    function _closeBatch(uint256 rateBefore) private returns (uint256 frame_) {
        Head storage head = _head;
        frame_ = ++head.frame;
        uint256 last = head.lastRequestId;
        uint256 count = _batches.length;
        uint256 closed = count == 0 ? 0 : _batches[count - 1].lastId;
        if (last > closed) {
            // Cannot truncate: a ray rate of 2^128 is 340 billion ether a share.
            _batches.push(Batch({lastId: uint32(last), frame: uint32(frame_), rate: uint128(rateBefore)}));
            emit BatchClosed(count, frame_, last, rateBefore);
        }
    }

    /// @dev The last request, at most `last`, that so much ether pays together with all before it; lastFinalizedId when not
    /// even the next one.
    function _lastWithin(Tail memory tail, uint256 last, uint256 rate, uint256 available)
        private
        view
        returns (uint256)
    {
        uint256 low = tail.lastFinalizedId;
        uint256 base = tail.finalizedShares;
        if (last <= low || QueueMath.assetsOf(_endOf(last) - base, rate) <= available) {
            return Math.max(last, low);
        }
        // It does not reach `last`: search below it.
        uint256 high = last - 1;
        while (low < high) {
            uint256 middle = (low + high + 1) / 2;
            if (QueueMath.assetsOf(_endOf(middle) - base, rate) <= available) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    /// @dev Finalises up to a request at a rate.
    function _finalize(Tail memory tail, uint256 last, uint256 rate) private returns (uint256 assets) {
        uint256 end = _endOf(last);
        uint256 shares = end - tail.finalizedShares;
        assets = QueueMath.assetsOf(shares, rate);
        uint256 count = tail.payouts;
        if (count != 0 && _payouts[count - 1].rate == rate) {
            _payouts[count - 1].lastId = uint32(last);
        } else {
            _payouts[count] = Payout(tail.lastFinalizedId + 1, uint32(last), uint128(rate));
            tail.payouts = uint32(count + 1);
        }
        tail.lastFinalizedId = uint32(last);
        tail.finalizedShares = uint96(end);
        emit WithdrawalsFinalized(last, shares, assets, rate);
    }

    /// @dev Marks a position as claimed and gives what it pays. The caller sends it.
    function _take(uint256 requestId, uint256 hint, address recipient) private returns (uint256 assets) {
        // The pool takes the queue's ether, but counts only what a frame gives back.
        if (recipient == address(0) || recipient == address(pool)) revert WithdrawalQueueInvalidAddress();
        Position memory position = _positions[requestId];
        if (position.owner != msg.sender) revert WithdrawalQueueNotOwner(msg.sender, requestId);
        if (position.end & CLAIMED != 0) revert WithdrawalQueueAlreadyClaimed(requestId);
        Payout memory payout = _payouts[hint];
        if (payout.lastId == 0) revert WithdrawalQueueNotFinalized(requestId);
        if (requestId < payout.firstId || requestId > payout.lastId) {
            revert WithdrawalQueueInvalidHint(requestId, hint);
        }
        assets = QueueMath.assetsOf(position.end - _endOf(requestId - 1), payout.rate);
        _positions[requestId].end = uint96(position.end | CLAIMED);
        emit WithdrawalClaimed(requestId, msg.sender, recipient, assets);
    }

    /// @dev Moves a position: requestWithdrawal makes them itself, and none is burnt. A claimed one stays where it is, so that
    /// nobody can sell it as if it still paid.
    function _update(address to, uint256 requestId, address caller) internal override returns (address from) {
        from = _ownerOf(requestId);
        _checkAuthorized(from, caller, requestId);
        if (_isClaimed(requestId)) revert WithdrawalQueueAlreadyClaimed(requestId);
        _approve(address(0), requestId, address(0), false);
        _positions[requestId].owner = to;
        --_moved[from];
        ++_moved[to];
        emit Transfer(from, to, requestId);
    }

    /// @dev The owner of a position; zero where there is none.
    function _ownerOf(uint256 requestId) internal view override returns (address) {
        return _positions[requestId].owner;
    }

    /// @dev Whether a request was paid.
    function _isClaimed(uint256 requestId) private view returns (bool) {
        return _positions[requestId].end & CLAIMED != 0;
    }

    /// @dev Shares of one request.
    function _sharesOf(uint256 requestId) private view returns (uint256) {
        return _endOf(requestId) - _endOf(requestId - 1);
    }

    /// @dev Shares of all requests up to one. Request 0 does not exist and has none.
    function _endOf(uint256 requestId) private view returns (uint256) {
        return _positions[requestId].end & (CLAIMED - 1);
    }

    /// @dev Reverts for an id that no request has.
    function _requireKnown(uint256 requestId) private view {
        if (requestId == 0 || requestId > _head.lastRequestId) revert WithdrawalQueueUnknownRequest(requestId);
    }
}
