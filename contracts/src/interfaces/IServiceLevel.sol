// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "./IBeaconVerifier.sol";
import {Penalty} from "../libraries/Penalty.sol";

/// @title What operators promised, measured and enforced.
/// @notice Operators promise that their validators are on duty in 99.7 % of the epochs of a window. An epoch of a validator
/// is missed when the chain credits it with no attestation for it at all. Misses beyond the allowance cost a part of the
/// bond; what is charged goes to the coverage fund in the same call, so nobody gains from penalising.
///
/// Two kinds of evidence count, and a window is charged once whatever its evidence: the higher of what both show.
/// Members of the oracle report a finished window; such a penalty waits for an appeal. And anyone proves single missed
/// epochs against the beacon state; what is proven needs no appeal.
///
/// An operator with too many breached windows in a year is suspended: it gets no more keys until governance lets it go on.
/// So is one with a validator that was slashed. The mathematics: docs/SLA_ENFORCEMENT.md.
interface IServiceLevel {
    /// @notice The chain's clock, and what follows from it.
    /// @param genesisTime Unix time of slot 0.
    /// @param secondsPerSlot Seconds of a slot.
    /// @param slotsPerEpoch Slots of an epoch.
    /// @param windowEpochs Epochs of a window: 6,750 (30 days of mainnet), fewer on devnets only.
    /// @param minAppealWindow Seconds below which the appeal window cannot be set: 1 day, less on devnets only.
    struct ChainTime {
        uint256 genesisTime;
        uint256 secondsPerSlot;
        uint256 slotsPerEpoch;
        uint256 windowEpochs;
        uint256 minAppealWindow;
    }

    /// @notice What members saw of an operator in a window.
    /// @param operatorId The operator.
    /// @param window The window: epoch / windowEpochs.
    /// @param assignedEpochs Validator-epochs on duty, those exempted (docs/SLA_ENFORCEMENT.md) left out.
    /// @param missedEpochs Those of them that were missed.
    struct DowntimeReport {
        uint32 operatorId;
        uint32 window;
        uint64 assignedEpochs;
        uint64 missedEpochs;
    }

    /// @notice What a penalty is for.
    enum PenaltyKind {
        Downtime,
        Emergency
    }

    /// @notice Where a penalty stands.
    enum PenaltyState {
        None,
        Pending,
        Executed,
        Dismissed
    }

    /// @notice A penalty that waits, or did.
    /// @param operatorId The operator.
    /// @param window The window of a Downtime penalty.
    /// @param kind What it is for.
    /// @param state Where it stands.
    /// @param executableFrom Unix time from which anyone may execute it.
    /// @param amount Wei: the window's whole due (of which what is charged already will be left out), or the emergency's.
    /// @param assignedEpochs As reported.
    /// @param missedEpochs As reported.
    struct PendingPenalty {
        uint32 operatorId;
        uint32 window;
        PenaltyKind kind;
        PenaltyState state;
        uint40 executableFrom;
        uint96 amount;
        uint64 assignedEpochs;
        uint64 missedEpochs;
    }

    /// @notice Members' report became a pending penalty.
    /// @param penaltyId From 1.
    /// @param due Wei that the window costs altogether.
    event DowntimeReported(
        uint256 indexed penaltyId,
        uint256 indexed operatorId,
        uint256 indexed window,
        uint256 assignedEpochs,
        uint256 missedEpochs,
        uint256 due,
        uint256 executableFrom
    );
    /// @notice It was recorded how many of an operator's validators have left.
    event ExitsRecorded(uint256 indexed operatorId, uint256 indexed window, uint256 exitedKeys);
    /// @notice A missed epoch was proven.
    /// @param provenMisses Those of the operator in the window now.
    /// @param allowance Validator-epochs that it may miss.
    event MissProven(
        uint256 indexed operatorId,
        uint256 indexed window,
        bytes32 indexed pubkeyHash,
        uint256 epoch,
        uint256 provenMisses,
        uint256 allowance
    );
    /// @notice An operator missed more than it may.
    /// @param uptimePpm Its uptime in parts per million; by proofs: at most this.
    /// @param missed Validator-epochs missed, as reported or as proven so far.
    /// @param assigned Validator-epochs on duty.
    /// @param penalty Wei charged now.
    event SlaBreached(
        uint256 indexed operatorId,
        uint256 indexed window,
        uint256 uptimePpm,
        uint256 missed,
        uint256 assigned,
        uint256 penalty
    );
    /// @notice An operator breached so many of the last 12 windows that it is suspended.
    event BreachLimitReached(uint256 indexed operatorId, uint256 breaches);
    /// @notice An operator's validator was slashed: the operator is suspended.
    event SlashingProven(uint256 indexed operatorId, bytes32 indexed pubkeyHash, uint256 validatorIndex, uint256 slot);
    /// @notice An operator's validator has other credentials than the protocol's: the operator is suspended.
    event ForeignCredentialsProven(
        uint256 indexed operatorId, bytes32 indexed pubkeyHash, bytes32 withdrawalCredentials, uint256 slot
    );
    /// @notice An emergency penalty waits.
    event EmergencyProposed(
        uint256 indexed penaltyId,
        uint256 indexed operatorId,
        uint256 amount,
        bytes32 reasonHash,
        uint256 executableFrom
    );
    /// @notice A penalty was executed.
    /// @param charged Wei that the bond was charged.
    event PenaltyExecuted(uint256 indexed penaltyId, uint256 indexed operatorId, uint256 charged);
    /// @notice A penalty was dismissed.
    /// @param reasonHash Of the published reasons.
    event PenaltyDismissed(uint256 indexed penaltyId, uint256 indexed operatorId, bytes32 reasonHash);
    /// @notice The terms of windows changed.
    /// @param fromWindow The first window that they hold for.
    /// @param penaltyPerMissedEpoch Gwei.
    event TermsSet(
        uint256 indexed fromWindow, uint256 allowedDowntimeBps, uint256 penaltyPerMissedEpoch, uint256 maxPenaltyBps
    );
    /// @notice The time for appeals changed (seconds). It holds for reports from now on.
    event AppealWindowSet(uint256 appealWindow);
    /// @notice The number of breached windows that suspends changed.
    event BreachLimitSet(uint256 breachLimit);

    /// @notice No quorum agreed on this report.
    error ServiceLevelNotAgreed(bytes32 agreed, bytes32 expected);
    /// @notice Reports are for the last finished window.
    /// @param reportable That window.
    error ServiceLevelWindowNotReportable(uint256 window, uint256 reportable);
    /// @notice A report's numbers contradict each other or the registry.
    /// @param maximum The most validator-epochs on duty: those of the keys not known to have left before the window.
    error ServiceLevelImpossibleReport(uint256 missedEpochs, uint256 assignedEpochs, uint256 maximum);
    /// @notice A report shows no more than what is allowed or charged already.
    /// @param due Wei that the window costs by it.
    /// @param charged Wei charged for the window.
    error ServiceLevelNothingDue(uint256 due, uint256 charged);
    /// @notice A penalty of this operator (for emergencies), or of it and this window, waits already.
    error ServiceLevelAlreadyPending(uint256 penaltyId);
    /// @notice The penalty does not wait.
    error ServiceLevelNotPending(uint256 penaltyId, PenaltyState state);
    /// @notice The penalty's time has not come.
    error ServiceLevelTooEarly(uint256 penaltyId, uint256 executableFrom);
    /// @notice The key is not a validator that the pool's ether followed for.
    error ServiceLevelNotDeposited(bytes32 pubkeyHash);
    /// @notice The key's epoch is counted already.
    error ServiceLevelMissAlreadyProven(bytes32 pubkeyHash, uint256 epoch);
    /// @notice The epoch is not over, or too long ago to be provable.
    error ServiceLevelEpochOutOfRange(uint256 epoch, uint256 minimum, uint256 maximum);
    /// @notice The fault of this validator is known already.
    error ServiceLevelFaultAlreadyProven(bytes32 pubkeyHash);
    /// @notice The proof shows a validator that was not slashed.
    error ServiceLevelNotSlashed(bytes32 pubkeyHash);
    /// @notice The proof shows the protocol's own credentials.
    error ServiceLevelOwnCredentials(bytes32 pubkeyHash);
    /// @notice The last emergency of this operator is too recent.
    /// @param from Unix time from which another is possible.
    error ServiceLevelEmergencyTooSoon(uint256 operatorId, uint256 from);
    /// @notice The value is out of bounds.
    error ServiceLevelInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);
    /// @notice A bond could be taken away before an appeal ends.
    error ServiceLevelAppealOutlastsBond(uint256 appealWindow, uint256 bondCooldown);
    /// @notice Ether is accepted from the registry only.
    error ServiceLevelUnexpectedEther(address sender, uint256 amount);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Turns what the members agreed on into a pending penalty. Anyone may.
    /// @param report Of the last finished window. Another report of the same operator and window is possible once this one is
    /// executed or dismissed; it can only add what is due beyond what was charged.
    /// @return penaltyId From 1.
    function reportDowntime(DowntimeReport calldata report) external returns (uint256 penaltyId);

    /// @notice Records how many of an operator's validators have left, by the registry. Reports of later windows cannot claim
    /// that those were on duty, so no penalty's cap is reckoned with them. Anyone may; the operator should, after exits.
    /// @return exitedKeys Validators that have left.
    function recordExits(uint256 operatorId) external returns (uint256 exitedKeys);

    /// @notice Proves that a validator missed an epoch. Anyone may. Beyond the operator's allowance it is charged at once.
    /// @param anchor The beacon state.
    /// @param validator The validator in it.
    /// @param participation Its participation in the epoch.
    /// @return penalty Wei charged.
    function proveMissedEpoch(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata validator,
        IBeaconVerifier.ParticipationProof calldata participation
    ) external returns (uint256 penalty);

    /// @notice Proves that an operator's validator was slashed, which suspends the operator. Anyone may, once a validator.
    /// What was lost is not charged here: it reaches the bond with the report of the frame.
    function proveSlashed(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata validator
    ) external;

    /// @notice Proves that an operator's validator has other credentials than the protocol's, which suspends the operator.
    /// Deposits in two steps make this impossible; if it is seen all the same, no more ether should follow. Anyone may, once a
    /// validator.
    function proveForeignCredentials(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata validator
    ) external;

    /// @notice Proposes to charge a bond for what no other way covers. It waits for 2 days. EMERGENCY_ROLE only; one at a time
    /// and one in 30 days for an operator.
    /// @param amount Wei, at most half of the bond now; when it is executed, at most half of the bond then.
    /// @param reasonHash Of the published reasons.
    /// @return penaltyId From 1.
    function emergencySlash(uint256 operatorId, uint256 amount, bytes32 reasonHash) external returns (uint256 penaltyId);

    /// @notice Dismisses a penalty as long as it is not executed, also while paused. ARBITER_ROLE only.
    /// @param reasonHash Of the published reasons.
    function dismissPenalty(uint256 penaltyId, bytes32 reasonHash) external;

    /// @notice Executes a penalty whose time has come. Anyone may.
    /// @return charged Wei.
    function executePenalty(uint256 penaltyId) external returns (uint256 charged);

    /// @notice Sets the allowed downtime, from the next window on. PARAMETER_ROLE only.
    /// @param newAllowedDowntimeBps Basis points of the validator-epochs, 10 to 100.
    function setAllowedDowntimeBps(uint256 newAllowedDowntimeBps) external;

    /// @notice Sets what a missed epoch costs, from the next window on. PARAMETER_ROLE only.
    /// @param newPenaltyPerMissedEpoch Gwei, 1,000 to 350,000.
    function setPenaltyPerMissedEpoch(uint256 newPenaltyPerMissedEpoch) external;

    /// @notice Sets the most that a window can cost, from the next window on. PARAMETER_ROLE only.
    /// @param newMaxPenaltyBps Basis points of the bond asked for, 1 to 5,000.
    function setMaxPenaltyBps(uint256 newMaxPenaltyBps) external;

    /// @notice Sets the time for appeals. PARAMETER_ROLE only.
    /// @param newAppealWindow Seconds, 1 to 14 days, and less than the registry's bond cooldown.
    function setAppealWindow(uint256 newAppealWindow) external;

    /// @notice Sets how many breached windows of the last 12 suspend. PARAMETER_ROLE only.
    /// @param newBreachLimit 2 to 10.
    function setBreachLimit(uint256 newBreachLimit) external;

    /// @notice What members vote for to report this now. It changes with every report of the operator and window.
    function downtimeDigest(DowntimeReport calldata report) external view returns (bytes32);

    /// @notice Reports accepted of an operator and window.
    function reportNonce(uint256 operatorId, uint256 window) external view returns (uint256);

    /// @notice The most validator-epochs on duty that a report of an operator's window can claim.
    function maxAssignedEpochs(uint256 operatorId, uint256 window) external view returns (uint256);

    /// @notice The report of an operator and window that waits; 0 when none.
    function pendingReport(uint256 operatorId, uint256 window) external view returns (uint256 penaltyId);

    /// @notice Missed epochs that were proven of an operator in a window.
    function provenMisses(uint256 operatorId, uint256 window) external view returns (uint256);

    /// @notice Validator-epochs that an operator may miss in a window before proofs charge it, by what is known now.
    function allowance(uint256 operatorId, uint256 window) external view returns (uint256);

    /// @notice Wei charged for an operator's window.
    function charged(uint256 operatorId, uint256 window) external view returns (uint256);

    /// @notice Whether a key's epoch is counted as missed.
    function isMissProven(bytes32 pubkeyHash, uint256 epoch) external view returns (bool);

    /// @notice Whether a key's slashing is proven.
    function isSlashingProven(bytes32 pubkeyHash) external view returns (bool);

    /// @notice Whether a key is proven to have other credentials.
    function isForeignProven(bytes32 pubkeyHash) external view returns (bool);

    /// @notice Whether an operator breached a window.
    function isBreached(uint256 operatorId, uint256 window) external view returns (bool);

    /// @notice Windows that an operator breached, of the last 12, this one included.
    function breachesOf(uint256 operatorId) external view returns (uint256);

    /// @notice A penalty.
    function penalty(uint256 penaltyId) external view returns (PendingPenalty memory);

    /// @notice The number of penalties; ids run from 1 to it.
    function penaltyCount() external view returns (uint256);

    /// @notice The emergency penalty of an operator that waits; 0 when none.
    function pendingEmergency(uint256 operatorId) external view returns (uint256 penaltyId);

    /// @notice Unix time from which an emergency can be proposed for an operator; 0 when none was.
    function nextEmergencyFrom(uint256 operatorId) external view returns (uint256);

    /// @notice The epoch that runs.
    function currentEpoch() external view returns (uint256);

    /// @notice The window that runs.
    function currentWindow() external view returns (uint256);

    /// @notice The terms of a window: those set before it began.
    function termsOf(uint256 window) external view returns (Penalty.Terms memory);

    /// @notice The allowed downtime last set, in basis points.
    function allowedDowntimeBps() external view returns (uint256);

    /// @notice What a missed epoch costs as last set, in gwei.
    function penaltyPerMissedEpoch() external view returns (uint256);

    /// @notice The most that a window can cost as last set, in basis points of the bond asked for.
    function maxPenaltyBps() external view returns (uint256);

    /// @notice Seconds for appeals.
    function appealWindow() external view returns (uint256);

    /// @notice Breached windows of the last 12 that suspend.
    function breachLimit() external view returns (uint256);
}
