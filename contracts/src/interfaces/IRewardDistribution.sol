// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "./IOperatorRegistry.sol";

/// @title Reports become the rate.
/// @notice A report states the totals of a frame, as of its last slot. Once a quorum of the oracle members agreed on its
/// digest, anyone may settle it. What it can do is bounded here and nowhere else: the rate rises by at most
/// `maxIncreaseBps` a report, what is above that stays for later reports; a loss above `maxLossBps`, and more exits than a
/// twentieth of the validators, need the reviewers' quorum too; and there is one report a frame.
interface IRewardDistribution {
    /// @notice The totals of a frame, as of the state after its last slot.
    /// @param refSlot The frame's last slot.
    /// @param beaconBalance Wei: the balances of the validators whose deposits are complete on the beacon chain.
    /// @param creditedValidators How many those are and were, since the beginning: both deposits are in their balance.
    /// @param slashedValidators Validators slashed since the beginning.
    /// @param withdrawalVaultBalance Wei in the withdrawal vault.
    /// @param executionVaultBalance Wei in the execution rewards vault.
    /// @param finalizeUpTo The last withdrawal request to finalise; 0 for none.
    struct Report {
        uint64 refSlot;
        uint128 beaconBalance;
        uint32 creditedValidators;
        uint32 slashedValidators;
        uint128 withdrawalVaultBalance;
        uint128 executionVaultBalance;
        uint32 finalizeUpTo;
    }

    /// @notice Where and when reports are due; fixed at deployment.
    /// @param genesisTime Unix time of slot 0.
    /// @param secondsPerSlot Seconds.
    /// @param slotsPerEpoch Slots.
    /// @param minEpochsPerFrame The shortest frame that can be set: what bounds a malicious quorum per day.
    struct ChainTime {
        uint64 genesisTime;
        uint32 secondsPerSlot;
        uint32 slotsPerEpoch;
        uint32 minEpochsPerFrame;
    }

    /// @notice A report was settled. All in wei.
    /// @param gain What the consensus layer brought, within the bound.
    /// @param loss What it lost.
    /// @param rewards What was taken from the execution rewards vault.
    /// @param fromBonds What bonds paid of the loss.
    /// @param covered What the coverage fund paid of it.
    /// @param protocolFee Minted to the treasury as shares.
    /// @param operatorFee Minted to the operators as shares.
    /// @param sharePrice Wei per 1e18 shares after it.
    event RewardSettled(
        uint256 indexed refSlot,
        uint256 gain,
        uint256 loss,
        uint256 rewards,
        uint256 fromBonds,
        uint256 covered,
        uint256 protocolFee,
        uint256 operatorFee,
        uint256 sharePrice
    );
    /// @notice The bound on a report's rise changed (basis points of the pool).
    event MaxIncreaseBpsSet(uint256 maxIncreaseBps);
    /// @notice The loss above which reviewers must agree changed (basis points of the pool).
    event MaxLossBpsSet(uint256 maxLossBps);
    /// @notice The protocol's fee changed (basis points of rewards).
    event ProtocolFeeBpsSet(uint256 protocolFeeBps);
    /// @notice The operators' fee changed (basis points of rewards).
    event OperatorFeeBpsSet(uint256 operatorFeeBps);
    /// @notice The frame's length changed.
    event EpochsPerFrameSet(uint256 epochsPerFrame);
    /// @notice The protocol's fees go elsewhere from now on.
    event TreasurySet(address treasury);

    /// @notice No quorum agreed on this report.
    error RewardDistributionNotAgreed(bytes32 agreed, bytes32 expected);
    /// @notice The loss is above the limit and the reviewers have not agreed on this report.
    error RewardDistributionLossNotReviewed(uint256 loss, uint256 limit, bytes32 agreed, bytes32 expected);
    /// @notice More validators have left than the limit and the reviewers have not agreed on this report.
    error RewardDistributionExitsNotReviewed(uint256 exits, uint256 limit, bytes32 agreed, bytes32 expected);
    /// @notice The slot is not the last one of a frame.
    error RewardDistributionInvalidRefSlot(uint256 refSlot, uint256 slotsPerFrame);
    /// @notice The frame was settled, is too close to the last one, or ended before the last one was processed.
    error RewardDistributionFrameTooOld(uint256 refSlot, uint256 lastRefSlot, uint256 lastFrameTime);
    /// @notice The slot is not over.
    error RewardDistributionFrameTooEarly(uint256 refSlot, uint256 frameEnd);
    /// @notice The report contradicts the contracts or an earlier report.
    /// @param field Its name.
    error RewardDistributionImpossible(string field, uint256 value, uint256 bound);
    /// @notice The value is out of bounds.
    error RewardDistributionInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);
    /// @notice Ether is accepted from the registry and the coverage fund only.
    error RewardDistributionUnexpectedEther(address sender, uint256 amount);

    /// @notice Initialises the proxy: 5 % and 2 % of fees, a rise of at most 0.1 % and a loss of at most 1 % a report.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    /// @param treasury Gets the protocol's fees.
    function initialize(address admin, address treasury) external;

    /// @notice Settles an agreed report. Anyone.
    /// @param updates What is new of operators, by rising id, at most 128.
    /// @return sharePrice Wei per 1e18 shares after it.
    function settleRewards(Report calldata report, IOperatorRegistry.OperatorUpdate[] calldata updates)
        external
        returns (uint256 sharePrice);

    /// @notice Sets the bound on a report's rise. PARAMETER_ROLE only.
    function setMaxIncreaseBps(uint256 newMaxIncreaseBps) external;

    /// @notice Sets the loss above which reviewers must agree. PARAMETER_ROLE only.
    function setMaxLossBps(uint256 newMaxLossBps) external;

    /// @notice Sets the protocol's fee. PARAMETER_ROLE only.
    function setProtocolFeeBps(uint256 newProtocolFeeBps) external;

    /// @notice Sets the operators' fee. PARAMETER_ROLE only.
    function setOperatorFeeBps(uint256 newOperatorFeeBps) external;

    /// @notice Sets the frame's length. PARAMETER_ROLE only.
    function setEpochsPerFrame(uint256 newEpochsPerFrame) external;

    /// @notice Sets who gets the protocol's fees. PARAMETER_ROLE only.
    function setTreasury(address newTreasury) external;

    /// @notice What members agree on for a report.
    function reportDigest(Report calldata report, IOperatorRegistry.OperatorUpdate[] calldata updates)
        external
        view
        returns (bytes32);

    /// @notice The last slot settled; 0 before the first.
    function lastRefSlot() external view returns (uint256);

    /// @notice Validators credited, by the last report.
    function creditedValidators() external view returns (uint256);

    /// @notice Validators slashed, by the last report.
    function slashedValidators() external view returns (uint256);

    /// @notice Basis points of the pool by which a report may raise it.
    function maxIncreaseBps() external view returns (uint256);

    /// @notice Basis points of the pool above which a loss needs the reviewers.
    function maxLossBps() external view returns (uint256);

    /// @notice Basis points of rewards for the treasury.
    function protocolFeeBps() external view returns (uint256);

    /// @notice Basis points of rewards for the operators.
    function operatorFeeBps() external view returns (uint256);

    /// @notice Epochs of a frame.
    function epochsPerFrame() external view returns (uint256);

    /// @notice Who gets the protocol's fees.
    function treasury() external view returns (address);
}
