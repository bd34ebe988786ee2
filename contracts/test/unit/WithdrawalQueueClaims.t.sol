// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Claims, their hints, and the guardians' stop.
contract WithdrawalQueueClaimsTest is PoolTest {
    /// @dev Three requests of alice with three payouts: 10 ether at 1, 20 at 1, 30 at 0.5, then one that is not finalised.
    function setUp() public override {
        super.setUp();
        stakeAs(alice, 1_000 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(10);
        requestAs(alice, 10 ether);
        requestAs(alice, 20 ether);
        requestAs(alice, 30 ether);
        requestAs(alice, 40 ether);
        requestAs(alice, 50 ether);
        processAs(RAY, RAY, 1, 0, 0);
        processAs(RAY, RAY, 1, 2, 1e30);
        processAs(RAY, RAY / 2, 1, 3, 1e30);
        processAs(RAY, RAY / 4, 1, 4, 1e30);
        assertEq(address(queue).balance, 55 ether);
    }

    /* CLAIMS */

    function test_claim_paysTheRecipient() public {
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalClaimed(1, alice, recipient, 10 ether);
        vm.prank(alice);
        assertEq(queue.claim(1, 0, recipient), 10 ether);
        assertEq(recipient.balance, 10 ether);
        assertEq(address(queue).balance, 45 ether);
        IWithdrawalQueue.Request memory request = queue.requestOf(1);
        assertEq(request.owner, alice);
        assertEq(request.shares, 10 ether);
        assertEq(request.assets, 10 ether);
        assertTrue(request.finalized);
        assertTrue(request.claimed);
        // The one after it still knows where it begins.
        assertEq(queue.requestOf(2).shares, 20 ether);
        assertTrue(queue.requestOf(2).finalized);
        assertFalse(queue.requestOf(2).claimed);
        assertEq(queue.requestOf(2).assets, 20 ether);
        assertFalse(queue.requestOf(5).finalized);
        assertEq(queue.requestOf(5).assets, 0);
    }

    /// @dev Its owner keeps it; whoever it was approved for cannot sell it as if it still paid.
    function test_claim_leavesAReceiptThatStays() public {
        vm.startPrank(alice);
        queue.approve(mallory, 1);
        queue.setApprovalForAll(mallory, true);
        queue.claim(1);
        assertEq(queue.ownerOf(1), alice);
        assertEq(queue.balanceOf(alice), 5);
        bytes memory refused = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueAlreadyClaimed.selector, 1);
        vm.expectRevert(refused);
        queue.transferFrom(alice, bob, 1);
        vm.expectRevert(refused);
        queue.safeTransferFrom(alice, bob, 1);
        vm.expectRevert(refused);
        queue.safeTransferFrom(alice, bob, 1, "");
        vm.stopPrank();
        vm.startPrank(mallory);
        vm.expectRevert(refused);
        queue.transferFrom(alice, mallory, 1);
        // The others still can.
        queue.transferFrom(alice, mallory, 2);
        assertEq(queue.balanceOf(alice), 4);
        assertEq(queue.balanceOf(mallory), 1);
        assertEq(queue.claim(2), 20 ether);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotOwner.selector, mallory, 1));
        queue.claim(1);
    }

    function test_claim_isToldByThePosition() public {
        vm.prank(alice);
        queue.claim(1);
        string[3] memory states = ["claimed", "claimable", "waiting"];
        uint256[3] memory ids = [uint256(1), 4, 5];
        for (uint256 i = 0; i < 3; ++i) {
            string memory json = vm.split(queue.tokenURI(ids[i]), "charset=utf-8,")[1];
            assertEq(vm.parseJsonString(json, ".attributes[0].trait_type"), "state");
            assertEq(vm.parseJsonString(json, ".attributes[0].value"), states[i]);
        }
    }

    function test_claim_findsThePayoutByItself() public {
        uint256 before = alice.balance;
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.WithdrawalClaimed(3, alice, alice, 15 ether);
        vm.prank(alice);
        assertEq(queue.claim(3), 15 ether);
        assertEq(alice.balance - before, 15 ether);
        vm.prank(alice);
        assertEq(queue.claim(4), 10 ether);
        vm.prank(alice);
        assertEq(queue.claim(2), 20 ether);
    }

    function test_claim_onceOnly() public {
        vm.startPrank(alice);
        queue.claim(1, 0, alice);
        bytes memory refused = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueAlreadyClaimed.selector, 1);
        vm.expectRevert(refused);
        queue.claim(1, 0, alice);
        vm.expectRevert(refused);
        queue.claim(1);
    }

    function test_claim_isForTheOwner() public {
        bytes memory refused = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotOwner.selector, bob, 1);
        vm.startPrank(bob);
        vm.expectRevert(refused);
        queue.claim(1, 0, bob);
        vm.expectRevert(refused);
        queue.claim(1);
    }

    function test_claim_needsFinalisation() public {
        vm.startPrank(alice);
        bytes memory refused = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotFinalized.selector, 5);
        vm.expectRevert(refused);
        queue.findHint(5);
        vm.expectRevert(refused);
        queue.claim(5);
        vm.expectRevert(refused);
        queue.claim(5, 3, alice);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueInvalidHint.selector, 5, 2));
        queue.claim(5, 2, alice);
    }

    function test_claim_needsTheRightHint() public {
        uint256[4] memory hints = [uint256(0), 0, 1, 2];
        vm.startPrank(alice);
        for (uint256 id = 1; id <= 4; ++id) {
            assertEq(queue.findHint(id), hints[id - 1]);
            for (uint256 hint = 0; hint < 3; ++hint) {
                if (hint == hints[id - 1]) continue;
                vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueInvalidHint.selector, id, hint));
                queue.claim(id, hint, alice);
            }
            vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotFinalized.selector, id));
            queue.claim(id, 3, alice);
        }
        for (uint256 id = 1; id <= 4; ++id) {
            queue.claim(id, hints[id - 1], alice);
        }
        assertEq(address(queue).balance, 0);
    }

    /// @dev The search over many payouts, at the ends of each.
    function test_findHint_findsEachPayout() public {
        for (uint256 i = 0; i < 9; ++i) {
            requestAs(alice, 1 ether);
            requestAs(alice, 1 ether);
            processAs(RAY, RAY - i, 1, 0, 0);
            processAs(RAY, RAY - i, 1, type(uint32).max, 1e30);
        }
        assertEq(queue.payoutCount(), 12);
        assertEq(queue.findHint(5), 3);
        for (uint256 id = 6; id <= 23; ++id) {
            assertEq(queue.findHint(id), id / 2);
        }
    }

    function test_claim_failsWithARecipientThatRefuses() public {
        vm.etch(bob, hex"fe");
        vm.expectRevert(Errors.FailedCall.selector);
        vm.prank(alice);
        queue.claim(1, 0, bob);
        assertEq(queue.ownerOf(1), alice);
    }

    /// @dev Ether for nobody, or for the pool, which would not count it, is refused in each way to name a recipient.
    function test_claim_refusesRecipientsThatLoseIt() public {
        (uint256[] memory ids, uint256[] memory hints) = lists(2);
        address[2] memory lost = [address(0), address(pool)];
        vm.startPrank(alice);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(IWithdrawalQueue.WithdrawalQueueInvalidAddress.selector);
            queue.claim(1, 0, lost[i]);
            vm.expectRevert(IWithdrawalQueue.WithdrawalQueueInvalidAddress.selector);
            queue.claimBatch(ids, hints, lost[i]);
        }
        assertEq(queue.ownerOf(1), alice);
        assertEq(queue.claim(1, 0, alice), 10 ether);
    }

    /* BATCHES OF CLAIMS */

    function lists(uint256 count) private pure returns (uint256[] memory ids, uint256[] memory hints) {
        ids = new uint256[](count);
        hints = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            (ids[i], hints[i]) = (i + 1, i < 2 ? 0 : i - 1);
        }
    }

    function test_claimBatch_paysAllAtOnce() public {
        (uint256[] memory ids, uint256[] memory hints) = lists(4);
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectEmit(true, true, true, false, address(queue));
            emit IWithdrawalQueue.WithdrawalClaimed(i + 1, alice, recipient, 0);
        }
        vm.expectCall(recipient, 55 ether, "", 1);
        vm.prank(alice);
        assertEq(queue.claimBatch(ids, hints, recipient), 55 ether);
        assertEq(recipient.balance, 55 ether);
        for (uint256 id = 1; id <= 4; ++id) {
            assertTrue(queue.requestOf(id).claimed);
        }
    }

    function test_claimBatch_refusesOneTwice() public {
        (uint256[] memory ids, uint256[] memory hints) = lists(2);
        ids[1] = 1;
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueAlreadyClaimed.selector, 1));
        vm.prank(alice);
        queue.claimBatch(ids, hints, alice);
    }

    function test_claimBatch_needsAHintForEach() public {
        (uint256[] memory ids,) = lists(2);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueInvalidBatch.selector, 2, 1));
        queue.claimBatch(ids, new uint256[](1), alice);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueInvalidBatch.selector, 2, 3));
        queue.claimBatch(ids, new uint256[](3), alice);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueInvalidBatch.selector, 0, 0));
        queue.claimBatch(new uint256[](0), new uint256[](0), alice);
    }

    /* THE GUARDIANS' STOP */

    function guardVotes(uint256 count, bytes32 digest) private {
        for (uint256 i = 0; i < count; ++i) {
            vm.prank(guards[i]);
            guardians.vote(Lanes.EMERGENCY, digest);
        }
    }

    function expectNoEmergency(bytes32 agreed) private {
        bytes32 expected = queue.holdDigest();
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNoEmergency.selector, agreed, expected));
        queue.holdClaims();
    }

    function test_hold_needsAQuorum() public {
        expectNoEmergency(0);
        bytes32 digest = queue.holdDigest();
        guardVotes(1, digest);
        expectNoEmergency(0);
        guardVotes(2, digest);
        vm.expectEmit(address(queue));
        emit IWithdrawalQueue.ClaimsHeld(block.timestamp + 72 hours);
        vm.prank(mallory);
        queue.holdClaims();
        assertEq(queue.claimsHeldUntil(), block.timestamp + 72 hours);
    }

    function test_hold_isOfTheGuardiansAndTheirLane() public {
        bytes32 digest = queue.holdDigest();
        agree(Lanes.EMERGENCY, digest);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(guards[i]);
            guardians.vote(Lanes.REPORT, digest);
        }
        expectNoEmergency(0);
        guardVotes(2, keccak256("another"));
        expectNoEmergency(keccak256("another"));
    }

    function hold() private returns (uint256 until) {
        guardVotes(2, queue.holdDigest());
        queue.holdClaims();
        return queue.claimsHeldUntil();
    }

    function test_hold_stopsClaimsAndEndsByItself() public {
        uint256 until = hold();
        (uint256[] memory ids, uint256[] memory hints) = lists(1);
        ids[0] = 2;
        bytes memory held = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueClaimsHeld.selector, until);
        vm.warp(until - 1);
        vm.startPrank(alice);
        vm.expectRevert(held);
        queue.claim(1);
        vm.expectRevert(held);
        queue.claim(1, 0, alice);
        vm.expectRevert(held);
        queue.claimBatch(ids, hints, alice);
        vm.warp(until);
        queue.claim(1);
        queue.claimBatch(ids, hints, alice);
        queue.claim(3, 1, alice);
    }

    function test_hold_stopsNothingElse() public {
        hold();
        assertEq(requestAs(alice, 1 ether), 6);
        vm.prank(alice);
        queue.transferFrom(alice, bob, 6);
        processAs(RAY, RAY, 1, 5, 1e30);
        assertEq(queue.lastFinalizedId(), 5);
    }

    function test_hold_comesAgainAfterACooldown() public {
        uint256 from = hold() + 14 days;
        bytes memory tooRecent = abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueHeldTooRecently.selector, from);
        vm.expectRevert(tooRecent);
        queue.holdClaims();
        guardVotes(2, queue.holdDigest());
        vm.warp(from - 1);
        vm.expectRevert(tooRecent);
        queue.holdClaims();
        vm.warp(from);
        queue.holdClaims();
        assertEq(queue.claimsHeldUntil(), from + 72 hours);
    }

    /// @dev One agreement stops claims once.
    function test_hold_cannotBeReplayed() public {
        bytes32 first = queue.holdDigest();
        assertEq(first, keccak256(abi.encode("holdClaims", block.chainid, address(queue), uint256(0))));
        uint256 until = hold();
        assertEq(queue.holdDigest(), keccak256(abi.encode("holdClaims", block.chainid, address(queue), uint256(1))));
        vm.warp(until + 14 days);
        expectNoEmergency(first);
        guardVotes(3, first);
        expectNoEmergency(first);
    }
}
