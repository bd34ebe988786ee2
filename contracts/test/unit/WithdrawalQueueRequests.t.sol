// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors, IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Takes positions, or refuses them.
contract Holder {
    bool private immutable ACCEPTS;

    constructor(bool accepts) {
        ACCEPTS = accepts;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external view returns (bytes4) {
        return ACCEPTS ? this.onERC721Received.selector : bytes4(0);
    }
}

/// @dev Start, requests and positions as ERC-721 tokens.
contract WithdrawalQueueRequestsTest is PoolTest {
    function setUp() public override {
        super.setUp();
        stakeAs(alice, 10_000 ether);
    }

    /* START */

    function test_constructor_state() public view {
        assertEq(address(queue.pool()), address(pool));
        assertEq(address(queue.guardians()), address(guardians));
        assertEq(queue.name(), "ethstake Withdrawal");
        assertEq(queue.symbol(), "unstETHSTAKE");
        assertEq(queue.MIN_REQUEST_SHARES(), 0.0001 ether);
        assertEq(queue.MAX_REQUEST_SHARES(), 1_000 ether);
        assertEq(queue.MAX_REQUESTS_PER_CALL(), 100);
        assertEq(queue.MAX_BATCHES_PER_FRAME(), 64);
        assertEq(queue.FORCED_AFTER_FRAMES(), 7);
        assertEq(queue.HOLD_DURATION(), 72 hours);
        assertEq(queue.HOLD_COOLDOWN(), 14 days);
        assertEq(queue.lastRequestId(), 0);
        assertEq(queue.lastFinalizedId(), 0);
        assertEq(queue.queuedShares(), 0);
        assertEq(queue.frame(), 0);
        assertEq(queue.batchCount(), 0);
        assertEq(queue.payoutCount(), 0);
        assertEq(queue.claimsHeldUntil(), 0);
    }

    /// @dev External, so that a constructor's revert can be expected.
    function newQueue(address pool_, address guardians_) external {
        implementation("WithdrawalQueue", abi.encode(pool_, guardians_));
    }

    function test_constructor_refusesZeroAddresses() public {
        vm.expectRevert(IWithdrawalQueue.WithdrawalQueueInvalidAddress.selector);
        this.newQueue(address(0), alice);
        vm.expectRevert(IWithdrawalQueue.WithdrawalQueueInvalidAddress.selector);
        this.newQueue(alice, address(0));
    }

    /// @dev Ether comes with a frame and in no other way, not from the pool either.
    function test_ether_isNotReceived() public {
        address[2] memory senders = [alice, address(pool)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(senders[i]);
            (bool sent, bytes memory reason) = address(queue).call{value: 1 ether}("");
            assertFalse(sent);
            assertEq(reason, "");
        }
        assertEq(address(queue).balance, 0);
    }

    function test_processFrame_isForThePool() public {
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueOnlyPool.selector, admin));
        vm.prank(admin);
        queue.processFrame(RAY, RAY, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueOnlyPool.selector, alice));
        vm.prank(alice);
        queue.processFrame{value: 1 ether}(RAY, RAY, 1, 0);
    }

    /* REQUESTS */

    function test_request_takesSharesAndGivesAPosition() public {
        vm.expectEmit(address(pool));
        emit IERC20.Transfer(alice, address(queue), 10 ether);
        vm.expectEmit(address(queue));
        emit IERC721.Transfer(address(0), bob, 1);
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalRequested(1, bob, 10 ether);
        vm.prank(alice);
        (uint256 first, uint256 last) = queue.requestWithdrawal(10 ether, bob);
        assertEq(first, 1);
        assertEq(last, 1);
        assertEq(queue.lastRequestId(), 1);
        assertEq(queue.queuedShares(), 10 ether);
        assertEq(queue.ownerOf(1), bob);
        assertEq(queue.balanceOf(bob), 1);
        assertEq(pool.balanceOf(alice), 9_990 ether);
        assertEq(pool.balanceOf(address(queue)), 10 ether);
        IWithdrawalQueue.Request memory request = queue.requestOf(1);
        assertEq(request.owner, bob);
        assertEq(request.shares, 10 ether);
        assertFalse(request.finalized);
        assertFalse(request.claimed);
        assertEq(request.assets, 0);
    }

    function test_request_idsGoOn() public {
        assertEq(requestAs(alice, 1 ether), 1);
        assertEq(requestAs(alice, 2 ether), 2);
        vm.prank(alice);
        (uint256 first, uint256 last) = queue.requestWithdrawal(2_500 ether, alice);
        assertEq(first, 3);
        assertEq(last, 5);
        assertEq(queue.requestOf(1).shares, 1 ether);
        assertEq(queue.requestOf(2).shares, 2 ether);
        assertEq(queue.requestOf(3).shares, uint256(2_500 ether) / 3);
        assertEq(queue.queuedShares(), 2_503 ether);
        assertEq(queue.balanceOf(alice), 5);
    }

    function test_request_hasAMinimum() public {
        vm.expectRevert(
            abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueTooSmall.selector, 0.0001 ether - 1, 0.0001 ether)
        );
        requestAs(alice, 0.0001 ether - 1);
        assertEq(requestAs(alice, 0.0001 ether), 1);
    }

    function test_request_splitsEvenlyAboveTheMaximum() public {
        assertEq(requestAs(alice, 1_000 ether), 1);
        assertEq(queue.lastRequestId(), 1);
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalRequested(2, bob, 500 ether);
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalRequested(3, bob, 500 ether + 1);
        vm.prank(alice);
        (uint256 first, uint256 last) = queue.requestWithdrawal(1_000 ether + 1, bob);
        assertEq(first, 2);
        assertEq(last, 3);
        assertEq(queue.requestOf(2).shares, 500 ether);
        assertEq(queue.requestOf(3).shares, 500 ether + 1);
        assertEq(queue.ownerOf(2), bob);
        assertEq(queue.ownerOf(3), bob);
    }

    function test_request_hasAMaximum() public {
        raiseCap(160_000 ether);
        stakeAs(bob, 100_001 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueTooLarge.selector, 100_000 ether + 1, 100_000 ether)
        );
        requestAs(bob, 100_000 ether + 1);
        assertEq(requestAs(bob, 100_000 ether), 1);
        assertEq(queue.lastRequestId(), 100);
        assertEq(queue.requestOf(1).shares, 1_000 ether);
        assertEq(queue.requestOf(100).shares, 1_000 ether);
    }

    /// @dev Pieces differ by a wei at most, lie within the bounds and add up.
    function testFuzz_request_piecesAreEven(uint256 shares) public {
        shares = bound(shares, 0.0001 ether, 10_000 ether);
        vm.prank(alice);
        (uint256 first, uint256 last) = queue.requestWithdrawal(shares, alice);
        uint256 count = last + 1 - first;
        assertEq(count, (shares + 1_000 ether - 1) / 1_000 ether);
        uint256 sum = 0;
        for (uint256 id = first; id <= last; ++id) {
            uint256 piece = queue.requestOf(id).shares;
            assertGe(piece, shares / count);
            assertLe(piece, shares / count + 1);
            sum += piece;
        }
        assertEq(sum, shares);
    }

    function test_request_needsTheCallersShares() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, bob, 0, 1 ether));
        requestAs(bob, 1 ether);
        vm.prank(alice);
        pool.approve(address(queue), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, bob, 0, 1 ether));
        requestAs(bob, 1 ether);
    }

    function test_request_needsAReceiver() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
        vm.prank(alice);
        queue.requestWithdrawal(1 ether, address(0));
    }

    function test_request_goesOnWhilePaused() public {
        vm.prank(pauser);
        pool.pause();
        assertEq(requestAs(alice, 1 ether), 1);
    }

    function test_unknownRequests() public {
        requestAs(alice, 1 ether);
        uint256[2] memory unknown = [uint256(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory refused =
                abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueUnknownRequest.selector, unknown[i]);
            vm.expectRevert(refused);
            queue.requestOf(unknown[i]);
            vm.expectRevert(refused);
            queue.tokenURI(unknown[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotOwner.selector, alice, unknown[i])
            );
            vm.prank(alice);
            queue.claim(unknown[i], 0, alice);
            vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotFinalized.selector, unknown[i]));
            queue.findHint(unknown[i]);
        }
    }

    /* POSITIONS */

    function test_position_canBeGivenAway() public {
        uint256 id = requestAs(alice, 1 ether);
        vm.expectEmit(address(queue));
        emit IERC721.Transfer(alice, bob, id);
        vm.prank(alice);
        queue.transferFrom(alice, bob, id);
        assertEq(queue.ownerOf(id), bob);
        assertEq(queue.requestOf(id).owner, bob);
        assertEq(queue.requestOf(id).shares, 1 ether);
        frame(0);
        frame(0);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotOwner.selector, alice, id));
        vm.prank(alice);
        queue.claim(id);
        assertEq(claimAs(bob, id), 1 ether);
    }

    function test_position_isMovedByItsOwnerOrWhoItApproved() public {
        uint256 id = requestAs(alice, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, mallory, id));
        vm.prank(mallory);
        queue.transferFrom(alice, mallory, id);
        vm.prank(alice);
        queue.approve(mallory, id);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721IncorrectOwner.selector, bob, id, alice));
        vm.prank(mallory);
        queue.transferFrom(bob, mallory, id);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
        vm.prank(mallory);
        queue.transferFrom(alice, address(0), id);
        vm.prank(mallory);
        queue.transferFrom(alice, bob, id);
        assertEq(queue.ownerOf(id), bob);
        assertEq(queue.getApproved(id), address(0));
    }

    /// @dev The approval ends with the transfer, which says so by itself (ERC-721).
    function test_position_transferIsOneEvent() public {
        uint256 id = requestAs(alice, 1 ether);
        vm.startPrank(alice);
        queue.approve(mallory, id);
        vm.recordLogs();
        queue.transferFrom(alice, bob, id);
        assertEq(vm.getRecordedLogs().length, 1);
        assertEq(queue.getApproved(id), address(0));
    }

    /// @dev Approval is for moving the position; whoever may claim is its owner alone.
    function test_position_approvalDoesNotClaim() public {
        uint256 id = requestAs(alice, 1 ether);
        vm.startPrank(alice);
        queue.approve(mallory, id);
        queue.setApprovalForAll(mallory, true);
        vm.stopPrank();
        frame(0);
        frame(0);
        bytes memory refused = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotOwner.selector, mallory, id);
        uint256[] memory ids = new uint256[](1);
        ids[0] = id;
        vm.startPrank(mallory);
        vm.expectRevert(refused);
        queue.claim(id);
        vm.expectRevert(refused);
        queue.claim(id, 0, mallory);
        vm.expectRevert(refused);
        queue.claimBatch(ids, new uint256[](1), mallory);
        queue.transferFrom(alice, mallory, id);
        assertEq(queue.claim(id), 1 ether, "as its owner");
    }

    function test_position_safeTransferAsksTheReceiver() public {
        uint256 id = requestAs(alice, 1 ether);
        address holder = address(new Holder(true));
        address refusing = address(new Holder(false));
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, refusing));
        queue.safeTransferFrom(alice, refusing, id);
        queue.safeTransferFrom(alice, holder, id);
        assertEq(queue.ownerOf(id), holder);
    }

    function test_position_isErc721() public {
        assertTrue(queue.supportsInterface(0x01ffc9a7), "ERC-165");
        assertTrue(queue.supportsInterface(0x80ac58cd), "ERC-721");
        assertTrue(queue.supportsInterface(0x5b5e139f), "its metadata");
        assertFalse(queue.supportsInterface(0xffffffff));
        assertEq(queue.name(), "ethstake Withdrawal");
        assertEq(queue.symbol(), "unstETHSTAKE");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidOwner.selector, address(0)));
        queue.balanceOf(address(0));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        queue.ownerOf(1);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        vm.prank(alice);
        queue.transferFrom(alice, bob, 1);
    }

    /// @dev What requests gave is counted in the pool, what was transferred in the queue.
    function test_position_isCounted() public {
        requestAs(alice, 1 ether);
        vm.prank(alice);
        queue.requestWithdrawal(2_500 ether, bob);
        assertEq(queue.balanceOf(alice), 1);
        assertEq(queue.balanceOf(bob), 3);
        vm.startPrank(bob);
        queue.transferFrom(bob, bob, 2);
        assertEq(queue.balanceOf(bob), 3);
        queue.transferFrom(bob, alice, 2);
        queue.transferFrom(bob, alice, 3);
        queue.transferFrom(bob, address(queue), 4);
        vm.stopPrank();
        assertEq(queue.balanceOf(alice), 3);
        assertEq(queue.balanceOf(bob), 0);
        assertEq(queue.balanceOf(address(queue)), 1);
        assertEq(pool.positionsOf(alice), 1);
        assertEq(pool.positionsOf(bob), 3);
        assertEq(pool.balanceOf(address(queue)), 2_501 ether, "shares stay where they are");
        vm.prank(alice);
        queue.transferFrom(alice, bob, 1);
        assertEq(queue.balanceOf(alice), 2);
        assertEq(queue.balanceOf(bob), 1);
    }

    function test_position_describesItself() public {
        requestAs(alice, 1 ether);
        uint256 id = requestAs(alice, 12.5 ether);
        assertEq(
            queue.tokenURI(id),
            'data:application/json;charset=utf-8,{"name":"ethstake withdrawal %232","description":"A request to withdraw 12500000000000000000 ethSTAKE (1e-18 units)","attributes":[{"trait_type":"state","value":"waiting"}]}'
        );
    }
}
