// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";
import {Penalty} from "../../src/libraries/Penalty.sol";

/// @dev The price of downtime: never falls, has no steps, and ends at its cap.
contract PenaltyTest is Test {
    uint256 private constant WINDOW = 6_750;
    uint256 private constant UNIT = 35_000 gwei;
    /// @dev More validators than the network has.
    uint256 private constant MOST_KEYS = 10_000_000;

    function defaults() private pure returns (Penalty.Terms memory) {
        return Penalty.Terms({allowedDowntimeBps: 30, perMissedEpoch: UNIT, maxPenaltyBps: 1_000});
    }

    function anyTerms(uint256 allowedBps, uint256 perMissedEpoch, uint256 maxBps)
        private
        pure
        returns (Penalty.Terms memory)
    {
        return Penalty.Terms({
            allowedDowntimeBps: bound(allowedBps, 10, 100),
            perMissedEpoch: bound(perMissedEpoch, 1_000, 350_000) * 1 gwei,
            maxPenaltyBps: bound(maxBps, 1, 5_000)
        });
    }

    function dueOf(uint256 missed, uint256 assigned, Penalty.Terms memory terms) private pure returns (uint256) {
        return Penalty.due(missed, assigned, WINDOW, 1.5 ether, terms);
    }

    function test_vectors() public view {
        string memory json = vm.readFile("test/fixtures/penalty-vectors.json");
        uint256[] memory missed = vm.parseJsonUintArray(json, ".missed");
        uint256[] memory assigned = vm.parseJsonUintArray(json, ".assigned");
        uint256[] memory windowEpochs = vm.parseJsonUintArray(json, ".windowEpochs");
        uint256[] memory bondPerKey = vm.parseJsonUintArray(json, ".bondPerKey");
        uint256[] memory allowedBps = vm.parseJsonUintArray(json, ".allowedDowntimeBps");
        uint256[] memory perMissedEpoch = vm.parseJsonUintArray(json, ".perMissedEpoch");
        uint256[] memory maxBps = vm.parseJsonUintArray(json, ".maxPenaltyBps");
        uint256[] memory due = vm.parseJsonUintArray(json, ".due");
        uint256[] memory ppm = vm.parseJsonUintArray(json, ".uptimePpm");
        assertGt(due.length, 30);
        for (uint256 i = 0; i < due.length; ++i) {
            Penalty.Terms memory terms = Penalty.Terms(allowedBps[i], perMissedEpoch[i], maxBps[i]);
            assertEq(
                Penalty.due(missed[i], assigned[i], windowEpochs[i], bondPerKey[i], terms),
                due[i],
                string.concat("vector ", vm.toString(i))
            );
            assertEq(Penalty.uptimePpm(missed[i], assigned[i]), ppm[i]);
        }
    }

    function test_onlyMissesBeyondTheAllowanceCost() public pure {
        assertEq(Penalty.allowance(WINDOW, WINDOW, 30), 20);
        assertEq(dueOf(20, WINDOW, defaults()), 0);
        assertEq(dueOf(21, WINDOW, defaults()), UNIT);
    }

    function test_bandsCostOneTwoAndThree() public pure {
        // 1 % of 6,750 is 67, 5 % is 337.
        assertEq(dueOf(67, WINDOW, defaults()), 47 * UNIT);
        assertEq(dueOf(68, WINDOW, defaults()), (47 + 2) * UNIT);
        assertEq(dueOf(337, WINDOW, defaults()), (47 + 2 * 270) * UNIT);
        assertEq(dueOf(338, WINDOW, defaults()), (47 + 2 * 270 + 3) * UNIT);
    }

    function test_aWindowOfDowntimeCostsTheCap() public pure {
        assertEq(dueOf(WINDOW, WINDOW, defaults()), 0.15 ether);
        assertEq(dueOf(WINDOW / 2, WINDOW / 2, defaults()), 0.075 ether);
        assertEq(dueOf(100 * WINDOW, 100 * WINDOW, defaults()), 15 ether);
    }

    /// @dev A validator of the window's last two days may miss as many epochs as one of the whole window.
    function test_theAllowanceIsAtLeastThatOfOneWindow() public pure {
        assertEq(Penalty.allowance(450, WINDOW, 30), 20);
        assertEq(dueOf(20, 450, defaults()), 0);
        assertEq(dueOf(21, 450, defaults()), UNIT);
        assertEq(dueOf(20, 20, defaults()), 0);
    }

    function test_nothingAssignedCostsNothing() public pure {
        assertEq(dueOf(0, 0, defaults()), 0);
        assertEq(dueOf(5, 0, defaults()), 0);
    }

    function testFuzz_oneMoreMissCostsAtMostThreeUnits(
        uint256 missed,
        uint256 assigned,
        uint256 allowedBps,
        uint256 perMissedEpoch,
        uint256 maxBps
    ) public pure {
        Penalty.Terms memory terms = anyTerms(allowedBps, perMissedEpoch, maxBps);
        assigned = bound(assigned, 1, MOST_KEYS * WINDOW);
        missed = bound(missed, 0, assigned);
        uint256 before = dueOf(missed, assigned, terms);
        uint256 next = dueOf(missed + 1, assigned, terms);
        assertGe(next, before);
        assertLe(next - before, 3 * terms.perMissedEpoch);
    }

    function testFuzz_neverAboveTheCap(uint256 missed, uint256 assigned, uint256 bondPerKey, uint256 maxBps)
        public
        pure
    {
        Penalty.Terms memory terms = anyTerms(30, 350_000, maxBps);
        assigned = bound(assigned, 1, MOST_KEYS * WINDOW);
        missed = bound(missed, 0, type(uint64).max);
        bondPerKey = bound(bondPerKey, 1 ether, 32 ether);
        uint256 due = Penalty.due(missed, assigned, WINDOW, bondPerKey, terms);
        assertLe(due * WINDOW * 10_000, assigned * bondPerKey * terms.maxPenaltyBps);
    }

    function testFuzz_dueExactlyWhenBeyondTheAllowance(uint256 missed, uint256 assigned, uint256 allowedBps)
        public
        pure
    {
        Penalty.Terms memory terms = anyTerms(allowedBps, 1_000, 1);
        assigned = bound(assigned, 1, MOST_KEYS * WINDOW);
        missed = bound(missed, 0, assigned);
        assertEq(
            dueOf(missed, assigned, terms) != 0, missed > Penalty.allowance(assigned, WINDOW, terms.allowedDowntimeBps)
        );
    }

    function testFuzz_moreDutyNeverCostsMoreBelowTheCap(uint256 missed, uint256 assigned, uint256 extra) public pure {
        Penalty.Terms memory terms = defaults();
        assigned = bound(assigned, 1, MOST_KEYS * WINDOW);
        extra = bound(extra, 0, MOST_KEYS * WINDOW);
        missed = bound(missed, 0, assigned);
        uint256 cap = assigned * 1.5 ether * terms.maxPenaltyBps / (WINDOW * 10_000);
        uint256 due = dueOf(missed, assigned, terms);
        vm.assume(due < cap);
        assertLe(dueOf(missed, assigned + extra, terms), due);
    }

    function testFuzz_uptime(uint256 missed, uint256 assigned) public pure {
        assigned = bound(assigned, 1, MOST_KEYS * WINDOW);
        missed = bound(missed, 0, 2 * assigned);
        uint256 ppm = Penalty.uptimePpm(missed, assigned);
        assertLe(ppm, 1_000_000);
        if (missed >= assigned) assertEq(ppm, 0);
    }
}
