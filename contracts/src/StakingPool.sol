// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Bound} from "./abstract/Bound.sol";
import {ExpiringPause} from "./abstract/ExpiringPause.sol";
import {ShareToken} from "./abstract/ShareToken.sol";
import {IExecutionRewardsVault} from "./interfaces/IExecutionRewardsVault.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IStakingPool} from "./interfaces/IStakingPool.sol";
import {IWithdrawalQueue} from "./interfaces/IWithdrawalQueue.sol";
import {IWithdrawalVault} from "./interfaces/IWithdrawalVault.sol";
import {QueueMath} from "./libraries/QueueMath.sol";
import {RateLimit} from "./libraries/RateLimit.sol";
import {ShareMath} from "./libraries/ShareMath.sol";

/// @title The staking pool and its share token ethSTAKE.
contract StakingPool is IStakingPool, ShareToken, Bound, ExpiringPause {
    /// @dev What the pool holds. One slot: the only one of its own that stake writes.
    /// @param bufferedEther Wei not with validators.
    /// @param beaconEther Wei with validators.
    /// @param staked Units of RateLimit staked lately.
    /// @param lastStake Unix time of the last stake.
    struct Balances {
        uint96 bufferedEther;
        uint96 beaconEther;
        uint32 staked;
        uint32 lastStake;
    }

    /// @dev What bounds staking. One slot: the only other one of its own that stake reads.
    /// @param stakeCap Gwei.
    /// @param minimumStake Gwei.
    /// @param stakeRateLimit Gwei a day.
    struct Limits {
        uint64 stakeCap;
        uint64 minimumStake;
        uint64 stakeRateLimit;
    }

    /// @dev What frames and deposits read. One slot.
    /// @param depositedValidators Validators deposited for.
    /// @param lastFrame Unix time of the last frame.
    /// @param staleAfter Seconds.
    /// @param withdrawalDelay Frames.
    /// @param reserve Gwei kept back from deposits.
    /// @param lastCapRaise Unix time.
    struct Frames {
        uint32 depositedValidators;
        uint40 lastFrame;
        uint32 staleAfter;
        uint8 withdrawalDelay;
        uint64 reserve;
        uint40 lastCapRaise;
    }

    /// @custom:storage-location erc7201:ethstake.storage.StakingPool
    struct StakingPoolStorage {
        Balances balances;
        Limits limits;
        Frames frames;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.StakingPool")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STAKING_POOL_STORAGE = 0x0dfff68bdf3e95d425022297055a4db964e6787ba81a17846f9edb5ad9a95100;

    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice BeaconDeposits: may take ether for validators.
    bytes32 public constant DEPOSITS_ROLE = keccak256("DEPOSITS_ROLE");
    /// @notice RewardDistribution: may settle reports.
    bytes32 public constant DISTRIBUTION_ROLE = keccak256("DISTRIBUTION_ROLE");
    /// @notice WithdrawalQueue: may take the shares of who calls it, and counts the positions it gives.
    bytes32 public constant QUEUE_ROLE = keccak256("QUEUE_ROLE");

    /// @notice Wei of one validator: the balance at which it is activated.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#gwei-values (MIN_ACTIVATION_BALANCE)
    uint256 public constant VALIDATOR_ETHER = 32 ether;
    /// @notice Wei of the cap at the start.
    uint256 public constant INITIAL_STAKE_CAP = 32_000 ether;
    /// @notice How many times the present cap a new one may be.
    uint256 public constant STAKE_CAP_STEP = 5;
    /// @notice Wei above which the stake cap cannot be set.
    uint256 public constant MAX_STAKE_CAP = 10_000_000 ether;
    /// @notice Wei below which the minimum stake cannot be set: well above the queue's smallest request, so that what was staked
    /// can be withdrawn.
    uint256 public constant MIN_MINIMUM_STAKE = 0.001 ether;
    /// @notice Wei above which the minimum stake cannot be set.
    uint256 public constant MAX_MINIMUM_STAKE = 32 ether;
    /// @notice Wei above which the stake rate limit cannot be set.
    uint256 public constant MAX_STAKE_RATE_LIMIT = RateLimit.MAX;
    /// @notice Wei above which the reserve cannot be set.
    uint256 public constant MAX_RESERVE = 100_000 ether;
    /// @notice Frames above which the withdrawal delay cannot be set.
    uint256 public constant MAX_WITHDRAWAL_DELAY = 7;
    /// @notice Seconds between two raises of the stake cap.
    uint256 public constant STAKE_CAP_WAIT = 7 days;
    /// @notice Seconds below which reports cannot be called stale: a guardian's pause, and the longest frame after it.
    uint256 public constant MIN_STALE_AFTER = 5 days;
    /// @notice Seconds above which reports cannot be left stale.
    uint256 public constant MAX_STALE_AFTER = 30 days;

    uint256 private constant ONE_SHARE = 1e18;

    /// @inheritdoc IStakingPool
    IOperatorRegistry public immutable override operatorRegistry;
    /// @inheritdoc IStakingPool
    IWithdrawalVault public immutable override withdrawalVault;
    /// @inheritdoc IStakingPool
    IExecutionRewardsVault public immutable override executionRewardsVault;

    /// @param operatorRegistry_ The operators' keys.
    /// @param withdrawalVault_ The target of the validators' credentials.
    /// @param executionRewardsVault_ The validators' fee recipient.
    constructor(
        IOperatorRegistry operatorRegistry_,
        IWithdrawalVault withdrawalVault_,
        IExecutionRewardsVault executionRewardsVault_
    ) {
        _requireNonZero(address(operatorRegistry_));
        _requireNonZero(address(withdrawalVault_));
        _requireNonZero(address(executionRewardsVault_));
        operatorRegistry = operatorRegistry_;
        withdrawalVault = withdrawalVault_;
        executionRewardsVault = executionRewardsVault_;
    }

    /// @dev Ether is accepted from the vaults when the pool draws from them, and from the queue when it had too much; each is
    /// counted there.
    receive() external payable {
        if (
            msg.sender != address(executionRewardsVault) && msg.sender != address(withdrawalVault)
                && msg.sender != withdrawalQueue()
        ) revert StakingPoolUnexpectedEther(msg.sender, msg.value);
    }

    /// @inheritdoc IStakingPool
    function initialize(address admin) external override initializer {
        __ERC20_init("ethstake Staked Ether", "ethSTAKE");
        __ERC20Permit_init("ethstake Staked Ether");
        __Governed_init(admin);
        Frames storage frames = _storage().frames;
        frames.lastFrame = uint40(block.timestamp);
        frames.staleAfter = uint32(7 days);
        frames.withdrawalDelay = 1;
        _storage().limits =
            Limits(uint64(INITIAL_STAKE_CAP / 1 gwei), uint64(0.001 ether / 1 gwei), uint64(RateLimit.MAX / 1 gwei));
        emit StakeCapSet(INITIAL_STAKE_CAP);
        emit MinimumStakeSet(0.001 ether);
        emit StakeRateLimitSet(RateLimit.MAX);
        emit StaleAfterSet(7 days);
        emit WithdrawalDelaySet(1);
    }

    /* STAKING */

    /// @inheritdoc IStakingPool
    function stake(address receiver, uint256 minShares, address referral)
        external
        payable
        override
        whenNotPaused
        returns (uint256 shares)
    {
        StakingPoolStorage storage $ = _storage();
        Limits memory limits = $.limits;
        uint256 minimum = uint256(limits.minimumStake) * 1 gwei;
        if (msg.value < minimum) revert StakingPoolBelowMinimumStake(msg.value, minimum);

        Balances memory balances = $.balances;
        uint256 pooled = _pooled(balances);
        uint256 cap = uint256(limits.stakeCap) * 1 gwei;
        if (pooled + msg.value > cap) revert StakingPoolStakeCapExceeded(pooled + msg.value, cap);
        uint256 rateLimit = uint256(limits.stakeRateLimit) * 1 gwei;
        uint256 available = RateLimit.available(balances.staked, balances.lastStake, rateLimit);
        if (msg.value > available) revert StakingPoolStakeRateExceeded(msg.value, available);

        shares = ShareMath.toShares(msg.value, pooled, totalSupply());
        if (shares < minShares || shares == 0) revert StakingPoolInsufficientShares(shares, minShares);

        // Cannot truncate: the sum is at most the cap, a uint96; and until the year 2106 for the time.
        $.balances = Balances({
            bufferedEther: uint96(balances.bufferedEther + msg.value),
            beaconEther: balances.beaconEther,
            staked: RateLimit.used(rateLimit - available + msg.value),
            lastStake: uint32(block.timestamp)
        });
        _mint(receiver, shares);
        emit Staked(msg.sender, receiver, referral, msg.value, shares);
    }

    /* MODULES */

    /// @inheritdoc IStakingPool
    function lockForWithdrawal(address owner, uint256 shares, address receiver, uint256 positions)
        external
        override
        onlyRole(QUEUE_ROLE)
    {
        _transfer(owner, msg.sender, shares);
        _addPositions(receiver, positions);
    }

    /// @inheritdoc IStakingPool
    function takeForDeposits(uint256 validators) external override onlyRole(DEPOSITS_ROLE) whenNotPaused {
        uint256 required = validators * VALIDATOR_ETHER;
        uint256 depositable = depositableEther();
        if (required > depositable) revert StakingPoolInsufficientEther(required, depositable);
        StakingPoolStorage storage $ = _storage();
        // None can truncate: required is at most bufferedEther, and all ether is below 2^87 wei.
        $.balances.bufferedEther -= uint96(required);
        $.balances.beaconEther += uint96(required);
        $.frames.depositedValidators += uint32(validators);
        emit EtherTakenForDeposits(validators, $.balances.bufferedEther);
        Address.sendValue(payable(msg.sender), required);
    }

    /// @inheritdoc IStakingPool
    function settle(Settlement calldata settlement)
        external
        payable
        override
        onlyRole(DISTRIBUTION_ROLE)
        returns (uint256 newSharePrice)
    {
        StakingPoolStorage storage $ = _storage();
        Balances memory balances = $.balances;
        uint256 rateBefore = _rate(_pooled(balances));

        uint256 buffered = balances.bufferedEther + settlement.withdrawals + settlement.rewards + msg.value;
        uint256 pooled = buffered + settlement.beaconEther;
        if (pooled > type(uint96).max || settlement.protocolFee + settlement.operatorFee > pooled) {
            revert StakingPoolInvalidSettlement();
        }
        $.balances.bufferedEther = uint96(buffered);
        $.balances.beaconEther = uint96(settlement.beaconEther);
        (uint256 protocolShares, uint256 operatorShares) = _mintFees(settlement, pooled);
        emit Settled(pooled, totalSupply(), protocolShares, operatorShares);

        uint256 balance = address(this).balance;
        if (settlement.withdrawals != 0) withdrawalVault.withdrawEther(settlement.withdrawals);
        if (settlement.rewards != 0) executionRewardsVault.withdrawRewards(settlement.rewards);
        uint256 received = address(this).balance - balance;
        if (received != settlement.withdrawals + settlement.rewards) {
            revert StakingPoolEtherMismatch(settlement.withdrawals + settlement.rewards, received);
        }

        _processFrame(rateBefore, $.frames.withdrawalDelay, settlement.finalizeUpTo);
        newSharePrice = sharePrice();
    }

    /// @inheritdoc IStakingPool
    function processStaleFrame() external override {
        StakingPoolStorage storage $ = _storage();
        uint256 from = uint256($.frames.lastFrame) + $.frames.staleAfter;
        if (block.timestamp < from) revert StakingPoolNotStale(from);

        // What came back from validators moves to the buffer as principal: the rate stays until a report. A vault that does not
        // give must not keep back what is buffered.
        uint256 swept = Math.min(address(withdrawalVault).balance, $.balances.beaconEther);
        if (swept != 0) {
            try withdrawalVault.withdrawEther(swept) {
                $.balances.bufferedEther += uint96(swept);
                $.balances.beaconEther -= uint96(swept);
            } catch {
                swept = 0;
            }
        }
        emit StaleFrameProcessed(msg.sender, swept);

        _processFrame(_rate(totalPooledEther()), 1, type(uint32).max);
    }

    /* PARAMETERS */

    /// @inheritdoc IStakingPool
    function setStakeCap(uint256 newStakeCap) external override onlyRole(PARAMETER_ROLE) {
        uint256 highest = Math.max(stakeCap(), INITIAL_STAKE_CAP / STAKE_CAP_STEP) * STAKE_CAP_STEP;
        _requireWithin(newStakeCap, 0, Math.min(highest, MAX_STAKE_CAP));
        if (newStakeCap > stakeCap()) {
            Frames storage frames = _storage().frames;
            uint256 from = frames.lastCapRaise + STAKE_CAP_WAIT;
            if (block.timestamp < from) revert StakingPoolStakeCapRaisedTooRecently(from);
            frames.lastCapRaise = uint40(block.timestamp);
        }
        _storage().limits.stakeCap = uint64(newStakeCap / 1 gwei);
        emit StakeCapSet(newStakeCap / 1 gwei * 1 gwei);
    }

    /// @inheritdoc IStakingPool
    function setMinimumStake(uint256 newMinimumStake) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(newMinimumStake, MIN_MINIMUM_STAKE, MAX_MINIMUM_STAKE);
        _storage().limits.minimumStake = uint64(newMinimumStake / 1 gwei);
        emit MinimumStakeSet(newMinimumStake / 1 gwei * 1 gwei);
    }

    /// @inheritdoc IStakingPool
    function setStakeRateLimit(uint256 newStakeRateLimit) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(newStakeRateLimit, 0, MAX_STAKE_RATE_LIMIT);
        _storage().limits.stakeRateLimit = uint64(newStakeRateLimit / 1 gwei);
        emit StakeRateLimitSet(newStakeRateLimit / 1 gwei * 1 gwei);
    }

    /// @inheritdoc IStakingPool
    function setReserve(uint256 newReserve) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(newReserve, 0, MAX_RESERVE);
        _storage().frames.reserve = uint64(newReserve / 1 gwei);
        emit ReserveSet(newReserve / 1 gwei * 1 gwei);
    }

    /// @inheritdoc IStakingPool
    function setWithdrawalDelay(uint256 frames) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(frames, 1, MAX_WITHDRAWAL_DELAY);
        _storage().frames.withdrawalDelay = uint8(frames);
        emit WithdrawalDelaySet(frames);
    }

    /// @inheritdoc IStakingPool
    function setStaleAfter(uint256 newStaleAfter) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(newStaleAfter, MIN_STALE_AFTER, MAX_STALE_AFTER);
        _storage().frames.staleAfter = uint32(newStaleAfter);
        emit StaleAfterSet(newStaleAfter);
    }

    /* VIEWS */

    /// @inheritdoc IStakingPool
    function positionsOf(address owner) external view override returns (uint256) {
        return _positionsOf(owner);
    }

    /// @inheritdoc IStakingPool
    function totalPooledEther() public view override returns (uint256) {
        return _pooled(_storage().balances);
    }

    /// @inheritdoc IStakingPool
    function depositableEther() public view override returns (uint256) {
        StakingPoolStorage storage $ = _storage();
        uint256 queued = convertToAssets(balanceOf(withdrawalQueue()));
        return Math.saturatingSub($.balances.bufferedEther, queued + uint256($.frames.reserve) * 1 gwei);
    }

    /// @inheritdoc IStakingPool
    function convertToShares(uint256 assets) external view override returns (uint256 shares) {
        return ShareMath.toShares(assets, totalPooledEther(), totalSupply());
    }

    /// @inheritdoc IStakingPool
    function convertToAssets(uint256 shares) public view override returns (uint256 assets) {
        return ShareMath.toAssets(shares, totalPooledEther(), totalSupply());
    }

    /// @inheritdoc IStakingPool
    function sharePrice() public view override returns (uint256) {
        return convertToAssets(ONE_SHARE);
    }

    /// @inheritdoc IStakingPool
    function availableStake() external view override returns (uint256) {
        if (paused()) return 0;
        Balances memory balances = _storage().balances;
        uint256 byRate = RateLimit.available(balances.staked, balances.lastStake, stakeRateLimit());
        return Math.min(Math.saturatingSub(stakeCap(), _pooled(balances)), byRate);
    }

    /// @inheritdoc IStakingPool
    function bufferedEther() external view override returns (uint256) {
        return _storage().balances.bufferedEther;
    }

    /// @inheritdoc IStakingPool
    function beaconEther() external view override returns (uint256) {
        return _storage().balances.beaconEther;
    }

    /// @inheritdoc IStakingPool
    function depositedValidators() external view override returns (uint256) {
        return _storage().frames.depositedValidators;
    }

    /// @inheritdoc IStakingPool
    function stakeCap() public view override returns (uint256) {
        return uint256(_storage().limits.stakeCap) * 1 gwei;
    }

    /// @inheritdoc IStakingPool
    function minimumStake() external view override returns (uint256) {
        return uint256(_storage().limits.minimumStake) * 1 gwei;
    }

    /// @inheritdoc IStakingPool
    function stakeRateLimit() public view override returns (uint256) {
        return uint256(_storage().limits.stakeRateLimit) * 1 gwei;
    }

    /// @inheritdoc IStakingPool
    function reserve() external view override returns (uint256) {
        return uint256(_storage().frames.reserve) * 1 gwei;
    }

    /// @inheritdoc IStakingPool
    function withdrawalDelay() external view override returns (uint256) {
        return _storage().frames.withdrawalDelay;
    }

    /// @inheritdoc IStakingPool
    function staleAfter() external view override returns (uint256) {
        return _storage().frames.staleAfter;
    }

    /// @inheritdoc IStakingPool
    function lastFrameTime() external view override returns (uint256) {
        return _storage().frames.lastFrame;
    }

    /// @inheritdoc IStakingPool
    function withdrawalQueue() public view override returns (address) {
        return boundAccount(QUEUE_ROLE);
    }

    /* INTERNAL */

    /// @inheritdoc Bound
    function _isBoundRole(bytes32 role) internal pure override returns (bool) {
        return role == QUEUE_ROLE || role == DEPOSITS_ROLE || role == DISTRIBUTION_ROLE;
    }

    /// @dev Bound's, which sees every grant.
    function _grantRole(bytes32 role, address account)
        internal
        override(AccessControlUpgradeable, Bound)
        returns (bool)
    {
        return super._grantRole(role, account);
    }

    /// @dev Mints the fees' shares, so that they are worth the fees at the rate after the settlement: a fee of f ether out of
    /// p pooled is f * (supply + V) / (p + V - f) shares.
    function _mintFees(Settlement calldata settlement, uint256 pooled)
        private
        returns (uint256 protocolShares, uint256 operatorShares)
    {
        uint256 fees = settlement.protocolFee + settlement.operatorFee;
        if (fees == 0) return (0, 0);
        uint256 shares = ShareMath.toShares(fees, pooled - fees, totalSupply());
        operatorShares = Math.mulDiv(shares, settlement.operatorFee, fees);
        protocolShares = shares - operatorShares;
        if (protocolShares != 0) _mint(settlement.treasury, protocolShares);
        if (operatorShares != 0) {
            _mint(address(operatorRegistry), operatorShares);
            operatorRegistry.distributeRewards(operatorShares);
        }
    }

    /// @dev Lets the queue finalise with what is buffered, and burns what it finalised. What leavers forgo, because their
    /// rate is an older and lower one, leaves the accounts with them and comes back by later reports: a report raises the rate
    /// by no more than its bound, however many leave.
    function _processFrame(uint256 rateBefore, uint256 delay, uint256 upTo) private {
        StakingPoolStorage storage $ = _storage();
        $.frames.lastFrame = uint40(block.timestamp);
        Balances memory balances = $.balances;
        address queue = withdrawalQueue();
        uint256 rate = _rate(_pooled(balances));
        uint256 available = Math.min(balances.bufferedEther, QueueMath.assetsOf(balanceOf(queue), rate));
        (uint256 assets, uint256 shares) =
            IWithdrawalQueue(queue).processFrame{value: available}(rateBefore, rate, delay, upTo);
        if (shares == 0) return;
        uint256 forgone = Math.saturatingSub(QueueMath.assetsOf(shares, rate), assets);
        uint256 fromBeacon = Math.min(forgone, balances.beaconEther);
        uint256 buffered = balances.bufferedEther - assets - (forgone - fromBeacon);
        $.balances.bufferedEther = uint96(buffered);
        $.balances.beaconEther = uint96(balances.beaconEther - fromBeacon);
        _burn(queue, shares);
        emit WithdrawalsFunded(assets, shares, forgone, buffered);
        // With too little at validators to leave it unrecognised there, it goes back to where rewards come from.
        if (forgone > fromBeacon) Address.sendValue(payable(address(executionRewardsVault)), forgone - fromBeacon);
    }

    /// @dev Wei in the pool.
    function _pooled(Balances memory balances) private pure returns (uint256) {
        return uint256(balances.bufferedEther) + balances.beaconEther;
    }

    /// @dev Ray of wei per share, rounded down. Clamped so that all shares together are never worth more than the pool: in a
    /// loss the virtual gwei would make them so.
    function _rate(uint256 pooled) private view returns (uint256 rate) {
        uint256 supply = totalSupply();
        rate = ShareMath.toAssets(ShareMath.RAY, pooled, supply);
        if (supply != 0) rate = Math.min(rate, Math.mulDiv(ShareMath.RAY, pooled, supply));
    }

    /// @dev Reverts when a parameter is out of bounds.
    function _requireWithin(uint256 value, uint256 minimum, uint256 maximum) private pure {
        if (value < minimum || value > maximum) revert StakingPoolInvalidParameter(value, minimum, maximum);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() private pure returns (StakingPoolStorage storage $) {
        assembly {
            $.slot := STAKING_POOL_STORAGE
        }
    }
}
