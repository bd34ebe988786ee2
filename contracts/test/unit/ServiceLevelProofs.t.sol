// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IServiceLevel} from "../../src/interfaces/IServiceLevel.sol";
import {BeaconVerifierMock} from "../support/BeaconVerifierMock.sol";
import {ServiceLevelBase} from "../support/ServiceLevelBase.sol";

/// @dev Proofs by anyone, and what they come to together with reports.
contract ServiceLevelProofsTest is ServiceLevelBase {
    /* MISSED EPOCHS */

    function test_miss_withinTheAllowanceIsFree() public {
        uint256 epoch = serviceLevel.currentEpoch() - 1;
        uint256 window = serviceLevel.currentWindow();
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.MissProven(OPERATOR, window, hashOf(0), epoch, 1, ALLOWED);
        vm.prank(mallory);
        assertEq(proveMiss(0, epoch), 0);
        assertTrue(serviceLevel.isMissProven(hashOf(0), epoch));
        assertFalse(serviceLevel.isMissProven(hashOf(0), epoch - 1));
        assertFalse(serviceLevel.isMissProven(hashOf(1), epoch));
        assertEq(serviceLevel.provenMisses(OPERATOR, window), 1);
        assertEq(serviceLevel.allowance(OPERATOR, window), ALLOWED);

        assertEq(proveMisses(0, 1, ALLOWED - 1), 0);
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY);
        assertFalse(serviceLevel.isBreached(OPERATOR, window));
    }

    function test_miss_beyondTheAllowanceIsChargedAtOnce() public {
        exhaustAllowance();
        uint256 window = serviceLevel.currentWindow();
        uint256 epoch = serviceLevel.currentEpoch() - 1;
        // 82 of 27,000.
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.SlaBreached(OPERATOR, window, 996_962, ALLOWED + 1, KEYS * WINDOW_EPOCHS, UNIT);
        assertEq(proveMiss(1, epoch), UNIT);
        assertEq(proveMiss(1, epoch - 1), UNIT);
        assertEq(address(coverageFund).balance, 2 * UNIT);
        assertEq(address(serviceLevel).balance, 0);
        assertEq(serviceLevel.charged(OPERATOR, window), 2 * UNIT);
        assertTrue(serviceLevel.isBreached(OPERATOR, window));
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
    }

    function test_miss_countsOnce() public {
        uint256 epoch = serviceLevel.currentEpoch() - 1;
        proveMiss(0, epoch);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelMissAlreadyProven.selector, hashOf(0), epoch));
        vm.prank(mallory);
        proveMiss(0, epoch);
        // Another key, and another epoch, are other misses; so is the same bit of another word.
        proveMiss(1, epoch);
        proveMiss(0, epoch - 1);
        proveMiss(0, epoch - 256);
        assertEq(serviceLevel.provenMisses(OPERATOR, serviceLevel.currentWindow()), 4);
    }

    function test_miss_ofDepositedKeysOnly() public {
        uint256 epoch = serviceLevel.currentEpoch() - 1;
        operatorWithKeys(bob, 10, 4);
        expectNotDeposited(10, epoch);
        // Unknown to the registry.
        expectNotDeposited(99, epoch);
        preDeposit(4);
        expectNotDeposited(10, epoch);
        bytes32[] memory invalid = new bytes32[](1);
        invalid[0] = hashOf(11);
        attest(hashesOf(10, 1), invalid);
        expectNotDeposited(10, epoch);
        expectNotDeposited(11, epoch);
        deposits.completeDeposits(pubkeyOf(10));
        proveMiss(10, epoch);
        assertEq(serviceLevel.provenMisses(2, serviceLevel.currentWindow()), 1);
    }

    function expectNotDeposited(uint256 number, uint256 epoch) private {
        bytes memory expected = abi.encodeWithSelector(IServiceLevel.ServiceLevelNotDeposited.selector, hashOf(number));
        vm.expectRevert(expected);
        proveMiss(number, epoch);
        vm.expectRevert(expected);
        serviceLevel.proveSlashed(anchorAt(0), validatorOf(number));
        vm.expectRevert(expected);
        serviceLevel.proveForeignCredentials(anchorAt(0), validatorOf(number));
    }

    /// @dev A key is one operator's for ever: its misses cannot be laid to another.
    function test_miss_isTheOperatorsWhoseKeyItIs() public {
        operatorWithKeys(bob, 10, 1);
        depositKeys(10, 1);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 1);
        registry.addBond{value: 2 ether}(2);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryDuplicateKey.selector, pubkeys));
        registry.submitValidatorSigs(2, pubkeys, sigs);

        uint256 window = serviceLevel.currentWindow();
        proveMisses(0, 0, 30);
        proveMisses(10, 0, 20);
        assertEq(serviceLevel.provenMisses(OPERATOR, window), 30);
        assertEq(serviceLevel.provenMisses(2, window), 20);
        assertEq(serviceLevel.allowance(2, window), 20);
        assertEq(proveMiss(10, serviceLevel.currentEpoch() - 100), UNIT);
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY);
    }

    function test_miss_ofEpochsInReachOnly() public {
        uint256 current = serviceLevel.currentEpoch();
        // 16,383 slots are 511 epochs.
        uint256 minimum = current - 511 - 2;
        expectOutOfRange(current, minimum, current);
        expectOutOfRange(current + 1_000_000, minimum, current);
        expectOutOfRange(minimum - 1, minimum, current);
        proveMiss(0, current - 1);
        proveMiss(0, minimum);
    }

    function expectOutOfRange(uint256 epoch, uint256 minimum, uint256 current) private {
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelEpochOutOfRange.selector, epoch, minimum, current)
        );
        proveMiss(0, epoch);
    }

    /// @dev Misses of two windows do not add up.
    function test_miss_countsInItsOwnWindow() public {
        uint256 window = nextWindow();
        vm.warp(block.timestamp + 1 hours);
        uint256 first = (window + 1) * WINDOW_EPOCHS;
        proveMiss(0, first - 1);
        proveMiss(0, first);
        assertEq(serviceLevel.provenMisses(OPERATOR, window), 1);
        assertEq(serviceLevel.provenMisses(OPERATOR, window + 1), 1);
    }

    function test_miss_endsAtTheCap() public {
        // A cap of 1 basis point of 6 ether is 17.1 units.
        vm.prank(parameters);
        serviceLevel.setMaxPenaltyBps(1);
        vm.warp(epochTime(nextWindow() * WINDOW_EPOCHS + WINDOW_EPOCHS + 200));
        exhaustAllowance();
        assertEq(proveMisses(1, 0, 20), 0.0006 ether);
        assertEq(proveMiss(2, serviceLevel.currentEpoch() - 1), 0);
        assertEq(serviceLevel.charged(OPERATOR, serviceLevel.currentWindow()), 0.0006 ether);
    }

    function test_miss_keysThatCameRaiseTheAllowance() public {
        uint256 window = serviceLevel.currentWindow();
        exhaustAllowance();
        registry.addBond{value: 4 * BOND_PER_KEY}(OPERATOR);
        submitAs(manager, 10, 4);
        vet(OPERATOR, 8);
        depositKeys(10, 4);
        assertEq(serviceLevel.allowance(OPERATOR, window), 162);
        assertEq(proveMiss(1, serviceLevel.currentEpoch() - 1), 0);
    }

    function test_miss_keysThatLeftStillCount() public {
        uint256 window = serviceLevel.currentWindow();
        exhaustAllowance();
        vm.prank(address(distribution));
        registry.applyReport(oneUpdate(OPERATOR, KEYS, 0, 0));
        assertEq(registry.activeKeysOf(OPERATOR), 0);
        assertEq(serviceLevel.allowance(OPERATOR, window), ALLOWED);
        assertEq(proveMiss(1, serviceLevel.currentEpoch() - 1), UNIT);
    }

    /// @dev All have left before the first proof: the allowance of one.
    function test_miss_allowsForOneKeyAtLeast() public {
        vm.prank(address(distribution));
        registry.applyReport(oneUpdate(OPERATOR, KEYS, 0, 0));
        assertEq(proveMisses(0, 0, 20), 0);
        assertEq(proveMiss(0, serviceLevel.currentEpoch() - 30), UNIT);
    }

    function test_proofs_mustHold() public {
        IBeaconVerifier.ValidatorProof memory proof = validatorOf(0);
        proof.proof = new bytes32[](1);
        uint256 epoch = serviceLevel.currentEpoch() - 1;
        vm.expectRevert(BeaconVerifierMock.BeaconVerifierMockRefused.selector);
        serviceLevel.proveMissedEpoch(anchorAt(0), proof, participationIn(epoch));
        vm.expectRevert(BeaconVerifierMock.BeaconVerifierMockRefused.selector);
        serviceLevel.proveSlashed(anchorAt(0), proof);
        vm.expectRevert(BeaconVerifierMock.BeaconVerifierMockRefused.selector);
        serviceLevel.proveForeignCredentials(anchorAt(0), proof);
    }

    /* PROOFS AND REPORTS */

    function test_both_reportChargesWhatProofsDidNot() public {
        exhaustAllowance();
        assertEq(proveMisses(1, 0, 10), 10 * UNIT);
        uint256 window = nextWindow();
        assertEq(execute(report(window, ALLOWED + 25)), 15 * UNIT);
        assertEq(serviceLevel.charged(OPERATOR, window), 25 * UNIT);
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
    }

    function test_both_reportOfLessThanProvenIsNone() public {
        exhaustAllowance();
        proveMisses(1, 0, 10);
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, nextWindow(), ALLOWED + 10, 27_000);
        agreeOn(downtime);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelNothingDue.selector, 10 * UNIT, 10 * UNIT));
        serviceLevel.reportDowntime(downtime);
    }

    /// @dev Proofs that come while a report waits: executing it charges only what is left, or nothing.
    function test_both_proofsWhileAReportWaits() public {
        vm.warp(epochTime((serviceLevel.currentWindow() + 1) * WINDOW_EPOCHS - 1));
        exhaustAllowance();
        uint256 window = nextWindow();
        vm.warp(block.timestamp + 1 hours);
        uint256 id = report(window, ALLOWED + 6);
        uint256 last = (window + 1) * WINDOW_EPOCHS - 1;
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(proveMiss(1, last - i), UNIT);
        }
        uint256 snapshot = vm.snapshotState();
        assertEq(execute(id), 2 * UNIT);
        vm.revertToState(snapshot);
        for (uint256 i = 4; i < 10; ++i) {
            assertEq(proveMiss(1, last - i), UNIT);
        }
        assertEq(execute(id), 0);
        assertEq(serviceLevel.charged(OPERATOR, window), 10 * UNIT);
    }

    /// @dev Proofs of misses that an executed report counted already are recorded, and cost nothing more.
    function test_both_proofsAfterAReport() public {
        vm.warp(epochTime((serviceLevel.currentWindow() + 1) * WINDOW_EPOCHS - 1));
        exhaustAllowance();
        vm.prank(parameters);
        serviceLevel.setAppealWindow(1 days);
        uint256 window = nextWindow();
        execute(report(window, ALLOWED + 2));
        uint256 last = (window + 1) * WINDOW_EPOCHS - 1;
        assertEq(proveMiss(1, last), 0);
        assertEq(proveMiss(1, last - 1), 0);
        assertEq(proveMiss(1, last - 2), UNIT);
        assertEq(serviceLevel.charged(OPERATOR, window), 3 * UNIT);
    }

    /// @dev A dismissed report does not protect from proofs.
    function test_both_proofsAfterADismissal() public {
        vm.warp(epochTime((serviceLevel.currentWindow() + 1) * WINDOW_EPOCHS - 1));
        exhaustAllowance();
        uint256 window = nextWindow();
        vm.warp(block.timestamp + 1 hours);
        uint256 id = report(window, 1_000);
        vm.prank(arbiter);
        serviceLevel.dismissPenalty(id, REASON);
        assertEq(proveMiss(1, (window + 1) * WINDOW_EPOCHS - 1), UNIT);
    }

    /// @dev Whatever comes first: a window costs the higher of what its report and its proofs show.
    function testFuzz_both_orderDoesNotMatter(uint256 proven, uint256 reported, uint256 before) public {
        proven = bound(proven, 0, 12);
        reported = bound(reported, 1, 12);
        before = bound(before, 0, proven);
        vm.prank(parameters);
        serviceLevel.setAppealWindow(1 days);
        vm.warp(epochTime((serviceLevel.currentWindow() + 1) * WINDOW_EPOCHS - 1));
        exhaustAllowance();
        uint256 window = nextWindow();
        uint256 last = (window + 1) * WINDOW_EPOCHS - 1;
        for (uint256 i = 0; i < before; ++i) {
            proveMiss(1, last - i);
        }
        if (reported > before) execute(report(window, ALLOWED + reported));
        for (uint256 i = before; i < proven; ++i) {
            proveMiss(1, last - i);
        }
        uint256 due = (proven > reported ? proven : reported) * UNIT;
        assertEq(serviceLevel.charged(OPERATOR, window), due);
        assertEq(address(coverageFund).balance, due);
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY - due);
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
    }

    /* FAULTS */

    function test_slashed_suspends() public {
        IBeaconVerifier.ValidatorProof memory proof = validatorOf(2);
        proof.validator.slashed = true;
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.SlashingProven(OPERATOR, hashOf(2), 1_002, 777);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.SuspensionSet(OPERATOR, true);
        vm.prank(mallory);
        serviceLevel.proveSlashed(anchorAt(777), proof);
        assertTrue(registry.operator(OPERATOR).suspended);
        assertTrue(serviceLevel.isSlashingProven(hashOf(2)));
        assertFalse(serviceLevel.isForeignProven(hashOf(2)));
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY);

        // Governance lets it go on: the same fault does not suspend again.
        vm.prank(vetter);
        registry.setSuspended(OPERATOR, false);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelFaultAlreadyProven.selector, hashOf(2)));
        serviceLevel.proveSlashed(anchorAt(778), proof);
    }

    function test_slashed_mustBe() public {
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelNotSlashed.selector, hashOf(0)));
        serviceLevel.proveSlashed(anchorAt(0), validatorOf(0));
    }

    function test_foreign_suspends() public {
        IBeaconVerifier.ValidatorProof memory proof = validatorOf(3);
        proof.validator.withdrawalCredentials = bytes32(uint256(1));
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.ForeignCredentialsProven(OPERATOR, hashOf(3), bytes32(uint256(1)), 777);
        serviceLevel.proveForeignCredentials(anchorAt(777), proof);
        assertTrue(registry.operator(OPERATOR).suspended);
        assertTrue(serviceLevel.isForeignProven(hashOf(3)));
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelFaultAlreadyProven.selector, hashOf(3)));
        serviceLevel.proveForeignCredentials(anchorAt(777), proof);
    }

    function test_foreign_mustBe() public {
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelOwnCredentials.selector, hashOf(0)));
        serviceLevel.proveForeignCredentials(anchorAt(0), validatorOf(0));
    }
}
