// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IServiceLevel} from "../interfaces/IServiceLevel.sol";
import {Penalty} from "../libraries/Penalty.sol";
import {ExpiringPause} from "./ExpiringPause.sol";

/// @dev What ServiceLevel keeps, its clock and its parameters. What a window can cost is fixed before the window begins: its
/// terms are checkpoints by window, and a change holds from the next one on.
abstract contract ServiceTerms is IServiceLevel, ExpiringPause {
    using Checkpoints for Checkpoints.Trace224;

    /// @dev What is known of an operator's window.
    /// @param provenMisses Missed epochs that were proven.
    /// @param keys The most validators that the operator had when one was.
    /// @param reports Reports accepted.
    /// @param pendingReport The penalty of the one that waits; 0 when none.
    /// @param charged Wei.
    struct WindowRecord {
        uint32 provenMisses;
        uint32 keys;
        uint32 reports;
        uint32 pendingReport;
        uint96 charged;
    }

    /// @dev The emergencies of an operator.
    struct EmergencyRecord {
        uint32 pending;
        uint40 nextFrom;
    }

    /// @custom:storage-location erc7201:ethstake.storage.ServiceLevel
    struct ServiceLevelStorage {
        uint32 penaltyCount;
        uint32 appealWindow;
        uint8 breachLimit;
        /// By the first window that they hold for, as _unpackTerms reads them.
        Checkpoints.Trace224 terms;
        mapping(uint256 penaltyId => PendingPenalty) penalties;
        mapping(uint256 operatorId => mapping(uint256 window => WindowRecord)) windows;
        mapping(uint256 operatorId => BitMaps.BitMap windows) breaches;
        mapping(uint256 operatorId => EmergencyRecord) emergencies;
        mapping(bytes32 pubkeyHash => BitMaps.BitMap epochs) misses;
        mapping(bytes32 pubkeyHash => bool) slashed;
        mapping(bytes32 pubkeyHash => bool) foreign;
        /// Validators that had left, by the window in which that was recorded.
        mapping(uint256 operatorId => Checkpoints.Trace224) exits;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.ServiceLevel")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SERVICE_LEVEL_STORAGE = 0x71c04de93166adc1819eca925ca86d2654719f2bdcdbbc8f715641ec9443dd00;

    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");

    /// @notice Epochs of a window on public networks, and the most anywhere: 30 days of 225 epochs.
    uint256 public constant WINDOW_EPOCHS = 6_750;
    /// @notice Basis points below which the allowed downtime cannot be set: 99.9 % of uptime.
    uint256 public constant MIN_ALLOWED_DOWNTIME_BPS = 10;
    /// @notice Basis points above which it cannot be set: 99 %, where the dearer rates begin.
    uint256 public constant MAX_ALLOWED_DOWNTIME_BPS = Penalty.FIRST_BAND_BPS;
    /// @notice Gwei below which a missed epoch's price cannot be set.
    uint256 public constant MIN_PENALTY_PER_MISSED_EPOCH = 1_000;
    /// @notice Gwei above which it cannot be set: ten times the first setting.
    uint256 public constant MAX_PENALTY_PER_MISSED_EPOCH = 350_000;
    /// @notice Basis points above which the most that a window can cost cannot be set.
    uint256 public constant MAX_MAX_PENALTY_BPS = 5_000;
    /// @notice Seconds below which the appeal window cannot be set on public networks.
    uint256 public constant MIN_APPEAL_WINDOW = 1 days;
    /// @notice Seconds above which it cannot be set.
    uint256 public constant MAX_APPEAL_WINDOW = 14 days;
    /// @notice Breaches below which the limit cannot be set.
    uint256 public constant MIN_BREACH_LIMIT = 2;
    /// @notice Breaches above which it cannot be set.
    uint256 public constant MAX_BREACH_LIMIT = 10;

    /// @notice The operators.
    IOperatorRegistry public immutable registry;
    /// @notice Unix time of slot 0.
    uint256 public immutable genesisTime;
    /// @notice Seconds of a slot.
    uint256 public immutable secondsPerSlot;
    /// @notice Slots of an epoch.
    uint256 public immutable slotsPerEpoch;
    /// @notice Epochs of a window.
    uint256 public immutable windowEpochs;
    /// @notice Seconds below which the appeal window cannot be set here.
    uint256 public immutable minAppealWindow;

    /// @param registry_ The operators.
    /// @param time The chain's clock, and what follows from it.
    constructor(IOperatorRegistry registry_, ChainTime memory time) {
        _requireNonZero(address(registry_));
        _requireWithin(time.secondsPerSlot, 1, 60);
        _requireWithin(time.slotsPerEpoch, 1, 1_024);
        _requireWithin(time.windowEpochs, 1, WINDOW_EPOCHS);
        _requireWithin(time.minAppealWindow, 1 minutes, MIN_APPEAL_WINDOW);
        registry = registry_;
        genesisTime = time.genesisTime;
        secondsPerSlot = time.secondsPerSlot;
        slotsPerEpoch = time.slotsPerEpoch;
        windowEpochs = time.windowEpochs;
        minAppealWindow = time.minAppealWindow;
    }

    /* PARAMETERS */

    /// @inheritdoc IServiceLevel
    function setAllowedDowntimeBps(uint256 newAllowedDowntimeBps) external override onlyRole(PARAMETER_ROLE) {
        _setTerms(currentWindow() + 1, newAllowedDowntimeBps, penaltyPerMissedEpoch(), maxPenaltyBps());
    }

    /// @inheritdoc IServiceLevel
    function setPenaltyPerMissedEpoch(uint256 newPenaltyPerMissedEpoch) external override onlyRole(PARAMETER_ROLE) {
        _setTerms(currentWindow() + 1, allowedDowntimeBps(), newPenaltyPerMissedEpoch, maxPenaltyBps());
    }

    /// @inheritdoc IServiceLevel
    function setMaxPenaltyBps(uint256 newMaxPenaltyBps) external override onlyRole(PARAMETER_ROLE) {
        _setTerms(currentWindow() + 1, allowedDowntimeBps(), penaltyPerMissedEpoch(), newMaxPenaltyBps);
    }

    /// @inheritdoc IServiceLevel
    function setAppealWindow(uint256 newAppealWindow) external override onlyRole(PARAMETER_ROLE) {
        _setAppealWindow(newAppealWindow);
    }

    /// @inheritdoc IServiceLevel
    function setBreachLimit(uint256 newBreachLimit) external override onlyRole(PARAMETER_ROLE) {
        _setBreachLimit(newBreachLimit);
    }

    /* VIEWS */

    /// @inheritdoc IServiceLevel
    function currentEpoch() public view override returns (uint256) {
        return Math.saturatingSub(block.timestamp, genesisTime) / secondsPerSlot / slotsPerEpoch;
    }

    /// @inheritdoc IServiceLevel
    function currentWindow() public view override returns (uint256) {
        return currentEpoch() / windowEpochs;
    }

    /// @inheritdoc IServiceLevel
    function termsOf(uint256 window) public view override returns (Penalty.Terms memory) {
        return _unpackTerms(_storage().terms.upperLookupRecent(SafeCast.toUint32(window)));
    }

    /// @inheritdoc IServiceLevel
    function allowedDowntimeBps() public view override returns (uint256) {
        return _unpackTerms(_storage().terms.latest()).allowedDowntimeBps;
    }

    /// @inheritdoc IServiceLevel
    function penaltyPerMissedEpoch() public view override returns (uint256) {
        return _unpackTerms(_storage().terms.latest()).perMissedEpoch / 1 gwei;
    }

    /// @inheritdoc IServiceLevel
    function maxPenaltyBps() public view override returns (uint256) {
        return _unpackTerms(_storage().terms.latest()).maxPenaltyBps;
    }

    /// @inheritdoc IServiceLevel
    function appealWindow() external view override returns (uint256) {
        return _storage().appealWindow;
    }

    /// @inheritdoc IServiceLevel
    function breachLimit() external view override returns (uint256) {
        return _storage().breachLimit;
    }

    /* INTERNAL */

    /// @dev Sets the first parameters.
    function __ServiceTerms_init() internal onlyInitializing {
        // 35,000 gwei: three times what a validator earns in an epoch, 32 ether * 3 % a year / 82,180 epochs a year.
        _setTerms(0, 30, 35_000, 1_000);
        _setAppealWindow(3 days);
        _setBreachLimit(3);
    }

    /// @dev Sets the terms of windows from one on.
    function _setTerms(uint256 fromWindow, uint256 allowedBps, uint256 perMissedEpoch, uint256 maxBps) internal {
        _requireWithin(allowedBps, MIN_ALLOWED_DOWNTIME_BPS, MAX_ALLOWED_DOWNTIME_BPS);
        _requireWithin(perMissedEpoch, MIN_PENALTY_PER_MISSED_EPOCH, MAX_PENALTY_PER_MISSED_EPOCH);
        _requireWithin(maxBps, 1, MAX_MAX_PENALTY_BPS);
        _storage().terms.push(SafeCast.toUint32(fromWindow), uint224(perMissedEpoch << 32 | maxBps << 16 | allowedBps));
        emit TermsSet(fromWindow, allowedBps, perMissedEpoch, maxBps);
    }

    /// @dev Sets the time for appeals.
    function _setAppealWindow(uint256 newAppealWindow) internal {
        _requireWithin(newAppealWindow, minAppealWindow, MAX_APPEAL_WINDOW);
        // What an operator asks back when a report comes must still be there when the appeal ends.
        uint256 cooldown = registry.bondCooldown();
        if (newAppealWindow >= cooldown) revert ServiceLevelAppealOutlastsBond(newAppealWindow, cooldown);
        _storage().appealWindow = uint32(newAppealWindow);
        emit AppealWindowSet(newAppealWindow);
    }

    /// @dev Sets the number of breached windows that suspends.
    function _setBreachLimit(uint256 newBreachLimit) internal {
        _requireWithin(newBreachLimit, MIN_BREACH_LIMIT, MAX_BREACH_LIMIT);
        _storage().breachLimit = uint8(newBreachLimit);
        emit BreachLimitSet(newBreachLimit);
    }

    /// @dev Terms as they are stored: gwei, then twice 16 bits of basis points.
    function _unpackTerms(uint224 packed) private pure returns (Penalty.Terms memory) {
        return Penalty.Terms({
            allowedDowntimeBps: uint16(packed),
            perMissedEpoch: uint256(packed >> 32) * 1 gwei,
            maxPenaltyBps: uint16(packed >> 16)
        });
    }

    /// @dev Reverts when a parameter is out of bounds.
    function _requireWithin(uint256 value, uint256 minimum, uint256 maximum) internal pure {
        if (value < minimum || value > maximum) revert ServiceLevelInvalidParameter(value, minimum, maximum);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() internal pure returns (ServiceLevelStorage storage $) {
        assembly {
            $.slot := SERVICE_LEVEL_STORAGE
        }
    }
}
