// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {PoolBound} from "./abstract/PoolBound.sol";
import {IKeyRegistry} from "./interfaces/IKeyRegistry.sol";
import {IWithdrawalVault} from "./interfaces/IWithdrawalVault.sol";
import {DepositData} from "./libraries/DepositData.sol";

/// @title The target of all validators' withdrawal credentials.
/// @dev The balance is principal. Requests pay their fees from the call's value: what they spend and what they refund add
/// up to it, so the balance before a call is the balance after it. Requests are not logged here: the predeploys log each
/// with the vault, the keys and the amount.
/// https://eips.ethereum.org/EIPS/eip-7002#add-withdrawal-request
contract WithdrawalVault is IWithdrawalVault, PoolBound {
    /// @param exitLimit The most requests of a day.
    /// @param compounding Whether new deposits get 0x02 credentials.
    /// @param clearAt When all requests made so far are forgotten, in nanoseconds: the fill of a leaky bucket as the time
    /// it takes to drain. It is at most a day ahead.
    /// @param requester An account that has EXIT_ROLE, or zero. It stands beside the limit, so that who requests exits
    /// day by day does not pay for a slot of its own.
    /// @param keyRegistry Says which validators are the protocol's.
    /// @custom:storage-location erc7201:ethstake.storage.WithdrawalVault
    struct WithdrawalVaultStorage {
        uint16 exitLimit;
        bool compounding;
        uint64 clearAt;
        address requester;
        address keyRegistry;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.WithdrawalVault")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant WITHDRAWAL_VAULT_STORAGE =
        0xe7a87ac683c896eda9f7ed28c02419d84d7cf3a29fd7ce29c20b9a60408a4900;

    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice May request exits and partial withdrawals.
    bytes32 public constant EXIT_ROLE = keccak256("EXIT_ROLE");
    /// @notice May request consolidations and switches to 0x02 credentials.
    bytes32 public constant CONSOLIDATION_ROLE = keccak256("CONSOLIDATION_ROLE");

    /// @notice Takes withdrawal requests: WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS.
    /// https://eips.ethereum.org/EIPS/eip-7002#configuration
    address public constant WITHDRAWAL_REQUEST_PREDEPLOY = 0x00000961Ef480Eb55e80D19ad83579A64c007002;
    /// @notice Takes consolidation requests: CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS.
    /// https://eips.ethereum.org/EIPS/eip-7251#execution-layer
    address public constant CONSOLIDATION_REQUEST_PREDEPLOY = 0x0000BBdDc7CE488642fb579F8B00f3a590007251;

    /// @notice The most requests of one call. A consolidation takes four new slots of the predeploy (88,400 gas) and up to
    /// 35,000 gas for the rest: 100 of them stay below a transaction's 2^24 gas (EIP-7825).
    uint256 public constant MAX_REQUESTS_PER_CALL = 100;
    /// @notice Requests a day below which the limit cannot be set: exits can be slowed, never stopped.
    uint256 public constant MIN_EXIT_LIMIT = 1;
    /// @notice Requests a day above which the limit cannot be set.
    uint256 public constant MAX_EXIT_LIMIT = 10_000;

    uint256 private constant DEFAULT_EXIT_LIMIT = 100;
    /// @dev The time in which the bucket drains. In nanoseconds, because 10,000 requests a day are not whole seconds apart.
    uint256 private constant DAY = 1 days * NANOSECONDS;
    uint256 private constant NANOSECONDS = 1e9;
    uint256 private constant PUBKEY_LENGTH = DepositData.PUBKEY_LENGTH;
    /// @dev FULL_EXIT_REQUEST_AMOUNT.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#execution-layer-triggered-requests
    uint64 private constant FULL_EXIT = 0;

    /// @dev Only EXIT_ROLE. Nobody sends from the zero address, which stands for no requester.
    modifier onlyRequester() {
        if (msg.sender != _storage().requester) _checkRole(EXIT_ROLE);
        _;
    }

    /// @dev Withdrawals of the beacon chain arrive without a call; this serves everyone else.
    receive() external payable {}

    /// @inheritdoc IWithdrawalVault
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
        _setExitLimit(DEFAULT_EXIT_LIMIT);
    }

    /// @inheritdoc IWithdrawalVault
    function withdrawEther(uint256 amount) external override onlyRole(POOL_ROLE) {
        uint256 balance = address(this).balance;
        if (amount > balance) revert WithdrawalVaultInsufficientBalance(amount, balance);
        emit EtherWithdrawn(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    /* REQUESTS TO THE BEACON CHAIN */

    /// @inheritdoc IWithdrawalVault
    function requestExits(bytes calldata pubkeys, uint256 maxFeePerRequest) external payable override onlyRequester {
        uint256 count = _countOf(pubkeys);
        uint256 fee = _begin(WITHDRAWAL_REQUEST_PREDEPLOY, count, maxFeePerRequest);
        for (uint256 i = 0; i < count; ++i) {
            _requestWithdrawal(_keyAt(pubkeys, i), FULL_EXIT, fee);
        }
        _refund(count * fee);
    }

    /// @inheritdoc IWithdrawalVault
    function requestPartialWithdrawals(bytes calldata pubkeys, uint64[] calldata amountsGwei, uint256 maxFeePerRequest)
        external
        payable
        override
        onlyRequester
    {
        uint256 count = _countOf(pubkeys);
        if (count != amountsGwei.length) revert WithdrawalVaultLengthMismatch(count, amountsGwei.length);
        uint256 fee = _begin(WITHDRAWAL_REQUEST_PREDEPLOY, count, maxFeePerRequest);
        for (uint256 i = 0; i < count; ++i) {
            bytes calldata pubkey = _keyAt(pubkeys, i);
            if (amountsGwei[i] == FULL_EXIT) revert WithdrawalVaultZeroAmount(pubkey);
            _requestWithdrawal(pubkey, amountsGwei[i], fee);
        }
        _refund(count * fee);
    }

    /// @inheritdoc IWithdrawalVault
    function switchToCompounding(bytes calldata pubkeys, uint256 maxFeePerRequest)
        external
        payable
        override
        onlyRole(CONSOLIDATION_ROLE)
    {
        uint256 count = _countOf(pubkeys);
        IKeyRegistry registry = _registry();
        uint256 fee = _begin(CONSOLIDATION_REQUEST_PREDEPLOY, count, maxFeePerRequest);
        for (uint256 i = 0; i < count; ++i) {
            bytes calldata pubkey = _keyAt(pubkeys, i);
            _requireOwn(registry, pubkey);
            _requestConsolidation(pubkey, pubkey, fee);
        }
        _refund(count * fee);
    }

    /// @inheritdoc IWithdrawalVault
    function consolidate(bytes calldata sources, bytes calldata targets, uint256 maxFeePerRequest)
        external
        payable
        override
        onlyRole(CONSOLIDATION_ROLE)
    {
        uint256 count = _countOf(sources);
        if (sources.length != targets.length) revert WithdrawalVaultLengthMismatch(sources.length, targets.length);
        IKeyRegistry registry = _registry();
        uint256 fee = _begin(CONSOLIDATION_REQUEST_PREDEPLOY, count, maxFeePerRequest);
        for (uint256 i = 0; i < count; ++i) {
            (bytes calldata source, bytes calldata target) = (_keyAt(sources, i), _keyAt(targets, i));
            if (keccak256(source) == keccak256(target)) revert WithdrawalVaultSameValidator(source);
            _requireOwn(registry, source);
            _requireOwn(registry, target);
            _requestConsolidation(source, target, fee);
        }
        _refund(count * fee);
    }

    /* SETTINGS */

    /// @inheritdoc IWithdrawalVault
    function setCompounding(bool newCompounding) external override onlyRole(PARAMETER_ROLE) {
        _storage().compounding = newCompounding;
        emit CompoundingSet(newCompounding);
    }

    /// @inheritdoc IWithdrawalVault
    function setExitLimit(uint256 newExitLimit) external override onlyRole(PARAMETER_ROLE) {
        _setExitLimit(newExitLimit);
    }

    /// @inheritdoc IWithdrawalVault
    function setKeyRegistry(address newKeyRegistry) external override onlyRole(DEFAULT_ADMIN_ROLE) {
        WithdrawalVaultStorage storage $ = _storage();
        address bound = $.keyRegistry;
        if (bound != address(0)) revert WithdrawalVaultKeyRegistryAlreadySet(bound, newKeyRegistry);
        // There is no second try, so a mistyped address must not pass.
        if (newKeyRegistry.code.length == 0) revert WithdrawalVaultInvalidKeyRegistry(newKeyRegistry);
        $.keyRegistry = newKeyRegistry;
        emit KeyRegistrySet(newKeyRegistry);
    }

    /* VIEWS */

    /// @inheritdoc IWithdrawalVault
    function withdrawalCredentials() external view override returns (bytes32) {
        return _storage().compounding
            ? DepositData.compoundingCredentials(address(this))
            : DepositData.executionCredentials(address(this));
    }

    /// @inheritdoc IWithdrawalVault
    function isOwnCredentials(bytes32 credentials) external view override returns (bool) {
        return credentials == DepositData.executionCredentials(address(this))
            || credentials == DepositData.compoundingCredentials(address(this));
    }

    /// @inheritdoc IWithdrawalVault
    function compounding() external view override returns (bool) {
        return _storage().compounding;
    }

    /// @inheritdoc IWithdrawalVault
    function keyRegistry() external view override returns (address) {
        return _storage().keyRegistry;
    }

    /// @inheritdoc IWithdrawalVault
    function exitLimit() external view override returns (uint256) {
        return _storage().exitLimit;
    }

    /// @inheritdoc IWithdrawalVault
    function availableRequests() external view override returns (uint256 available) {
        WithdrawalVaultStorage storage $ = _storage();
        (available,,) = _bucket($.exitLimit, $.clearAt);
    }

    /// @inheritdoc IWithdrawalVault
    function withdrawalRequestFee() external view override returns (uint256) {
        return _feeOf(WITHDRAWAL_REQUEST_PREDEPLOY);
    }

    /// @inheritdoc IWithdrawalVault
    function consolidationRequestFee() external view override returns (uint256) {
        return _feeOf(CONSOLIDATION_REQUEST_PREDEPLOY);
    }

    /* INTERNAL */

    /// @dev Who was given EXIT_ROLE last is the one that pays for no slot of its own.
    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        if (role == EXIT_ROLE) _storage().requester = account;
        return super._grantRole(role, account);
    }

    /// @dev Who loses EXIT_ROLE, by whatever way, is forgotten here as well.
    function _revokeRole(bytes32 role, address account) internal override returns (bool) {
        if (role == EXIT_ROLE && _storage().requester == account) _storage().requester = address(0);
        return super._revokeRole(role, account);
    }

    /// @dev What all requests share: their number, the fee, the value and the limit. The fee cannot change between here and
    /// the requests: it depends on former blocks only.
    function _begin(address predeploy, uint256 count, uint256 maxFeePerRequest) private returns (uint256 fee) {
        if (count == 0 || count > MAX_REQUESTS_PER_CALL) {
            revert WithdrawalVaultInvalidRequestCount(count, MAX_REQUESTS_PER_CALL);
        }
        fee = _feeOf(predeploy);
        if (fee > maxFeePerRequest) revert WithdrawalVaultFeeTooHigh(fee, maxFeePerRequest);
        if (msg.value < count * fee) revert WithdrawalVaultInsufficientFee(msg.value, count * fee);

        WithdrawalVaultStorage storage $ = _storage();
        (uint256 available, uint256 clearAt, uint256 step) = _bucket($.exitLimit, $.clearAt);
        if (count > available) revert WithdrawalVaultLimitExceeded(count, available);
        $.clearAt = SafeCast.toUint64(clearAt + count * step);
    }

    /// @dev Requests the exit of a validator, or an amount of it. Input: the key and the amount, big endian. The registry is
    /// not asked: the beacon chain drops requests for validators without this vault's credentials, at the cost of the fee,
    /// which is a few wei where the question costs 14,000 gas.
    /// https://eips.ethereum.org/EIPS/eip-7002#add-withdrawal-request
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#new-process_withdrawal_request
    function _requestWithdrawal(bytes calldata pubkey, uint64 amountGwei, uint256 fee) private {
        _call(WITHDRAWAL_REQUEST_PREDEPLOY, abi.encodePacked(pubkey, amountGwei), fee);
    }

    /// @dev Requests a consolidation. Input: both keys.
    /// https://eips.ethereum.org/EIPS/eip-7251#add-consolidation-request
    function _requestConsolidation(bytes calldata source, bytes calldata target, uint256 fee) private {
        _call(CONSOLIDATION_REQUEST_PREDEPLOY, abi.encodePacked(source, target), fee);
    }

    /// @dev Adds a request to a predeploy's queue, under this contract's address.
    function _call(address predeploy, bytes memory input, uint256 fee) private {
        (bool success,) = predeploy.call{value: fee}(input);
        if (!success) revert WithdrawalVaultRequestFailed(predeploy);
    }

    /// @dev Sends back what the fees left of the value. It comes last: the caller may call again, and finds all done.
    function _refund(uint256 spent) private {
        if (msg.value > spent) Address.sendValue(payable(msg.sender), msg.value - spent);
    }

    /// @dev Sets the most requests of a day within its bounds. The time that the bucket takes to drain stays.
    function _setExitLimit(uint256 newExitLimit) private {
        if (newExitLimit < MIN_EXIT_LIMIT || newExitLimit > MAX_EXIT_LIMIT) {
            revert WithdrawalVaultInvalidParameter(newExitLimit, MIN_EXIT_LIMIT, MAX_EXIT_LIMIT);
        }
        _storage().exitLimit = uint16(newExitLimit);
        emit ExitLimitSet(newExitLimit);
    }

    /// @dev The fee of a request: what the predeploy answers to an empty call. It reverts before its fork's first block.
    /// https://eips.ethereum.org/EIPS/eip-7002#fee-getter
    function _feeOf(address predeploy) private view returns (uint256 fee) {
        bool answered;
        // One word of scratch space instead of a copy of the answer in memory, which would cost 400 gas.
        assembly ("memory-safe") {
            answered := staticcall(gas(), predeploy, 0, 0, 0, 32)
            answered := and(answered, eq(returndatasize(), 32))
            fee := mload(0)
        }
        if (!answered) revert WithdrawalVaultFeatureUnavailable(predeploy);
    }

    /// @dev Who says which validators are the protocol's.
    function _registry() private view returns (IKeyRegistry registry) {
        registry = IKeyRegistry(_storage().keyRegistry);
        if (address(registry) == address(0)) revert WithdrawalVaultKeyRegistryNotSet();
    }

    /// @dev Only the protocol's validators: a consolidation moves a balance to where its target withdraws to.
    function _requireOwn(IKeyRegistry registry, bytes calldata pubkey) private view {
        if (!registry.isOwnValidator(pubkey)) revert WithdrawalVaultUnknownValidator(pubkey);
    }

    /// @dev The leaky bucket: each request fills it by a `step` of time, and it holds a day. A step is rounded down, by less
    /// than a millionth, so that a whole day's requests fit.
    function _bucket(uint256 limit, uint256 storedClearAt)
        private
        view
        returns (uint256 available, uint256 clearAt, uint256 step)
    {
        step = DAY / limit;
        // Unix time in nanoseconds is far from 2^256, and the bucket never held more than a day when it was filled.
        unchecked {
            uint256 timestamp = block.timestamp * NANOSECONDS;
            clearAt = Math.max(storedClearAt, timestamp);
            available = (timestamp + DAY - clearAt) / step;
        }
    }

    /// @dev How many public keys these are.
    function _countOf(bytes calldata pubkeys) private pure returns (uint256 count) {
        count = pubkeys.length / PUBKEY_LENGTH;
        if (pubkeys.length != count * PUBKEY_LENGTH) revert WithdrawalVaultInvalidKeysLength(pubkeys.length);
    }

    /// @dev Public key `index` of concatenated ones.
    function _keyAt(bytes calldata pubkeys, uint256 index) private pure returns (bytes calldata) {
        return pubkeys[index * PUBKEY_LENGTH:(index + 1) * PUBKEY_LENGTH];
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() private pure returns (WithdrawalVaultStorage storage $) {
        assembly {
            $.slot := WITHDRAWAL_VAULT_STORAGE
        }
    }
}
