// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ExpiringPause} from "./abstract/ExpiringPause.sol";
import {IBeaconDeposits} from "./interfaces/IBeaconDeposits.sol";
import {IBeaconVerifier} from "./interfaces/IBeaconVerifier.sol";
import {IDepositContract} from "./interfaces/IDepositContract.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IReportConsensus} from "./interfaces/IReportConsensus.sol";
import {IStakingPool} from "./interfaces/IStakingPool.sol";
import {IWithdrawalVault} from "./interfaces/IWithdrawalVault.sol";
import {DepositData} from "./libraries/DepositData.sol";
import {KeyBlob} from "./libraries/KeyBlob.sol";
import {Lanes} from "./libraries/Lanes.sol";

/// @title The way of the pool's ether to validators, in two steps.
contract BeaconDeposits is IBeaconDeposits, ExpiringPause {
    /// @dev The contracts that it connects.
    struct Modules {
        IDepositContract depositContract;
        IStakingPool pool;
        IOperatorRegistry registry;
        IWithdrawalVault withdrawalVault;
        IBeaconVerifier proofs;
        IReportConsensus consensus;
    }

    /// @custom:storage-location erc7201:ethstake.storage.BeaconDeposits
    struct BeaconDepositsStorage {
        uint32 waitingKeys;
        bool attestationAllowed;
        uint64 attestationNonce;
        uint32 preDepositedKeys;
        uint40 lastPreDeposit;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.BeaconDeposits")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant BEACON_DEPOSITS_STORAGE =
        0xfa54a71172bc5b45bea55891b2917497a370af9436824efacff70d39aaf28700;

    /// @notice May pre-deposit: it verifies signatures off-chain.
    bytes32 public constant DEPOSITOR_ROLE = keccak256("DEPOSITOR_ROLE");
    /// @notice May set parameters.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");

    /// @notice The most keys of one call, which keeps it below the gas limit of a transaction (2^24, EIP-7825).
    uint256 public constant MAX_KEYS_PER_CALL = 100;
    /// @notice Wei of the first deposit.
    uint256 public constant PRE_DEPOSIT = 1 ether;
    /// @notice Wei of the second.
    uint256 public constant TOP_UP = 31 ether;

    /// @dev https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#constants (FAR_FUTURE_EPOCH)
    uint64 private constant FAR_FUTURE_EPOCH = type(uint64).max;
    /// @dev Bytes of a BLS12-381 public key.
    uint256 private constant PUBKEY_LENGTH = DepositData.PUBKEY_LENGTH;

    /// @inheritdoc IBeaconDeposits
    IDepositContract public immutable override depositContract;
    /// @notice The pool whose ether follows.
    IStakingPool public immutable pool;
    /// @notice The operators' keys.
    IOperatorRegistry public immutable registry;
    /// @notice The target of the validators' credentials.
    IWithdrawalVault public immutable withdrawalVault;
    /// @notice Verifies proofs against the beacon state.
    IBeaconVerifier public immutable proofs;
    /// @notice The oracle members.
    IReportConsensus public immutable consensus;

    /// @param modules The contracts that it connects.
    constructor(Modules memory modules) {
        _requireNonZero(address(modules.depositContract));
        _requireNonZero(address(modules.pool));
        _requireNonZero(address(modules.registry));
        _requireNonZero(address(modules.withdrawalVault));
        _requireNonZero(address(modules.proofs));
        _requireNonZero(address(modules.consensus));
        depositContract = modules.depositContract;
        pool = modules.pool;
        registry = modules.registry;
        withdrawalVault = modules.withdrawalVault;
        proofs = modules.proofs;
        consensus = modules.consensus;
    }

    /// @dev The registry sends bonds for pre-deposits, the pool sends ether for deposits; both leave in the same call.
    receive() external payable {
        if (msg.sender != address(pool) && msg.sender != address(registry)) {
            revert BeaconDepositsUnexpectedEther(msg.sender, msg.value);
        }
    }

    /// @inheritdoc IBeaconDeposits
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
    }

    /* DEPOSITS */

    /// @inheritdoc IBeaconDeposits
    function preDeposit(
        uint256 maxKeys,
        bytes32 expectedDepositRoot,
        uint256 expectedKeysNonce,
        bytes32 expectedCredentials
    ) external override onlyRole(DEPOSITOR_ROLE) whenNotPaused returns (uint256 keys) {
        bytes32 depositRoot = depositContract.get_deposit_root();
        if (depositRoot != expectedDepositRoot) revert BeaconDepositsRootChanged(expectedDepositRoot, depositRoot);
        uint256 nonce = registry.keysNonce();
        if (nonce != expectedKeysNonce) revert BeaconDepositsKeysNonceChanged(expectedKeysNonce, nonce);
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        if (credentials != expectedCredentials) {
            revert BeaconDepositsCredentialsChanged(expectedCredentials, credentials);
        }

        BeaconDepositsStorage storage $ = _storage();
        uint256 waiting = $.waitingKeys;
        uint256 depositable = pool.depositableEther();
        uint256 count = Math.saturatingSub(depositable / (PRE_DEPOSIT + TOP_UP), waiting);
        count = Math.min(Math.min(count, maxKeys), MAX_KEYS_PER_CALL);
        bytes memory pubkeys;
        bytes memory signatures;
        if (count != 0) {
            uint256[] memory operatorIds;
            (pubkeys, signatures, operatorIds) = registry.takeKeys(count);
            keys = operatorIds.length;
        }
        if (keys == 0) revert BeaconDepositsNothingToDeposit(depositable, waiting);
        $.waitingKeys = uint32(waiting + keys);
        $.preDepositedKeys += uint32(keys);
        $.lastPreDeposit = uint40(block.timestamp);
        emit PreDeposited(keys, credentials, waiting + keys);

        bytes memory pubkey = new bytes(PUBKEY_LENGTH);
        bytes memory signature = new bytes(DepositData.SIGNATURE_LENGTH);
        for (uint256 i = 0; i < keys; ++i) {
            KeyBlob.item(pubkeys, i, pubkey);
            KeyBlob.item(signatures, i, signature);
            _deposit(pubkey, signature, credentials, PRE_DEPOSIT);
        }
    }

    /// @inheritdoc IBeaconDeposits
    function completeDeposits(bytes calldata pubkeys) external override whenNotPaused {
        uint256 keys = pubkeys.length / PUBKEY_LENGTH;
        if (keys == 0 || keys > MAX_KEYS_PER_CALL || pubkeys.length != keys * PUBKEY_LENGTH) {
            revert BeaconDepositsInvalidKeysLength(pubkeys.length, MAX_KEYS_PER_CALL);
        }
        bytes32[] memory hashes = new bytes32[](keys);
        for (uint256 i = 0; i < keys; ++i) {
            hashes[i] = keccak256(pubkeys[i * PUBKEY_LENGTH:(i + 1) * PUBKEY_LENGTH]);
        }
        BeaconDepositsStorage storage $ = _storage();
        uint256 waiting = $.waitingKeys - keys;
        $.waitingKeys = uint32(waiting);
        emit DepositsCompleted(keys, waiting);

        pool.takeForDeposits(keys);
        registry.completeKeys{value: keys * PRE_DEPOSIT}(hashes);
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        // The validators exist: the beacon chain looks at neither signature nor credentials of a further deposit
        // (https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#new-apply_pending_deposit).
        bytes memory signature = new bytes(DepositData.SIGNATURE_LENGTH);
        for (uint256 i = 0; i < keys; ++i) {
            _deposit(pubkeys[i * PUBKEY_LENGTH:(i + 1) * PUBKEY_LENGTH], signature, credentials, TOP_UP);
        }
    }

    /* CREDENTIALS */

    /// @inheritdoc IBeaconDeposits
    function proveCredentials(
        IBeaconVerifier.StateAnchor calldata anchor,
        IBeaconVerifier.ValidatorProof calldata proof
    ) external override returns (bool valid) {
        // Of a state after the key was taken: what a validator was before says nothing.
        uint256 lastPreDeposit = _storage().lastPreDeposit;
        if (anchor.historicalSlot != 0 || anchor.timestamp <= lastPreDeposit) {
            revert BeaconDepositsStaleProof(anchor.timestamp, anchor.historicalSlot, lastPreDeposit);
        }
        uint256 slot = proofs.verifyValidator(anchor, proof);
        IBeaconVerifier.Validator calldata validator = proof.validator;
        valid = withdrawalVault.isOwnCredentials(validator.withdrawalCredentials) && !validator.slashed
            && validator.exitEpoch == FAR_FUTURE_EPOCH && validator.withdrawableEpoch == FAR_FUTURE_EPOCH;
        bytes32 pubkeyHash = keccak256(validator.pubkey);
        _resolve(pubkeyHash, valid);
        emit CredentialsProven(pubkeyHash, proof.index, slot, valid);
    }

    /// @inheritdoc IBeaconDeposits
    function attestCredentials(bytes32[] calldata valid, bytes32[] calldata invalid) external override {
        BeaconDepositsStorage storage $ = _storage();
        if (!$.attestationAllowed) revert BeaconDepositsAttestationNotAllowed();
        bytes32 expected = attestationDigest(valid, invalid);
        bytes32 agreed = consensus.agreed(Lanes.CREDENTIALS);
        if (agreed != expected) revert BeaconDepositsNotAgreed(agreed, expected);
        uint256 nonce = $.attestationNonce;
        $.attestationNonce = uint64(nonce + 1);
        emit CredentialsAttested(nonce, valid.length, invalid.length);
        for (uint256 i = 0; i < valid.length; ++i) {
            _resolve(valid[i], true);
        }
        for (uint256 i = 0; i < invalid.length; ++i) {
            _resolve(invalid[i], false);
        }
    }

    /// @inheritdoc IBeaconDeposits
    function abandonKeys(bytes32[] calldata pubkeyHashes) external override onlyRole(PARAMETER_ROLE) {
        for (uint256 i = 0; i < pubkeyHashes.length; ++i) {
            _resolve(pubkeyHashes[i], false);
        }
        emit KeysAbandoned(pubkeyHashes.length);
    }

    /// @inheritdoc IBeaconDeposits
    function setAttestationAllowed(bool allowed) external override onlyRole(UPGRADER_ROLE) {
        _storage().attestationAllowed = allowed;
        emit AttestationAllowedSet(allowed);
    }

    /* VIEWS */

    /// @inheritdoc IBeaconDeposits
    function attestationDigest(bytes32[] calldata valid, bytes32[] calldata invalid)
        public
        view
        override
        returns (bytes32)
    {
        return keccak256(
            abi.encode("attestCredentials", block.chainid, address(this), _storage().attestationNonce, valid, invalid)
        );
    }

    /// @inheritdoc IBeaconDeposits
    function attestationNonce() external view override returns (uint256) {
        return _storage().attestationNonce;
    }

    /// @inheritdoc IBeaconDeposits
    function attestationAllowed() external view override returns (bool) {
        return _storage().attestationAllowed;
    }

    /// @inheritdoc IBeaconDeposits
    function waitingKeys() external view override returns (uint256) {
        return _storage().waitingKeys;
    }

    /// @inheritdoc IBeaconDeposits
    function preDepositedKeys() external view override returns (uint256) {
        return _storage().preDepositedKeys;
    }

    /* INTERNAL */

    /// @dev Marks a taken key as proven or invalid. An invalid one waits for no ether.
    function _resolve(bytes32 pubkeyHash, bool valid) private {
        registry.resolveKey(pubkeyHash, valid);
        if (!valid) --_storage().waitingKeys;
    }

    /// @dev One deposit.
    function _deposit(bytes memory pubkey, bytes memory signature, bytes32 credentials, uint256 amount) private {
        depositContract.deposit{value: amount}(
            pubkey,
            abi.encodePacked(credentials),
            signature,
            DepositData.root(pubkey, credentials, signature, uint64(amount / 1 gwei))
        );
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() private pure returns (BeaconDepositsStorage storage $) {
        assembly {
            $.slot := BEACON_DEPOSITS_STORAGE
        }
    }
}
