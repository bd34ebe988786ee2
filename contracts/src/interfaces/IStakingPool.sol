// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IDepositContract} from "./IDepositContract.sol";
import {IExecutionRewardsVault} from "./IExecutionRewardsVault.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {IWithdrawalVault} from "./IWithdrawalVault.sol";

/// @title The staking pool and its share token ethSTAKE.
/// @notice Ether comes in, shares go out at the pool's rate; ether is deposited 32 at a time with the operators' keys;
/// execution rewards come back and raise the rate. Balances of shares never change by themselves: their value does.
///
/// Rate: assets / shares = (totalPooledEther + V) / (totalSupply + V), with V = 1 gwei of virtual ether and shares, which
/// take the profit out of inflating the rate of a near-empty pool
/// (https://docs.openzeppelin.com/contracts/5.x/erc4626#inflation-attack). All divisions round down, against the caller.
interface IStakingPool {
    /// @notice Ether was staked.
    /// @param sender Who paid.
    /// @param receiver Who received the shares.
    /// @param referral Who is named as the referrer; zero for none.
    /// @param assets Wei.
    /// @param shares Shares minted.
    event Staked(
        address indexed sender, address indexed receiver, address indexed referral, uint256 assets, uint256 shares
    );
    /// @notice 32 ether each were deposited for the keys that the registry names in its KeyDeposited events.
    /// @param count Validators.
    /// @param bufferedEther Wei not yet deposited after it.
    event ValidatorsDeposited(uint256 count, uint256 bufferedEther);
    /// @notice Execution rewards entered the pool.
    /// @param amount Wei.
    /// @param totalPooledEther Wei in the pool after it.
    /// @param sharePrice Wei per 1e18 shares after it.
    event ExecutionRewardsSettled(uint256 amount, uint256 totalPooledEther, uint256 sharePrice);
    /// @notice The stake cap changed (wei).
    event StakeCapSet(uint256 stakeCap);
    /// @notice The minimum stake changed (wei).
    event MinimumStakeSet(uint256 minimumStake);
    /// @notice The bound on one settlement changed (basis points of the pool).
    event MaxSettlementBpsSet(uint256 maxSettlementBps);
    /// @notice The time between settlements changed (seconds).
    event SettlementIntervalSet(uint256 settlementInterval);
    /// @notice Staking and deposits stopped.
    event Paused(address account);
    /// @notice Staking and deposits go on.
    event Unpaused(address account);

    /// @notice The operation is not possible while paused.
    error EnforcedPause();
    /// @notice The operation is possible only while paused.
    error ExpectedPause();
    /// @notice Less ether than the minimum stake.
    error StakingPoolBelowMinimumStake(uint256 assets, uint256 minimumStake);
    /// @notice The stake would take the pool above its cap.
    error StakingPoolStakeCapExceeded(uint256 totalPooledEther, uint256 stakeCap);
    /// @notice Fewer shares than the caller accepts, or none.
    error StakingPoolInsufficientShares(uint256 shares, uint256 minShares);
    /// @notice The value is out of bounds.
    error StakingPoolInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);
    /// @notice Someone deposited since the caller looked.
    error StakingPoolDepositRootChanged(bytes32 expected, bytes32 actual);
    /// @notice The vetted keys changed since the caller looked.
    error StakingPoolKeysNonceChanged(uint256 expected, uint256 actual);
    /// @notice Less than 32 ether buffered, no vetted key, or none asked for.
    error StakingPoolNothingToDeposit(uint256 bufferedEther, uint256 maxValidators);
    /// @notice The registry answered with something else than whole keys.
    error StakingPoolInvalidKeys(uint256 pubkeysLength, uint256 signaturesLength, uint256 operators);
    /// @notice No rewards, or none within the bound.
    error StakingPoolNothingToSettle();
    /// @notice The last settlement was too recent.
    /// @param nextSettlement Unix time from which it is possible.
    error StakingPoolSettlementTooEarly(uint256 nextSettlement);
    /// @notice The vault sent another amount than it was asked for.
    error StakingPoolRewardsMismatch(uint256 expected, uint256 received);
    /// @notice Plain transfers are accepted from the execution rewards vault only; call stake.
    error StakingPoolUnexpectedEther(address sender, uint256 amount);

    /// @notice Initialises the proxy. Staking starts with a cap of 32,000 ether and a minimum of 0.001 ether.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    /// @param operatorRegistry The operators' keys.
    /// @param withdrawalVault The target of the validators' credentials.
    /// @param executionRewardsVault The validators' fee recipient.
    function initialize(address admin, address operatorRegistry, address withdrawalVault, address executionRewardsVault)
        external;

    /// @notice Stakes the value.
    /// @param receiver Receives the shares.
    /// @param minShares The fewest shares accepted.
    /// @param referral Named in the event; zero for none.
    /// @return shares Shares minted.
    function stake(address receiver, uint256 minShares, address referral) external payable returns (uint256 shares);

    /// @notice Deposits buffered ether for the operators' next keys, 32 ether each. DEPOSITOR_ROLE only.
    /// @param maxValidators The most deposits to make; one call makes at most MAX_DEPOSITS_PER_CALL.
    /// @param expectedDepositRoot The deposit contract's root at which the caller found that none of the next keys has a
    /// deposit already (with foreign credentials): the call reverts when it changed.
    /// @return deposited The number of deposits made, at least one.
    function depositToBeaconChain(uint256 maxValidators, bytes32 expectedDepositRoot)
        external
        returns (uint256 deposited);

    /// @notice As depositToBeaconChain, and reverts when the vetted keys changed since the caller checked them.
    /// @param expectedKeysNonce The registry's keysNonce at which the caller checked the next keys and their signatures.
    function depositToBeaconChainAtNonce(uint256 maxValidators, bytes32 expectedDepositRoot, uint256 expectedKeysNonce)
        external
        returns (uint256 deposited);

    /// @notice Takes rewards from the execution rewards vault into the buffer, so that the rate rises. What the bounds
    /// leave behind stays in the vault for a later settlement. REPORTER_ROLE only.
    /// @param amount The most wei to take; also bounded by the vault's balance and by maxSettlementBps of the pool.
    /// @return settled Wei taken, at least one.
    /// @return newSharePrice Wei per 1e18 shares after it.
    function settleExecutionRewards(uint256 amount) external returns (uint256 settled, uint256 newSharePrice);

    /// @notice Stops staking and deposits. PAUSER_ROLE only.
    function pause() external;

    /// @notice Lets staking and deposits go on. PAUSER_ROLE only.
    function unpause() external;

    /// @notice Sets the stake cap. PARAMETER_ROLE only.
    /// @param newStakeCap Wei; may be below what the pool holds, which closes staking.
    function setStakeCap(uint256 newStakeCap) external;

    /// @notice Sets the minimum stake. PARAMETER_ROLE only.
    /// @param newMinimumStake Wei.
    function setMinimumStake(uint256 newMinimumStake) external;

    /// @notice Sets the bound on one settlement. PARAMETER_ROLE only.
    /// @param newMaxSettlementBps Basis points of the pool's ether.
    function setMaxSettlementBps(uint256 newMaxSettlementBps) external;

    /// @notice Sets the least time between settlements. PARAMETER_ROLE only.
    /// @param newSettlementInterval Seconds; 0 for none.
    function setSettlementInterval(uint256 newSettlementInterval) external;

    /// @notice Wei in the pool: buffered and with validators. Internal accounting, never the contract's balance.
    function totalPooledEther() external view returns (uint256);

    /// @notice Wei not yet deposited.
    function bufferedEther() external view returns (uint256);

    /// @notice Validators deposited for.
    function depositedValidators() external view returns (uint256);

    /// @notice Shares that so much ether is worth, rounded down.
    function convertToShares(uint256 assets) external view returns (uint256 shares);

    /// @notice Ether that so many shares are worth, rounded down.
    function convertToAssets(uint256 shares) external view returns (uint256 assets);

    /// @notice Wei per 1e18 shares, rounded down.
    function sharePrice() external view returns (uint256);

    /// @notice The most wei the pool may hold for a stake to be accepted.
    function stakeCap() external view returns (uint256);

    /// @notice The fewest wei of a stake.
    function minimumStake() external view returns (uint256);

    /// @notice The bound on one settlement, in basis points of the pool's ether.
    function maxSettlementBps() external view returns (uint256);

    /// @notice The least time between settlements, in seconds.
    function settlementInterval() external view returns (uint256);

    /// @notice Unix time of the last settlement.
    function lastSettlement() external view returns (uint256);

    /// @notice Whether staking and deposits are stopped.
    function paused() external view returns (bool);

    /// @notice The beacon chain's deposit contract.
    function depositContract() external view returns (IDepositContract);

    /// @notice The operators' keys.
    function operatorRegistry() external view returns (IOperatorRegistry);

    /// @notice The target of the validators' credentials.
    function withdrawalVault() external view returns (IWithdrawalVault);

    /// @notice The validators' fee recipient.
    function executionRewardsVault() external view returns (IExecutionRewardsVault);
}
