// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {stdError} from "forge-std/StdError.sol";
import {IWithdrawalQueue} from "../../src/interfaces/IWithdrawalQueue.sol";
import {WithdrawalQueue} from "../../src/WithdrawalQueue.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev Claims again while it is paid.
contract ReentrantClaimer {
    WithdrawalQueue private immutable QUEUE;
    uint256 private again;
    bool public refused;

    constructor(WithdrawalQueue queue) {
        QUEUE = queue;
    }

    receive() external payable {
        try QUEUE.claim(again) {}
        catch {
            refused = true;
        }
    }

    function claim(uint256 id) external {
        again = id;
        QUEUE.claim(id);
    }
}

/// @dev Claims what it is given while it is given.
contract ClaimingReceiver {
    WithdrawalQueue private immutable QUEUE;

    constructor(WithdrawalQueue queue) {
        QUEUE = queue;
    }

    receive() external payable {}

    function onERC721Received(address, address, uint256 id, bytes calldata) external returns (bytes4) {
        QUEUE.claim(id);
        return this.onERC721Received.selector;
    }
}

/// @dev What an upgrade could make of the pool: it names any rate, sends what it likes, and answers a refund with another frame.
contract RobbingPool {
    WithdrawalQueue private immutable QUEUE;

    constructor(WithdrawalQueue queue) {
        QUEUE = queue;
    }

    receive() external payable {
        if (msg.value > 1) QUEUE.processFrame{value: msg.value / 2}(1e45, 1e45, 1, type(uint32).max);
    }

    function lockForWithdrawal(address, uint256, address, uint256) external {}

    function frame(uint256 value, uint256 rate) external returns (uint256 assets) {
        (assets,) = QUEUE.processFrame{value: value}(rate, rate, 1, type(uint32).max);
    }
}

/// @dev Attackers on the way out: who blocks it, floods it, or takes others' ether from it.
contract AttacksQueueTest is PoolTest {
    /// @dev The slot of the queue's head: 32 bits of the last id, 96 of the shares of all requests, and more.
    bytes32 private constant HEAD = bytes32(uint256(6));

    /// @dev A request of alice's whose 40 ether are set aside.
    function setAside() private returns (uint256 id) {
        stakeAs(alice, 100 ether);
        id = requestAs(alice, 40 ether);
        frame(0);
        frame(0);
    }

    /// @dev What an upgrade made of the pool.
    function robbingPool() private returns (RobbingPool) {
        vm.etch(address(pool), address(new RobbingPool(queue)).code);
        return RobbingPool(payable(address(pool)));
    }

    /* THE ORACLE IS GONE */

    /// @dev Every privileged account takes its leave, members, operators and the admin included, and everything that can be
    /// paused is. Who staked still gets out with what is there and what comes back.
    function test_wedged_nobodyIsNeeded() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 100 ether);
        depositKeys(0, 2);
        vm.startPrank(pauser);
        pool.pause();
        deposits.pause();
        distribution.pause();
        vm.stopPrank();
        vm.startPrank(membership);
        for (uint256 i = 0; i < 3; ++i) {
            consensus.removeMember(members[i]);
            lossReview.removeMember(reviewers[i]);
            guardians.removeMember(guards[i]);
        }
        vm.stopPrank();
        vm.startPrank(admin);
        pool.revokeRole(pool.PARAMETER_ROLE(), parameters);
        pool.revokeRole(pool.DISTRIBUTION_ROLE(), address(distribution));
        pool.revokeRole(pool.DEPOSITS_ROLE(), address(deposits));
        pool.renounceRole(DEFAULT_ADMIN_ROLE, admin);
        withdrawalVault.renounceRole(DEFAULT_ADMIN_ROLE, admin);
        vm.stopPrank();

        uint256 first = requestAs(alice, 30 ether);
        uint256 second = requestAs(alice, 60 ether);
        skip(7 days);
        pool.processStaleFrame();
        skip(7 days);
        pool.processStaleFrame();
        assertEq(claimAs(alice, first), 30 ether, "with the ether at hand");
        assertEq(queue.lastFinalizedId(), first);
        // The validators leave.
        vm.deal(address(withdrawalVault), 64 ether);
        skip(7 days);
        pool.processStaleFrame();
        assertEq(claimAs(alice, second), 60 ether, "with what came back");
    }

    /* FLOODS */

    /// @dev Gas of a frame.
    function frameGas() private returns (uint256 used) {
        skip(7 days);
        used = gasleft();
        pool.processStaleFrame();
        used -= gasleft();
    }

    /// @dev 5,000 of the smallest requests before the victim's: the frame that finalises them costs what it costs with one,
    /// and so does the victim's claim.
    function test_flood_ofDustCostsNobodyElse() public {
        stakeAs(alice, 100 ether);
        stakeAs(mallory, 100 ether);
        requestAs(alice, 1 ether);
        frameGas();
        uint256 alone = frameGas();
        for (uint256 i = 0; i < 5_000; ++i) {
            requestAs(mallory, 0.0001 ether);
        }
        uint256 id = requestAs(alice, 1 ether);
        frameGas();
        assertLt(frameGas(), alone + 50_000);
        assertEq(queue.lastFinalizedId(), id);
        assertEq(claimAs(alice, id), 1 ether);
    }

    /// @dev Not enough for all of them: the search for the last one that is paid costs a logarithm.
    function test_flood_partlyPaidCostsALogarithm() public {
        stakeAs(mallory, 100 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(3);
        for (uint256 i = 0; i < 5_000; ++i) {
            requestAs(mallory, 0.001 ether);
        }
        frameGas();
        assertLt(frameGas(), 250_000);
        assertEq(queue.lastFinalizedId(), 4_000);
        assertEq(queue.queuedShares(), 1 ether);
    }

    function test_flood_belowTheFloorIsRefused() public {
        stakeAs(mallory, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueTooSmall.selector, 1, 0.0001 ether));
        requestAs(mallory, 1);
    }

    /// @dev A leaver with more than the buffer does not hold up all of it: it queues in pieces, those that fit are paid.
    function test_flood_aWhaleIsServedInPieces() public {
        stakeAs(mallory, 20_000 ether);
        vm.prank(address(deposits));
        pool.takeForDeposits(500);
        requestAs(mallory, 20_000 ether);
        frame(16_000 ether);
        frame(16_000 ether);
        assertEq(queue.lastFinalizedId(), 4);
        assertEq(address(queue).balance, 4_000 ether);
    }

    /* OTHERS' ETHER */

    function test_claim_reentrancyTakesNothing() public {
        ReentrantClaimer attacker = new ReentrantClaimer(queue);
        stakeAs(alice, 50 ether);
        vm.startPrank(alice);
        (uint256 id,) = queue.requestWithdrawal(10 ether, address(attacker));
        (uint256 own,) = queue.requestWithdrawal(20 ether, alice);
        vm.stopPrank();
        frame(0);
        frame(0);
        attacker.claim(id);
        assertTrue(attacker.refused());
        assertEq(address(attacker).balance, 10 ether);
        assertEq(claimAs(alice, own), 20 ether);
    }

    /// @dev The queue's ether is the positions': more of it changes nothing, and frames never take any of it back.
    function test_claim_isFundedRequestByRequest() public {
        stakeAs(alice, 100 ether);
        uint256 id = requestAs(alice, 10 ether);
        frame(0);
        frame(0);
        assertEq(address(queue).balance, 10 ether);
        // A total loss of what is left.
        IWithdrawalQueue.Request memory before = queue.requestOf(id);
        vm.prank(address(deposits));
        pool.takeForDeposits(2);
        frame(0);
        frame(0);
        assertEq(queue.requestOf(id).assets, before.assets);
        assertEq(claimAs(alice, id), 10 ether);
    }

    /// @dev A pool that was upgraded into a robber, and lets its accomplice queue what it never had: it promises no more than it
    /// sends. Who was finalised before is paid in full, whatever it does.
    function test_upgradedPool_promisesOnlyWhatItSends() public {
        uint256 id = setAside();
        assertEq(address(queue).balance, 40 ether);

        RobbingPool robber = robbingPool();
        vm.deal(address(pool), 5 ether);
        uint256 first = requestAs(mallory, 1 ether);
        uint256 second = requestAs(mallory, 1 ether);
        assertEq(robber.frame(0, 20e27), 0);
        assertEq(robber.frame(0, 20e27), 0, "20 ether each, and nothing sent");
        assertEq(queue.lastFinalizedId(), id);
        // Ether enough for none at 20, and refunds that come back as frames at a rate of 1e18.
        assertEq(robber.frame(5 ether, 20e27), 0);
        assertEq(queue.lastFinalizedId(), id);
        // A rate that its ether pays.
        assertEq(robber.frame(5 ether, 3e27), 3 ether);
        assertEq(queue.lastFinalizedId(), first);
        assertEq(address(queue).balance, 43 ether);
        assertEq(claimAs(mallory, first), 3 ether);
        vm.prank(mallory);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueNotFinalized.selector, second));
        queue.claim(second);
        assertEq(claimAs(alice, id), 40 ether);
        assertEq(address(queue).balance, 0);
    }

    /// @dev Whatever such a pool says of rates and sends, the queue holds what all finalised requests pay.
    function testFuzz_upgradedPool_queueStaysSolvent(uint256 seed) public {
        uint256 id = setAside();
        RobbingPool robber = robbingPool();
        for (uint256 i = 0; i < 6; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            requestAs(mallory, 0.0001 ether + seed % 1_500 ether);
            uint256 value = (seed >> 96) % 3_000 ether;
            vm.deal(address(pool), value);
            robber.frame(value, (seed >> 192) % 4e27);
        }
        uint256 owed = 0;
        for (uint256 i = 1; i <= queue.lastFinalizedId(); ++i) {
            owed += queue.requestOf(i).assets;
        }
        assertLe(owed, address(queue).balance);
        assertEq(claimAs(alice, id), 40 ether);
        for (uint256 i = id + 1; i <= queue.lastFinalizedId(); ++i) {
            claimAs(mallory, i);
        }
    }

    /// @dev The counter of shares cannot be brought round to requests that were made before, by a pool that asks for nothing:
    /// dust would finalise all of them then.
    function test_upgradedPool_counterDoesNotComeRound() public {
        uint256 id = setAside();
        RobbingPool robber = robbingPool();
        uint256 first = requestAs(mallory, 40 ether);
        // Some 400,000 requests of 100,000 ether later.
        uint256 head = uint256(vm.load(address(queue), HEAD));
        assertEq(uint96(head >> 32), 80 ether);
        uint256 most = 2 ** 95 - 1;
        vm.store(address(queue), HEAD, bytes32(head + (most - 80 ether - 1 ether << 32)));
        vm.expectRevert(IWithdrawalQueue.WithdrawalQueueFull.selector);
        requestAs(mallory, 1 ether + 1);
        uint256 last = requestAs(mallory, 1 ether);
        assertEq(last, first + 1);
        vm.expectRevert(IWithdrawalQueue.WithdrawalQueueFull.selector);
        requestAs(mallory, 0.0001 ether);
        vm.deal(address(pool), 1 ether);
        robber.frame(0.0001 ether, 1e27);
        robber.frame(0.0001 ether, 1e27);
        assertEq(queue.lastFinalizedId(), id);
        assertEq(claimAs(alice, id), 40 ether);
    }

    /// @dev Neither can the ids.
    function test_upgradedPool_idsDoNotComeRound() public {
        stakeAs(alice, 100 ether);
        requestAs(alice, 40 ether);
        robbingPool();
        uint256 head = uint256(vm.load(address(queue), HEAD));
        assertEq(uint32(head), 1);
        vm.store(address(queue), HEAD, bytes32(head + type(uint32).max - 2));
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 32, 2 ** 32));
        requestAs(mallory, 1_001 ether);
        assertEq(requestAs(mallory, 1 ether), type(uint32).max);
        vm.expectRevert(stdError.arithmeticError);
        requestAs(mallory, 1 ether);
    }

    /// @dev Whatever becomes of the pool, finalised positions are paid and change hands, also those that others hold for
    /// their owners and cannot claim themselves. How many an account has is what it tells.
    function test_upgradedPool_stopsNeitherClaimsNorTransfers() public {
        stakeAs(alice, 100 ether);
        uint256 id = requestAs(alice, 40 ether);
        uint256 other = requestAs(alice, 10 ether);
        frame(0);
        frame(0);
        bytes32 role = pool.QUEUE_ROLE();
        vm.prank(admin);
        pool.revokeRole(role, address(queue));
        vm.prank(alice);
        queue.transferFrom(alice, bob, id);
        vm.etch(address(pool), hex"fe");
        vm.prank(bob);
        queue.transferFrom(bob, mallory, id);
        assertEq(claimAs(mallory, id), 40 ether);
        assertEq(claimAs(alice, other), 10 ether);
        assertEq(queue.ownerOf(id), mallory);
        vm.expectRevert();
        queue.balanceOf(mallory);
    }

    /// @dev Who claims while he is given a position is paid once, and keeps the receipt.
    function test_position_isClaimedOnReceipt() public {
        uint256 id = setAside();
        ClaimingReceiver receiver = new ClaimingReceiver(queue);
        vm.prank(alice);
        queue.safeTransferFrom(alice, address(receiver), id);
        assertEq(address(receiver).balance, 40 ether);
        assertEq(queue.ownerOf(id), address(receiver));
        assertEq(queue.balanceOf(address(receiver)), 1);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalQueue.WithdrawalQueueAlreadyClaimed.selector, id));
        vm.prank(address(receiver));
        queue.claim(id);
    }

    /// @dev All requests of many accounts at awkward rates are paid from what was set aside, to the last.
    function testFuzz_claim_sumIsNeverAboveWhatWasSetAside(uint256 seed) public {
        stakeAs(alice, 20_000 ether);
        uint256 count = 0;
        for (uint256 i = 0; i < 8; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            requestAs(alice, 0.001 ether + seed % 100 ether);
            if (seed >> 160 & 1 == 0) requestAs(alice, 1_000 ether + (seed >> 200) % 500 ether);
            frame(pool.beaconEther() * 999 / 1_000 + (seed >> 128) % 7 ether);
        }
        frame(pool.beaconEther());
        frame(pool.beaconEther());
        count = queue.lastRequestId();
        assertEq(queue.lastFinalizedId(), count);
        uint256 aside = address(queue).balance;
        assertEq(address(pool).balance, pool.bufferedEther());
        for (uint256 id = 1; id <= count; ++id) {
            claimAs(alice, id);
        }
        assertLe(address(queue).balance, count, "less than a wei a request is left");
        assertGe(aside, address(queue).balance);
    }
}
