// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IExecutionRewardsVault} from "./IExecutionRewardsVault.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";
import {IWithdrawalVault} from "./IWithdrawalVault.sol";

/// @title The staking pool and its share token ethSTAKE.
/// @notice Ether comes in, shares go out at the pool's rate; ether goes to validators 32 at a time; reports bring rewards and
/// losses into the rate; shares go back through the withdrawal queue. Balances of shares never change by themselves:
/// their value does, and only by reports.
///
/// Rate: assets / shares = (totalPooledEther + V) / (totalSupply + V), with V = 1 gwei of virtual ether and shares, which
/// take the profit out of inflating the rate of a near-empty pool
/// (https://docs.openzeppelin.com/contracts/5.x/erc4626#inflation-attack). All divisions round down, against the caller.
interface IStakingPool {
    /// @notice What a report makes of the pool. RewardDistribution has checked it against its bounds.
    /// @param beaconEther Wei with validators after it.
    /// @param withdrawals Wei to take from the withdrawal vault.
    /// @param rewards Wei to take from the execution rewards vault.
    /// @param protocolFee Wei of the rewards that become shares of the treasury.
    /// @param operatorFee Wei of the rewards that become shares of the operators.
    /// @param treasury Who gets the protocol's shares.
    /// @param finalizeUpTo The last request to finalise; 0 for none.
    struct Settlement {
        uint256 beaconEther;
        uint256 withdrawals;
        uint256 rewards;
        uint256 protocolFee;
        uint256 operatorFee;
        address treasury;
        uint256 finalizeUpTo;
    }

    /// @notice Ether was staked.
    /// @param sender Who paid.
    /// @param receiver Who received the shares.
    /// @param referral Who is named as the referrer; zero for none.
    /// @param assets Wei.
    /// @param shares Shares minted.
    event Staked(
        address indexed sender, address indexed receiver, address indexed referral, uint256 assets, uint256 shares
    );
    /// @notice Ether left for validators.
    /// @param validators How many, 32 ether each.
    /// @param bufferedEther Wei not with validators after it.
    event EtherTakenForDeposits(uint256 validators, uint256 bufferedEther);
    /// @notice A report was settled.
    /// @param totalPooledEther Wei in the pool after it.
    /// @param totalShares Shares after it.
    /// @param protocolShares Shares minted to the treasury.
    /// @param operatorShares Shares minted to the operators.
    event Settled(uint256 totalPooledEther, uint256 totalShares, uint256 protocolShares, uint256 operatorShares);
    /// @notice Requests were finalised: ether left for the withdrawal queue and their shares were burnt.
    /// @param forgone Wei that the shares were worth more than they are paid: it comes back by later reports.
    event WithdrawalsFunded(uint256 assets, uint256 shares, uint256 forgone, uint256 bufferedEther);
    /// @notice Somebody processed a frame because reports were stale.
    /// @param swept Wei taken from the withdrawal vault.
    event StaleFrameProcessed(address indexed caller, uint256 swept);
    /// @notice The stake cap changed (wei).
    event StakeCapSet(uint256 stakeCap);
    /// @notice The minimum stake changed (wei).
    event MinimumStakeSet(uint256 minimumStake);
    /// @notice The pace of stakes changed (wei a day).
    event StakeRateLimitSet(uint256 stakeRateLimit);
    /// @notice The ether kept back from deposits changed (wei).
    event ReserveSet(uint256 reserve);
    /// @notice The frames between a request's batch and its finalisation changed.
    event WithdrawalDelaySet(uint256 frames);
    /// @notice The seconds without a report after which anyone may process a frame changed.
    event StaleAfterSet(uint256 staleAfter);

    /// @notice Less ether than the minimum stake.
    error StakingPoolBelowMinimumStake(uint256 assets, uint256 minimumStake);
    /// @notice The stake would take the pool above its cap.
    error StakingPoolStakeCapExceeded(uint256 totalPooledEther, uint256 stakeCap);
    /// @notice The stake cap was raised too recently.
    /// @param from Unix time from which it can be raised again.
    error StakingPoolStakeCapRaisedTooRecently(uint256 from);
    /// @notice More than can be staked now.
    /// @param available Wei that can.
    error StakingPoolStakeRateExceeded(uint256 assets, uint256 available);
    /// @notice Fewer shares than the caller accepts, or none.
    error StakingPoolInsufficientShares(uint256 shares, uint256 minShares);
    /// @notice The value is out of bounds.
    error StakingPoolInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);
    /// @notice Less ether at hand than the deposits need, beside the reserve and what the queue waits for.
    error StakingPoolInsufficientEther(uint256 required, uint256 depositable);
    /// @notice The accounts of a settlement do not add up.
    error StakingPoolInvalidSettlement();
    /// @notice Reports are not stale.
    /// @param from Unix time from which they are.
    error StakingPoolNotStale(uint256 from);
    /// @notice Another amount arrived than was asked for.
    error StakingPoolEtherMismatch(uint256 expected, uint256 received);
    /// @notice Plain transfers are accepted from the vaults only; call stake.
    error StakingPoolUnexpectedEther(address sender, uint256 amount);

    /// @notice Initialises the proxy. Staking starts with a cap of 32,000 ether and a minimum of 0.001 ether.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Stakes the value.
    /// @param receiver Who gets the shares.
    /// @param minShares The fewest shares the caller accepts.
    /// @param referral Who is named as the referrer; zero for none.
    /// @return shares Shares minted, rounded down.
    function stake(address receiver, uint256 minShares, address referral) external payable returns (uint256 shares);

    /// @notice Moves an owner's shares to the withdrawal queue, which calls this for the owner only. QUEUE_ROLE only.
    /// @param owner Whose shares.
    /// @param shares How many.
    /// @param receiver Who gets positions for them, which are counted here.
    /// @param positions How many.
    function lockForWithdrawal(address owner, uint256 shares, address receiver, uint256 positions) external;

    /// @notice Sends 32 ether for each validator to the caller, which deposits it. DEPOSITS_ROLE only.
    function takeForDeposits(uint256 validators) external;

    /// @notice Takes a report's outcome into the accounts, mints fees and finalises withdrawals; the value is compensation for
    /// losses. DISTRIBUTION_ROLE only.
    /// @return newSharePrice Wei per 1e18 shares after it.
    function settle(Settlement calldata settlement) external payable returns (uint256 newSharePrice);

    /// @notice Processes a frame without a report: takes what validators returned and finalises due withdrawals with the ether
    /// at hand. Anyone, once there was no report for `staleAfter`, and once in each such time.
    function processStaleFrame() external;

    /// @notice Sets the stake cap. PARAMETER_ROLE only.
    /// @param newStakeCap Wei; at most 5 times the present one (or the initial one when that is more), so that it rises in
    /// steps, and once in 7 days. May be below what the pool holds, which closes staking.
    function setStakeCap(uint256 newStakeCap) external;

    /// @notice Sets the minimum stake. PARAMETER_ROLE only.
    /// @param newMinimumStake Wei, whole gwei.
    function setMinimumStake(uint256 newMinimumStake) external;

    /// @notice Sets the pace of stakes: so many wei at once, and as many again in a day. PARAMETER_ROLE only.
    function setStakeRateLimit(uint256 newStakeRateLimit) external;

    /// @notice Sets the ether kept back from deposits for withdrawals. PARAMETER_ROLE only.
    function setReserve(uint256 newReserve) external;

    /// @notice Sets the frames between a request's batch and its finalisation. PARAMETER_ROLE only.
    /// @param frames 1 to 7.
    function setWithdrawalDelay(uint256 frames) external;

    /// @notice Sets the seconds without a report after which anyone may process a frame. PARAMETER_ROLE only.
    function setStaleAfter(uint256 newStaleAfter) external;

    /// @notice Positions that requests gave an account in the withdrawal queue, claimed ones included. What changed hands since
    /// then is counted there: the queue's `balanceOf` has both.
    function positionsOf(address owner) external view returns (uint256);

    /// @notice Wei in the pool: buffered and with validators. Internal accounting, never the contract's balance.
    function totalPooledEther() external view returns (uint256);

    /// @notice Wei not with validators.
    function bufferedEther() external view returns (uint256);

    /// @notice Wei with validators, as last reported, deposits since then included.
    function beaconEther() external view returns (uint256);

    /// @notice Wei that deposits may take: buffered, less the reserve and what the queue waits for.
    function depositableEther() external view returns (uint256);

    /// @notice Validators deposited for since the beginning.
    function depositedValidators() external view returns (uint256);

    /// @notice Shares that so much ether is worth, rounded down.
    function convertToShares(uint256 assets) external view returns (uint256 shares);

    /// @notice Ether that so many shares are worth, rounded down.
    function convertToAssets(uint256 shares) external view returns (uint256 assets);

    /// @notice Wei per 1e18 shares, rounded down.
    function sharePrice() external view returns (uint256);

    /// @notice Wei that can be staked now, by cap and rate limit; 0 while paused.
    function availableStake() external view returns (uint256);

    /// @notice The most wei the pool may hold for a stake to be accepted.
    function stakeCap() external view returns (uint256);

    /// @notice The fewest wei of a stake.
    function minimumStake() external view returns (uint256);

    /// @notice The most wei that can be staked in a day.
    function stakeRateLimit() external view returns (uint256);

    /// @notice Wei kept back from deposits.
    function reserve() external view returns (uint256);

    /// @notice Frames between a request's batch and its finalisation.
    function withdrawalDelay() external view returns (uint256);

    /// @notice Seconds without a report after which anyone may process a frame.
    function staleAfter() external view returns (uint256);

    /// @notice Unix time of the last processed frame.
    function lastFrameTime() external view returns (uint256);

    /// @notice The withdrawal queue; zero until QUEUE_ROLE is granted.
    function withdrawalQueue() external view returns (address);

    /// @notice The operators' keys.
    function operatorRegistry() external view returns (IOperatorRegistry);

    /// @notice The target of the validators' credentials.
    function withdrawalVault() external view returns (IWithdrawalVault);

    /// @notice The validators' fee recipient.
    function executionRewardsVault() external view returns (IExecutionRewardsVault);
}
