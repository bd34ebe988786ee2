// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {ServiceTerms} from "./abstract/ServiceTerms.sol";
import {IBeaconVerifier} from "./interfaces/IBeaconVerifier.sol";
import {ICoverageFund} from "./interfaces/ICoverageFund.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IReportConsensus} from "./interfaces/IReportConsensus.sol";
import {IServiceLevel} from "./interfaces/IServiceLevel.sol";
import {IWithdrawalVault} from "./interfaces/IWithdrawalVault.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {Penalty} from "./libraries/Penalty.sol";

/// @title What operators promised, measured and enforced.
/// @dev A window's penalty is a pure function of the evidence (Penalty.due), and what was charged for the window is kept:
/// every piece of evidence charges the difference. So it does not matter which evidence comes first, or how often.
contract ServiceLevel is ServiceTerms {
    using BitMaps for BitMaps.BitMap;
    using Checkpoints for Checkpoints.Trace224;

    /// @dev The contracts that it connects.
    struct Modules {
        IOperatorRegistry registry;
        ICoverageFund coverageFund;
        IReportConsensus consensus;
        IBeaconVerifier proofs;
        IWithdrawalVault withdrawalVault;
    }

    /// @notice May dismiss penalties.
    bytes32 public constant ARBITER_ROLE = keccak256("ARBITER_ROLE");
    /// @notice May propose emergency penalties.
    bytes32 public constant EMERGENCY_ROLE = keccak256("EMERGENCY_ROLE");

    /// @notice Windows over which breaches are counted: a year, less five days.
    uint256 public constant BREACH_WINDOWS = 12;
    /// @notice Seconds that an emergency waits.
    uint256 public constant EMERGENCY_DELAY = 2 days;
    /// @notice Seconds between emergencies of an operator.
    uint256 public constant EMERGENCY_INTERVAL = 30 days;
    /// @notice Basis points of the bond that an emergency can take.
    uint256 public constant MAX_EMERGENCY_BPS = 5_000;
    /// @notice Slots that proofs reach back: the 8,191 blocks whose roots EIP-4788 keeps, and the 8,192 slots whose state roots
    /// are in a state (SLOTS_PER_HISTORICAL_ROOT). https://eips.ethereum.org/EIPS/eip-4788
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#time-parameters
    uint256 public constant EVIDENCE_SLOTS = 8_191 + 8_192;

    /// @notice Receives what is charged.
    ICoverageFund public immutable coverageFund;
    /// @notice The oracle members.
    IReportConsensus public immutable consensus;
    /// @notice Verifies proofs against the beacon state.
    IBeaconVerifier public immutable proofs;
    /// @notice The target of the validators' credentials.
    IWithdrawalVault public immutable withdrawalVault;

    /// @param modules The contracts that it connects.
    /// @param time The chain's clock, and what follows from it.
    constructor(Modules memory modules, ChainTime memory time) ServiceTerms(modules.registry, time) {
        _requireNonZero(address(modules.coverageFund));
        _requireNonZero(address(modules.consensus));
        _requireNonZero(address(modules.proofs));
        _requireNonZero(address(modules.withdrawalVault));
        coverageFund = modules.coverageFund;
        consensus = modules.consensus;
        proofs = modules.proofs;
        withdrawalVault = modules.withdrawalVault;
    }

    /// @dev What is charged passes through within the call.
    receive() external payable {
        if (msg.sender != address(registry)) revert ServiceLevelUnexpectedEther(msg.sender, msg.value);
    }

    /// @inheritdoc IServiceLevel
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
        __ServiceTerms_init();
    }

    /* REPORTS */

    /// @inheritdoc IServiceLevel
    function reportDowntime(DowntimeReport calldata report)
        external
        override
        whenNotPaused
        returns (uint256 penaltyId)
    {
        bytes32 digest = downtimeDigest(report);
        bytes32 agreed = consensus.agreed(Lanes.SERVICE_LEVEL);
        if (agreed != digest) revert ServiceLevelNotAgreed(agreed, digest);
        // One window only: a quorum that lies cannot charge the past in one go.
        uint256 current = currentWindow();
        if (uint256(report.window) + 1 != current) {
            revert ServiceLevelWindowNotReportable(report.window, Math.saturatingSub(current, 1));
        }
        WindowRecord storage record = _window(report.operatorId, report.window);
        if (record.pendingReport != 0) revert ServiceLevelAlreadyPending(record.pendingReport);
        uint256 due = _dueByReport(report);
        if (due <= record.charged) revert ServiceLevelNothingDue(due, record.charged);

        uint256 executableFrom = block.timestamp + _storage().appealWindow;
        penaltyId = _addPenalty(
            PendingPenalty({
                operatorId: report.operatorId,
                window: report.window,
                kind: PenaltyKind.Downtime,
                state: PenaltyState.Pending,
                executableFrom: uint40(executableFrom),
                amount: SafeCast.toUint96(due),
                assignedEpochs: report.assignedEpochs,
                missedEpochs: report.missedEpochs
            })
        );
        record.pendingReport = uint32(penaltyId);
        ++record.reports;
        emit DowntimeReported(
            penaltyId, report.operatorId, report.window, report.assignedEpochs, report.missedEpochs, due, executableFrom
        );
    }

    /// @inheritdoc IServiceLevel
    function recordExits(uint256 operatorId) external override returns (uint256 exitedKeys) {
        exitedKeys = _depositedKeys(operatorId) - registry.activeKeysOf(operatorId);
        uint256 window = currentWindow();
        _storage().exits[operatorId].push(SafeCast.toUint32(window), SafeCast.toUint224(exitedKeys));
        emit ExitsRecorded(operatorId, window, exitedKeys);
    }

    /* PROOFS */

    /// @inheritdoc IServiceLevel
    function proveMissedEpoch(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata validator,
        IBeaconVerifier.ParticipationProof calldata participation
    ) external override whenNotPaused returns (uint256) {
        uint256 epoch = proofs.verifyMissedEpoch(anchor, validator, participation);
        _requireProvable(epoch);
        (uint256 operatorId, bytes32 pubkeyHash) = _depositedKey(validator.validator.pubkey);
        BitMaps.BitMap storage misses = _storage().misses[pubkeyHash];
        if (misses.get(epoch)) revert ServiceLevelMissAlreadyProven(pubkeyHash, epoch);
        misses.set(epoch);

        uint256 window = epoch / windowEpochs;
        WindowRecord storage record = _window(operatorId, window);
        uint256 missed = ++record.provenMisses;
        uint256 keys = _keysIn(operatorId, record);
        record.keys = uint32(keys);
        uint256 assigned = keys * windowEpochs;
        Penalty.Terms memory terms = termsOf(window);
        emit MissProven(
            operatorId,
            window,
            pubkeyHash,
            epoch,
            missed,
            Penalty.allowance(assigned, windowEpochs, terms.allowedDowntimeBps)
        );
        return _enforce(operatorId, window, missed, assigned, _due(missed, assigned, terms));
    }

    /// @inheritdoc IServiceLevel
    function proveSlashed(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata validator
    ) external override whenNotPaused {
        uint256 slot = proofs.verifyValidator(anchor, validator);
        (uint256 operatorId, bytes32 pubkeyHash) = _depositedKey(validator.validator.pubkey);
        if (!validator.validator.slashed) revert ServiceLevelNotSlashed(pubkeyHash);
        _markFault(_storage().slashed, pubkeyHash);
        emit SlashingProven(operatorId, pubkeyHash, validator.index, slot);
        registry.setSuspended(operatorId, true);
    }

    /// @inheritdoc IServiceLevel
    function proveForeignCredentials(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata validator
    ) external override whenNotPaused {
        uint256 slot = proofs.verifyValidator(anchor, validator);
        (uint256 operatorId, bytes32 pubkeyHash) = _depositedKey(validator.validator.pubkey);
        bytes32 credentials = validator.validator.withdrawalCredentials;
        if (withdrawalVault.isOwnCredentials(credentials)) revert ServiceLevelOwnCredentials(pubkeyHash);
        _markFault(_storage().foreign, pubkeyHash);
        emit ForeignCredentialsProven(operatorId, pubkeyHash, credentials, slot);
        registry.setSuspended(operatorId, true);
    }

    /* PENALTIES */

    /// @inheritdoc IServiceLevel
    function emergencySlash(uint256 operatorId, uint256 amount, bytes32 reasonHash)
        external
        override
        onlyRole(EMERGENCY_ROLE)
        whenNotPaused
        returns (uint256 penaltyId)
    {
        _requireWithin(amount, 1, _emergencyLimit(operatorId));
        EmergencyRecord storage record = _storage().emergencies[operatorId];
        if (record.pending != 0) revert ServiceLevelAlreadyPending(record.pending);
        if (block.timestamp < record.nextFrom) revert ServiceLevelEmergencyTooSoon(operatorId, record.nextFrom);

        uint256 executableFrom = block.timestamp + EMERGENCY_DELAY;
        penaltyId = _addPenalty(
            PendingPenalty({
                // The registry knows the operator: its ids are below 2^32.
                operatorId: uint32(operatorId),
                window: 0,
                kind: PenaltyKind.Emergency,
                state: PenaltyState.Pending,
                executableFrom: uint40(executableFrom),
                amount: uint96(amount),
                assignedEpochs: 0,
                missedEpochs: 0
            })
        );
        record.pending = uint32(penaltyId);
        record.nextFrom = uint40(block.timestamp + EMERGENCY_INTERVAL);
        emit EmergencyProposed(penaltyId, operatorId, amount, reasonHash, executableFrom);
    }

    /// @inheritdoc IServiceLevel
    function dismissPenalty(uint256 penaltyId, bytes32 reasonHash) external override onlyRole(ARBITER_ROLE) {
        PendingPenalty storage pending = _pendingPenalty(penaltyId);
        _close(pending, PenaltyState.Dismissed);
        emit PenaltyDismissed(penaltyId, pending.operatorId, reasonHash);
    }

    /// @inheritdoc IServiceLevel
    function executePenalty(uint256 penaltyId) external override whenNotPaused returns (uint256 chargedNow) {
        PendingPenalty storage pending = _pendingPenalty(penaltyId);
        if (block.timestamp < pending.executableFrom) {
            revert ServiceLevelTooEarly(penaltyId, pending.executableFrom);
        }
        _close(pending, PenaltyState.Executed);
        uint256 operatorId = pending.operatorId;
        if (pending.kind == PenaltyKind.Emergency) {
            chargedNow = _charge(operatorId, Math.min(pending.amount, _emergencyLimit(operatorId)));
        } else {
            chargedNow =
                _enforce(operatorId, pending.window, pending.missedEpochs, pending.assignedEpochs, pending.amount);
        }
        emit PenaltyExecuted(penaltyId, operatorId, chargedNow);
    }

    /* VIEWS */

    /// @inheritdoc IServiceLevel
    function downtimeDigest(DowntimeReport calldata report) public view override returns (bytes32) {
        uint256 nonce = reportNonce(report.operatorId, report.window);
        return keccak256(abi.encode("reportDowntime", block.chainid, address(this), nonce, report));
    }

    /// @inheritdoc IServiceLevel
    function reportNonce(uint256 operatorId, uint256 window) public view override returns (uint256) {
        return _window(operatorId, window).reports;
    }

    /// @inheritdoc IServiceLevel
    function maxAssignedEpochs(uint256 operatorId, uint256 window) public view override returns (uint256) {
        // Who left in the window itself was on duty in a part of it.
        uint256 gone = window == 0 ? 0 : _storage().exits[operatorId].upperLookupRecent(SafeCast.toUint32(window - 1));
        return (_depositedKeys(operatorId) - gone) * windowEpochs;
    }

    /// @inheritdoc IServiceLevel
    function pendingReport(uint256 operatorId, uint256 window) external view override returns (uint256) {
        return _window(operatorId, window).pendingReport;
    }

    /// @inheritdoc IServiceLevel
    function provenMisses(uint256 operatorId, uint256 window) external view override returns (uint256) {
        return _window(operatorId, window).provenMisses;
    }

    /// @inheritdoc IServiceLevel
    function allowance(uint256 operatorId, uint256 window) public view override returns (uint256) {
        uint256 assigned = _keysIn(operatorId, _window(operatorId, window)) * windowEpochs;
        return Penalty.allowance(assigned, windowEpochs, termsOf(window).allowedDowntimeBps);
    }

    /// @inheritdoc IServiceLevel
    function charged(uint256 operatorId, uint256 window) external view override returns (uint256) {
        return _window(operatorId, window).charged;
    }

    /// @inheritdoc IServiceLevel
    function isMissProven(bytes32 pubkeyHash, uint256 epoch) external view override returns (bool) {
        return _storage().misses[pubkeyHash].get(epoch);
    }

    /// @inheritdoc IServiceLevel
    function isSlashingProven(bytes32 pubkeyHash) external view override returns (bool) {
        return _storage().slashed[pubkeyHash];
    }

    /// @inheritdoc IServiceLevel
    function isForeignProven(bytes32 pubkeyHash) external view override returns (bool) {
        return _storage().foreign[pubkeyHash];
    }

    /// @inheritdoc IServiceLevel
    function isBreached(uint256 operatorId, uint256 window) external view override returns (bool) {
        return _storage().breaches[operatorId].get(window);
    }

    /// @inheritdoc IServiceLevel
    function breachesOf(uint256 operatorId) public view override returns (uint256 count) {
        BitMaps.BitMap storage breaches = _storage().breaches[operatorId];
        uint256 end = currentWindow() + 1;
        for (uint256 window = Math.saturatingSub(end, BREACH_WINDOWS); window < end; ++window) {
            if (breaches.get(window)) ++count;
        }
    }

    /// @inheritdoc IServiceLevel
    function penalty(uint256 penaltyId) external view override returns (PendingPenalty memory) {
        return _storage().penalties[penaltyId];
    }

    /// @inheritdoc IServiceLevel
    function penaltyCount() external view override returns (uint256) {
        return _storage().penaltyCount;
    }

    /// @inheritdoc IServiceLevel
    function pendingEmergency(uint256 operatorId) external view override returns (uint256) {
        return _storage().emergencies[operatorId].pending;
    }

    /// @inheritdoc IServiceLevel
    function nextEmergencyFrom(uint256 operatorId) external view override returns (uint256) {
        return _storage().emergencies[operatorId].nextFrom;
    }

    /* INTERNAL */

    /// @dev Charges what a window's evidence makes due beyond what was charged, and counts the breach.
    function _enforce(uint256 operatorId, uint256 window, uint256 missed, uint256 assigned, uint256 due)
        private
        returns (uint256 chargedNow)
    {
        if (due == 0) return 0;
        WindowRecord storage record = _window(operatorId, window);
        chargedNow = _charge(operatorId, Math.saturatingSub(due, record.charged));
        record.charged += uint96(chargedNow);
        emit SlaBreached(operatorId, window, Penalty.uptimePpm(missed, assigned), missed, assigned, chargedNow);

        // Only a new breach suspends: governance may let an operator go on while evidence of old ones still comes in.
        BitMaps.BitMap storage breaches = _storage().breaches[operatorId];
        if (breaches.get(window)) return chargedNow;
        breaches.set(window);
        uint256 count = breachesOf(operatorId);
        if (count < _storage().breachLimit) return chargedNow;
        emit BreachLimitReached(operatorId, count);
        registry.setSuspended(operatorId, true);
    }

    /// @dev Charges a bond as far as it reaches; the ether goes on to the coverage fund.
    function _charge(uint256 operatorId, uint256 amount) private returns (uint256 chargedNow) {
        if (amount == 0) return 0;
        chargedNow = registry.charge(operatorId, amount);
        if (chargedNow != 0) coverageFund.deposit{value: chargedNow}();
    }

    /// @dev Records a penalty.
    function _addPenalty(PendingPenalty memory pending) private returns (uint256 penaltyId) {
        ServiceLevelStorage storage $ = _storage();
        penaltyId = ++$.penaltyCount;
        $.penalties[penaltyId] = pending;
    }

    /// @dev Ends a penalty's wait.
    function _close(PendingPenalty storage pending, PenaltyState state) private {
        pending.state = state;
        uint256 operatorId = pending.operatorId;
        if (pending.kind == PenaltyKind.Emergency) _storage().emergencies[operatorId].pending = 0;
        else _window(operatorId, pending.window).pendingReport = 0;
    }

    /// @dev Marks a validator's fault as known.
    function _markFault(mapping(bytes32 pubkeyHash => bool) storage faults, bytes32 pubkeyHash) private {
        if (faults[pubkeyHash]) revert ServiceLevelFaultAlreadyProven(pubkeyHash);
        faults[pubkeyHash] = true;
    }

    /// @dev Wei that a report makes due for its window.
    function _dueByReport(DowntimeReport calldata report) private view returns (uint256) {
        (uint256 missed, uint256 assigned) = (report.missedEpochs, report.assignedEpochs);
        uint256 maximum = maxAssignedEpochs(report.operatorId, report.window);
        if (missed > assigned || assigned > maximum) {
            revert ServiceLevelImpossibleReport(missed, assigned, maximum);
        }
        return _due(missed, assigned, termsOf(report.window));
    }

    /// @dev Keys that the pool's ether followed for, those that have left included.
    function _depositedKeys(uint256 operatorId) private view returns (uint256 deposited) {
        (,,, deposited) = registry.keyCounts(operatorId);
    }

    /// @dev Wei that a window costs altogether.
    function _due(uint256 missed, uint256 assigned, Penalty.Terms memory terms) private view returns (uint256) {
        return Penalty.due(missed, assigned, windowEpochs, registry.bondPerKey(), terms);
    }

    /// @dev The validators that proofs of a window are measured by: the most that were seen in it, and those there are now.
    /// More mean a larger allowance. At least one, also when all have left: the one that the proof is about.
    function _keysIn(uint256 operatorId, WindowRecord storage record) private view returns (uint256) {
        return Math.max(Math.max(registry.activeKeysOf(operatorId), record.keys), 1);
    }

    /// @dev The operator of a validator that the pool's ether followed for.
    function _depositedKey(bytes calldata pubkey) private view returns (uint256 operatorId, bytes32 pubkeyHash) {
        pubkeyHash = keccak256(pubkey);
        IOperatorRegistry.KeyState state;
        (operatorId,, state) = registry.keyOf(pubkeyHash);
        if (state != IOperatorRegistry.KeyState.Deposited) revert ServiceLevelNotDeposited(pubkeyHash);
    }

    /// @dev Reverts unless an epoch is over and within the reach of proofs, also of a verifier that would reach further: what
    /// an operator can be charged for by proof is settled soon. Its participation is complete with the epoch after it, in
    /// states of up to two epochs after its first slot.
    function _requireProvable(uint256 epoch) private view {
        uint256 current = currentEpoch();
        uint256 minimum = Math.saturatingSub(current, EVIDENCE_SLOTS / slotsPerEpoch + 2);
        if (epoch < minimum || epoch >= current) revert ServiceLevelEpochOutOfRange(epoch, minimum, current);
    }

    /// @dev A penalty that waits.
    function _pendingPenalty(uint256 penaltyId) private view returns (PendingPenalty storage pending) {
        pending = _storage().penalties[penaltyId];
        if (pending.state != PenaltyState.Pending) revert ServiceLevelNotPending(penaltyId, pending.state);
    }

    /// @dev The most that an emergency can take.
    function _emergencyLimit(uint256 operatorId) private view returns (uint256) {
        return registry.bondOf(operatorId) * MAX_EMERGENCY_BPS / Penalty.BASIS_POINTS;
    }

    /// @dev The record of an operator's window.
    function _window(uint256 operatorId, uint256 window) private view returns (WindowRecord storage) {
        return _storage().windows[operatorId][window];
    }
}
