// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IKeyRegistry} from "./IKeyRegistry.sol";

/// @title Operators, their bonds and their validators' keys.
/// @notice Anyone may register as an operator, put up a bond and submit keys with their deposit signatures. Keys are
/// used only below the operator's limit, one operator after the other. A key moves one way: submitted, vetted, taken (1 ether
/// of the operator's bond is deposited for it), proven (its credentials are the protocol's) or invalid (they are not, or it
/// was given up), deposited (the pool's ether follows, and the bond gets its ether back). Only keys not yet taken can be removed, and a
/// taken key can never be submitted again.
///
/// An operator's limit is the least of: the keys vetted, the keys its bond covers, and its target while it has one. A
/// suspended operator gets no more.
interface IOperatorRegistry is IKeyRegistry {
    /// @notice Where a key stands. Keys move down this list only; Vetted keys are the Submitted ones below the vetted count.
    enum KeyState {
        None,
        Submitted,
        Taken,
        Proven,
        Deposited,
        Invalid
    }

    /// @notice What a report says of an operator.
    /// @param operatorId Ids rise within a report.
    /// @param exitedKeys Validators that have left, since the beginning; never falls.
    /// @param stuckKeys Validators asked to leave that have not in time.
    /// @param loss Wei that its validators lost in the frame through its fault: charged to the bond.
    struct OperatorUpdate {
        uint32 operatorId;
        uint32 exitedKeys;
        uint32 stuckKeys;
        uint128 loss;
    }

    /// @notice An operator.
    /// @param manager The address that manages its keys and bond; first the one that registered it.
    /// @param rewardRecipient The address that receives its rewards.
    /// @param name Its name, for people.
    /// @param bond Wei held as its bond.
    /// @param pendingBondWithdrawal Wei of it asked back.
    /// @param bondUnlockTime Unix time from which they can be taken.
    /// @param totalKeys Keys submitted and not removed.
    /// @param vettedKeys Keys with an index below this are vetted.
    /// @param keyLimit Keys with an index below this may be taken.
    /// @param takenKeys Keys with an index below this were taken for deposit.
    /// @param depositedKeys Keys that the pool's ether followed for.
    /// @param invalidKeys Taken keys with other credentials.
    /// @param exitedKeys Validators that have left.
    /// @param stuckKeys Validators asked to leave that have not in time.
    /// @param requestedExits Validators asked to leave since the beginning.
    /// @param hasTarget Whether it has a target.
    /// @param targetKeys The most validators it shall have at a time.
    /// @param suspended Whether it gets no more keys.
    struct Operator {
        address manager;
        address rewardRecipient;
        string name;
        uint256 bond;
        uint256 pendingBondWithdrawal;
        uint256 bondUnlockTime;
        uint256 totalKeys;
        uint256 vettedKeys;
        uint256 keyLimit;
        uint256 takenKeys;
        uint256 depositedKeys;
        uint256 invalidKeys;
        uint256 exitedKeys;
        uint256 stuckKeys;
        uint256 requestedExits;
        bool hasTarget;
        uint256 targetKeys;
        bool suspended;
    }

    /// @notice An operator registered.
    event OperatorRegistered(
        uint256 indexed operatorId, address indexed manager, address rewardRecipient, string name, uint256 bond
    );
    /// @notice A bond grew.
    /// @param bond Wei held as the bond after it.
    event BondAdded(uint256 indexed operatorId, address indexed sender, uint256 amount, uint256 bond);
    /// @notice An operator asked for bond back.
    /// @param amount Wei asked for, altogether.
    /// @param unlockTime Unix time from which they can be taken.
    event BondWithdrawalRequested(uint256 indexed operatorId, uint256 amount, uint256 unlockTime);
    /// @notice A bond shrank at its operator's wish.
    /// @param bond Wei held as the bond after it.
    event BondWithdrawn(uint256 indexed operatorId, address indexed to, uint256 amount, uint256 bond);
    /// @notice A bond was charged.
    /// @param asked Wei to be charged.
    /// @param charged Wei that the bond had of it.
    event BondCharged(uint256 indexed operatorId, address indexed by, uint256 asked, uint256 charged);
    /// @notice The time between asking for bond and taking it changed (seconds).
    event BondCooldownSet(uint256 bondCooldown);
    /// @notice An operator's rewards go elsewhere from now on.
    event RewardRecipientSet(uint256 indexed operatorId, address rewardRecipient);
    /// @notice An operator's manager named its successor, or nobody (the zero address).
    event ManagerProposed(uint256 indexed operatorId, address indexed manager, address indexed newManager);
    /// @notice An operator has another manager.
    event ManagerChanged(uint256 indexed operatorId, address indexed previousManager, address indexed manager);
    /// @notice Shares were added to what operators can claim.
    event RewardsDistributed(uint256 shares, uint256 activeKeys);
    /// @notice An operator's rewards were paid.
    event RewardsClaimed(uint256 indexed operatorId, address indexed recipient, uint256 shares);
    /// @notice An operator's target changed.
    event TargetSet(uint256 indexed operatorId, bool hasTarget, uint256 targetKeys);
    /// @notice An operator was suspended, or let go on.
    event SuspensionSet(uint256 indexed operatorId, bool suspended);
    /// @notice An operator is asked to exit validators.
    /// @param requestedExits Since the beginning.
    event ExitsRequested(uint256 indexed operatorId, uint256 requestedExits);
    /// @notice A report brought news of an operator's validators.
    event OperatorReported(uint256 indexed operatorId, uint256 exitedKeys, uint256 stuckKeys);
    /// @notice An operator's limit changed.
    event KeyLimitChanged(uint256 indexed operatorId, uint256 keyLimit);
    /// @notice Keys were submitted.
    /// @param firstIndex The operator's index of the first of them.
    event KeysSubmitted(uint256 indexed operatorId, uint256 firstIndex, uint256 count, uint256 totalKeys);
    /// @notice Keys were removed from the end.
    event KeysRemoved(uint256 indexed operatorId, uint256 count, uint256 totalKeys);
    /// @notice The number of vetted keys changed, by the vetting role or because vetted keys were removed.
    event VettedKeysSet(uint256 indexed operatorId, uint256 vettedKeys);
    /// @notice A key was taken: 1 ether of the bond is deposited for it.
    event KeyTaken(uint256 indexed operatorId, uint256 index, bytes pubkey);
    /// @notice A taken key moved on.
    event KeyStateChanged(uint256 indexed operatorId, uint256 index, bytes32 indexed pubkeyHash, KeyState state);
    /// @notice The bond asked for per key changed.
    event BondPerKeySet(uint256 bondPerKey);

    /// @notice No operator has this id.
    error OperatorRegistryUnknownOperator(uint256 operatorId);
    /// @notice The caller already manages an operator.
    error OperatorRegistryAlreadyRegistered(address manager, uint256 operatorId);
    /// @notice The caller does not manage this operator, or is not who shall.
    error OperatorRegistryUnauthorizedManager(address caller, uint256 operatorId);
    /// @notice The reward recipient is not usable.
    error OperatorRegistryInvalidRecipient(address recipient);
    /// @notice The name is empty or longer than the maximum.
    error OperatorRegistryInvalidName(uint256 length, uint256 maximum);
    /// @notice The value is out of bounds.
    error OperatorRegistryInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);
    /// @notice The call needs a non-zero amount.
    error OperatorRegistryZeroAmount();
    /// @notice Pubkeys and signatures are not the same number of whole 48- and 96-byte items.
    error OperatorRegistryInvalidKeysLength(uint256 pubkeysLength, uint256 signaturesLength);
    /// @notice Zero keys, or more than one call may carry.
    error OperatorRegistryInvalidKeyCount(uint256 count, uint256 maximum);
    /// @notice The key is registered already, by this operator or another.
    error OperatorRegistryDuplicateKey(bytes pubkey);
    /// @notice The bond does not cover what is asked.
    /// @param required Wei that the bond must hold after the call.
    error OperatorRegistryInsufficientBond(uint256 operatorId, uint256 bond, uint256 required);
    /// @notice More keys than are unused.
    error OperatorRegistryInsufficientUnusedKeys(uint256 operatorId, uint256 count, uint256 unused);
    /// @notice The number is below the taken or above the submitted keys.
    error OperatorRegistryInvalidVettedKeys(uint256 vettedKeys, uint256 takenKeys, uint256 totalKeys);
    /// @notice The key is not where this step begins.
    error OperatorRegistryInvalidKeyState(bytes32 pubkeyHash, KeyState state, KeyState expected);
    /// @notice No bond was asked back, or its time has not come.
    error OperatorRegistryBondLocked(uint256 operatorId, uint256 unlockTime);
    /// @notice A suspended operator gets no ether.
    error OperatorRegistrySuspended(uint256 operatorId);
    /// @notice The ether sent is not 1 ether for each key.
    error OperatorRegistryInvalidRefund(uint256 value, uint256 expected);
    /// @notice A report contradicts itself or an earlier one.
    error OperatorRegistryInvalidReport(uint256 operatorId, uint256 exitedKeys, uint256 stuckKeys);
    /// @notice More exits than the operator has validators.
    error OperatorRegistryInvalidExits(uint256 operatorId, uint256 requestedExits, uint256 depositedKeys);
    /// @notice Rewards are distributed to at least one validator.
    error OperatorRegistryNoActiveKeys();
    /// @notice The operator has no key with this index.
    error OperatorRegistryUnknownKey(uint256 operatorId, uint256 index);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    /// @param bondPerKey Wei of bond asked for per key.
    function initialize(address admin, uint256 bondPerKey) external;

    /// @notice Registers the caller as the manager of a new operator; the value is its first bond.
    /// @param name For people, 1 to 64 bytes.
    /// @param rewardRecipient The address that receives the operator's rewards.
    /// @return operatorId From 1.
    function registerOperator(string calldata name, address rewardRecipient)
        external
        payable
        returns (uint256 operatorId);

    /// @notice Adds the value to an operator's bond. Anyone may.
    function addBond(uint256 operatorId) external payable;

    /// @notice Asks for bond above what the operator's keys require. The manager only. It stays chargeable until it is taken; a
    /// further request adds to it and starts the time anew.
    /// @param amount Wei.
    function requestBondWithdrawal(uint256 operatorId, uint256 amount) external;

    /// @notice Takes the bond asked for, to the manager, who must call: what the keys still do not require of it.
    /// @return amount Wei.
    function withdrawBond(uint256 operatorId) external returns (uint256 amount);

    /// @notice Sets where an operator's rewards go. The manager only.
    function setRewardRecipient(uint256 operatorId, address rewardRecipient) external;

    /// @notice Names who shall manage an operator: nothing changes until that address accepts. The manager only.
    /// @param newManager The zero address takes an earlier proposal back.
    function proposeManager(uint256 operatorId, address newManager) external;

    /// @notice Makes the caller an operator's manager, when its manager proposed so and the caller manages no other. Bond asked
    /// back before is paid to the new manager; the reward recipient stays.
    function acceptManager(uint256 operatorId) external;

    /// @notice Pays an operator's rewards, in shares, to its reward recipient. Anyone may.
    /// @return shares Shares paid; 0 when there are none.
    function claimRewards(uint256 operatorId) external returns (uint256 shares);

    /// @notice Submits keys with their deposit signatures (over the protocol's withdrawal credentials
    /// and 1 ether: the pre-deposit's). Only the
    /// operator's manager may. Signatures are not verified here: the vetting role and the depositor do.
    /// @param pubkeys Concatenated 48-byte BLS public keys.
    /// @param signatures Concatenated 96-byte BLS signatures, in the same order.
    function submitValidatorSigs(uint256 operatorId, bytes calldata pubkeys, bytes calldata signatures) external;

    /// @notice Removes the last keys that are not taken. Vetted keys among them are no longer vetted, nor are keys
    /// that later take their places. Only the operator's manager may.
    /// @param count How many.
    function removeUnusedKeys(uint256 operatorId, uint256 count) external;

    /// @notice Vets the keys below an index. OPERATOR_MANAGER_ROLE only.
    /// @param vettedKeys From the number of taken keys to the number of submitted keys.
    function setVettedKeys(uint256 operatorId, uint256 vettedKeys) external;

    /// @notice Sets or lifts the most validators an operator shall have at a time. OPERATOR_MANAGER_ROLE only.
    function setTarget(uint256 operatorId, bool hasTarget, uint256 targetKeys) external;

    /// @notice Asks an operator to exit validators. OPERATOR_MANAGER_ROLE only.
    /// @param requestedExits Since the beginning; at most the deposited keys.
    function requestExits(uint256 operatorId, uint256 requestedExits) external;

    /// @notice Suspends an operator or lets it go on. SERVICE_LEVEL_ROLE may suspend, OPERATOR_MANAGER_ROLE both.
    function setSuspended(uint256 operatorId, bool suspended) external;

    /// @notice Brings an operator's limit up to date: a change of the bond per key reaches it with this or with its next
    /// change. Anyone may.
    function refreshKeyLimit(uint256 operatorId) external;

    /// @notice Sets the bond asked for per key. It holds for submissions and bond withdrawals from now on.
    /// PARAMETER_ROLE only.
    /// @param newBondPerKey Wei.
    function setBondPerKey(uint256 newBondPerKey) external;

    /// @notice Sets the time between asking for bond and taking it. PARAMETER_ROLE only.
    /// @param newBondCooldown Seconds.
    function setBondCooldown(uint256 newBondCooldown) external;

    /// @notice Hands keys over for their pre-deposit, one of each operator in turn, with 1 ether of its operator's bond each.
    /// DEPOSITS_ROLE only. To see which keys come next, simulate this call from that address.
    /// @param count The most keys to take.
    /// @return pubkeys Concatenated 48-byte BLS public keys; fewer than asked for when there are no more.
    /// @return signatures Concatenated 96-byte BLS signatures, in the same order.
    /// @return operatorIds The operator of each key.
    function takeKeys(uint256 count)
        external
        returns (bytes memory pubkeys, bytes memory signatures, uint256[] memory operatorIds);

    /// @notice Marks a taken key's credentials as the protocol's, or not; a proven key may still be given up. DEPOSITS_ROLE only.
    function resolveKey(bytes32 pubkeyHash, bool valid) external;

    /// @notice Marks proven keys as deposited and gives their ether back to the bonds: the value is 1 ether for each. Reverts
    /// where the operator is suspended or its bond does not cover its validators.
    /// DEPOSITS_ROLE only.
    function completeKeys(bytes32[] calldata pubkeyHashes) external payable;

    /// @notice Charges a bond; the ether goes to the caller. SERVICE_LEVEL_ROLE only.
    /// @return charged Wei: the least of the amount and the bond.
    function charge(uint256 operatorId, uint256 amount) external returns (uint256 charged);

    /// @notice Takes a report's news of operators; the ether charged for losses goes to the caller. DISTRIBUTION_ROLE only.
    /// @return charged Wei.
    function applyReport(OperatorUpdate[] calldata updates) external returns (uint256 charged);

    /// @notice Divides shares that were minted to this contract among the active keys. POOL_ROLE only.
    function distributeRewards(uint256 shares) external;

    /// @notice The number of operators; ids run from 1 to it.
    function operatorCount() external view returns (uint256);

    /// @notice An operator.
    function operator(uint256 operatorId) external view returns (Operator memory);

    /// @notice Who shall manage an operator as soon as it accepts; the zero address when nobody is proposed.
    function proposedManagerOf(uint256 operatorId) external view returns (address);

    /// @notice The operator that an address manages; 0 when none.
    function operatorIdOf(address manager) external view returns (uint256 operatorId);

    /// @notice Wei of bond that an operator holds.
    function bondOf(uint256 operatorId) external view returns (uint256);

    /// @notice Wei of bond that an operator holds, the pre-deposits that will come back to it included.
    function heldBondOf(uint256 operatorId) external view returns (uint256);

    /// @notice Wei of bond that an operator may withdraw.
    function excessBondOf(uint256 operatorId) external view returns (uint256);

    /// @notice Wei of bond asked for per key.
    function bondPerKey() external view returns (uint256);

    /// @notice Seconds between asking for bond and taking it.
    function bondCooldown() external view returns (uint256);

    /// @notice Shares that an operator can claim.
    function claimableRewards(uint256 operatorId) external view returns (uint256 shares);

    /// @notice An operator's keys by state: submitted, vetted (a limit on the index), taken, deposited.
    function keyCounts(uint256 operatorId)
        external
        view
        returns (uint256 total, uint256 vetted, uint256 taken, uint256 deposited);

    /// @notice An operator's validators: deposited and not exited.
    function activeKeysOf(uint256 operatorId) external view returns (uint256);

    /// @notice All operators' validators: deposited and not exited.
    function activeKeys() external view returns (uint256);

    /// @notice A key and its deposit signature.
    /// @param index From 0, in the order of submission.
    function validatorKey(uint256 operatorId, uint256 index)
        external
        view
        returns (bytes memory pubkey, bytes memory signature);

    /// @notice Whether a key is submitted (and not removed) by any operator.
    function isKeyRegistered(bytes calldata pubkey) external view returns (bool);

    /// @notice Where a key stands, and whose it is; (0, 0, None) when it is not registered.
    function keyOf(bytes32 pubkeyHash) external view returns (uint256 operatorId, uint256 index, KeyState state);

    /// @notice Keys that may be taken, over all operators.
    function depositableKeys() external view returns (uint256);

    /// @notice Grows whenever the keys that may be taken change other than by being taken. Who has checked the keys that come
    /// next binds a deposit to this number.
    function keysNonce() external view returns (uint256);
}
