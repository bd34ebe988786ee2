// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {PoolBound} from "./abstract/PoolBound.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {DepositData} from "./libraries/DepositData.sol";
import {KeyBlob} from "./libraries/KeyBlob.sol";

/// @title Operators, their bonds and their validators' keys.
/// @dev Operators with a depositable key (vetted, not deposited) form a ring: a doubly linked circle, so that an operator
/// joins, leaves and takes its turn in constant work whatever the number of operators. A newcomer joins at the end.
contract OperatorRegistry is IOperatorRegistry, PoolBound {
    /// @dev An operator. A later version may append members: records live in a mapping.
    /// @param totalKeys Keys submitted and not removed.
    /// @param vettedKeys Keys with an index below this are vetted.
    /// @param depositedKeys Keys with an index below this are deposited.
    /// @param next The next operator in the ring; 0 when this one is not in it.
    /// @param previous The one before it.
    /// @param batchCursor The batch of the next key to deposit, or one before it.
    /// @param manager Registered it.
    /// @param bond Wei.
    /// @param rewardRecipient Receives its rewards.
    /// @param name For people.
    /// @param batches Its keys, in order.
    struct OperatorRecord {
        uint32 totalKeys;
        uint32 vettedKeys;
        uint32 depositedKeys;
        uint32 next;
        uint32 previous;
        uint32 batchCursor;
        address manager;
        uint96 bond;
        address rewardRecipient;
        string name;
        KeyBatch[] batches;
    }

    /// @dev Keys submitted by one call.
    /// @param blob Holds them as its code.
    /// @param start The operator's index of the first.
    /// @param end The index after the last that was not removed; never equal to start.
    struct KeyBatch {
        address blob;
        uint32 start;
        uint32 end;
    }

    /// @dev Who submitted a key, and as which.
    struct KeyRecord {
        uint32 operatorId;
        uint32 index;
    }

    /// @custom:storage-location erc7201:ethstake.storage.OperatorRegistry
    struct OperatorRegistryStorage {
        uint32 operatorCount;
        uint32 turn;
        uint32 depositableKeys;
        uint64 keysNonce;
        uint96 bondPerKey;
        mapping(uint256 operatorId => OperatorRecord) operators;
        mapping(address manager => uint256 operatorId) operatorIdOf;
        mapping(bytes32 pubkeyHash => KeyRecord) keys;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.OperatorRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OPERATOR_REGISTRY_STORAGE =
        0x334846089d38db7692e21295c697801972c6badefcdfa44ecd4a79e1bc407200;

    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice May vet keys.
    bytes32 public constant OPERATOR_MANAGER_ROLE = keccak256("OPERATOR_MANAGER_ROLE");

    /// @notice The most keys of one submission or removal: what fits a contract's code (24,576 bytes, EIP-170) is 170.
    uint256 public constant MAX_KEYS_PER_CALL = 150;
    /// @notice Bytes of the longest name.
    uint256 public constant MAX_NAME_LENGTH = 64;
    /// @notice Wei below which the bond per key cannot be set.
    uint256 public constant MIN_BOND_PER_KEY = 0.01 ether;
    /// @notice Wei above which the bond per key cannot be set.
    uint256 public constant MAX_BOND_PER_KEY = 32 ether;

    uint256 private constant PUBKEY_LENGTH = DepositData.PUBKEY_LENGTH;
    uint256 private constant SIGNATURE_LENGTH = DepositData.SIGNATURE_LENGTH;

    /// @inheritdoc IOperatorRegistry
    function initialize(address admin, uint256 bondPerKey_) external override initializer {
        __Governed_init(admin);
        _setBondPerKey(bondPerKey_);
    }

    /* OPERATORS AND BONDS */

    /// @inheritdoc IOperatorRegistry
    function registerOperator(string calldata name, address rewardRecipient)
        external
        payable
        override
        returns (uint256 operatorId)
    {
        OperatorRegistryStorage storage $ = _storage();
        operatorId = $.operatorIdOf[msg.sender];
        if (operatorId != 0) revert OperatorRegistryAlreadyRegistered(msg.sender, operatorId);
        if (rewardRecipient == address(0)) revert OperatorRegistryInvalidRecipient(rewardRecipient);
        uint256 length = bytes(name).length;
        if (length == 0 || length > MAX_NAME_LENGTH) revert OperatorRegistryInvalidName(length, MAX_NAME_LENGTH);

        operatorId = ++$.operatorCount;
        $.operatorIdOf[msg.sender] = operatorId;
        OperatorRecord storage record = $.operators[operatorId];
        record.manager = msg.sender;
        record.bond = SafeCast.toUint96(msg.value);
        record.rewardRecipient = rewardRecipient;
        record.name = name;
        emit OperatorRegistered(operatorId, msg.sender, rewardRecipient, name, msg.value);
    }

    /// @inheritdoc IOperatorRegistry
    function addBond(uint256 operatorId) external payable override {
        OperatorRecord storage record = _operator(operatorId);
        if (msg.value == 0) revert OperatorRegistryZeroAmount();
        uint256 bond = record.bond + msg.value;
        record.bond = SafeCast.toUint96(bond);
        emit BondAdded(operatorId, msg.sender, msg.value, bond);
    }

    /// @inheritdoc IOperatorRegistry
    function withdrawBond(uint256 operatorId, uint256 amount) external override {
        OperatorRecord storage record = _managedOperator(operatorId);
        if (amount == 0) revert OperatorRegistryZeroAmount();
        uint256 bond = record.bond;
        uint256 required = record.totalKeys * uint256(_storage().bondPerKey);
        // The subtraction is guarded by the comparison before it.
        if (bond < required || bond - required < amount) {
            revert OperatorRegistryInsufficientBond(operatorId, bond, Math.saturatingAdd(required, amount));
        }
        record.bond = uint96(bond - amount);
        emit BondWithdrawn(operatorId, msg.sender, amount, bond - amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    /* KEYS */

    /// @inheritdoc IOperatorRegistry
    function submitValidatorSigs(uint256 operatorId, bytes calldata pubkeys, bytes calldata signatures)
        external
        override
    {
        OperatorRegistryStorage storage $ = _storage();
        OperatorRecord storage record = _managedOperator(operatorId);
        uint256 count = pubkeys.length / PUBKEY_LENGTH;
        if (pubkeys.length != count * PUBKEY_LENGTH || signatures.length != count * SIGNATURE_LENGTH) {
            revert OperatorRegistryInvalidKeysLength(pubkeys.length, signatures.length);
        }
        if (count == 0 || count > MAX_KEYS_PER_CALL) revert OperatorRegistryInvalidKeyCount(count, MAX_KEYS_PER_CALL);

        uint256 start = record.totalKeys;
        uint256 end = start + count;
        uint256 required = end * $.bondPerKey;
        if (record.bond < required) revert OperatorRegistryInsufficientBond(operatorId, record.bond, required);

        for (uint256 i = 0; i < count; ++i) {
            bytes calldata pubkey = pubkeys[i * PUBKEY_LENGTH:(i + 1) * PUBKEY_LENGTH];
            KeyRecord storage key = $.keys[keccak256(pubkey)];
            if (key.operatorId != 0) revert OperatorRegistryDuplicateKey(pubkey);
            key.operatorId = uint32(operatorId);
            key.index = uint32(start + i);
        }
        record.totalKeys = SafeCast.toUint32(end);
        record.batches
            .push(KeyBatch({blob: KeyBlob.write(pubkeys, signatures), start: uint32(start), end: uint32(end)}));
        emit KeysSubmitted(operatorId, start, count, end);
    }

    /// @inheritdoc IOperatorRegistry
    function removeUnusedKeys(uint256 operatorId, uint256 count) external override {
        OperatorRegistryStorage storage $ = _storage();
        OperatorRecord storage record = _managedOperator(operatorId);
        if (count == 0 || count > MAX_KEYS_PER_CALL) revert OperatorRegistryInvalidKeyCount(count, MAX_KEYS_PER_CALL);
        uint256 total = record.totalKeys;
        uint256 unused = total - record.depositedKeys;
        if (count > unused) revert OperatorRegistryInsufficientUnusedKeys(operatorId, count, unused);

        uint256 target = total - count;
        while (total > target) {
            uint256 last = record.batches.length - 1;
            KeyBatch storage batch = record.batches[last];
            (address blob, uint256 start) = (batch.blob, batch.start);
            uint256 end = Math.max(start, target);
            while (total > end) {
                --total;
                delete $.keys[KeyBlob.pubkeyHash(blob, total - start)];
            }
            if (end == start) record.batches.pop();
            else batch.end = uint32(end);
        }
        record.totalKeys = uint32(target);
        emit KeysRemoved(operatorId, count, target);

        // The batch cursor stays right: it only moves to a batch with a deposited key, which is never popped.
        if (record.vettedKeys > target) _setKeyLimit(operatorId, record, target);
    }

    /// @inheritdoc IOperatorRegistry
    function setKeyLimit(uint256 operatorId, uint256 limit) external override onlyRole(OPERATOR_MANAGER_ROLE) {
        OperatorRecord storage record = _operator(operatorId);
        if (limit < record.depositedKeys || limit > record.totalKeys) {
            revert OperatorRegistryInvalidKeyLimit(limit, record.depositedKeys, record.totalKeys);
        }
        _setKeyLimit(operatorId, record, limit);
    }

    /// @inheritdoc IOperatorRegistry
    function setBondPerKey(uint256 newBondPerKey) external override onlyRole(PARAMETER_ROLE) {
        _setBondPerKey(newBondPerKey);
    }

    /// @inheritdoc IOperatorRegistry
    function takeKeys(uint256 count)
        external
        override
        onlyRole(POOL_ROLE)
        returns (bytes memory pubkeys, bytes memory signatures, uint256[] memory operatorIds)
    {
        OperatorRegistryStorage storage $ = _storage();
        uint256 depositable = $.depositableKeys;
        uint256 taken = Math.min(count, depositable);
        pubkeys = new bytes(taken * PUBKEY_LENGTH);
        signatures = new bytes(taken * SIGNATURE_LENGTH);
        operatorIds = new uint256[](taken);
        if (taken == 0) return (pubkeys, signatures, operatorIds);
        $.depositableKeys = uint32(depositable - taken);

        uint256 turn = $.turn;
        for (uint256 i = 0; i < taken; ++i) {
            OperatorRecord storage record = $.operators[turn];
            uint256 index = record.depositedKeys;
            _copyNextKey(record, index, pubkeys, signatures, i);
            operatorIds[i] = turn;
            record.depositedKeys = uint32(index + 1);
            emit KeyDeposited(turn, index, _pubkeyAt(pubkeys, i));

            uint256 next = record.next;
            if (index + 1 == record.vettedKeys) {
                _unlink(record, turn);
                // The last of the ring is its own next.
                if (next == turn) next = 0;
            }
            turn = next;
        }
        $.turn = uint32(turn);
    }

    /* VIEWS */

    /// @inheritdoc IOperatorRegistry
    function operatorCount() external view override returns (uint256) {
        return _storage().operatorCount;
    }

    /// @inheritdoc IOperatorRegistry
    function operator(uint256 operatorId) external view override returns (Operator memory) {
        OperatorRecord storage record = _operator(operatorId);
        return Operator({
            manager: record.manager,
            rewardRecipient: record.rewardRecipient,
            name: record.name,
            bond: record.bond,
            totalKeys: record.totalKeys,
            vettedKeys: record.vettedKeys,
            depositedKeys: record.depositedKeys
        });
    }

    /// @inheritdoc IOperatorRegistry
    function operatorIdOf(address manager) external view override returns (uint256 operatorId) {
        return _storage().operatorIdOf[manager];
    }

    /// @inheritdoc IOperatorRegistry
    function bondOf(uint256 operatorId) external view override returns (uint256) {
        return _operator(operatorId).bond;
    }

    /// @inheritdoc IOperatorRegistry
    function excessBondOf(uint256 operatorId) external view override returns (uint256) {
        OperatorRecord storage record = _operator(operatorId);
        return Math.saturatingSub(record.bond, record.totalKeys * uint256(_storage().bondPerKey));
    }

    /// @inheritdoc IOperatorRegistry
    function bondPerKey() external view override returns (uint256) {
        return _storage().bondPerKey;
    }

    /// @inheritdoc IOperatorRegistry
    function keyCounts(uint256 operatorId)
        external
        view
        override
        returns (uint256 total, uint256 vettedLimit, uint256 deposited)
    {
        OperatorRecord storage record = _operator(operatorId);
        return (record.totalKeys, record.vettedKeys, record.depositedKeys);
    }

    /// @inheritdoc IOperatorRegistry
    function validatorKey(uint256 operatorId, uint256 index)
        external
        view
        override
        returns (bytes memory pubkey, bytes memory signature)
    {
        OperatorRecord storage record = _operator(operatorId);
        if (index >= record.totalKeys) revert OperatorRegistryUnknownKey(operatorId, index);
        // The first batch whose end is above the index: ends rise, and the last one is totalKeys.
        uint256 low = 0;
        uint256 high = record.batches.length - 1;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (record.batches[middle].end > index) high = middle;
            else low = middle + 1;
        }
        KeyBatch storage batch = record.batches[low];
        return KeyBlob.read(batch.blob, index - batch.start);
    }

    /// @inheritdoc IOperatorRegistry
    function isKeyRegistered(bytes calldata pubkey) external view override returns (bool) {
        return _storage().keys[keccak256(pubkey)].operatorId != 0;
    }

    /// @inheritdoc IOperatorRegistry
    function isKeyDeposited(bytes calldata pubkey) external view override returns (bool) {
        KeyRecord storage key = _storage().keys[keccak256(pubkey)];
        // Id 0 has no deposited keys.
        return key.index < _storage().operators[key.operatorId].depositedKeys;
    }

    /// @inheritdoc IOperatorRegistry
    function keyOwner(bytes calldata pubkey) external view override returns (uint256 operatorId, uint256 index) {
        KeyRecord storage key = _storage().keys[keccak256(pubkey)];
        return (key.operatorId, key.index);
    }

    /// @inheritdoc IOperatorRegistry
    function depositableKeys() external view override returns (uint256) {
        return _storage().depositableKeys;
    }

    /// @inheritdoc IOperatorRegistry
    function keysNonce() external view override returns (uint256) {
        return _storage().keysNonce;
    }

    /* INTERNAL */

    /// @dev Sets the vetted keys, which are between the deposited and the submitted ones, and joins or leaves the ring.
    function _setKeyLimit(uint256 operatorId, OperatorRecord storage record, uint256 limit) private {
        OperatorRegistryStorage storage $ = _storage();
        uint256 before = record.vettedKeys;
        uint256 deposited = record.depositedKeys;
        record.vettedKeys = uint32(limit);
        $.depositableKeys = SafeCast.toUint32($.depositableKeys + limit - before);
        ++$.keysNonce;
        emit KeyLimitSet(operatorId, limit);

        if (limit > deposited && before == deposited) {
            _link(record, operatorId);
        } else if (limit == deposited && before > deposited) {
            uint256 next = record.next;
            _unlink(record, operatorId);
            if ($.turn == operatorId) $.turn = uint32(next == operatorId ? 0 : next);
        }
    }

    /// @dev Adds an operator at the end of the ring, which is before the one whose turn it is.
    function _link(OperatorRecord storage record, uint256 operatorId) private {
        OperatorRegistryStorage storage $ = _storage();
        uint256 turn = $.turn;
        if (turn == 0) {
            $.turn = uint32(operatorId);
            record.next = uint32(operatorId);
            record.previous = uint32(operatorId);
        } else {
            OperatorRecord storage first = $.operators[turn];
            uint256 last = first.previous;
            record.next = uint32(turn);
            record.previous = uint32(last);
            $.operators[last].next = uint32(operatorId);
            first.previous = uint32(operatorId);
        }
    }

    /// @dev Takes an operator out of the ring. The caller moves the turn.
    function _unlink(OperatorRecord storage record, uint256 operatorId) private {
        OperatorRegistryStorage storage $ = _storage();
        uint256 next = record.next;
        if (next != operatorId) {
            uint256 previous = record.previous;
            $.operators[previous].next = uint32(next);
            $.operators[next].previous = uint32(previous);
        }
        record.next = 0;
        record.previous = 0;
    }

    /// @dev Copies an operator's next key to place `position` of the results.
    function _copyNextKey(
        OperatorRecord storage record,
        uint256 index,
        bytes memory pubkeys,
        bytes memory signatures,
        uint256 position
    ) private {
        uint256 cursor = record.batchCursor;
        KeyBatch storage batch = record.batches[cursor];
        if (index >= batch.end) {
            // Batches are contiguous and none is empty: the next one starts at the index.
            record.batchCursor = uint32(++cursor);
            batch = record.batches[cursor];
        }
        KeyBlob.copy(
            batch.blob,
            index - batch.start,
            KeyBlob.pointerTo(pubkeys, position * PUBKEY_LENGTH),
            KeyBlob.pointerTo(signatures, position * SIGNATURE_LENGTH)
        );
    }

    /// @dev Public key `position` of concatenated ones.
    function _pubkeyAt(bytes memory pubkeys, uint256 position) private pure returns (bytes memory pubkey) {
        pubkey = new bytes(PUBKEY_LENGTH);
        KeyBlob.item(pubkeys, position, pubkey);
    }

    /// @dev Sets the bond per key within its bounds.
    function _setBondPerKey(uint256 newBondPerKey) private {
        if (newBondPerKey < MIN_BOND_PER_KEY || newBondPerKey > MAX_BOND_PER_KEY) {
            revert OperatorRegistryInvalidParameter(newBondPerKey, MIN_BOND_PER_KEY, MAX_BOND_PER_KEY);
        }
        _storage().bondPerKey = uint96(newBondPerKey);
        emit BondPerKeySet(newBondPerKey);
    }

    /// @dev An operator that exists.
    function _operator(uint256 operatorId) private view returns (OperatorRecord storage record) {
        record = _storage().operators[operatorId];
        if (record.manager == address(0)) revert OperatorRegistryUnknownOperator(operatorId);
    }

    /// @dev An operator that the caller manages.
    function _managedOperator(uint256 operatorId) private view returns (OperatorRecord storage record) {
        record = _operator(operatorId);
        if (record.manager != msg.sender) revert OperatorRegistryUnauthorizedManager(msg.sender, operatorId);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() private pure returns (OperatorRegistryStorage storage $) {
        assembly {
            $.slot := OPERATOR_REGISTRY_STORAGE
        }
    }
}
