// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {WithdrawalQueue} from "../../src/WithdrawalQueue.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev The protocol when it is large: 1,000 operators, 100,000 keys, 100,000 open withdrawal requests, 300 payouts, 32
/// members, all made by real calls. Every call must stay below the gas limit of a transaction, whatever its size, and a
/// claim must cost what it costs in an empty queue.
///
/// setUp is a transaction of its own and so is each test, so a test's first call finds storage as a transaction would;
/// `measured` also makes warm what earlier calls of the test touched cold again. Refunds are not deducted.
contract ScaleTest is PoolTest {
    /// @dev The gas limit of a transaction (2^24, EIP-7825).
    uint256 private constant TRANSACTION_GAS_LIMIT = 16_777_216;
    uint256 private constant OPERATORS = 1_000;
    uint256 private constant KEYS = 100;
    uint256 private constant REQUESTS = 100_000;
    uint256 private constant PAYOUTS = 300;
    uint256 private constant DEPOSITED = 300;

    /// @dev A second deployment with one finalised request, alice's.
    WithdrawalQueue private emptyQueue;

    function setUp() public override {
        vm.pauseGasMetering();
        super.setUp();
        stakeAs(alice, 100 ether);
        requestAs(alice, 1 ether);
        requestAs(alice, 1 ether);
        frame(0);
        frame(0);
        emptyQueue = queue;

        super.setUp();
        vm.startPrank(membership);
        for (uint256 i = 3; i < 32; ++i) {
            members.push(makeAddr(string.concat("member", vm.toString(i))));
            consensus.addMember(members[i]);
        }
        vm.stopPrank();
        // Each in a call of its own: its memory is freed with it.
        for (uint256 i = 0; i < OPERATORS; ++i) {
            this.addOperator(i);
        }
        stakeAs(alice, 20_000 ether);
        for (uint256 i = 0; i < DEPOSITED / 100; ++i) {
            this.depositHundred(i);
        }
        for (uint256 i = 0; i < PAYOUTS; ++i) {
            requestAs(alice, 0.01 ether);
            frame(pool.beaconEther() + 0.01 ether);
        }
        for (uint256 i = 0; i < REQUESTS / 1_000; ++i) {
            this.addRequests();
        }
        vm.resumeGasMetering();
    }

    /* WHAT IS THERE */

    function managerOf(uint256 index) private pure returns (address) {
        return address(uint160(0x50000 + index));
    }

    /// @dev Operator `index + 1` with its keys, vetted and covered.
    function addOperator(uint256 index) external {
        operatorWithKeys(managerOf(index), index * KEYS, KEYS);
    }

    /// @dev The n-th key of the next hundred operators, which take turns.
    function roundKeys(uint256 round) private pure returns (bytes memory pubkeys, bytes32[] memory hashes) {
        hashes = new bytes32[](100);
        for (uint256 i = 0; i < 100; ++i) {
            bytes memory pubkey = pubkeyOf((round * 100 + i) * KEYS);
            pubkeys = bytes.concat(pubkeys, pubkey);
            hashes[i] = keccak256(pubkey);
        }
    }

    function depositHundred(uint256 round) external {
        (bytes memory pubkeys, bytes32[] memory hashes) = roundKeys(round);
        preDeposit(100);
        attest(hashes, new bytes32[](0));
        deposits.completeDeposits(pubkeys);
    }

    function addRequests() external {
        vm.startPrank(alice);
        for (uint256 i = 0; i < 1_000; ++i) {
            queue.requestWithdrawal(0.001 ether, alice);
        }
        vm.stopPrank();
    }

    /// @dev All storage cold, as at the start of a transaction.
    function cool() private {
        address[10] memory accounts = [
            address(pool),
            address(registry),
            address(queue),
            address(emptyQueue),
            address(deposits),
            address(distribution),
            address(consensus),
            address(withdrawalVault),
            address(rewardsVault),
            address(depositContract)
        ];
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.cool(accounts[i]);
        }
    }

    /// @dev Gas of a transaction: what the call took, the base and the calldata (all bytes taken as non-zero).
    function measured(address from, address to, bytes memory data) private returns (uint256 gas) {
        return measured(from, to, data, 0);
    }

    function measured(address from, address to, bytes memory data, uint256 value) private returns (uint256 gas) {
        cool();
        vm.prank(from);
        (bool done, bytes memory reason) = to.call{value: value}(data);
        gas = vm.lastCallGas().gasTotalUsed + 21_000 + 16 * data.length;
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function assertFits(string memory name, address from, address to, bytes memory data) private {
        assertFits(name, from, to, data, 0);
    }

    function assertFits(string memory name, address from, address to, bytes memory data, uint256 value) private {
        uint256 gas = measured(from, to, data, value);
        assertLt(gas, TRANSACTION_GAS_LIMIT, name);
        emit log_named_uint(name, gas);
    }

    function test_scale_isThere() public view {
        assertEq(registry.operatorCount(), OPERATORS);
        assertEq(registry.depositableKeys(), OPERATORS * KEYS - DEPOSITED);
        assertEq(registry.activeKeys(), DEPOSITED);
        assertEq(queue.lastRequestId() - queue.lastFinalizedId(), REQUESTS + 1);
        assertGt(queue.payoutCount(), PAYOUTS - 10);
        assertEq(consensus.members().length, 32);
    }

    /* STAKERS */

    function test_scale_claimCostsWhatItCostsInAnEmptyQueue() public {
        uint256 id = queue.lastFinalizedId() / 2;
        uint256 hint = queue.findHint(id);
        assertGt(hint, 100);
        uint256 alone = measured(
            alice, address(emptyQueue), abi.encodeWithSignature("claim(uint256,uint256,address)", 1, 0, alice)
        );
        uint256 full =
            measured(alice, address(queue), abi.encodeWithSignature("claim(uint256,uint256,address)", id, hint, alice));
        emit log_named_uint("claim with a hint, empty queue", alone);
        emit log_named_uint("claim with a hint, full queue", full);
        assertApproxEqRel(full, alone, 0.1e18);
        assertFits("claim by search", alice, address(queue), abi.encodeWithSignature("claim(uint256)", id + 1));
    }

    function test_scale_stakers() public {
        cool();
        stakeAs(bob, 1 ether);
        uint256 gas = vm.lastCallGas().gasTotalUsed + 21_000 + 16 * 100;
        assertLt(gas, 80_000);
        emit log_named_uint("stake, first of an account", gas);
        assertFits("transfer", bob, address(pool), abi.encodeCall(pool.transfer, (alice, 0.5 ether)));
        assertFits("request", alice, address(queue), abi.encodeCall(queue.requestWithdrawal, (1 ether, alice)));
        assertFits(
            "request, 15 pieces", alice, address(queue), abi.encodeCall(queue.requestWithdrawal, (15_000 ether, alice))
        );
    }

    /* FRAMES */

    /// @dev All 100,000 requests at once, paid in full.
    function test_scale_staleFrameFinalisesAll() public {
        skip(7 days);
        bytes memory data = abi.encodeCall(pool.processStaleFrame, ());
        assertFits("stale frame, closes 100,000 requests", bob, address(pool), data);
        skip(7 days);
        assertFits("stale frame, finalises 100,000 requests", bob, address(pool), data);
        assertEq(queue.lastFinalizedId(), queue.lastRequestId());
    }

    /// @dev The ether pays about 60,000 of them: the last one is searched for.
    function test_scale_frameFinalisesAPart() public {
        skip(7 days);
        pool.processStaleFrame();
        bytes memory data = abi.encodeCall(queue.processFrame, (RAY, RAY, 1, type(uint32).max));
        assertFits(
            "queue's part of a frame that finalises 60,000 requests", address(pool), address(queue), data, 60 ether
        );
        assertGt(queue.lastFinalizedId(), 59_000);
        assertLt(queue.lastFinalizedId(), 61_000);
    }

    /// @dev The most batches that one frame finalises, each at a rate of its own.
    function test_scale_frameFinalisesTheMostBatches() public {
        processAs(RAY, RAY, 1, 0, 0);
        for (uint256 i = 0; i < 70; ++i) {
            requestAs(alice, 0.01 ether);
            processAs(RAY - i, RAY, 1, 0, 0);
        }
        uint256 before = queue.payoutCount();
        skip(7 days);
        assertFits("stale frame, 64 batches", bob, address(pool), abi.encodeCall(pool.processStaleFrame, ()));
        assertGt(queue.payoutCount(), before + 55);
    }

    /// @dev A report with the most operators, all with exits and losses, and withdrawals to finalise.
    function test_scale_report() public {
        IOperatorRegistry.OperatorUpdate[] memory updates = new IOperatorRegistry.OperatorUpdate[](128);
        for (uint256 i = 0; i < 128; ++i) {
            updates[i] = IOperatorRegistry.OperatorUpdate(uint32(i + 1), 1, 0, 0.1 ether);
        }
        IRewardDistribution.Report memory report = reportOf(pool.beaconEther() - 5 ether);
        agree(Lanes.REPORT, distribution.reportDigest(report, updates));
        review(distribution.reportDigest(report, updates));
        assertFits(
            "report, 128 operators",
            bob,
            address(distribution),
            abi.encodeCall(distribution.settleRewards, (report, updates))
        );
    }

    function test_scale_members() public {
        for (uint256 i = 0; i < 16; ++i) {
            vm.prank(members[i]);
            consensus.vote(Lanes.REPORT, keccak256("a report"));
        }
        assertFits(
            "vote that reaches the quorum of 32",
            members[16],
            address(consensus),
            abi.encodeCall(consensus.vote, (Lanes.REPORT, keccak256("a report")))
        );
        assertFits("removeMember", membership, address(consensus), abi.encodeCall(consensus.removeMember, (members[0])));
    }

    /* OPERATORS AND DEPOSITS */

    function test_scale_operators() public {
        address last = managerOf(OPERATORS - 1);
        assertFits(
            "registerOperator", bob, address(registry), abi.encodeCall(registry.registerOperator, ("operator", bob))
        );
        vm.deal(bob, 1_000 ether);
        vm.prank(bob);
        registry.addBond{value: 1_000 ether}(OPERATORS);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(1e6, 150);
        assertFits(
            "submitValidatorSigs, 150 keys",
            last,
            address(registry),
            abi.encodeCall(registry.submitValidatorSigs, (OPERATORS, pubkeys, sigs))
        );
        assertFits("setVettedKeys", vetter, address(registry), abi.encodeCall(registry.setVettedKeys, (OPERATORS, 250)));
        assertFits(
            "removeUnusedKeys, 150 keys",
            last,
            address(registry),
            abi.encodeCall(registry.removeUnusedKeys, (OPERATORS, 150))
        );
        assertFits(
            "requestBondWithdrawal",
            last,
            address(registry),
            abi.encodeCall(registry.requestBondWithdrawal, (OPERATORS, 1 ether))
        );
        skip(7 days);
        assertFits("withdrawBond", last, address(registry), abi.encodeCall(registry.withdrawBond, (OPERATORS)));
        assertFits(
            "setSuspended, leaves the ring",
            vetter,
            address(registry),
            abi.encodeCall(registry.setSuspended, (500, true))
        );
        assertFits(
            "setSuspended, joins the ring",
            vetter,
            address(registry),
            abi.encodeCall(registry.setSuspended, (500, false))
        );
        assertFits("setTarget", vetter, address(registry), abi.encodeCall(registry.setTarget, (501, true, 0)));
        assertFits("claimRewards", bob, address(registry), abi.encodeCall(registry.claimRewards, (1)));
    }

    function test_scale_deposits() public {
        (bytes memory pubkeys, bytes32[] memory hashes) = roundKeys(DEPOSITED / 100);
        bytes memory data = abi.encodeCall(
            deposits.preDeposit,
            (100, depositContract.get_deposit_root(), registry.keysNonce(), withdrawalVault.withdrawalCredentials())
        );
        assertFits("preDeposit, 100 keys of 100 operators", depositor, address(deposits), data);
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(hashes, new bytes32[](0)));
        assertFits(
            "attestCredentials, 100 keys",
            bob,
            address(deposits),
            abi.encodeCall(deposits.attestCredentials, (hashes, new bytes32[](0)))
        );
        assertFits(
            "completeDeposits, 100 keys", bob, address(deposits), abi.encodeCall(deposits.completeDeposits, (pubkeys))
        );
    }
}
