// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IReportConsensus} from "./IReportConsensus.sol";
import {IStakingPool} from "./IStakingPool.sol";

/// @title The way out: requests to withdraw, served in the order in which they were made.
/// @notice Shares go in, a transferable position (ERC-721) comes out. A report closes the requests made before it as a
/// batch, and from the set number of frames later on they are finalised, in order, as far as the pool's buffered ether
/// reaches: their shares are burnt and their ether is set aside here. A position then pays
/// shares * min(rate when its batch was closed, rate at finalisation): who leaves bears a loss that comes to light before
/// that, and takes no reward that comes after the request.
///
/// This contract cannot be upgraded and nobody has a right over the ether in it but the positions' owners. Claims and
/// transfers ask the pool nothing; `balanceOf` does, which counts claimed positions, too.
interface IWithdrawalQueue {
    /// @notice A request.
    /// @param owner Who may claim it, or claimed it.
    /// @param shares Shares that it gave.
    /// @param finalized Whether its ether is set aside.
    /// @param claimed Whether it was paid.
    /// @param assets Wei: what it pays or paid when finalised, else 0.
    struct Request {
        address owner;
        uint256 shares;
        bool finalized;
        bool claimed;
        uint256 assets;
    }

    /// @notice Shares were handed in.
    event WithdrawalRequested(uint256 indexed requestId, address indexed owner, uint256 shares);
    /// @notice A batch was closed: its requests can be finalised from frame `frame + delay` on.
    /// @param lastRequestId The last request of it.
    /// @param rate Ray (1e27) of wei per share: the most that it pays.
    event BatchClosed(uint256 indexed batch, uint256 frame, uint256 lastRequestId, uint256 rate);
    /// @notice Requests up to one were finalised.
    /// @param rate Ray (1e27) of wei per share that they pay.
    event WithdrawalsFinalized(uint256 indexed lastRequestId, uint256 shares, uint256 assets, uint256 rate);
    /// @notice A request was paid.
    event WithdrawalClaimed(
        uint256 indexed requestId, address indexed owner, address indexed recipient, uint256 assets
    );
    /// @notice A quorum of guardians stopped claims.
    /// @param until Unix time at which they go on by themselves.
    event ClaimsHeld(uint256 until);

    /// @notice Fewer shares than a request has at least.
    error WithdrawalQueueTooSmall(uint256 shares, uint256 minimum);
    /// @notice More shares than one call can split.
    error WithdrawalQueueTooLarge(uint256 shares, uint256 maximum);
    /// @notice More shares were requested, ever, than the queue can count.
    error WithdrawalQueueFull();
    /// @notice No request has this id.
    error WithdrawalQueueUnknownRequest(uint256 requestId);
    /// @notice The caller does not own the position.
    error WithdrawalQueueNotOwner(address caller, uint256 requestId);
    /// @notice The request was paid: its position is a receipt, which neither pays nor can be transferred.
    error WithdrawalQueueAlreadyClaimed(uint256 requestId);
    /// @notice The request's ether is not set aside yet.
    error WithdrawalQueueNotFinalized(uint256 requestId);
    /// @notice The hint is not the request's payout.
    error WithdrawalQueueInvalidHint(uint256 requestId, uint256 hint);
    /// @notice One hint for each request, and at least one.
    error WithdrawalQueueInvalidBatch(uint256 requests, uint256 hints);
    /// @notice Guardians stopped claims until then.
    error WithdrawalQueueClaimsHeld(uint256 until);
    /// @notice No quorum of guardians agreed to stop claims.
    error WithdrawalQueueNoEmergency(bytes32 agreed, bytes32 expected);
    /// @notice The last stop is too recent.
    /// @param from Unix time from which another is possible.
    error WithdrawalQueueHeldTooRecently(uint256 from);
    /// @notice Only the pool may.
    error WithdrawalQueueOnlyPool(address caller);
    /// @notice An address that must be set is zero.
    error WithdrawalQueueInvalidAddress();

    /// @notice Hands in the caller's shares. More than the maximum of one request are split evenly.
    /// @param shares At least the minimum.
    /// @param receiver Gets the positions.
    /// @return firstRequestId The first of them.
    /// @return lastRequestId The last of them; ids are consecutive.
    function requestWithdrawal(uint256 shares, address receiver)
        external
        returns (uint256 firstRequestId, uint256 lastRequestId);

    /// @notice Pays a finalised request. Its owner only. The position stays as a receipt that cannot be transferred.
    /// @param hint The payout that `findHint` gives; any other reverts.
    /// @param recipient Gets the ether.
    /// @return assets Wei.
    function claim(uint256 requestId, uint256 hint, address recipient) external returns (uint256 assets);

    /// @notice Pays a finalised request to its owner; finds the payout by itself.
    function claim(uint256 requestId) external returns (uint256 assets);

    /// @notice Pays finalised requests in one transfer.
    function claimBatch(uint256[] calldata requestIds, uint256[] calldata hints, address recipient)
        external
        returns (uint256 assets);

    /// @notice Stops claims for 72 hours. Anyone, once a quorum of guardians agreed on `holdDigest()`. The next stop is
    /// possible 14 days after this one ended.
    function holdClaims() external;

    /// @notice Closes the open batch and finalises what is due with the ether sent along; what is not needed goes back. The pool
    /// only, at a report or at a stale frame.
    /// @param rateBefore Ray: the rate at which the open batch's requests were made.
    /// @param rate Ray: the rate now.
    /// @param delay Frames between the close of a batch and its finalisation, at least 1.
    /// @param upTo The last request to finalise; batches closed seven frames ago are finalised beyond it.
    /// @return assets Wei set aside.
    /// @return shares Shares to be burnt.
    function processFrame(uint256 rateBefore, uint256 rate, uint256 delay, uint256 upTo)
        external
        payable
        returns (uint256 assets, uint256 shares);

    /// @notice The pool served.
    function pool() external view returns (IStakingPool);

    /// @notice The committee that may stop claims for a while.
    function guardians() external view returns (IReportConsensus);

    /// @notice What guardians agree on to stop claims; another one each time.
    function holdDigest() external view returns (bytes32);

    /// @notice Unix time until which claims are stopped; past or 0 when they are not.
    function claimsHeldUntil() external view returns (uint256);

    /// @notice A request.
    function requestOf(uint256 requestId) external view returns (Request memory);

    /// @notice The payout of a finalised request, for `claim`. O(log n).
    function findHint(uint256 requestId) external view returns (uint256 hint);

    /// @notice The last request made; ids run from 1 to it.
    function lastRequestId() external view returns (uint256);

    /// @notice The last request finalised.
    function lastFinalizedId() external view returns (uint256);

    /// @notice Shares of requests not yet finalised.
    function queuedShares() external view returns (uint256);

    /// @notice Frames processed.
    function frame() external view returns (uint256);

    /// @notice Batches closed.
    function batchCount() external view returns (uint256);

    /// @notice Payouts recorded.
    function payoutCount() external view returns (uint256);
}
