// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {DepositData} from "../libraries/DepositData.sol";
import {KeyBlob} from "../libraries/KeyBlob.sol";
import {PoolBound} from "./PoolBound.sol";

/// @dev What OperatorRegistry keeps of operators and keys, and the arithmetic over it: what a bond covers, what a limit is,
/// whose turn it is, what was earned.
///
/// Operators with a key that may be taken form a ring: a doubly linked circle, so that an operator joins, leaves and takes
/// its turn in constant work whatever the number of operators. A newcomer joins at the end.
abstract contract OperatorLedger is IOperatorRegistry, PoolBound {
    /// @dev An operator. A later version may append members: records live in a mapping.
    /// @param totalKeys Keys submitted and not removed.
    /// @param vettedKeys Keys with an index below this are vetted.
    /// @param takenKeys Keys with an index below this are taken.
    /// @param depositedKeys Keys that the pool's ether followed for.
    /// @param invalidKeys Taken keys with other credentials.
    /// @param exitedKeys Validators that have left.
    /// @param keyLimit Keys with an index below this may be taken; never below takenKeys.
    /// @param batchCursor The batch of the next key to take, or one before it.
    /// @param manager Manages its keys and bond.
    /// @param bond Wei.
    /// @param next The next operator in the ring; 0 when this one is not in it.
    /// @param previous The one before it.
    /// @param stuckKeys Validators asked to leave that have not in time.
    /// @param requestedExits Validators asked to leave.
    /// @param targetKeys The most validators, while hasTarget.
    /// @param hasTarget Whether there is a target.
    /// @param suspended Whether it gets no more keys.
    /// @param rewardRecipient Receives its rewards.
    /// @param owedShares Shares it earned before rewardIndex.
    /// @param rewardIndex The rewards per key up to which owedShares counts.
    /// @param pendingBond Wei asked back.
    /// @param bondUnlockTime Unix time from which they can be taken.
    /// @param name For people.
    /// @param batches Its keys, in order.
    struct OperatorRecord {
        uint32 totalKeys;
        uint32 vettedKeys;
        uint32 takenKeys;
        uint32 depositedKeys;
        uint32 invalidKeys;
        uint32 exitedKeys;
        uint32 keyLimit;
        uint32 batchCursor;
        address manager;
        uint96 bond;
        uint32 next;
        uint32 previous;
        uint32 stuckKeys;
        uint32 requestedExits;
        uint32 targetKeys;
        bool hasTarget;
        bool suspended;
        address rewardRecipient;
        uint96 owedShares;
        uint128 rewardIndex;
        uint96 pendingBond;
        uint32 bondUnlockTime;
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
    /// @param state Submitted until it is resolved: whether it is taken follows from the index.
    struct KeyRecord {
        uint32 operatorId;
        uint32 index;
        KeyState state;
    }

    /// @custom:storage-location erc7201:ethstake.storage.OperatorRegistry
    struct OperatorRegistryStorage {
        uint32 operatorCount;
        uint32 turn;
        uint32 depositableKeys;
        uint32 activeKeys;
        uint32 bondCooldown;
        uint64 keysNonce;
        uint96 bondPerKey;
        uint128 rewardIndex;
        mapping(uint256 operatorId => OperatorRecord) operators;
        mapping(address manager => uint256 operatorId) operatorIdOf;
        mapping(bytes32 pubkeyHash => KeyRecord) keys;
        mapping(uint256 operatorId => address newManager) proposedManagers;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.OperatorRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OPERATOR_REGISTRY_STORAGE =
        0x334846089d38db7692e21295c697801972c6badefcdfa44ecd4a79e1bc407200;

    /// @notice May set parameters within their bounds.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice May vet keys, set targets, ask for exits, suspend and let go on.
    bytes32 public constant OPERATOR_MANAGER_ROLE = keccak256("OPERATOR_MANAGER_ROLE");
    /// @notice BeaconDeposits: takes keys and moves them on.
    bytes32 public constant DEPOSITS_ROLE = keccak256("DEPOSITS_ROLE");
    /// @notice RewardDistribution: brings reports.
    bytes32 public constant DISTRIBUTION_ROLE = keccak256("DISTRIBUTION_ROLE");
    /// @notice ServiceLevel: charges bonds and suspends.
    bytes32 public constant SERVICE_LEVEL_ROLE = keccak256("SERVICE_LEVEL_ROLE");

    /// @notice The most keys of one submission or removal: what fits a contract's code (24,576 bytes, EIP-170) is 170.
    uint256 public constant MAX_KEYS_PER_CALL = 150;
    /// @notice Bytes of the longest name.
    uint256 public constant MAX_NAME_LENGTH = 64;
    /// @notice The most operators that one report can name.
    uint256 public constant MAX_UPDATES_PER_REPORT = 128;
    /// @notice Wei of a pre-deposit, the least deposit there is:
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#gwei-values (MIN_DEPOSIT_AMOUNT)
    uint256 public constant PRE_DEPOSIT = 1 ether;
    /// @notice Wei below which the bond per key cannot be set: a pre-deposit, so that a covered key can always pay its own.
    uint256 public constant MIN_BOND_PER_KEY = PRE_DEPOSIT;
    /// @notice Wei above which the bond per key cannot be set.
    uint256 public constant MAX_BOND_PER_KEY = 32 ether;
    /// @notice Seconds below which the bond's cooldown cannot be set.
    uint256 public constant MIN_BOND_COOLDOWN = 1 days;
    /// @notice Seconds above which the bond's cooldown cannot be set.
    uint256 public constant MAX_BOND_COOLDOWN = 30 days;

    uint256 internal constant PUBKEY_LENGTH = DepositData.PUBKEY_LENGTH;
    uint256 internal constant SIGNATURE_LENGTH = DepositData.SIGNATURE_LENGTH;
    /// @dev Rewards per key are kept with so many more digits.
    uint256 internal constant REWARD_SCALE = 1e12;

    /// @inheritdoc PoolBound
    function _isBoundRole(bytes32 role) internal pure override(PoolBound) returns (bool) {
        return role == POOL_ROLE || role == DEPOSITS_ROLE || role == DISTRIBUTION_ROLE || role == SERVICE_LEVEL_ROLE;
    }

    /// @dev Sets the vetted keys, which are between the taken and the submitted ones.
    function _setVettedKeys(uint256 operatorId, OperatorRecord storage record, uint256 vettedKeys) internal {
        record.vettedKeys = uint32(vettedKeys);
        // Also where the limit stays: another key may have taken a place below it.
        ++_storage().keysNonce;
        emit VettedKeysSet(operatorId, vettedKeys);
        _refresh(operatorId, record);
    }

    /// @dev Brings the limit up to date, and the operator into the ring or out of it.
    function _refresh(uint256 operatorId, OperatorRecord storage record) internal {
        OperatorRegistryStorage storage $ = _storage();
        uint256 before = record.keyLimit;
        uint256 taken = record.takenKeys;
        uint256 limit = _keyLimit(record, taken);
        if (limit == before) return;
        record.keyLimit = uint32(limit);
        $.depositableKeys = uint32($.depositableKeys + limit - before);
        ++$.keysNonce;
        emit KeyLimitChanged(operatorId, limit);

        if (limit > taken && before == taken) {
            _link(record, operatorId);
        } else if (limit == taken && before > taken) {
            uint256 next = record.next;
            _unlink(record, operatorId);
            if ($.turn == operatorId) $.turn = uint32(next == operatorId ? 0 : next);
        }
    }

    /// @dev The keys that may be taken: those vetted, covered and within the target, and never fewer than were.
    function _keyLimit(OperatorRecord storage record, uint256 taken) internal view returns (uint256 limit) {
        if (record.suspended) return taken;
        uint256 gone = _goneKeys(record);
        uint256 covered = gone + Math.saturatingSub(_heldBond(record), record.pendingBond) / _storage().bondPerKey;
        limit = Math.min(record.vettedKeys, covered);
        if (record.hasTarget) limit = Math.min(limit, gone + record.targetKeys);
        limit = Math.max(limit, taken);
    }

    /// @dev Keys that need no bond any more.
    function _goneKeys(OperatorRecord storage record) internal view returns (uint256) {
        return uint256(record.exitedKeys) + record.invalidKeys;
    }

    /// @dev Wei of bond, the pre-deposits that will come back included.
    function _heldBond(OperatorRecord storage record) internal view returns (uint256) {
        return record.bond + (uint256(record.takenKeys) - record.depositedKeys - record.invalidKeys) * PRE_DEPOSIT;
    }

    /// @dev Wei of bond that the keys do not require and that is here.
    function _freeBond(OperatorRecord storage record) internal view returns (uint256) {
        uint256 required = (record.totalKeys - _goneKeys(record)) * _storage().bondPerKey;
        return Math.min(record.bond, Math.saturatingSub(_heldBond(record), required));
    }

    /// @dev Validators: deposited and not exited.
    function _activeKeys(OperatorRecord storage record) internal view returns (uint256) {
        return uint256(record.depositedKeys) - record.exitedKeys;
    }

    /// @dev Takes at most the amount from a bond. The caller refreshes the limit and sends the ether.
    function _charge(uint256 operatorId, OperatorRecord storage record, uint256 amount)
        internal
        returns (uint256 charged)
    {
        uint256 bond = record.bond;
        charged = Math.min(amount, bond);
        record.bond = uint96(bond - charged);
        emit BondCharged(operatorId, msg.sender, amount, charged);
    }

    /// @dev Counts what an operator earned with the validators it has; before their number changes.
    function _accrue(OperatorRecord storage record) internal {
        uint256 earned = _newRewards(record);
        if (earned != 0) record.owedShares += SafeCast.toUint96(earned);
        record.rewardIndex = _storage().rewardIndex;
    }

    /// @dev Shares earned since the operator's index.
    function _newRewards(OperatorRecord storage record) internal view returns (uint256) {
        return _activeKeys(record) * (_storage().rewardIndex - record.rewardIndex) / REWARD_SCALE;
    }

    /// @dev Where a key stands.
    function _stateOf(KeyRecord storage key, OperatorRecord storage record) internal view returns (KeyState state) {
        state = key.state;
        if (state == KeyState.Submitted && key.index < record.takenKeys) state = KeyState.Taken;
    }

    /// @dev Adds an operator at the end of the ring, which is before the one whose turn it is.
    function _link(OperatorRecord storage record, uint256 operatorId) internal {
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
    function _unlink(OperatorRecord storage record, uint256 operatorId) internal {
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
    ) internal {
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
    function _pubkeyAt(bytes memory pubkeys, uint256 position) internal pure returns (bytes memory pubkey) {
        pubkey = new bytes(PUBKEY_LENGTH);
        KeyBlob.item(pubkeys, position, pubkey);
    }

    /// @dev Sets the bond per key within its bounds.
    function _setBondPerKey(uint256 newBondPerKey) internal {
        _requireWithin(newBondPerKey, MIN_BOND_PER_KEY, MAX_BOND_PER_KEY);
        _storage().bondPerKey = uint96(newBondPerKey);
        emit BondPerKeySet(newBondPerKey);
    }

    /// @dev Reverts when a parameter is out of bounds.
    function _requireWithin(uint256 value, uint256 minimum, uint256 maximum) internal pure {
        if (value < minimum || value > maximum) revert OperatorRegistryInvalidParameter(value, minimum, maximum);
    }

    /// @dev An operator that exists.
    function _operator(uint256 operatorId) internal view returns (OperatorRecord storage record) {
        record = _storage().operators[operatorId];
        if (record.manager == address(0)) revert OperatorRegistryUnknownOperator(operatorId);
    }

    /// @dev An operator that the caller manages.
    function _managedOperator(uint256 operatorId) internal view returns (OperatorRecord storage record) {
        record = _operator(operatorId);
        if (record.manager != msg.sender) revert OperatorRegistryUnauthorizedManager(msg.sender, operatorId);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() internal pure returns (OperatorRegistryStorage storage $) {
        assembly {
            $.slot := OPERATOR_REGISTRY_STORAGE
        }
    }
}
