// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ExpiringPause} from "./abstract/ExpiringPause.sol";
import {ICoverageFund} from "./interfaces/ICoverageFund.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IReportConsensus} from "./interfaces/IReportConsensus.sol";
import {IRewardDistribution} from "./interfaces/IRewardDistribution.sol";
import {IStakingPool} from "./interfaces/IStakingPool.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {Waterfall} from "./libraries/Waterfall.sol";

/// @title Reports become the rate.
contract RewardDistribution is IRewardDistribution, ExpiringPause {
    /// @dev The contracts that it connects.
    struct Modules {
        IStakingPool pool;
        IOperatorRegistry registry;
        ICoverageFund coverageFund;
        IReportConsensus consensus;
        IReportConsensus lossReview;
    }

    /// @custom:storage-location erc7201:ethstake.storage.RewardDistribution
    struct RewardDistributionStorage {
        uint64 lastRefSlot;
        uint32 creditedValidators;
        uint32 slashedValidators;
        uint32 epochsPerFrame;
        uint16 maxIncreaseBps;
        uint16 maxLossBps;
        uint16 protocolFeeBps;
        uint16 operatorFeeBps;
        address treasury;
    }

    /// @dev What is worked out of a report before anything moves.
    struct Assessment {
        uint256 pooled;
        uint256 headroom;
        uint256 gain;
        uint256 loss;
        uint256 beaconEther;
        uint256 withdrawals;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.RewardDistribution")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REWARD_DISTRIBUTION_STORAGE =
        0xabe7643b63c63c7db7e5d8b805cfdfff8cdcc531220d96e98a8f210b5f565e00;

    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");

    /// @notice Basis points above which the rise of a report cannot be set.
    uint256 public constant MAX_MAX_INCREASE_BPS = 100;
    /// @notice Basis points above which an unreviewed loss cannot be set.
    uint256 public constant MAX_MAX_LOSS_BPS = 500;
    /// @notice Basis points above which the protocol's fee cannot be set.
    uint256 public constant MAX_PROTOCOL_FEE_BPS = 1_000;
    /// @notice Basis points above which the operators' fee cannot be set.
    uint256 public constant MAX_OPERATOR_FEE_BPS = 1_000;
    /// @notice Epochs above which a frame cannot be set: 2 days of mainnet, well within the time after which reports are stale.
    uint256 public constant MAX_EPOCHS_PER_FRAME = 450;
    /// @notice Validators that one report may say have left, without the reviewers: so many, or a twentieth of the active ones
    /// when that is more.
    uint256 public constant UNREVIEWED_EXITS = 16;
    /// @notice Basis points of the active validators that a report may say have left, without the reviewers.
    uint256 public constant UNREVIEWED_EXITS_BPS = 500;
    /// @notice Wei of a validator's largest effective balance: no validator's balance is much above it.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#gwei-values (MAX_EFFECTIVE_BALANCE_ELECTRA)
    uint256 public constant MAX_VALIDATOR_BALANCE = 2_048 ether;

    /// @dev Wei of a validator's deposits.
    uint256 private constant VALIDATOR_ETHER = 32 ether;

    /// @notice The pool.
    IStakingPool public immutable pool;
    /// @notice The operators.
    IOperatorRegistry public immutable registry;
    /// @notice Pays for losses that bonds do not.
    ICoverageFund public immutable coverageFund;
    /// @notice The oracle members.
    IReportConsensus public immutable consensus;
    /// @notice The reviewers of large losses.
    IReportConsensus public immutable lossReview;
    /// @notice Unix time of slot 0.
    uint256 public immutable genesisTime;
    /// @notice Seconds of a slot.
    uint256 public immutable secondsPerSlot;
    /// @notice Slots of an epoch.
    uint256 public immutable slotsPerEpoch;
    /// @notice Epochs below which a frame cannot be set.
    uint256 public immutable minEpochsPerFrame;

    /// @param modules The contracts that it connects.
    /// @param time Where and when reports are due.
    constructor(Modules memory modules, ChainTime memory time) {
        _requireNonZero(address(modules.pool));
        _requireNonZero(address(modules.registry));
        _requireNonZero(address(modules.coverageFund));
        _requireNonZero(address(modules.consensus));
        _requireNonZero(address(modules.lossReview));
        _requireWithin(time.secondsPerSlot, 1, 60);
        _requireWithin(time.slotsPerEpoch, 1, 1_024);
        _requireWithin(time.minEpochsPerFrame, 1, MAX_EPOCHS_PER_FRAME);
        pool = modules.pool;
        registry = modules.registry;
        coverageFund = modules.coverageFund;
        consensus = modules.consensus;
        lossReview = modules.lossReview;
        genesisTime = time.genesisTime;
        secondsPerSlot = time.secondsPerSlot;
        slotsPerEpoch = time.slotsPerEpoch;
        minEpochsPerFrame = time.minEpochsPerFrame;
    }

    /// @dev Bonds and coverage pass through within a settlement.
    receive() external payable {
        if (msg.sender != address(registry) && msg.sender != address(coverageFund)) {
            revert RewardDistributionUnexpectedEther(msg.sender, msg.value);
        }
    }

    /// @inheritdoc IRewardDistribution
    function initialize(address admin, address treasury_) external override initializer {
        __Governed_init(admin);
        _setMaxIncreaseBps(10);
        _setMaxLossBps(100);
        _setProtocolFeeBps(500);
        _setOperatorFeeBps(200);
        _setEpochsPerFrame(minEpochsPerFrame);
        _setTreasury(treasury_);
    }

    /* REPORTS */

    /// @inheritdoc IRewardDistribution
    function settleRewards(Report calldata report, IOperatorRegistry.OperatorUpdate[] calldata updates)
        external
        override
        whenNotPaused
        returns (uint256 sharePrice)
    {
        bytes32 digest = reportDigest(report, updates);
        bytes32 agreed = consensus.agreed(Lanes.REPORT);
        if (agreed != digest) revert RewardDistributionNotAgreed(agreed, digest);
        _acceptFrame(report.refSlot);
        Assessment memory a = _assess(report);
        _requireReviewedLoss(a, updates, digest);

        uint256 fromBonds;
        uint256 covered;
        if (updates.length != 0) {
            uint256 surplus;
            (fromBonds, surplus) = Waterfall.fromBonds(a.loss, _applyToOperators(updates, digest));
            if (surplus != 0) coverageFund.deposit{value: surplus}();
        }
        if (a.loss > fromBonds) covered = coverageFund.cover(a.loss - fromBonds);
        uint256 uncovered = a.loss - fromBonds - covered;
        return _settle(report, a, uncovered, fromBonds, covered);
    }

    /* PARAMETERS */

    /// @inheritdoc IRewardDistribution
    function setMaxIncreaseBps(uint256 newMaxIncreaseBps) external override onlyRole(PARAMETER_ROLE) {
        _setMaxIncreaseBps(newMaxIncreaseBps);
    }

    /// @inheritdoc IRewardDistribution
    function setMaxLossBps(uint256 newMaxLossBps) external override onlyRole(PARAMETER_ROLE) {
        _setMaxLossBps(newMaxLossBps);
    }

    /// @inheritdoc IRewardDistribution
    function setProtocolFeeBps(uint256 newProtocolFeeBps) external override onlyRole(PARAMETER_ROLE) {
        _setProtocolFeeBps(newProtocolFeeBps);
    }

    /// @inheritdoc IRewardDistribution
    function setOperatorFeeBps(uint256 newOperatorFeeBps) external override onlyRole(PARAMETER_ROLE) {
        _setOperatorFeeBps(newOperatorFeeBps);
    }

    /// @inheritdoc IRewardDistribution
    function setEpochsPerFrame(uint256 newEpochsPerFrame) external override onlyRole(PARAMETER_ROLE) {
        _setEpochsPerFrame(newEpochsPerFrame);
    }

    /// @inheritdoc IRewardDistribution
    function setTreasury(address newTreasury) external override onlyRole(PARAMETER_ROLE) {
        _setTreasury(newTreasury);
    }

    /* VIEWS */

    /// @inheritdoc IRewardDistribution
    function reportDigest(Report calldata report, IOperatorRegistry.OperatorUpdate[] calldata updates)
        public
        view
        override
        returns (bytes32)
    {
        return keccak256(abi.encode("settleRewards", block.chainid, address(this), report, updates));
    }

    /// @inheritdoc IRewardDistribution
    function lastRefSlot() external view override returns (uint256) {
        return _storage().lastRefSlot;
    }

    /// @inheritdoc IRewardDistribution
    function creditedValidators() external view override returns (uint256) {
        return _storage().creditedValidators;
    }

    /// @inheritdoc IRewardDistribution
    function slashedValidators() external view override returns (uint256) {
        return _storage().slashedValidators;
    }

    /// @inheritdoc IRewardDistribution
    function maxIncreaseBps() external view override returns (uint256) {
        return _storage().maxIncreaseBps;
    }

    /// @inheritdoc IRewardDistribution
    function maxLossBps() external view override returns (uint256) {
        return _storage().maxLossBps;
    }

    /// @inheritdoc IRewardDistribution
    function protocolFeeBps() external view override returns (uint256) {
        return _storage().protocolFeeBps;
    }

    /// @inheritdoc IRewardDistribution
    function operatorFeeBps() external view override returns (uint256) {
        return _storage().operatorFeeBps;
    }

    /// @inheritdoc IRewardDistribution
    function epochsPerFrame() external view override returns (uint256) {
        return _storage().epochsPerFrame;
    }

    /// @inheritdoc IRewardDistribution
    function treasury() external view override returns (address) {
        return _storage().treasury;
    }

    /* INTERNAL */

    /// @dev Checks that a frame is due, and marks it as settled.
    function _acceptFrame(uint256 refSlot) private {
        RewardDistributionStorage storage $ = _storage();
        uint256 slotsPerFrame = $.epochsPerFrame * slotsPerEpoch;
        if ((refSlot + 1) % slotsPerFrame != 0) revert RewardDistributionInvalidRefSlot(refSlot, slotsPerFrame);
        uint256 slotTime = genesisTime + refSlot * secondsPerSlot;
        uint256 frameEnd = slotTime + secondsPerSlot;
        if (block.timestamp < frameEnd) revert RewardDistributionFrameTooEarly(refSlot, frameEnd);
        // Ether that left the vaults after the frame's last slot would be counted twice: here and in the pool.
        uint256 lastFrameTime = pool.lastFrameTime();
        uint256 lastRefSlot_ = $.lastRefSlot;
        // The shortest frame, and not the present one: whoever sets frames cannot make reports more frequent than that.
        if (
            refSlot <= lastRefSlot_ || slotTime < lastFrameTime
                || (lastRefSlot_ != 0 && refSlot < lastRefSlot_ + minEpochsPerFrame * slotsPerEpoch)
        ) revert RewardDistributionFrameTooOld(refSlot, lastRefSlot_, lastFrameTime);
        $.lastRefSlot = uint64(refSlot);
    }

    /// @dev What a report makes of the pool, before bonds and coverage. The one place where reports meet their bounds.
    function _assess(Report calldata report) private returns (Assessment memory a) {
        RewardDistributionStorage storage $ = _storage();
        uint256 credited = report.creditedValidators;
        uint256 deposited = pool.depositedValidators();
        if (credited < $.creditedValidators || credited > deposited) {
            revert RewardDistributionImpossible("creditedValidators", credited, deposited);
        }
        if (report.slashedValidators < $.slashedValidators || report.slashedValidators > credited) {
            revert RewardDistributionImpossible("slashedValidators", report.slashedValidators, credited);
        }
        if (report.beaconBalance > credited * MAX_VALIDATOR_BALANCE) {
            revert RewardDistributionImpossible("beaconBalance", report.beaconBalance, credited * MAX_VALIDATOR_BALANCE);
        }
        uint256 balance = address(pool.withdrawalVault()).balance;
        if (report.withdrawalVaultBalance > balance) {
            revert RewardDistributionImpossible("withdrawalVaultBalance", report.withdrawalVaultBalance, balance);
        }
        balance = address(pool.executionRewardsVault()).balance;
        if (report.executionVaultBalance > balance) {
            revert RewardDistributionImpossible("executionVaultBalance", report.executionVaultBalance, balance);
        }
        $.creditedValidators = uint32(credited);
        $.slashedValidators = report.slashedValidators;

        uint256 expected = pool.beaconEther();
        uint256 actual = report.beaconBalance + (deposited - credited) * VALIDATOR_ETHER + report.withdrawalVaultBalance;
        a.pooled = pool.totalPooledEther();
        a.headroom = a.pooled * $.maxIncreaseBps / Waterfall.BASIS_POINTS;
        (a.gain, a.loss) = Waterfall.result(expected, actual, a.headroom);
        uint256 recognised = expected + a.gain - a.loss;
        a.withdrawals = Math.min(report.withdrawalVaultBalance, recognised);
        a.beaconEther = recognised - a.withdrawals;
    }

    /// @dev A loss above the limit, of the pool or laid to operators, needs the reviewers too.
    function _requireReviewedLoss(
        Assessment memory a,
        IOperatorRegistry.OperatorUpdate[] calldata updates,
        bytes32 digest
    ) private view {
        uint256 charged = 0;
        for (uint256 i = 0; i < updates.length; ++i) {
            charged += updates[i].loss;
        }
        uint256 loss = Math.max(a.loss, charged);
        uint256 limit = a.pooled * _storage().maxLossBps / Waterfall.BASIS_POINTS;
        if (loss <= limit) return;
        bytes32 agreed = lossReview.agreed(Lanes.REPORT);
        if (agreed != digest) revert RewardDistributionLossNotReviewed(loss, limit, agreed, digest);
    }

    /// @dev Hands the news to the registry. Validators that left free their bonds, so that many at once need the reviewers too.
    function _applyToOperators(IOperatorRegistry.OperatorUpdate[] calldata updates, bytes32 digest)
        private
        returns (uint256 charged)
    {
        uint256 active = registry.activeKeys();
        charged = registry.applyReport(updates);
        uint256 exits = active - registry.activeKeys();
        uint256 limit = Math.max(UNREVIEWED_EXITS, active * UNREVIEWED_EXITS_BPS / Waterfall.BASIS_POINTS);
        if (exits <= limit) return charged;
        bytes32 agreed = lossReview.agreed(Lanes.REPORT);
        if (agreed != digest) revert RewardDistributionExitsNotReviewed(exits, limit, agreed, digest);
    }

    /// @dev Hands the outcome to the pool.
    function _settle(Report calldata report, Assessment memory a, uint256 uncovered, uint256 fromBonds, uint256 covered)
        private
        returns (uint256 sharePrice)
    {
        RewardDistributionStorage storage $ = _storage();
        uint256 rewards = Waterfall.rewardsTaken(report.executionVaultBalance, a.headroom, a.gain, uncovered);
        (uint256 protocolFee, uint256 operatorFee) = Waterfall.fees(
            a.gain, rewards, uncovered, $.protocolFeeBps, registry.activeKeys() == 0 ? 0 : $.operatorFeeBps
        );
        sharePrice = pool.settle{value: fromBonds + covered}(
            IStakingPool.Settlement({
                beaconEther: a.beaconEther,
                withdrawals: a.withdrawals,
                rewards: rewards,
                protocolFee: protocolFee,
                operatorFee: operatorFee,
                treasury: $.treasury,
                finalizeUpTo: report.finalizeUpTo
            })
        );
        emit RewardSettled(
            report.refSlot, a.gain, a.loss, rewards, fromBonds, covered, protocolFee, operatorFee, sharePrice
        );
    }

    /// @dev Sets the bound on a report's rise.
    function _setMaxIncreaseBps(uint256 newMaxIncreaseBps) private {
        _requireWithin(newMaxIncreaseBps, 1, MAX_MAX_INCREASE_BPS);
        _storage().maxIncreaseBps = uint16(newMaxIncreaseBps);
        emit MaxIncreaseBpsSet(newMaxIncreaseBps);
    }

    /// @dev Sets the loss above which reviewers must agree.
    function _setMaxLossBps(uint256 newMaxLossBps) private {
        _requireWithin(newMaxLossBps, 1, MAX_MAX_LOSS_BPS);
        _storage().maxLossBps = uint16(newMaxLossBps);
        emit MaxLossBpsSet(newMaxLossBps);
    }

    /// @dev Sets the protocol's fee.
    function _setProtocolFeeBps(uint256 newProtocolFeeBps) private {
        _requireWithin(newProtocolFeeBps, 0, MAX_PROTOCOL_FEE_BPS);
        _storage().protocolFeeBps = uint16(newProtocolFeeBps);
        emit ProtocolFeeBpsSet(newProtocolFeeBps);
    }

    /// @dev Sets the operators' fee.
    function _setOperatorFeeBps(uint256 newOperatorFeeBps) private {
        _requireWithin(newOperatorFeeBps, 0, MAX_OPERATOR_FEE_BPS);
        _storage().operatorFeeBps = uint16(newOperatorFeeBps);
        emit OperatorFeeBpsSet(newOperatorFeeBps);
    }

    /// @dev Sets the frame's length.
    function _setEpochsPerFrame(uint256 newEpochsPerFrame) private {
        _requireWithin(newEpochsPerFrame, minEpochsPerFrame, MAX_EPOCHS_PER_FRAME);
        _storage().epochsPerFrame = uint32(newEpochsPerFrame);
        emit EpochsPerFrameSet(newEpochsPerFrame);
    }

    /// @dev Sets who gets the protocol's fees.
    function _setTreasury(address newTreasury) private {
        _requireNonZero(newTreasury);
        _storage().treasury = newTreasury;
        emit TreasurySet(newTreasury);
    }

    /// @dev Reverts when a parameter is out of bounds.
    function _requireWithin(uint256 value, uint256 minimum, uint256 maximum) private pure {
        if (value < minimum || value > maximum) revert RewardDistributionInvalidParameter(value, minimum, maximum);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() private pure returns (RewardDistributionStorage storage $) {
        assembly {
            $.slot := REWARD_DISTRIBUTION_STORAGE
        }
    }
}
