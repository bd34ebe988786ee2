// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {OperatorLedger} from "./abstract/OperatorLedger.sol";
import {IKeyRegistry} from "./interfaces/IKeyRegistry.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {KeyBlob} from "./libraries/KeyBlob.sol";

/// @title Operators, their bonds and their validators' keys.
/// @dev Bonds are ether, not shares: a bond that pays for a loss must not shrink with it, and pre-deposits are paid from it.
contract OperatorRegistry is OperatorLedger {
    /// @inheritdoc IOperatorRegistry
    function initialize(address admin, uint256 bondPerKey_) external override initializer {
        __Governed_init(admin);
        _setBondPerKey(bondPerKey_);
        _storage().bondCooldown = uint32(7 days);
        emit BondCooldownSet(7 days);
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
        _refresh(operatorId, record);
    }

    /// @inheritdoc IOperatorRegistry
    function requestBondWithdrawal(uint256 operatorId, uint256 amount) external override {
        OperatorRecord storage record = _managedOperator(operatorId);
        if (amount == 0) revert OperatorRegistryZeroAmount();
        uint256 pending = record.pendingBond;
        uint256 free = _freeBond(record);
        if (amount > free || pending > free - amount) {
            revert OperatorRegistryInsufficientBond(operatorId, free, Math.saturatingAdd(pending, amount));
        }
        uint256 unlockTime = block.timestamp + _storage().bondCooldown;
        record.pendingBond = uint96(pending + amount);
        record.bondUnlockTime = uint32(unlockTime);
        emit BondWithdrawalRequested(operatorId, pending + amount, unlockTime);
        _refresh(operatorId, record);
    }

    /// @inheritdoc IOperatorRegistry
    function withdrawBond(uint256 operatorId) external override returns (uint256 amount) {
        OperatorRecord storage record = _managedOperator(operatorId);
        if (record.pendingBond == 0 || block.timestamp < record.bondUnlockTime) {
            revert OperatorRegistryBondLocked(operatorId, record.bondUnlockTime);
        }
        amount = Math.min(record.pendingBond, _freeBond(record));
        record.pendingBond = 0;
        uint256 bond = record.bond - amount;
        record.bond = uint96(bond);
        emit BondWithdrawn(operatorId, msg.sender, amount, bond);
        _refresh(operatorId, record);
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc IOperatorRegistry
    function setRewardRecipient(uint256 operatorId, address rewardRecipient) external override {
        OperatorRecord storage record = _managedOperator(operatorId);
        if (rewardRecipient == address(0)) revert OperatorRegistryInvalidRecipient(rewardRecipient);
        record.rewardRecipient = rewardRecipient;
        emit RewardRecipientSet(operatorId, rewardRecipient);
    }

    /// @inheritdoc IOperatorRegistry
    function proposeManager(uint256 operatorId, address newManager) external override {
        _managedOperator(operatorId);
        _storage().proposedManagers[operatorId] = newManager;
        emit ManagerProposed(operatorId, msg.sender, newManager);
    }

    /// @inheritdoc IOperatorRegistry
    function acceptManager(uint256 operatorId) external override {
        OperatorRegistryStorage storage $ = _storage();
        OperatorRecord storage record = _operator(operatorId);
        if ($.proposedManagers[operatorId] != msg.sender) {
            revert OperatorRegistryUnauthorizedManager(msg.sender, operatorId);
        }
        uint256 managed = $.operatorIdOf[msg.sender];
        if (managed != 0) revert OperatorRegistryAlreadyRegistered(msg.sender, managed);
        address previous = record.manager;
        delete $.proposedManagers[operatorId];
        delete $.operatorIdOf[previous];
        $.operatorIdOf[msg.sender] = operatorId;
        record.manager = msg.sender;
        emit ManagerChanged(operatorId, previous, msg.sender);
    }

    /// @inheritdoc IOperatorRegistry
    function claimRewards(uint256 operatorId) external override returns (uint256 shares) {
        OperatorRecord storage record = _operator(operatorId);
        _accrue(record);
        shares = record.owedShares;
        if (shares == 0) return 0;
        record.owedShares = 0;
        address rewardRecipient = record.rewardRecipient;
        emit RewardsClaimed(operatorId, rewardRecipient, shares);
        SafeERC20.safeTransfer(IERC20(boundPool()), rewardRecipient, shares);
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
        uint256 required = (end - _goneKeys(record)) * $.bondPerKey;
        uint256 held = _heldBond(record);
        if (held < required) revert OperatorRegistryInsufficientBond(operatorId, held, required);

        for (uint256 i = 0; i < count; ++i) {
            bytes calldata pubkey = pubkeys[i * PUBKEY_LENGTH:(i + 1) * PUBKEY_LENGTH];
            KeyRecord storage key = $.keys[keccak256(pubkey)];
            if (key.operatorId != 0) revert OperatorRegistryDuplicateKey(pubkey);
            key.operatorId = uint32(operatorId);
            key.index = uint32(start + i);
            key.state = KeyState.Submitted;
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
        uint256 unused = total - record.takenKeys;
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

        // The batch cursor stays right: it only moves to a batch with a taken key, which is never popped.
        if (record.vettedKeys > target) _setVettedKeys(operatorId, record, target);
        else _refresh(operatorId, record);
    }

    /// @inheritdoc IOperatorRegistry
    function setVettedKeys(uint256 operatorId, uint256 vettedKeys) external override onlyRole(OPERATOR_MANAGER_ROLE) {
        OperatorRecord storage record = _operator(operatorId);
        if (vettedKeys < record.takenKeys || vettedKeys > record.totalKeys) {
            revert OperatorRegistryInvalidVettedKeys(vettedKeys, record.takenKeys, record.totalKeys);
        }
        _setVettedKeys(operatorId, record, vettedKeys);
    }

    /// @inheritdoc IOperatorRegistry
    function setTarget(uint256 operatorId, bool hasTarget, uint256 targetKeys)
        external
        override
        onlyRole(OPERATOR_MANAGER_ROLE)
    {
        OperatorRecord storage record = _operator(operatorId);
        record.hasTarget = hasTarget;
        record.targetKeys = SafeCast.toUint32(targetKeys);
        emit TargetSet(operatorId, hasTarget, targetKeys);
        _refresh(operatorId, record);
    }

    /// @inheritdoc IOperatorRegistry
    function requestExits(uint256 operatorId, uint256 requestedExits)
        external
        override
        onlyRole(OPERATOR_MANAGER_ROLE)
    {
        OperatorRecord storage record = _operator(operatorId);
        if (requestedExits > record.depositedKeys) {
            revert OperatorRegistryInvalidExits(operatorId, requestedExits, record.depositedKeys);
        }
        record.requestedExits = uint32(requestedExits);
        emit ExitsRequested(operatorId, requestedExits);
    }

    /// @inheritdoc IOperatorRegistry
    function setSuspended(uint256 operatorId, bool suspended) external override {
        if (!suspended || !hasRole(SERVICE_LEVEL_ROLE, msg.sender)) _checkRole(OPERATOR_MANAGER_ROLE);
        OperatorRecord storage record = _operator(operatorId);
        record.suspended = suspended;
        emit SuspensionSet(operatorId, suspended);
        _refresh(operatorId, record);
    }

    /// @inheritdoc IOperatorRegistry
    function refreshKeyLimit(uint256 operatorId) external override {
        _refresh(operatorId, _operator(operatorId));
    }

    /* PARAMETERS */

    /// @inheritdoc IOperatorRegistry
    function setBondPerKey(uint256 newBondPerKey) external override onlyRole(PARAMETER_ROLE) {
        _setBondPerKey(newBondPerKey);
    }

    /// @inheritdoc IOperatorRegistry
    function setBondCooldown(uint256 newBondCooldown) external override onlyRole(PARAMETER_ROLE) {
        _requireWithin(newBondCooldown, MIN_BOND_COOLDOWN, MAX_BOND_COOLDOWN);
        _storage().bondCooldown = uint32(newBondCooldown);
        emit BondCooldownSet(newBondCooldown);
    }

    /* MODULES */

    /// @inheritdoc IOperatorRegistry
    function takeKeys(uint256 count)
        external
        override
        onlyRole(DEPOSITS_ROLE)
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
            uint256 index = record.takenKeys;
            _copyNextKey(record, index, pubkeys, signatures, i);
            operatorIds[i] = turn;
            record.takenKeys = uint32(index + 1);
            // A key within the limit is covered by at least MIN_BOND_PER_KEY of bond: it has a pre-deposit.
            record.bond -= uint96(PRE_DEPOSIT);
            emit KeyTaken(turn, index, _pubkeyAt(pubkeys, i));

            uint256 next = record.next;
            if (index + 1 == record.keyLimit) {
                _unlink(record, turn);
                // The last of the ring is its own next.
                if (next == turn) next = 0;
            }
            turn = next;
        }
        $.turn = uint32(turn);
        Address.sendValue(payable(msg.sender), taken * PRE_DEPOSIT);
    }

    /// @inheritdoc IOperatorRegistry
    function resolveKey(bytes32 pubkeyHash, bool valid) external override onlyRole(DEPOSITS_ROLE) {
        OperatorRegistryStorage storage $ = _storage();
        KeyRecord storage key = $.keys[pubkeyHash];
        uint256 operatorId = key.operatorId;
        OperatorRecord storage record = $.operators[operatorId];
        KeyState state = _stateOf(key, record);
        if (state != KeyState.Taken && (valid || state != KeyState.Proven)) {
            revert OperatorRegistryInvalidKeyState(pubkeyHash, state, KeyState.Taken);
        }
        state = valid ? KeyState.Proven : KeyState.Invalid;
        key.state = state;
        emit KeyStateChanged(operatorId, key.index, pubkeyHash, state);
        if (!valid) {
            ++record.invalidKeys;
            _refresh(operatorId, record);
        }
    }

    /// @inheritdoc IOperatorRegistry
    function completeKeys(bytes32[] calldata pubkeyHashes) external payable override onlyRole(DEPOSITS_ROLE) {
        uint256 count = pubkeyHashes.length;
        if (msg.value != count * PRE_DEPOSIT) revert OperatorRegistryInvalidRefund(msg.value, count * PRE_DEPOSIT);
        OperatorRegistryStorage storage $ = _storage();
        for (uint256 i = 0; i < count; ++i) {
            KeyRecord storage key = $.keys[pubkeyHashes[i]];
            uint256 operatorId = key.operatorId;
            OperatorRecord storage record = $.operators[operatorId];
            KeyState state = _stateOf(key, record);
            if (state != KeyState.Proven) {
                revert OperatorRegistryInvalidKeyState(pubkeyHashes[i], state, KeyState.Proven);
            }
            key.state = KeyState.Deposited;
            emit KeyStateChanged(operatorId, key.index, pubkeyHashes[i], KeyState.Deposited);
            _accrue(record);
            uint256 active = ++record.depositedKeys - uint256(record.exitedKeys);
            // What the bond had before: the limit stays.
            record.bond += uint96(PRE_DEPOSIT);
            uint256 required = active * $.bondPerKey;
            if (record.suspended) revert OperatorRegistrySuspended(operatorId);
            if (record.bond < required) revert OperatorRegistryInsufficientBond(operatorId, record.bond, required);
        }
        $.activeKeys += uint32(count);
    }

    /// @inheritdoc IOperatorRegistry
    function charge(uint256 operatorId, uint256 amount)
        external
        override
        onlyRole(SERVICE_LEVEL_ROLE)
        returns (uint256 charged)
    {
        charged = _charge(operatorId, _operator(operatorId), amount);
        _refresh(operatorId, _operator(operatorId));
        Address.sendValue(payable(msg.sender), charged);
    }

    /// @inheritdoc IOperatorRegistry
    function applyReport(OperatorUpdate[] calldata updates)
        external
        override
        onlyRole(DISTRIBUTION_ROLE)
        returns (uint256 charged)
    {
        if (updates.length > MAX_UPDATES_PER_REPORT) {
            revert OperatorRegistryInvalidParameter(updates.length, 0, MAX_UPDATES_PER_REPORT);
        }
        uint256 exited = 0;
        uint256 previousId = 0;
        for (uint256 i = 0; i < updates.length; ++i) {
            OperatorUpdate calldata update = updates[i];
            uint256 operatorId = update.operatorId;
            OperatorRecord storage record = _operator(operatorId);
            uint256 before = record.exitedKeys;
            if (
                operatorId <= previousId || update.exitedKeys < before || update.exitedKeys > record.depositedKeys
                    || update.stuckKeys > record.depositedKeys - update.exitedKeys
            ) revert OperatorRegistryInvalidReport(operatorId, update.exitedKeys, update.stuckKeys);
            previousId = operatorId;
            _accrue(record);
            exited += update.exitedKeys - before;
            record.exitedKeys = update.exitedKeys;
            record.stuckKeys = update.stuckKeys;
            emit OperatorReported(operatorId, update.exitedKeys, update.stuckKeys);
            if (update.loss != 0) charged += _charge(operatorId, record, update.loss);
            _refresh(operatorId, record);
        }
        if (exited != 0) _storage().activeKeys -= uint32(exited);
        if (charged != 0) Address.sendValue(payable(msg.sender), charged);
    }

    /// @inheritdoc IOperatorRegistry
    function distributeRewards(uint256 shares) external override onlyRole(POOL_ROLE) {
        OperatorRegistryStorage storage $ = _storage();
        uint256 active = $.activeKeys;
        if (active == 0) revert OperatorRegistryNoActiveKeys();
        // Rounded down: less than a share an active key stays here.
        $.rewardIndex += SafeCast.toUint128(shares * REWARD_SCALE / active);
        emit RewardsDistributed(shares, active);
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
            pendingBondWithdrawal: record.pendingBond,
            bondUnlockTime: record.bondUnlockTime,
            totalKeys: record.totalKeys,
            vettedKeys: record.vettedKeys,
            keyLimit: record.keyLimit,
            takenKeys: record.takenKeys,
            depositedKeys: record.depositedKeys,
            invalidKeys: record.invalidKeys,
            exitedKeys: record.exitedKeys,
            stuckKeys: record.stuckKeys,
            requestedExits: record.requestedExits,
            hasTarget: record.hasTarget,
            targetKeys: record.targetKeys,
            suspended: record.suspended
        });
    }

    /// @inheritdoc IOperatorRegistry
    function proposedManagerOf(uint256 operatorId) external view override returns (address) {
        return _storage().proposedManagers[operatorId];
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
    function heldBondOf(uint256 operatorId) external view override returns (uint256) {
        return _heldBond(_operator(operatorId));
    }

    /// @inheritdoc IOperatorRegistry
    function excessBondOf(uint256 operatorId) external view override returns (uint256) {
        OperatorRecord storage record = _operator(operatorId);
        return Math.saturatingSub(_freeBond(record), record.pendingBond);
    }

    /// @inheritdoc IOperatorRegistry
    function bondCooldown() external view override returns (uint256) {
        return _storage().bondCooldown;
    }

    /// @inheritdoc IOperatorRegistry
    function claimableRewards(uint256 operatorId) external view override returns (uint256 shares) {
        OperatorRecord storage record = _operator(operatorId);
        return record.owedShares + _newRewards(record);
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
        returns (uint256 total, uint256 vetted, uint256 taken, uint256 deposited)
    {
        OperatorRecord storage record = _operator(operatorId);
        return (record.totalKeys, record.vettedKeys, record.takenKeys, record.depositedKeys);
    }

    /// @inheritdoc IOperatorRegistry
    function activeKeysOf(uint256 operatorId) external view override returns (uint256) {
        return _activeKeys(_operator(operatorId));
    }

    /// @inheritdoc IOperatorRegistry
    function activeKeys() external view override returns (uint256) {
        return _storage().activeKeys;
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
    function keyOf(bytes32 pubkeyHash)
        public
        view
        override
        returns (uint256 operatorId, uint256 index, KeyState state)
    {
        KeyRecord storage key = _storage().keys[pubkeyHash];
        (operatorId, index) = (key.operatorId, key.index);
        state = _stateOf(key, _storage().operators[operatorId]);
    }

    /// @inheritdoc IKeyRegistry
    function isOwnValidator(bytes calldata pubkey) external view override returns (bool) {
        (,, KeyState state) = keyOf(keccak256(pubkey));
        return state == KeyState.Proven || state == KeyState.Deposited;
    }

    /// @inheritdoc IOperatorRegistry
    function depositableKeys() external view override returns (uint256) {
        return _storage().depositableKeys;
    }

    /// @inheritdoc IOperatorRegistry
    function keysNonce() external view override returns (uint256) {
        return _storage().keysNonce;
    }
}
