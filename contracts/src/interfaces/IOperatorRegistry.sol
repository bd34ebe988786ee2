// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Operators, their bonds and their validators' keys.
/// @notice Anyone may register as an operator, put up a bond and submit keys with their deposit signatures. Keys are
/// used only below the limit that the vetting role sets, one operator after the other. A key moves one way: submitted,
/// vetted, deposited. Only keys not yet deposited can be removed, and a deposited key can never be submitted again.
interface IOperatorRegistry {
    /// @notice An operator.
    /// @param manager The address that registered it and manages its keys and bond.
    /// @param rewardRecipient The address that receives its rewards.
    /// @param name Its name, for people.
    /// @param bond Wei held as its bond.
    /// @param totalKeys Keys submitted and not removed.
    /// @param vettedKeys Keys with an index below this are vetted.
    /// @param depositedKeys Keys with an index below this were handed to the pool for deposit.
    struct Operator {
        address manager;
        address rewardRecipient;
        string name;
        uint256 bond;
        uint256 totalKeys;
        uint256 vettedKeys;
        uint256 depositedKeys;
    }

    /// @notice An operator registered.
    event OperatorRegistered(
        uint256 indexed operatorId, address indexed manager, address rewardRecipient, string name, uint256 bond
    );
    /// @notice A bond grew.
    /// @param bond Wei held as the bond after it.
    event BondAdded(uint256 indexed operatorId, address indexed sender, uint256 amount, uint256 bond);
    /// @notice A bond shrank at its operator's wish.
    /// @param bond Wei held as the bond after it.
    event BondWithdrawn(uint256 indexed operatorId, address indexed to, uint256 amount, uint256 bond);
    /// @notice Keys were submitted.
    /// @param firstIndex The operator's index of the first of them.
    event KeysSubmitted(uint256 indexed operatorId, uint256 firstIndex, uint256 count, uint256 totalKeys);
    /// @notice Keys were removed from the end.
    event KeysRemoved(uint256 indexed operatorId, uint256 count, uint256 totalKeys);
    /// @notice The number of vetted keys changed, by the vetting role or because vetted keys were removed.
    event KeyLimitSet(uint256 indexed operatorId, uint256 limit);
    /// @notice A key was handed to the pool for deposit.
    event KeyDeposited(uint256 indexed operatorId, uint256 index, bytes pubkey);
    /// @notice The bond asked for per key changed.
    event BondPerKeySet(uint256 bondPerKey);

    /// @notice No operator has this id.
    error OperatorRegistryUnknownOperator(uint256 operatorId);
    /// @notice The caller already manages an operator.
    error OperatorRegistryAlreadyRegistered(address manager, uint256 operatorId);
    /// @notice The caller does not manage this operator.
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
    /// @notice The limit is below the deposited or above the submitted keys.
    error OperatorRegistryInvalidKeyLimit(uint256 limit, uint256 depositedKeys, uint256 totalKeys);
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

    /// @notice Withdraws bond above what the operator's keys require, to the manager, who must call.
    /// @param amount Wei.
    function withdrawBond(uint256 operatorId, uint256 amount) external;

    /// @notice Submits keys with their deposit signatures (over the pool's withdrawal credentials and 32 ETH). Only the
    /// operator's manager may. Signatures are not verified here: the vetting role and the depositor do.
    /// @param pubkeys Concatenated 48-byte BLS public keys.
    /// @param signatures Concatenated 96-byte BLS signatures, in the same order.
    function submitValidatorSigs(uint256 operatorId, bytes calldata pubkeys, bytes calldata signatures) external;

    /// @notice Removes the last keys that are not deposited. Vetted keys among them are no longer vetted, nor are keys
    /// that later take their places. Only the operator's manager may.
    /// @param count How many.
    function removeUnusedKeys(uint256 operatorId, uint256 count) external;

    /// @notice Vets the keys below an index. OPERATOR_MANAGER_ROLE only.
    /// @param limit From the number of deposited keys to the number of submitted keys.
    function setKeyLimit(uint256 operatorId, uint256 limit) external;

    /// @notice Sets the bond asked for per key. It holds for submissions and bond withdrawals from now on.
    /// PARAMETER_ROLE only.
    /// @param newBondPerKey Wei.
    function setBondPerKey(uint256 newBondPerKey) external;

    /// @notice Hands vetted keys to the pool, one of each operator in turn, and marks them deposited. POOL_ROLE only.
    /// To see which keys come next, simulate this call from the pool's address.
    /// @param count The most keys to take.
    /// @return pubkeys Concatenated 48-byte BLS public keys; fewer than asked for when there are no more.
    /// @return signatures Concatenated 96-byte BLS signatures, in the same order.
    /// @return operatorIds The operator of each key.
    function takeKeys(uint256 count)
        external
        returns (bytes memory pubkeys, bytes memory signatures, uint256[] memory operatorIds);

    /// @notice The number of operators; ids run from 1 to it.
    function operatorCount() external view returns (uint256);

    /// @notice An operator.
    function operator(uint256 operatorId) external view returns (Operator memory);

    /// @notice The operator that an address manages; 0 when none.
    function operatorIdOf(address manager) external view returns (uint256 operatorId);

    /// @notice Wei of bond that an operator holds.
    function bondOf(uint256 operatorId) external view returns (uint256);

    /// @notice Wei of bond that an operator may withdraw.
    function excessBondOf(uint256 operatorId) external view returns (uint256);

    /// @notice Wei of bond asked for per key.
    function bondPerKey() external view returns (uint256);

    /// @notice An operator's keys by state: submitted, vetted (a limit on the index), deposited.
    function keyCounts(uint256 operatorId) external view returns (uint256 total, uint256 vettedLimit, uint256 deposited);

    /// @notice A key and its deposit signature.
    /// @param index From 0, in the order of submission.
    function validatorKey(uint256 operatorId, uint256 index)
        external
        view
        returns (bytes memory pubkey, bytes memory signature);

    /// @notice Whether a key is submitted (and not removed) by any operator.
    function isKeyRegistered(bytes calldata pubkey) external view returns (bool);

    /// @notice Whether a key was handed to the pool for deposit.
    function isKeyDeposited(bytes calldata pubkey) external view returns (bool);

    /// @notice The operator and index of a key; (0, 0) when it is not registered.
    function keyOwner(bytes calldata pubkey) external view returns (uint256 operatorId, uint256 index);

    /// @notice Vetted keys not yet deposited, over all operators.
    function depositableKeys() external view returns (uint256);

    /// @notice Grows whenever the set of vetted keys changes other than by a deposit. Who has checked the keys that come
    /// next binds a deposit to this number.
    function keysNonce() external view returns (uint256);
}
