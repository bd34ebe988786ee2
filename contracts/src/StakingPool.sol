// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Governed} from "./abstract/Governed.sol";
import {IDepositContract} from "./interfaces/IDepositContract.sol";
import {IExecutionRewardsVault} from "./interfaces/IExecutionRewardsVault.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IStakingPool} from "./interfaces/IStakingPool.sol";
import {IWithdrawalVault} from "./interfaces/IWithdrawalVault.sol";
import {DepositData} from "./libraries/DepositData.sol";
import {KeyBlob} from "./libraries/KeyBlob.sol";
import {ShareMath} from "./libraries/ShareMath.sol";

/// @title The staking pool and its share token ethSTAKE.
contract StakingPool is IStakingPool, ERC20PermitUpgradeable, Governed {
    /// @dev What the pool holds. One slot: the only one that stake, deposit and settlement write here.
    /// @param bufferedEther Wei not yet deposited.
    /// @param beaconEther Wei with validators.
    /// @param depositedValidators Validators deposited for.
    /// @param lastSettlement Unix time of the last settlement.
    struct Balances {
        uint96 bufferedEther;
        uint96 beaconEther;
        uint32 depositedValidators;
        uint32 lastSettlement;
    }

    /// @dev What bounds it. One slot: the only other one that stake reads.
    /// @param stakeCap Wei.
    /// @param minimumStake Wei.
    /// @param maxSettlementBps Basis points of the pool's ether.
    /// @param settlementInterval Seconds.
    /// @param paused Whether staking and deposits are stopped.
    struct Limits {
        uint96 stakeCap;
        uint96 minimumStake;
        uint16 maxSettlementBps;
        uint32 settlementInterval;
        bool paused;
    }

    /// @custom:storage-location erc7201:ethstake.storage.StakingPool
    struct StakingPoolStorage {
        Balances balances;
        Limits limits;
        IOperatorRegistry operatorRegistry;
        IWithdrawalVault withdrawalVault;
        IExecutionRewardsVault executionRewardsVault;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.StakingPool")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STAKING_POOL_STORAGE = 0x0dfff68bdf3e95d425022297055a4db964e6787ba81a17846f9edb5ad9a95100;

    /// @notice May stop staking and deposits, and let them go on.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice May deposit buffered ether for the registry's next keys.
    bytes32 public constant DEPOSITOR_ROLE = keccak256("DEPOSITOR_ROLE");
    /// @notice May settle execution rewards.
    bytes32 public constant REPORTER_ROLE = keccak256("REPORTER_ROLE");

    /// @notice Wei of one deposit: the amount at which a validator is activated.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#gwei-values (MIN_ACTIVATION_BALANCE)
    uint256 public constant DEPOSIT_SIZE = 32 ether;
    /// @notice The most deposits of one call, which keeps it below the gas limit of a transaction (2^24, EIP-7825).
    uint256 public constant MAX_DEPOSITS_PER_CALL = 100;
    /// @notice Wei above which the stake cap cannot be set.
    uint256 public constant MAX_STAKE_CAP = 10_000_000 ether;
    /// @notice Wei below which the minimum stake cannot be set.
    uint256 public constant MIN_MINIMUM_STAKE = 1 gwei;
    /// @notice Wei above which the minimum stake cannot be set.
    uint256 public constant MAX_MINIMUM_STAKE = 32 ether;
    /// @notice Basis points above which the bound on one settlement cannot be set.
    uint256 public constant MAX_MAX_SETTLEMENT_BPS = 500;
    /// @notice Seconds above which the time between settlements cannot be set.
    uint256 public constant MAX_SETTLEMENT_INTERVAL = 7 days;

    uint64 private constant DEPOSIT_SIZE_GWEI = uint64(DEPOSIT_SIZE / 1 gwei);
    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant ONE_SHARE = 1e18;

    /// @inheritdoc IStakingPool
    IDepositContract public immutable override depositContract;

    /// @dev Stops the call while paused.
    modifier whenNotPaused() {
        if (_storage().limits.paused) revert EnforcedPause();
        _;
    }

    /// @param depositContract_ The beacon chain's deposit contract.
    constructor(IDepositContract depositContract_) {
        _requireNonZero(address(depositContract_));
        depositContract = depositContract_;
    }

    /// @dev Ether is accepted from the rewards vault, during a settlement, and counted there.
    receive() external payable {
        if (msg.sender != address(_storage().executionRewardsVault)) {
            revert StakingPoolUnexpectedEther(msg.sender, msg.value);
        }
    }

    /// @inheritdoc IStakingPool
    function initialize(
        address admin,
        address operatorRegistry_,
        address withdrawalVault_,
        address executionRewardsVault_
    ) external override initializer {
        __ERC20_init("ethstake Staked Ether", "ethSTAKE");
        __ERC20Permit_init("ethstake Staked Ether");
        __Governed_init(admin);
        _requireNonZero(operatorRegistry_);
        _requireNonZero(withdrawalVault_);
        _requireNonZero(executionRewardsVault_);

        StakingPoolStorage storage $ = _storage();
        $.operatorRegistry = IOperatorRegistry(operatorRegistry_);
        $.withdrawalVault = IWithdrawalVault(withdrawalVault_);
        $.executionRewardsVault = IExecutionRewardsVault(executionRewardsVault_);
        _setStakeCap(32_000 ether);
        _setMinimumStake(0.001 ether);
        _setMaxSettlementBps(100);
    }

    /* STAKING */

    /// @inheritdoc IStakingPool
    function stake(address receiver, uint256 minShares, address referral)
        external
        payable
        override
        returns (uint256 shares)
    {
        StakingPoolStorage storage $ = _storage();
        Limits memory limits = $.limits;
        if (limits.paused) revert EnforcedPause();
        if (msg.value < limits.minimumStake) revert StakingPoolBelowMinimumStake(msg.value, limits.minimumStake);

        Balances memory balances = $.balances;
        uint256 pooled = uint256(balances.bufferedEther) + balances.beaconEther;
        if (pooled + msg.value > limits.stakeCap) {
            revert StakingPoolStakeCapExceeded(pooled + msg.value, limits.stakeCap);
        }

        shares = ShareMath.toShares(msg.value, pooled, totalSupply());
        if (shares < minShares || shares == 0) revert StakingPoolInsufficientShares(shares, minShares);

        // Cannot truncate: the sum is at most the cap, a uint96.
        $.balances.bufferedEther = uint96(balances.bufferedEther + msg.value);
        _mint(receiver, shares);
        emit Staked(msg.sender, receiver, referral, msg.value, shares);
    }

    /* DEPOSITS */

    /// @inheritdoc IStakingPool
    function depositToBeaconChain(uint256 maxValidators, bytes32 expectedDepositRoot)
        external
        override
        onlyRole(DEPOSITOR_ROLE)
        whenNotPaused
        returns (uint256 deposited)
    {
        return _deposit(maxValidators, expectedDepositRoot);
    }

    /// @inheritdoc IStakingPool
    function depositToBeaconChainAtNonce(uint256 maxValidators, bytes32 expectedDepositRoot, uint256 expectedKeysNonce)
        external
        override
        onlyRole(DEPOSITOR_ROLE)
        whenNotPaused
        returns (uint256 deposited)
    {
        uint256 nonce = _storage().operatorRegistry.keysNonce();
        if (nonce != expectedKeysNonce) revert StakingPoolKeysNonceChanged(expectedKeysNonce, nonce);
        return _deposit(maxValidators, expectedDepositRoot);
    }

    /* REWARDS */

    /// @inheritdoc IStakingPool
    function settleExecutionRewards(uint256 amount)
        external
        override
        onlyRole(REPORTER_ROLE)
        returns (uint256 settled, uint256 newSharePrice)
    {
        StakingPoolStorage storage $ = _storage();
        Balances memory balances = $.balances;
        Limits memory limits = $.limits;
        uint256 nextSettlement = uint256(balances.lastSettlement) + limits.settlementInterval;
        if (block.timestamp < nextSettlement) revert StakingPoolSettlementTooEarly(nextSettlement);

        IExecutionRewardsVault vault = $.executionRewardsVault;
        uint256 pooled = uint256(balances.bufferedEther) + balances.beaconEther;
        uint256 bound = pooled * limits.maxSettlementBps / BASIS_POINTS;
        settled = Math.min(amount, Math.min(address(vault).balance, bound));
        if (settled == 0) revert StakingPoolNothingToSettle();

        // Cannot truncate: the pool holds at most MAX_STAKE_CAP grown by rewards, all ether is below 2^87 wei.
        $.balances.bufferedEther = uint96(balances.bufferedEther + settled);
        $.balances.lastSettlement = uint32(block.timestamp);
        newSharePrice = ShareMath.toAssets(ONE_SHARE, pooled + settled, totalSupply());
        emit ExecutionRewardsSettled(settled, pooled + settled, newSharePrice);

        uint256 balance = address(this).balance;
        vault.withdrawRewards(settled);
        uint256 received = address(this).balance - balance;
        if (received != settled) revert StakingPoolRewardsMismatch(settled, received);
    }

    /* GOVERNANCE */

    /// @inheritdoc IStakingPool
    function pause() external override onlyRole(PAUSER_ROLE) whenNotPaused {
        _storage().limits.paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IStakingPool
    function unpause() external override onlyRole(PAUSER_ROLE) {
        Limits storage limits = _storage().limits;
        if (!limits.paused) revert ExpectedPause();
        limits.paused = false;
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IStakingPool
    function setStakeCap(uint256 newStakeCap) external override onlyRole(PARAMETER_ROLE) {
        _setStakeCap(newStakeCap);
    }

    /// @inheritdoc IStakingPool
    function setMinimumStake(uint256 newMinimumStake) external override onlyRole(PARAMETER_ROLE) {
        _setMinimumStake(newMinimumStake);
    }

    /// @inheritdoc IStakingPool
    function setMaxSettlementBps(uint256 newMaxSettlementBps) external override onlyRole(PARAMETER_ROLE) {
        _setMaxSettlementBps(newMaxSettlementBps);
    }

    /// @inheritdoc IStakingPool
    function setSettlementInterval(uint256 newSettlementInterval) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(newSettlementInterval, 0, MAX_SETTLEMENT_INTERVAL);
        _storage().limits.settlementInterval = uint32(newSettlementInterval);
        emit SettlementIntervalSet(newSettlementInterval);
    }

    /* VIEWS */

    /// @inheritdoc IStakingPool
    function totalPooledEther() public view override returns (uint256) {
        Balances memory balances = _storage().balances;
        return uint256(balances.bufferedEther) + balances.beaconEther;
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
    function sharePrice() external view override returns (uint256) {
        return convertToAssets(ONE_SHARE);
    }

    /// @inheritdoc IStakingPool
    function bufferedEther() external view override returns (uint256) {
        return _storage().balances.bufferedEther;
    }

    /// @inheritdoc IStakingPool
    function depositedValidators() external view override returns (uint256) {
        return _storage().balances.depositedValidators;
    }

    /// @inheritdoc IStakingPool
    function lastSettlement() external view override returns (uint256) {
        return _storage().balances.lastSettlement;
    }

    /// @inheritdoc IStakingPool
    function stakeCap() external view override returns (uint256) {
        return _storage().limits.stakeCap;
    }

    /// @inheritdoc IStakingPool
    function minimumStake() external view override returns (uint256) {
        return _storage().limits.minimumStake;
    }

    /// @inheritdoc IStakingPool
    function maxSettlementBps() external view override returns (uint256) {
        return _storage().limits.maxSettlementBps;
    }

    /// @inheritdoc IStakingPool
    function settlementInterval() external view override returns (uint256) {
        return _storage().limits.settlementInterval;
    }

    /// @inheritdoc IStakingPool
    function paused() external view override returns (bool) {
        return _storage().limits.paused;
    }

    /// @inheritdoc IStakingPool
    function operatorRegistry() external view override returns (IOperatorRegistry) {
        return _storage().operatorRegistry;
    }

    /// @inheritdoc IStakingPool
    function withdrawalVault() external view override returns (IWithdrawalVault) {
        return _storage().withdrawalVault;
    }

    /// @inheritdoc IStakingPool
    function executionRewardsVault() external view override returns (IExecutionRewardsVault) {
        return _storage().executionRewardsVault;
    }

    /* INTERNAL */

    /// @dev Takes the next keys and deposits for each. The registry, the vault and the deposit contract are the protocol's
    /// own and the chain's: none of them calls back.
    function _deposit(uint256 maxValidators, bytes32 expectedDepositRoot) private returns (uint256 deposited) {
        StakingPoolStorage storage $ = _storage();
        bytes32 depositRoot = depositContract.get_deposit_root();
        if (depositRoot != expectedDepositRoot) revert StakingPoolDepositRootChanged(expectedDepositRoot, depositRoot);

        Balances memory balances = $.balances;
        uint256 count = Math.min(Math.min(maxValidators, balances.bufferedEther / DEPOSIT_SIZE), MAX_DEPOSITS_PER_CALL);
        if (count == 0) revert StakingPoolNothingToDeposit(balances.bufferedEther, maxValidators);

        (bytes memory pubkeys, bytes memory signatures, uint256[] memory operatorIds) =
            $.operatorRegistry.takeKeys(count);
        deposited = operatorIds.length;
        if (deposited == 0) revert StakingPoolNothingToDeposit(balances.bufferedEther, maxValidators);
        if (
            deposited > count || pubkeys.length != deposited * DepositData.PUBKEY_LENGTH
                || signatures.length != deposited * DepositData.SIGNATURE_LENGTH
        ) revert StakingPoolInvalidKeys(pubkeys.length, signatures.length, deposited);

        // None can truncate: count * DEPOSIT_SIZE is at most bufferedEther, and all ether is below 2^87 wei.
        balances.bufferedEther -= uint96(deposited * DEPOSIT_SIZE);
        balances.beaconEther += uint96(deposited * DEPOSIT_SIZE);
        balances.depositedValidators += uint32(deposited);
        $.balances = balances;
        emit ValidatorsDeposited(deposited, balances.bufferedEther);

        _depositEach(pubkeys, signatures, $.withdrawalVault.withdrawalCredentials());
    }

    /// @dev One deposit of DEPOSIT_SIZE for each key.
    function _depositEach(bytes memory pubkeys, bytes memory signatures, bytes32 credentials) private {
        bytes memory encodedCredentials = abi.encodePacked(credentials);
        bytes memory pubkey = new bytes(DepositData.PUBKEY_LENGTH);
        bytes memory signature = new bytes(DepositData.SIGNATURE_LENGTH);
        uint256 count = pubkeys.length / DepositData.PUBKEY_LENGTH;
        for (uint256 i = 0; i < count; ++i) {
            KeyBlob.item(pubkeys, i, pubkey);
            KeyBlob.item(signatures, i, signature);
            depositContract.deposit{value: DEPOSIT_SIZE}(
                pubkey,
                encodedCredentials,
                signature,
                DepositData.root(pubkey, credentials, signature, DEPOSIT_SIZE_GWEI)
            );
        }
    }

    /// @dev Sets the stake cap within its bounds.
    function _setStakeCap(uint256 newStakeCap) private {
        _requireWithin(newStakeCap, 0, MAX_STAKE_CAP);
        _storage().limits.stakeCap = uint96(newStakeCap);
        emit StakeCapSet(newStakeCap);
    }

    /// @dev Sets the minimum stake within its bounds.
    function _setMinimumStake(uint256 newMinimumStake) private {
        _requireWithin(newMinimumStake, MIN_MINIMUM_STAKE, MAX_MINIMUM_STAKE);
        _storage().limits.minimumStake = uint96(newMinimumStake);
        emit MinimumStakeSet(newMinimumStake);
    }

    /// @dev Sets the bound on one settlement within its bounds.
    function _setMaxSettlementBps(uint256 newMaxSettlementBps) private {
        _requireWithin(newMaxSettlementBps, 1, MAX_MAX_SETTLEMENT_BPS);
        _storage().limits.maxSettlementBps = uint16(newMaxSettlementBps);
        emit MaxSettlementBpsSet(newMaxSettlementBps);
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
