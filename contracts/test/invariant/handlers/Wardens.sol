// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ServiceLevel} from "../../../src/ServiceLevel.sol";
import {IBeaconVerifier} from "../../../src/interfaces/IBeaconVerifier.sol";
import {IOperatorRegistry} from "../../../src/interfaces/IOperatorRegistry.sol";
import {IServiceLevel} from "../../../src/interfaces/IServiceLevel.sol";
import {Lanes} from "../../../src/libraries/Lanes.sol";
import {Penalty} from "../../../src/libraries/Penalty.sol";
import {Governors} from "./Governors.sol";

/// @dev The service level: members' reports, proofs, emergencies, appeals; what was charged by the handler's own books.
/// What a window's evidence makes due is Penalty's to say (test/fuzz/Penalty.t.sol); what comes of it is checked here.
abstract contract Wardens is Governors {
    /// @dev An operator's window.
    /// @param mostDue The most wei that a piece of evidence made due.
    struct WindowBook {
        uint256 misses;
        uint256 keys;
        uint256 reports;
        uint256 pendingReport;
        uint256 charged;
        uint256 mostDue;
        bool breached;
    }

    /// @dev Epochs that proofs reach back: 16,383 slots, and two for an epoch's own participation.
    uint256 private constant EVIDENCE_EPOCHS = 513;
    uint256 private constant BREACH_WINDOWS = 12;

    mapping(uint256 operatorId => mapping(uint256 window => WindowBook)) internal windowBooks;
    mapping(uint256 penaltyId => IServiceLevel.PenaltyState) public penaltyStateOf;
    mapping(uint256 operatorId => uint256) public lastEmergency;
    mapping(uint256 window => bytes32) private termsSeen;
    /// @dev Windows of which something is known.
    uint256[] private windows;
    mapping(uint256 window => bool) private isKnownWindow;
    uint256 public penalties;
    /// @dev Wei that went from bonds to the coverage fund.
    uint256 public enforced;
    /// @dev Times that terms of a window that had begun changed, or an emergency came too soon.
    uint256 public termsChanged;
    uint256 public earlyEmergencies;

    function windowBookOf(uint256 operatorId, uint256 window) external view returns (WindowBook memory) {
        return windowBooks[operatorId][window];
    }

    function knownWindows() external view returns (uint256[] memory) {
        return windows;
    }

    /* REPORTS */

    /// @dev Members agree on an operator's last window; within the allowance there is nothing to report.
    function reportDowntime(uint256 who, uint256 seed) external watched {
        ServiceLevel sla = _sla();
        uint256 id = _operator(who);
        if (id == 0) return;
        uint256 current = _lookAtWindow();
        if (current == 0) return;
        uint256 most = sla.maxAssignedEpochs(id, current - 1);
        WindowBook storage book = windowBooks[id][current - 1];
        if (most == 0 || book.pendingReport != 0) return;
        uint256 assigned = most - seed % (most / 4 + 1);
        uint256 missed = seed % 4 == 0 ? (seed >> 8) % (assigned + 1) : (seed >> 8) % (assigned / 50 + 1);
        IServiceLevel.DowntimeReport memory report =
            IServiceLevel.DowntimeReport(uint32(id), uint32(current - 1), uint64(assigned), uint64(missed));
        _agree(CONSENSUS, Lanes.SERVICE_LEVEL, sla.downtimeDigest(report), seed);
        uint256 due = _dueOf(current - 1, missed, assigned);
        VM.prank(STRANGER);
        if (due <= book.charged) {
            (bool ok,) = address(sla).call(abi.encodeCall(IServiceLevel.reportDowntime, (report)));
            _check(!ok, "nothing due is no penalty");
            _count("nothingDue");
            return;
        }
        _check(sla.reportDowntime(report) == ++penalties, "penalties are consecutive");
        _know(current - 1);
        penaltyStateOf[penalties] = IServiceLevel.PenaltyState.Pending;
        book.pendingReport = penalties;
        ++book.reports;
        // The same agreement makes no second penalty.
        _mustFail(STRANGER, abi.encodeCall(IServiceLevel.reportDowntime, (report)));
        _mustFail(STRANGER, abi.encodeCall(IServiceLevel.executePenalty, (penalties)));
        _count("reportDowntime");
    }

    /// @dev After the appeal anyone executes: once.
    function executePenalty(uint256 seed) external watched {
        uint256 penaltyId = _pendingAt(seed);
        if (penaltyId == 0) return;
        ServiceLevel sla = _sla();
        IServiceLevel.PendingPenalty memory p = sla.penalty(penaltyId);
        if (time < p.executableFrom) {
            if (seed % 2 == 0) return;
            _at(p.executableFrom);
        }
        Book storage operatorBook = books[p.operatorId];
        uint256 expected;
        if (p.kind == IServiceLevel.PenaltyKind.Emergency) {
            expected = _min(p.amount, operatorBook.bond / 2);
            _spend(p.operatorId, expected);
            _count("executeEmergency");
        } else {
            windowBooks[p.operatorId][p.window].pendingReport = 0;
            expected = _enforce(p.operatorId, p.window, p.amount);
            _count("executeDowntime");
        }
        penaltyStateOf[penaltyId] = IServiceLevel.PenaltyState.Executed;
        uint256 fund = address(FUND).balance;
        VM.prank(STRANGER);
        _check(sla.executePenalty(penaltyId) == expected, "what a penalty charges");
        _check(address(FUND).balance - fund == expected, "the fund gets what is charged");
        _mustFail(STRANGER, abi.encodeCall(IServiceLevel.executePenalty, (penaltyId)));
        _mustFail(cast.arbiter, abi.encodeCall(IServiceLevel.dismissPenalty, (penaltyId, bytes32(0))));
    }

    function dismissPenalty(uint256 seed) external watched {
        uint256 penaltyId = _pendingAt(seed);
        if (penaltyId == 0) return;
        IServiceLevel.PendingPenalty memory p = _sla().penalty(penaltyId);
        if (p.kind == IServiceLevel.PenaltyKind.Downtime) windowBooks[p.operatorId][p.window].pendingReport = 0;
        penaltyStateOf[penaltyId] = IServiceLevel.PenaltyState.Dismissed;
        VM.prank(cast.arbiter);
        _sla().dismissPenalty(penaltyId, bytes32("appeal"));
        _mustFail(STRANGER, abi.encodeCall(IServiceLevel.executePenalty, (penaltyId)));
        _count("dismissPenalty");
    }

    function emergencySlash(uint256 who, uint256 amount) external watched {
        uint256 id = _operator(who);
        if (id == 0 || books[id].bond < 2) return;
        ServiceLevel sla = _sla();
        if (sla.pendingEmergency(id) != 0 || time < sla.nextEmergencyFrom(id)) return;
        if (lastEmergency[id] != 0 && time < lastEmergency[id] + 30 days) ++earlyEmergencies;
        uint256 most = books[id].bond / 2;
        _mustFail(cast.emergency, abi.encodeCall(IServiceLevel.emergencySlash, (id, most + 1, bytes32(0))));
        amount = _within(amount, 1, most);
        _mustFail(STRANGER, abi.encodeCall(IServiceLevel.emergencySlash, (id, amount, bytes32(0))));
        VM.prank(cast.emergency);
        _check(sla.emergencySlash(id, amount, bytes32("why")) == ++penalties, "penalties are consecutive");
        penaltyStateOf[penalties] = IServiceLevel.PenaltyState.Pending;
        lastEmergency[id] = time;
        _count("emergencySlash");
    }

    /* PROOFS */

    /// @dev Anyone proves some epochs that a validator missed; each counts once.
    function proveMisses(uint256 seed, uint256 many) external watched {
        (bool found, uint256 number) = _depositedKeyAt(seed);
        if (!found) return;
        uint256 current = _sla().currentEpoch();
        uint256 count = many % 3 == 0 ? 30 : 1;
        uint256 first = current - 1 - (seed >> 16) % (many % 3 == 1 ? 4 : 400);
        for (uint256 i = 0; i < count && first + i < current; ++i) {
            _proveMiss(number, first + i);
        }
        // Out of reach: not over yet, or too long ago.
        _mockMiss(current);
        _mustFail(STRANGER, _missProof(number));
        _mockMiss(current - EVIDENCE_EPOCHS - 1);
        _mustFail(STRANGER, _missProof(number));
        _count("proveMisses");
    }

    /// @dev A validator was slashed, or has other credentials: its operator is suspended, and it is told once.
    function proveFault(uint256 seed) external watched {
        (bool found, uint256 number) = _depositedKeyAt(seed);
        if (!found) return;
        ServiceLevel sla = _sla();
        bool slashed = (seed >> 16) % 2 == 0;
        bytes32 hash = _hashOf(number);
        if (slashed ? sla.isSlashingProven(hash) : sla.isForeignProven(hash)) return;
        IBeaconVerifier.StateAnchor memory anchor;
        IBeaconVerifier.ValidatorProof memory proof;
        proof.validator.pubkey = pubkeyOf(number);
        proof.validator.slashed = slashed;
        if (slashed) proof.validator.withdrawalCredentials = WITHDRAWALS.withdrawalCredentials();
        VM.mockCall(
            address(sla.proofs()), abi.encodePacked(IBeaconVerifier.verifyValidator.selector), abi.encode(uint64(time))
        );
        bytes memory data = slashed
            ? abi.encodeCall(IServiceLevel.proveSlashed, (anchor, proof))
            : abi.encodeCall(IServiceLevel.proveForeignCredentials, (anchor, proof));
        // The one is no proof of the other.
        _mustFail(
            STRANGER,
            slashed
                ? abi.encodeCall(IServiceLevel.proveForeignCredentials, (anchor, proof))
                : abi.encodeCall(IServiceLevel.proveSlashed, (anchor, proof))
        );
        VM.prank(STRANGER);
        (bool ok,) = address(sla).call(data);
        _check(ok, "a fault is proven");
        books[keys[number].operatorId].suspended = true;
        _mustFail(STRANGER, data);
        _count(slashed ? "proveSlashed" : "proveForeign");
    }

    function recordExits(uint256 who) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        VM.prank(STRANGER);
        _check(_sla().recordExits(id) == books[id].reportedExits, "exits are as reported");
        _count("recordExits");
    }

    function setServiceTerms(uint256 downtime, uint256 price, uint256 cap, uint256 limit) external watched {
        _lookAtWindow();
        ServiceLevel sla = _sla();
        VM.startPrank(cast.parameters);
        sla.setAllowedDowntimeBps(_within(downtime, 10, 100));
        sla.setPenaltyPerMissedEpoch(_within(price, 1_000, 350_000));
        sla.setMaxPenaltyBps(_within(cap, 1, 5_000));
        sla.setBreachLimit(_within(limit, 2, 10));
        VM.stopPrank();
        _lookAtWindow();
        _count("setServiceTerms");
    }

    /// @dev A month or two go by without a report: windows end.
    function waitLong(uint256 seed) external watched {
        _at(time + 10 days + seed % 40 days);
        _lookAtWindow();
        _count("waitLong");
    }

    /* INTERNAL */

    function _sla() internal view returns (ServiceLevel) {
        return ServiceLevel(payable(cast.serviceLevel));
    }

    function _proveMiss(uint256 number, uint256 epoch) private {
        ServiceLevel sla = _sla();
        _mockMiss(epoch);
        bytes memory data = _missProof(number);
        if (sla.isMissProven(_hashOf(number), epoch)) {
            _mustFail(STRANGER, data);
            _count("provenBefore");
            return;
        }
        uint256 id = keys[number].operatorId;
        uint256 window = epoch / sla.windowEpochs();
        _know(window);
        WindowBook storage book = windowBooks[id][window];
        ++book.misses;
        book.keys = _max(_max(book.keys, books[id].deposited - books[id].reportedExits), 1);
        uint256 due = _dueOf(window, book.misses, book.keys * sla.windowEpochs());
        uint256 expected = _enforce(id, window, due);
        uint256 fund = address(FUND).balance;
        VM.prank(STRANGER);
        (bool ok, bytes memory answer) = address(sla).call(data);
        _check(ok && abi.decode(answer, (uint256)) == expected, "what a proof charges");
        _check(address(FUND).balance - fund == expected, "the fund gets what a proof charges");
        _mustFail(STRANGER, data);
        _count(due == 0 ? "missWithinAllowance" : "missBeyondAllowance");
    }

    function _mockMiss(uint256 epoch) private {
        VM.mockCall(
            address(_sla().proofs()),
            abi.encodePacked(IBeaconVerifier.verifyMissedEpoch.selector),
            abi.encode(uint64(epoch))
        );
    }

    function _missProof(uint256 number) private pure returns (bytes memory) {
        IBeaconVerifier.StateAnchor memory anchor;
        IBeaconVerifier.ValidatorProof memory proof;
        IBeaconVerifier.ParticipationProof memory participation;
        proof.validator.pubkey = pubkeyOf(number);
        return abi.encodeCall(IServiceLevel.proveMissedEpoch, (anchor, proof, participation));
    }

    /// @dev What evidence costs beyond what was charged, as far as the bond reaches; and the breach.
    function _enforce(uint256 id, uint256 window, uint256 due) private returns (uint256 expected) {
        if (due == 0) return 0;
        WindowBook storage book = windowBooks[id][window];
        book.mostDue = _max(book.mostDue, due);
        expected = _min(_less(due, book.charged), books[id].bond);
        book.charged += expected;
        _spend(id, expected);
        if (book.breached) return expected;
        book.breached = true;
        if (_breaches(id) < _sla().breachLimit()) return expected;
        books[id].suspended = true;
        _count("suspendedByBreaches");
    }

    function _spend(uint256 id, uint256 amount) private {
        books[id].bond -= amount;
        bondCharged += amount;
        enforced += amount;
    }

    function _breaches(uint256 id) private view returns (uint256 count) {
        uint256 current = _sla().currentWindow();
        for (uint256 i = 0; i < windows.length; ++i) {
            if (windows[i] + BREACH_WINDOWS > current && windowBooks[id][windows[i]].breached) ++count;
        }
    }

    function breachesOf(uint256 id) external view returns (uint256) {
        return _breaches(id);
    }

    /// @dev What a window costs: never more than the share of the bonds that the reported validators require.
    function _dueOf(uint256 window, uint256 missed, uint256 assigned) private view returns (uint256 due) {
        ServiceLevel sla = _sla();
        Penalty.Terms memory terms = sla.termsOf(window);
        uint256 perKey = REGISTRY.bondPerKey();
        due = Penalty.due(missed, assigned, sla.windowEpochs(), perKey, terms);
        uint256 keysOnDuty = assigned / sla.windowEpochs() + 1;
        _check(due <= keysOnDuty * perKey * terms.maxPenaltyBps / BASIS_POINTS, "a window costs its share at most");
    }

    /// @dev The current window, whose terms are fixed since it began.
    function _lookAtWindow() private returns (uint256 current) {
        current = _sla().currentWindow();
        bytes32 terms = keccak256(abi.encode(_sla().termsOf(current)));
        if (termsSeen[current] != 0 && termsSeen[current] != terms) ++termsChanged;
        termsSeen[current] = terms;
    }

    function _know(uint256 window) private {
        if (isKnownWindow[window]) return;
        isKnownWindow[window] = true;
        windows.push(window);
    }

    /// @dev A penalty that waits; 0 when none does.
    function _pendingAt(uint256 seed) private view returns (uint256) {
        for (uint256 i = 0; i < penalties; ++i) {
            uint256 id = 1 + (seed % penalties + i) % penalties;
            if (penaltyStateOf[id] == IServiceLevel.PenaltyState.Pending) return id;
        }
        return 0;
    }

    function _depositedKeyAt(uint256 seed) private view returns (bool found, uint256 number) {
        for (uint256 i = 0; i < keys.length; ++i) {
            number = (seed % keys.length + i) % keys.length;
            if (keys[number].state == IOperatorRegistry.KeyState.Deposited) return (true, number);
        }
    }

    function _mustFail(address caller, bytes memory data) private {
        VM.prank(caller);
        (bool ok,) = cast.serviceLevel.call(data);
        _check(!ok, "refused");
    }
}
