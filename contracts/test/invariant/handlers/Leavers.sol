// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IWithdrawalQueue} from "../../../src/interfaces/IWithdrawalQueue.sol";
import {Stakers} from "./Stakers.sol";

/// @dev Who leaves; and the queue as a plain list, which each frame is compared with.
abstract contract Leavers is Stakers {
    /// @dev A request by the handler's own books.
    /// @param closed The frame that closed its batch; 0 before.
    /// @param finalized The frame that finalised it; 0 before.
    /// @param closeRate The rate at the close.
    /// @param frameRate The rate at the finalisation.
    struct Position {
        address owner;
        uint96 shares;
        uint32 closed;
        uint32 finalized;
        bool claimed;
        uint256 closeRate;
        uint256 frameRate;
    }

    /// @dev The pool's ether when a frame is processed: all that comes with it is in.
    struct Funds {
        uint256 rateBefore;
        uint256 buffered;
        uint256 beacon;
    }

    /// @dev The walk over a frame.
    struct Walk {
        uint256 available;
        uint256 total;
        uint256 chunk;
        uint256 chunkRate;
        uint256 batch;
    }

    uint256 private constant LEAST = 0.0001 ether;
    /// @dev Frames after its close from which a request is served whatever a report asks for.
    uint256 private constant FORCED_AFTER = 7;

    Position[] private _positions;
    uint256 public frames;
    uint256 public finalizedUpTo;
    /// @dev Wei set aside, and paid.
    uint256 public setAside;
    uint256 public paid;
    uint256 public sharesBurnt;
    uint256 public staleFrames;
    uint256 public swept;
    uint256 public lastFrameTime;
    /// @dev Wei that leavers forwent: the worth of their shares at the rate of the frame less what they are paid. It leaves
    /// beaconEther, and what is above that goes from the buffer to the rewards vault.
    uint256 public forgone;
    uint256 public forgoneOfBuffer;
    /// @dev Times that a finalisation moved the rate by more than rounding.
    uint256 public finalisationMoves;

    constructor() {
        lastFrameTime = block.timestamp;
    }

    function positionCount() external view returns (uint256) {
        return _positions.length;
    }

    /// @param id From 1.
    function positionOf(uint256 id) external view returns (Position memory) {
        return _positions[id - 1];
    }

    /// @dev What a finalised position pays.
    function payoutOf(uint256 id) public view returns (uint256) {
        Position storage position = _positions[id - 1];
        return uint256(position.shares) * _min(position.closeRate, position.frameRate) / RAY;
    }

    /* REQUESTS */

    function request(uint256 who, uint256 shares, uint256 to) external {
        uint256 balance = POOL.balanceOf(stakerAt(who));
        if (balance < LEAST) return;
        _request(stakerAt(who), _within(shares, LEAST, _min(balance, 100 ether)), stakerAt(to));
        _count("request");
    }

    /// @dev All of it; in pieces when it is more than one request can be.
    function requestAll(uint256 who, uint256 to) external {
        uint256 balance = POOL.balanceOf(stakerAt(who));
        if (balance < LEAST || balance > 100_000 ether) return;
        _request(stakerAt(who), balance, stakerAt(to));
        if (balance > 1_000 ether) _count("requestInPieces");
        _count("requestAll");
    }

    function transferPosition(uint256 seed, uint256 to) external watched {
        uint256 id = _unclaimed(seed, _positions.length);
        if (id == 0) return;
        address owner = _positions[id - 1].owner;
        VM.prank(owner);
        QUEUE.transferFrom(owner, stakerAt(to), id);
        _positions[id - 1].owner = stakerAt(to);
        _count("transferPosition");
    }

    /* CLAIMS */

    function claim(uint256 seed) external watched {
        uint256 id = _claimable(seed);
        if (id == 0) return;
        address owner = _positions[id - 1].owner;
        uint256 balance = owner.balance;
        VM.prank(owner);
        uint256 assets = QUEUE.claim(id);
        _check(owner.balance - balance == assets, "a claim pays its owner");
        _claimed(id, assets);
        _count("claim");
    }

    function claimTo(uint256 seed, uint256 to) external watched {
        uint256 id = _claimable(seed);
        if (id == 0) return;
        uint256 balance = stakerAt(to).balance;
        uint256 hint = QUEUE.findHint(id);
        VM.prank(_positions[id - 1].owner);
        uint256 assets = QUEUE.claim(id, hint, stakerAt(to));
        _check(stakerAt(to).balance - balance == assets, "a claim pays its recipient");
        _claimed(id, assets);
        _count("claimTo");
    }

    /// @dev All claims of one owner.
    function claimBatch(uint256 seed) external watched {
        uint256 first = _claimable(seed);
        if (first == 0) return;
        address owner = _positions[first - 1].owner;
        uint256[] memory ids = new uint256[](16);
        uint256 count = 0;
        uint256 sum = 0;
        for (uint256 id = first; id <= finalizedUpTo && count < 16; ++id) {
            if (_positions[id - 1].claimed || _positions[id - 1].owner != owner) continue;
            ids[count++] = id;
            sum += payoutOf(id);
        }
        assembly ("memory-safe") {
            mstore(ids, count)
        }
        uint256[] memory hints = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            hints[i] = QUEUE.findHint(ids[i]);
        }
        VM.prank(owner);
        _check(QUEUE.claimBatch(ids, hints, owner) == sum, "a batch pays the sum");
        for (uint256 i = 0; i < count; ++i) {
            _claimed(ids[i], payoutOf(ids[i]));
        }
        _count("claimBatch");
    }

    /* FRAMES WITHOUT REPORTS */

    function staleFrame(uint256 seed) external watchedFrame {
        uint256 from = POOL.lastFrameTime() + POOL.staleAfter();
        // Not always: it is for when reports stay away, and leaps over days.
        if (time < from) {
            if (seed % 3 != 0) return;
            _at(from);
        }
        Funds memory funds = Funds(rateOf(pooledBefore, supplyBefore), POOL.bufferedEther(), POOL.beaconEther());
        uint256 sweep = _min(address(WITHDRAWALS).balance, funds.beacon);
        funds.buffered += sweep;
        funds.beacon -= sweep;
        uint256 aside = address(QUEUE).balance;
        VM.prank(stakerAt(seed >> 8));
        POOL.processStaleFrame();
        swept += sweep;
        ++staleFrames;
        _frameProcessed(funds, address(QUEUE).balance - aside, 1, type(uint32).max);
        _compareRate();
        _count("staleFrame");
    }

    /* INTERNAL */

    function _request(address owner, uint256 shares, address receiver) private watched {
        VM.prank(owner);
        (uint256 first, uint256 last) = QUEUE.requestWithdrawal(shares, receiver);
        _check(first == _positions.length + 1, "ids are consecutive");
        for (uint256 id = first; id <= last; ++id) {
            IWithdrawalQueue.Request memory made = QUEUE.requestOf(id);
            _check(made.owner == receiver && !made.finalized, "a new request");
            _positions.push(Position(receiver, uint96(made.shares), 0, 0, false, 0, 0));
            shares -= made.shares;
            _moveShares(owner, address(QUEUE), made.shares);
        }
        _check(shares == 0, "pieces add up");
    }

    function _claimed(uint256 id, uint256 assets) private {
        _check(assets == payoutOf(id), "a claim pays what was set aside");
        _positions[id - 1].claimed = true;
        paid += assets;
        etherOut += assets;
    }

    /// @dev A finalised request that can be claimed now, 0 when none.
    function _claimable(uint256 seed) internal view returns (uint256) {
        if (time < QUEUE.claimsHeldUntil()) return 0;
        return _unclaimed(seed, finalizedUpTo);
    }

    /// @dev An unclaimed one of the first requests, 0 when none.
    function _unclaimed(uint256 seed, uint256 last) internal view returns (uint256) {
        for (uint256 i = 0; i < last; ++i) {
            uint256 id = 1 + (seed % last + i) % last;
            if (!_positions[id - 1].claimed) return id;
        }
        return 0;
    }

    /// @dev Goes through the list of requests as a frame must: closes the open ones, then serves one after the other while
    /// they are due and the ether reaches. The queue must have come as far, and set aside as much.
    function _frameProcessed(Funds memory funds, uint256 assets, uint256 delay, uint256 upTo) internal {
        ++frames;
        lastFrameTime = time;
        for (uint256 id = _positions.length; id > 0 && _positions[id - 1].closed == 0; --id) {
            _positions[id - 1].closed = uint32(frames);
            _positions[id - 1].closeRate = funds.rateBefore;
        }
        uint256 last = QUEUE.lastFinalizedId();
        uint256 burnt = 0;
        for (uint256 id = finalizedUpTo + 1; id <= last; ++id) {
            burnt += _positions[id - 1].shares;
        }
        uint256 rate = rateOf(funds.buffered + funds.beacon, POOL.totalSupply() + burnt);
        // No more than all queued shares are worth.
        uint256 queued = (POOL.balanceOf(address(QUEUE)) + burnt) * rate / RAY;
        Walk memory walk = Walk(_min(funds.buffered, queued), 0, 0, 0, 0);
        for (uint256 id = finalizedUpTo + 1; id <= last; ++id) {
            _check(_serve(walk, id, rate, delay, upTo), "a request was finalised out of turn");
            _positions[id - 1].finalized = uint32(frames);
            _positions[id - 1].frameRate = rate;
            if (id > upTo) _count("forced");
        }
        _check(walk.total + walk.chunk * walk.chunkRate / RAY == assets, "what is set aside");
        _check(
            last == _positions.length || !_serve(walk, last + 1, rate, delay, upTo),
            "a request that was due is not finalised"
        );
        finalizedUpTo = last;
        setAside += assets;
        _forgo(funds, assets, burnt, rate);
        sharesBurnt += burnt;
        sharesOf[address(QUEUE)] -= burnt;
    }

    /// @dev Finalised shares take their whole worth out of the accounts, so that the rate of the others stays: what leavers are
    /// not paid is recognised anew by later reports.
    function _forgo(Funds memory funds, uint256 assets, uint256 burnt, uint256 rate) private {
        uint256 more = _less(burnt * rate / RAY, assets);
        uint256 ofBeacon = _min(more, funds.beacon);
        _check(POOL.beaconEther() == funds.beacon - ofBeacon, "what is forgone leaves the validators' account");
        _check(POOL.bufferedEther() == funds.buffered - assets - (more - ofBeacon), "the buffer pays the rest");
        forgone += more;
        forgoneOfBuffer += more - ofBeacon;
        if (more != 0) _count("forgone");
        if (more != ofBeacon) _count("forgoneOfBuffer");

        uint256 pooled = funds.buffered + funds.beacon + VIRTUAL;
        uint256 supply = POOL.totalSupply() + burnt + VIRTUAL;
        uint256 present = (POOL.totalPooledEther() + VIRTUAL) * supply;
        uint256 before = pooled * (POOL.totalSupply() + VIRTUAL);
        if (present < before || present > before + _rounding(pooled, supply) * supply) ++finalisationMoves;
    }

    /// @dev Wei by which a finalisation may favour the holders that stay: rounding; and up to the virtual gwei in a loss, when
    /// leavers are not paid its share of the pool.
    function _rounding(uint256 pooled, uint256 supply) internal pure returns (uint256) {
        return pooled < supply ? 4 + VIRTUAL : 4;
    }

    /// @dev Whether a request is served next. The requests of one batch are set aside for together.
    function _serve(Walk memory walk, uint256 id, uint256 rate, uint256 delay, uint256 upTo)
        private
        view
        returns (bool)
    {
        Position storage position = _positions[id - 1];
        if (position.closed + delay > frames) return false;
        if (id > upTo && position.closed + FORCED_AFTER > frames) return false;
        if (position.closed != walk.batch) {
            walk.total += walk.chunk * walk.chunkRate / RAY;
            walk.chunk = 0;
            walk.chunkRate = _min(position.closeRate, rate);
            walk.batch = position.closed;
        }
        walk.chunk += position.shares;
        return walk.total + walk.chunk * walk.chunkRate / RAY <= walk.available;
    }
}
