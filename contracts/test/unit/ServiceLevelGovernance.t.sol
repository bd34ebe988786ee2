// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {ServiceLevel} from "../../src/ServiceLevel.sol";
import {IExpiringPause} from "../../src/interfaces/IExpiringPause.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IServiceLevel} from "../../src/interfaces/IServiceLevel.sol";
import {Penalty} from "../../src/libraries/Penalty.sol";
import {ServiceLevelBase} from "../support/ServiceLevelBase.sol";

/// @dev Suspension, emergencies, parameters, pauses, deployment.
contract ServiceLevelGovernanceTest is ServiceLevelBase {
    /* REPEATED BREACHES */

    function test_breaches_suspendAtTheLimit() public {
        breach();
        breach();
        assertFalse(registry.operator(OPERATOR).suspended);
        uint256 id = report(nextWindow(), ALLOWED + 1);
        vm.warp(block.timestamp + 3 days);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.BreachLimitReached(OPERATOR, 3);
        vm.expectEmit(address(registry));
        emit IOperatorRegistry.SuspensionSet(OPERATOR, true);
        serviceLevel.executePenalty(id);
        assertTrue(registry.operator(OPERATOR).suspended);
        assertEq(serviceLevel.breachesOf(OPERATOR), 3);
    }

    function test_breaches_areForgottenAfterTwelveWindows() public {
        breach();
        breach();
        // The first of them is of the 12th window back, then of the 13th.
        vm.warp(block.timestamp + 9 * WINDOW_EPOCHS * EPOCH);
        assertEq(serviceLevel.breachesOf(OPERATOR), 2);
        nextWindow();
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
        breach();
        assertFalse(registry.operator(OPERATOR).suspended);
    }

    function test_breaches_moreOfTheSameWindowAreOne() public {
        uint256 window = nextWindow();
        for (uint256 i = 1; i < 5; ++i) {
            execute(report(window, ALLOWED + i));
        }
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
    }

    /// @dev Evidence of a window that counted does not suspend again whom governance let go on; another breach does.
    function test_breaches_onlyNewOnesSuspend() public {
        breach();
        breach();
        breach();
        vm.prank(vetter);
        registry.setSuspended(OPERATOR, false);
        execute(report(serviceLevel.currentWindow() - 1, ALLOWED + 5));
        assertFalse(registry.operator(OPERATOR).suspended);
        breach();
        assertTrue(registry.operator(OPERATOR).suspended);
    }

    /// @dev By proof too, in the window that runs.
    function test_breaches_byProof() public {
        vm.prank(parameters);
        serviceLevel.setBreachLimit(2);
        breach();
        vm.warp(block.timestamp + 10 days);
        exhaustAllowance();
        proveMiss(1, serviceLevel.currentEpoch() - 1);
        assertTrue(registry.operator(OPERATOR).suspended);
    }

    /* EMERGENCIES */

    function propose(uint256 amount) private returns (uint256 id) {
        vm.prank(emergency);
        return serviceLevel.emergencySlash(OPERATOR, amount, REASON);
    }

    function test_emergency() public {
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.EmergencyProposed(1, OPERATOR, 3 ether, REASON, block.timestamp + 2 days);
        uint256 id = propose(3 ether);
        assertEq(serviceLevel.pendingEmergency(OPERATOR), id);
        assertEq(serviceLevel.nextEmergencyFrom(OPERATOR), block.timestamp + 30 days);
        assertEq(uint8(serviceLevel.penalty(id).kind), uint8(IServiceLevel.PenaltyKind.Emergency));
        assertEq(registry.bondOf(OPERATOR), 6 ether);

        uint256 from = block.timestamp + 2 days;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelTooEarly.selector, id, from));
        serviceLevel.executePenalty(id);
        vm.warp(from);
        vm.prank(mallory);
        assertEq(serviceLevel.executePenalty(id), 3 ether);
        assertEq(registry.bondOf(OPERATOR), 3 ether);
        assertEq(address(coverageFund).balance, 3 ether);
        assertEq(serviceLevel.pendingEmergency(OPERATOR), 0);
        // It is no breach of a window, and no window was charged.
        assertEq(serviceLevel.breachesOf(OPERATOR), 0);
        assertEq(serviceLevel.charged(OPERATOR, serviceLevel.currentWindow()), 0);
    }

    function test_emergency_atMostHalfTheBond() public {
        vm.startPrank(emergency);
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelInvalidParameter.selector, 3 ether + 1, 1, 3 ether)
        );
        serviceLevel.emergencySlash(OPERATOR, 3 ether + 1, REASON);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelInvalidParameter.selector, 0, 1, 3 ether));
        serviceLevel.emergencySlash(OPERATOR, 0, REASON);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryUnknownOperator.selector, 2));
        serviceLevel.emergencySlash(2, 1, REASON);
    }

    function test_emergency_atMostHalfOfTheBondThen() public {
        uint256 id = propose(3 ether);
        vm.prank(address(serviceLevel));
        registry.charge(OPERATOR, 4 ether);
        vm.deal(address(serviceLevel), 0);
        assertEq(execute(id), 1 ether);
    }

    function test_emergency_oneAtATimeAndInThirtyDays() public {
        uint256 id = propose(1 ether);
        uint256 from = block.timestamp + 30 days;
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelAlreadyPending.selector, id));
        propose(1 ether);
        vm.prank(arbiter);
        serviceLevel.dismissPenalty(id, REASON);
        // Neither does a dismissed one make room for the next.
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelEmergencyTooSoon.selector, OPERATOR, from));
        propose(1 ether);
        vm.warp(from);
        assertEq(propose(1 ether), id + 1);
        // One that nobody executed is in the way of the next.
        vm.warp(from + 60 days);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelAlreadyPending.selector, id + 1));
        propose(1 ether);
    }

    function test_emergency_dismissed() public {
        uint256 id = propose(1 ether);
        vm.prank(arbiter);
        serviceLevel.dismissPenalty(id, REASON);
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(
            abi.encodeWithSelector(
                IServiceLevel.ServiceLevelNotPending.selector, id, IServiceLevel.PenaltyState.Dismissed
            )
        );
        serviceLevel.executePenalty(id);
        assertEq(serviceLevel.pendingEmergency(OPERATOR), 0);
    }

    /// @dev A report does not wait for an emergency, nor the other way round.
    function test_emergency_besideAReport() public {
        uint256 id = report(nextWindow(), 27_000);
        uint256 second = propose(1 ether);
        assertEq(execute(second), 1 ether);
        assertEq(execute(id), 0.6 ether);
    }

    /* PARAMETERS */

    function test_parameters_atFirst() public view {
        assertEq(serviceLevel.allowedDowntimeBps(), 30);
        assertEq(serviceLevel.penaltyPerMissedEpoch(), 35_000);
        assertEq(serviceLevel.maxPenaltyBps(), 1_000);
        assertEq(serviceLevel.appealWindow(), 3 days);
        assertEq(serviceLevel.breachLimit(), 3);
        assertEq(serviceLevel.windowEpochs() * EPOCH, 30 days);
    }

    /// @dev No operator is charged by terms that were not known before the window began.
    function test_parameters_termsHoldFromTheNextWindow() public {
        uint256 window = serviceLevel.currentWindow();
        vm.startPrank(parameters);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.TermsSet(window + 1, 10, 35_000, 1_000);
        serviceLevel.setAllowedDowntimeBps(10);
        serviceLevel.setPenaltyPerMissedEpoch(350_000);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.TermsSet(window + 1, 10, 350_000, 5_000);
        serviceLevel.setMaxPenaltyBps(5_000);
        vm.stopPrank();
        assertEq(serviceLevel.allowedDowntimeBps(), 10);
        assertEq(serviceLevel.penaltyPerMissedEpoch(), 350_000);
        assertEq(serviceLevel.maxPenaltyBps(), 5_000);
        assertEq(abi.encode(serviceLevel.termsOf(window)), abi.encode(Penalty.Terms(30, 35_000 gwei, 1_000)));
        assertEq(abi.encode(serviceLevel.termsOf(window + 1)), abi.encode(Penalty.Terms(10, 350_000 gwei, 5_000)));
        nextWindow();
        assertEq(execute(report(window, ALLOWED + 1)), UNIT);
        assertEq(execute(report(nextWindow(), 28)), 350_000 gwei);
    }

    function test_parameters_bounds() public {
        vm.startPrank(parameters);
        expectBounds(serviceLevel.setAllowedDowntimeBps, 10, 100);
        expectBounds(serviceLevel.setPenaltyPerMissedEpoch, 1_000, 350_000);
        expectBounds(serviceLevel.setMaxPenaltyBps, 1, 5_000);
        expectBounds(serviceLevel.setBreachLimit, 2, 10);
        registry.setBondCooldown(30 days);
        expectBounds(serviceLevel.setAppealWindow, 1 days, 14 days);
    }

    function expectBounds(function(uint256) external setter, uint256 minimum, uint256 maximum) private {
        setter(minimum);
        setter(maximum);
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelInvalidParameter.selector, minimum - 1, minimum, maximum)
        );
        setter(minimum - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelInvalidParameter.selector, maximum + 1, minimum, maximum)
        );
        setter(maximum + 1);
    }

    function test_parameters_appealEndsBeforeTheBondIsFree() public {
        vm.startPrank(parameters);
        vm.expectRevert(abi.encodeWithSelector(IServiceLevel.ServiceLevelAppealOutlastsBond.selector, 7 days, 7 days));
        serviceLevel.setAppealWindow(7 days);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.AppealWindowSet(7 days - 1);
        serviceLevel.setAppealWindow(7 days - 1);
        vm.expectEmit(address(serviceLevel));
        emit IServiceLevel.BreachLimitSet(5);
        serviceLevel.setBreachLimit(5);
    }

    /// @dev A report keeps the time it was given.
    function test_parameters_appealWindowIsForNewReports() public {
        uint256 id = report(nextWindow(), 1_000);
        vm.prank(parameters);
        serviceLevel.setAppealWindow(1 days);
        assertEq(serviceLevel.penalty(id).executableFrom, block.timestamp + 3 days);
    }

    function test_roles() public {
        bytes32 role = serviceLevel.PARAMETER_ROLE();
        bytes memory expected =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, mallory, role);
        vm.startPrank(mallory);
        vm.expectRevert(expected);
        serviceLevel.setAllowedDowntimeBps(10);
        vm.expectRevert(expected);
        serviceLevel.setPenaltyPerMissedEpoch(1_000);
        vm.expectRevert(expected);
        serviceLevel.setMaxPenaltyBps(1);
        vm.expectRevert(expected);
        serviceLevel.setAppealWindow(1 days);
        vm.expectRevert(expected);
        serviceLevel.setBreachLimit(2);
        role = serviceLevel.EMERGENCY_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, mallory, role));
        serviceLevel.emergencySlash(OPERATOR, 1, REASON);
        role = serviceLevel.UPGRADER_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, mallory, role));
        serviceLevel.upgradeToAndCall(address(1), "");
    }

    /* PAUSES */

    function test_pause_stopsAllButDismissals() public {
        uint256 id = report(nextWindow(), 1_000);
        vm.prank(pauser);
        serviceLevel.pause();
        bytes memory expected = abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, block.timestamp + 3 days);
        uint256 epoch = serviceLevel.currentEpoch() - 1;
        vm.expectRevert(expected);
        proveMiss(0, epoch);
        vm.expectRevert(expected);
        serviceLevel.proveSlashed(anchorAt(0), validatorOf(0));
        vm.expectRevert(expected);
        serviceLevel.proveForeignCredentials(anchorAt(0), validatorOf(0));
        vm.expectRevert(expected);
        serviceLevel.executePenalty(id);
        vm.expectRevert(expected);
        serviceLevel.reportDowntime(reportFor(OPERATOR, 0, 0, 0));
        vm.expectRevert(expected);
        propose(1);
        vm.prank(arbiter);
        serviceLevel.dismissPenalty(id, REASON);
    }

    /* DEPLOYMENT */

    function construct(
        address[5] memory modules,
        uint256 secondsPerSlot,
        uint256 slotsPerEpoch,
        uint256 windowEpochs,
        uint256 minAppealWindow
    ) external returns (address) {
        return implementation(
            "ServiceLevel",
            abi.encode(modules, GENESIS_TIME, secondsPerSlot, slotsPerEpoch, windowEpochs, minAppealWindow)
        );
    }

    function test_deployment_arguments() public {
        address[5] memory modules =
            [address(registry), address(coverageFund), address(consensus), proofs, address(withdrawalVault)];
        for (uint256 i = 0; i < 5; ++i) {
            address[5] memory incomplete = modules;
            address module = modules[i];
            incomplete[i] = address(0);
            vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
            this.construct(incomplete, 12, 32, 6_750, 1 days);
            // Memory arrays are references.
            incomplete[i] = module;
        }
        expectInvalidTime(modules, 0, 32, 6_750, 1 days, 0, 1, 60);
        expectInvalidTime(modules, 61, 32, 6_750, 1 days, 61, 1, 60);
        expectInvalidTime(modules, 12, 0, 6_750, 1 days, 0, 1, 1_024);
        expectInvalidTime(modules, 12, 32, 0, 1 days, 0, 1, 6_750);
        expectInvalidTime(modules, 12, 32, 6_751, 1 days, 6_751, 1, 6_750);
        expectInvalidTime(modules, 12, 32, 6_750, 59, 59, 60, 1 days);
        expectInvalidTime(modules, 12, 32, 6_750, 1 days + 1, 1 days + 1, 60, 1 days);
        assertNotEq(this.construct(modules, 6, 8, 40, 60), address(0));
    }

    function expectInvalidTime(
        address[5] memory modules,
        uint256 secondsPerSlot,
        uint256 slotsPerEpoch,
        uint256 windowEpochs,
        uint256 minAppealWindow,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private {
        vm.expectRevert(
            abi.encodeWithSelector(IServiceLevel.ServiceLevelInvalidParameter.selector, value, minimum, maximum)
        );
        this.construct(modules, secondsPerSlot, slotsPerEpoch, windowEpochs, minAppealWindow);
    }

    function test_deployment_initialisedOnce() public {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        serviceLevel.initialize(mallory);
    }

    function test_deployment_etherFromTheRegistryOnly() public {
        vm.prank(mallory);
        (bool sent, bytes memory reason) = address(serviceLevel).call{value: 1}("");
        assertFalse(sent);
        assertEq(reason, abi.encodeWithSelector(IServiceLevel.ServiceLevelUnexpectedEther.selector, mallory, 1));
    }

    function test_deployment_upgradeKeepsState() public {
        breach();
        uint256 window = serviceLevel.currentWindow() - 1;
        address[5] memory modules =
            [address(registry), address(coverageFund), address(consensus), proofs, address(withdrawalVault)];
        address next = this.construct(modules, 12, 32, 6_750, 1 days);
        vm.prank(upgrader);
        serviceLevel.upgradeToAndCall(next, "");
        assertEq(serviceLevel.charged(OPERATOR, window), UNIT);
        assertEq(serviceLevel.breachesOf(OPERATOR), 1);
        assertEq(serviceLevel.penaltyPerMissedEpoch(), 35_000);
    }

    function test_deployment_clockBeforeGenesis() public {
        vm.warp(GENESIS_TIME - 1);
        assertEq(serviceLevel.currentEpoch(), 0);
        assertEq(serviceLevel.currentWindow(), 0);
        vm.warp(GENESIS_TIME + EPOCH);
        assertEq(serviceLevel.currentEpoch(), 1);
    }
}
