// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IServiceLevel} from "../../src/interfaces/IServiceLevel.sol";
import {Wardens} from "./handlers/Wardens.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev The service level: what is charged, how often, and what it leads to. Campaigns start in the second window, with a
/// report and a proof on the way.
contract ServiceLevelInvariantsTest is InvariantBase {
    function warmUp() internal override {
        super.warmUp();
        handler.completeDeposits(3);
        handler.waitLong(25 days);
        handler.reportDowntime(1, 0xffff04);
        handler.proveMisses(0, 0);
    }

    /// @dev Calls a function for each operator and each window of which something is known.
    function each(function(uint256, uint256, Wardens.WindowBook memory) view check) private view {
        uint256[] memory windows = handler.knownWindows();
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            for (uint256 i = 0; i < windows.length; ++i) {
                check(id, windows[i], handler.windowBookOf(id, windows[i]));
            }
        }
    }

    /* CHARGES */

    /// @dev Evidence adds up to what the worst of it makes due, never to more.
    function invariant_aWindowCostsWhatItsWorstEvidenceMakesDue() public view {
        each(costsAtMostTheDue);
    }

    function costsAtMostTheDue(uint256 id, uint256 window, Wardens.WindowBook memory b) private view {
        assertLe(serviceLevel.charged(id, window), b.mostDue);
    }

    function invariant_chargesAreAsTheBooksHaveThem() public view {
        each(chargeIsAsBooked);
    }

    function chargeIsAsBooked(uint256 id, uint256 window, Wardens.WindowBook memory b) private view {
        assertEq(serviceLevel.charged(id, window), b.charged);
    }

    /// @dev What was charged is in the coverage fund, less what losses took from there.
    function invariant_theFundGetsWhatIsCharged() public view {
        uint256 into = handler.forced(address(coverageFund)) + handler.sumsOf().surplus + handler.enforced();
        assertEq(address(coverageFund).balance, into - handler.sumsOf().covered);
    }

    /// @dev Ether passes through; only what a handler charges in its place stays.
    function invariant_nothingStaysWithTheServiceLevel() public view {
        assertEq(address(serviceLevel).balance, handler.serviceCharges());
    }

    /* EVIDENCE */

    function invariant_missesCountOnce() public view {
        each(missesAreAsBooked);
    }

    function missesAreAsBooked(uint256 id, uint256 window, Wardens.WindowBook memory b) private view {
        assertEq(serviceLevel.provenMisses(id, window), b.misses);
    }

    function invariant_reportsCountOnce() public view {
        each(reportsAreAsBooked);
    }

    function reportsAreAsBooked(uint256 id, uint256 window, Wardens.WindowBook memory b) private view {
        assertEq(serviceLevel.reportNonce(id, window), b.reports);
        assertEq(serviceLevel.pendingReport(id, window), b.pendingReport);
    }

    /// @dev A window is breached when evidence made something due, and stays so.
    function invariant_breachesAreWindowsThatCost() public view {
        each(breachCosts);
    }

    function breachCosts(uint256 id, uint256 window, Wardens.WindowBook memory b) private view {
        assertEq(serviceLevel.isBreached(id, window), b.breached);
        assertEq(b.breached, b.mostDue != 0);
    }

    function invariant_breachesOfAYearAreCounted() public view {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            assertEq(serviceLevel.breachesOf(id), handler.breachesOf(id));
        }
    }

    /* PENALTIES */

    /// @dev A penalty waits, then is executed or dismissed, for ever.
    function invariant_penaltiesEndOnce() public view {
        assertEq(serviceLevel.penaltyCount(), handler.penalties());
        for (uint256 id = 1; id <= handler.penalties(); ++id) {
            assertEq(uint8(serviceLevel.penalty(id).state), uint8(handler.penaltyStateOf(id)));
        }
    }

    /// @dev A report's penalty waits for the appeal, an emergency's for two days; no longer than bond takes to leave.
    function invariant_aPendingPenaltyIsTheOneOfItsWindow() public view {
        for (uint256 id = 1; id <= handler.penalties(); ++id) {
            IServiceLevel.PendingPenalty memory p = serviceLevel.penalty(id);
            if (p.state != IServiceLevel.PenaltyState.Pending) continue;
            if (p.kind == IServiceLevel.PenaltyKind.Emergency) {
                assertEq(serviceLevel.pendingEmergency(p.operatorId), id);
            } else {
                assertEq(serviceLevel.pendingReport(p.operatorId, p.window), id);
            }
            assertLe(p.executableFrom, handler.time() + 14 days);
        }
    }

    function invariant_emergenciesAreApart() public view {
        assertEq(handler.earlyEmergencies(), 0);
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            uint256 last = handler.lastEmergency(id);
            assertEq(serviceLevel.nextEmergencyFrom(id), last == 0 ? 0 : last + 30 days);
        }
    }

    /// @dev What a window can cost is fixed before it begins.
    function invariant_termsOfAWindowStay() public view {
        assertEq(handler.termsChanged(), 0);
    }
}
