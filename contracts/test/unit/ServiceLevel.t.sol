// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ICoverageFund} from "../../src/interfaces/ICoverageFund.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IServiceLevel} from "../../src/interfaces/IServiceLevel.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {ServiceLevelBase} from "../support/ServiceLevelBase.sol";

/// @dev Members' reports, and penalties that wait.
contract ServiceLevelTest is ServiceLevelBase {
    /* REPORTS */

    function test_report_waitsForItsAppeal() public {
        uint256 window = nextWindow();
        uint256 missed = ALLOWED + 10;
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window, missed, KEYS * WINDOW_EPOCHS);
        agreeOn(downtime);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.DowntimeReported(
            1, OPERATOR, window, KEYS * WINDOW_EPOCHS, missed, 10 * UNIT, block.timestamp + 3 days
        );
        vm.prank(mallory);
        uint256 id = serviceLevel.reportDowntime(downtime);

        assertEq(id, 1);
        assertEq(serviceLevel.penaltyCount(), 1);
        assertEq(serviceLevel.pendingReport(OPERATOR, window), 1);
        assertEq(serviceLevel.reportNonce(OPERATOR, window), 1);
        assertEq(serviceLevel.charged(OPERATOR, window), 0);
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY);
        IServiceLevel.PendingPenalty memory pending = serviceLevel.penalty(1);
        assertEq(pending.operatorId, OPERATOR);
        assertEq(pending.window, window);
        assertEq(uint8(pending.kind), uint8(IServiceLevel.PenaltyKind.Downtime));
        assertEq(uint8(pending.state), uint8(IServiceLevel.PenaltyState.Pending));
        assertEq(pending.executableFrom, block.timestamp + 3 days);
        assertEq(pending.amount, 10 * UNIT);
        assertEq(pending.missedEpochs, missed);
        assertEq(pending.assignedEpochs, KEYS * WINDOW_EPOCHS);
    }

    function test_report_executed() public {
        uint256 window = nextWindow();
        uint256 id = report(window, ALLOWED + 10);
        vm.warp(block.timestamp + 3 days);
        uint256 fund = address(coverageFund).balance;
        // 91 of 27,000: 99.6629 %.
        vm.expectEmit(address(coverageFund));
        emit ICoverageFund.Deposited(address(serviceLevel), 10 * UNIT);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.SlaBreached(OPERATOR, window, 996_629, ALLOWED + 10, KEYS * WINDOW_EPOCHS, 10 * UNIT);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.PenaltyExecuted(id, OPERATOR, 10 * UNIT);
        vm.prank(mallory);
        assertEq(serviceLevel.executePenalty(id), 10 * UNIT);

        assertEq(address(coverageFund).balance - fund, 10 * UNIT);
        assertEq(address(serviceLevel).balance, 0);
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY - 10 * UNIT);
        assertEq(serviceLevel.charged(OPERATOR, window), 10 * UNIT);
        assertEq(serviceLevel.pendingReport(OPERATOR, window), 0);
        assertEq(uint8(serviceLevel.penalty(id).state), uint8(IServiceLevel.PenaltyState.Executed));
        assertTrue(serviceLevel.isBreached(OPERATOR, window));
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
        assertFalse(registry.operator(OPERATOR).suspended);
    }

    function test_report_needsAgreement() public {
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, nextWindow(), 1_000, 27_000);
        bytes32 digest = serviceLevel.downtimeDigest(downtime);
        vm.prank(members[0]);
        consensus.vote(Lanes.SERVICE_LEVEL, digest);
        // On another lane an agreement is one on something else.
        agree(Lanes.REPORT, digest);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelNotAgreed.selector, bytes32(0), digest));
        serviceLevel.reportDowntime(downtime);
    }

    function test_report_digestCoversEverything() public {
        uint256 window = nextWindow();
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window, 1_000, 27_000);
        bytes32 digest = serviceLevel.downtimeDigest(downtime);
        assertEq(
            digest,
            keccak256(
                abi.encode("reportDowntime", block.chainid, address(serviceLevel), uint256(0), 1, window, 27_000, 1_000)
            )
        );
        assertNotEq(digest, serviceLevel.downtimeDigest(reportFor(2, window, 1_000, 27_000)));
        assertNotEq(digest, serviceLevel.downtimeDigest(reportFor(OPERATOR, window - 1, 1_000, 27_000)));
        assertNotEq(digest, serviceLevel.downtimeDigest(reportFor(OPERATOR, window, 1_001, 27_000)));
        assertNotEq(digest, serviceLevel.downtimeDigest(reportFor(OPERATOR, window, 1_000, 26_999)));
        vm.chainId(1_234);
        assertNotEq(digest, serviceLevel.downtimeDigest(downtime));
    }

    function test_report_ofTheLastWindowOnly() public {
        uint256 window = serviceLevel.currentWindow();
        // The last second of a window is still in it.
        vm.warp(epochTime((window + 1) * WINDOW_EPOCHS) - 1);
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window, 1_000, 27_000);
        agreeOn(downtime);
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelWindowNotReportable.selector, window, window - 1)
        );
        serviceLevel.reportDowntime(downtime);

        vm.warp(epochTime((window + 2) * WINDOW_EPOCHS));
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelWindowNotReportable.selector, window, window + 1)
        );
        serviceLevel.reportDowntime(downtime);

        vm.warp(epochTime((window + 2) * WINDOW_EPOCHS) - 1);
        serviceLevel.reportDowntime(downtime);
    }

    function test_report_mustBePossible() public {
        uint256 window = nextWindow();
        expectImpossible(reportFor(OPERATOR, window, 27_001, 27_000));
        expectImpossible(reportFor(OPERATOR, window, 1_000, 27_001));
        IServiceLevel.DowntimeReport memory downtime = reportFor(2, window, 1, 1);
        agreeOn(downtime);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 2));
        serviceLevel.reportDowntime(downtime);
    }

    function expectImpossible(IServiceLevel.DowntimeReport memory downtime) private {
        agreeOn(downtime);
        vm.expectRevert(
            abi.encodeWithSelector(
                IServiceLevel.ServiceLevelImpossibleReport.selector,
                downtime.missedEpochs,
                downtime.assignedEpochs,
                27_000
            )
        );
        serviceLevel.reportDowntime(downtime);
    }

    function test_report_withinTheAllowanceIsNone() public {
        uint256 window = nextWindow();
        expectNothingDue(reportFor(OPERATOR, window, ALLOWED, 27_000), 0, 0);
        expectNothingDue(reportFor(OPERATOR, window, 0, 0), 0, 0);
        // One validator-window's allowance at least.
        expectNothingDue(reportFor(OPERATOR, window, 20, 20), 0, 0);
    }

    function expectNothingDue(IServiceLevel.DowntimeReport memory downtime, uint256 due, uint256 charged) private {
        agreeOn(downtime);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelNothingDue.selector, due, charged));
        serviceLevel.reportDowntime(downtime);
    }

    /// @dev Validators that are known to have left before a window cannot have been on duty in it.
    function test_report_cannotCountWhoHadLeft() public {
        uint256 window = serviceLevel.currentWindow();
        vm.prank(address(distribution));
        registry.applyReport(oneUpdate(OPERATOR, 3, 0, 0));
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.ExitsRecorded(OPERATOR, window, 3);
        vm.prank(mallory);
        assertEq(serviceLevel.recordExits(OPERATOR), 3);
        // They left in this window: they were on duty in a part of it.
        assertEq(serviceLevel.maxAssignedEpochs(OPERATOR, window), 27_000);
        assertEq(serviceLevel.maxAssignedEpochs(OPERATOR, window + 1), 6_750);
        assertEq(serviceLevel.maxAssignedEpochs(OPERATOR, 0), 27_000);
        nextWindow();
        assertEq(execute(report(window, 27_000)), 0.6 ether);

        nextWindow();
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window + 1, 1_000, 6_751);
        agreeOn(downtime);
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelImpossibleReport.selector, 1_000, 6_751, 6_750)
        );
        serviceLevel.reportDowntime(downtime);
        downtime = reportFor(OPERATOR, window + 1, 6_750, 6_750);
        agreeOn(downtime);
        assertEq(execute(serviceLevel.reportDowntime(downtime)), 0.15 ether);
        // Recorded again, also in the same window, nothing changes.
        assertEq(serviceLevel.recordExits(OPERATOR), 3);
        assertEq(serviceLevel.recordExits(OPERATOR), 3);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 2));
        serviceLevel.recordExits(2);
    }

    function test_report_oneAtATime() public {
        uint256 window = nextWindow();
        uint256 id = report(window, 1_000);
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window, 2_000, 27_000);
        agreeOn(downtime);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelAlreadyPending.selector, id));
        serviceLevel.reportDowntime(downtime);
    }

    function test_report_cannotBeReplayed() public {
        uint256 window = nextWindow();
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window, 1_000, 27_000);
        bytes32 digest = serviceLevel.downtimeDigest(downtime);
        agreeOn(downtime);
        uint256 id = serviceLevel.reportDowntime(downtime);
        vm.prank(arbiter);
        serviceLevel.dismissPenalty(id, REASON);
        vm.expectRevert(
            abi.encodeWithSelector(
                IServiceLevel.ServiceLevelNotAgreed.selector, digest, serviceLevel.downtimeDigest(downtime)
            )
        );
        serviceLevel.reportDowntime(downtime);
    }

    function test_report_correctedUpwardsChargesTheDifference() public {
        uint256 window = nextWindow();
        assertEq(execute(report(window, ALLOWED + 10)), 10 * UNIT);
        expectNothingDue(reportFor(OPERATOR, window, ALLOWED + 10, 27_000), 10 * UNIT, 10 * UNIT);
        expectNothingDue(reportFor(OPERATOR, window, ALLOWED + 5, 27_000), 5 * UNIT, 10 * UNIT);
        assertEq(execute(report(window, ALLOWED + 25)), 15 * UNIT);
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
        assertEq(serviceLevel.reportNonce(OPERATOR, window), 2);
    }

    function test_report_cannotExceedTheCap() public {
        uint256 window = nextWindow();
        assertEq(execute(report(window, 27_000)), KEYS * BOND_PER_KEY / 10);
        expectNothingDue(reportFor(OPERATOR, window, 26_999, 27_000), 0.6 ether, 0.6 ether);
    }

    /// @dev What a lying quorum can do in a month: the cap, once.
    function test_report_aLyingQuorumIsHeldToTheCap() public {
        execute(report(nextWindow(), 27_000));
        uint256 bond = registry.bondOf(OPERATOR);
        assertEq(bond, KEYS * BOND_PER_KEY * 9 / 10);
        uint256 current = serviceLevel.currentWindow();
        for (uint256 i = 0; i < 13; ++i) {
            IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, current - i, 27_000, 27_000);
            agreeOn(downtime);
            vm.expectRevert();
            serviceLevel.reportDowntime(downtime);
        }
        assertEq(registry.bondOf(OPERATOR), bond);
    }

    function test_execute_notBeforeTheAppealEnds() public {
        uint256 id = report(nextWindow(), 1_000);
        uint256 from = block.timestamp + 3 days;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelTooEarly.selector, id, from));
        serviceLevel.executePenalty(id);
        vm.warp(from);
        serviceLevel.executePenalty(id);
    }

    function test_execute_once() public {
        uint256 id = report(nextWindow(), 1_000);
        execute(id);
        expectNotPending(id, IServiceLevel.PenaltyState.Executed);
        expectNotPending(0, IServiceLevel.PenaltyState.None);
        expectNotPending(id + 1, IServiceLevel.PenaltyState.None);
    }

    function expectNotPending(uint256 id, IServiceLevel.PenaltyState state) private {
        bytes memory expected = abi.encodeWithSelector(IServiceLevel.ServiceLevelNotPending.selector, id, state);
        vm.expectRevert(expected);
        serviceLevel.executePenalty(id);
        vm.prank(arbiter);
        vm.expectRevert(expected);
        serviceLevel.dismissPenalty(id, REASON);
    }

    function test_dismiss() public {
        uint256 window = nextWindow();
        uint256 id = report(window, 1_000);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.PenaltyDismissed(id, OPERATOR, REASON);
        vm.prank(arbiter);
        serviceLevel.dismissPenalty(id, REASON);
        assertEq(serviceLevel.pendingReport(OPERATOR, window), 0);
        vm.warp(block.timestamp + 4 days);
        expectNotPending(id, IServiceLevel.PenaltyState.Dismissed);
        assertEq(registry.bondOf(OPERATOR), KEYS * BOND_PER_KEY);
        assertEq(serviceLevel.breachesOf(OPERATOR), 0);
        // The members may report anew.
        assertEq(report(window, 500), id + 1);
    }

    function test_dismiss_byTheArbiterOnly() public {
        uint256 id = report(nextWindow(), 1_000);
        bytes32 role = serviceLevel.ARBITER_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, manager, role));
        vm.prank(manager);
        serviceLevel.dismissPenalty(id, REASON);
    }

    /// @dev What an operator asks back when the report comes is still there when the appeal ends.
    function test_execute_reachesBondAskedBack() public {
        registry.addBond{value: 5 ether}(OPERATOR);
        uint256 id = report(nextWindow(), 27_000);
        vm.prank(manager);
        registry.requestBondWithdrawal(OPERATOR, 5 ether);
        vm.warp(block.timestamp + 3 days);
        vm.prank(manager);
        vm.expectRevert();
        registry.withdrawBond(OPERATOR);
        assertEq(execute(id), 0.6 ether);
    }

    function test_execute_takesWhatTheBondHas() public {
        uint256 window = nextWindow();
        uint256 id = report(window, 27_000);
        vm.prank(address(serviceLevel));
        registry.charge(OPERATOR, KEYS * BOND_PER_KEY - 0.1 ether);
        vm.deal(address(serviceLevel), 0);
        assertEq(execute(id), 0.1 ether);
        assertEq(serviceLevel.charged(OPERATOR, window), 0.1 ether);
        // An empty bond breaches all the same.
        assertEq(execute(report(nextWindow(), 27_000)), 0);
        assertEq(serviceLevel.breachesOf(OPERATOR), 2);
        // What the bond could not pay is still due when it can: another report of the same window.
        registry.addBond{value: 1 ether}(OPERATOR);
        assertEq(execute(report(serviceLevel.currentWindow() - 1, 27_000)), 0.6 ether);
    }
}
