// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The target of all validators' withdrawal credentials.
/// @notice Holds what the beacon chain pays out: partial withdrawals and exited principal. Withdrawals arrive without a
/// call (EIP-4895), and anyone may send ether. Nothing leaves but to the pool. As the owner of the credentials it also asks
/// the beacon chain for exits, partial withdrawals (EIP-7002) and consolidations (EIP-7251). The network's fee for that
/// comes from the caller's value alone, and what is left of the value goes back to the caller.
interface IWithdrawalVault {
    /// @notice Ether left for the pool.
    /// @param to The pool.
    /// @param amount Wei sent.
    event EtherWithdrawn(address indexed to, uint256 amount);
    /// @notice The credentials of new deposits changed.
    /// @param compounding Whether they are 0x02 ones.
    event CompoundingSet(bool compounding);
    /// @notice The registry that says which validators are the protocol's is now fixed.
    event KeyRegistrySet(address indexed keyRegistry);
    /// @notice The most requests of a day changed.
    event ExitLimitSet(uint256 exitLimit);

    /// @notice The vault holds less than was asked for.
    /// @param amount Wei asked for.
    /// @param balance Wei held.
    error WithdrawalVaultInsufficientBalance(uint256 amount, uint256 balance);
    /// @notice The value is out of bounds.
    error WithdrawalVaultInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);
    /// @notice The account is not a contract, so it cannot be the registry of keys.
    error WithdrawalVaultInvalidKeyRegistry(address keyRegistry);
    /// @notice The registry of keys is set already.
    error WithdrawalVaultKeyRegistryAlreadySet(address bound, address keyRegistry);
    /// @notice The registry of keys is not set yet.
    error WithdrawalVaultKeyRegistryNotSet();
    /// @notice Bytes that are not whole public keys of 48 bytes.
    error WithdrawalVaultInvalidKeysLength(uint256 length);
    /// @notice Two lists that belong together differ in length.
    error WithdrawalVaultLengthMismatch(uint256 first, uint256 second);
    /// @notice No request, or more than one call may carry.
    error WithdrawalVaultInvalidRequestCount(uint256 count, uint256 maximum);
    /// @notice More requests than the limit leaves now.
    error WithdrawalVaultLimitExceeded(uint256 count, uint256 available);
    /// @notice The validator of a consolidation or a switch is not the protocol's.
    error WithdrawalVaultUnknownValidator(bytes pubkey);
    /// @notice A partial withdrawal of nothing, which the beacon chain takes for a full exit.
    error WithdrawalVaultZeroAmount(bytes pubkey);
    /// @notice A consolidation of a validator with itself, which the beacon chain takes for a switch to 0x02 credentials.
    error WithdrawalVaultSameValidator(bytes pubkey);
    /// @notice The network has no such requests: its predeploy has no code, is not active yet or answers otherwise.
    error WithdrawalVaultFeatureUnavailable(address predeploy);
    /// @notice The network's fee is above what the caller accepts.
    /// @param fee Wei a request.
    /// @param maxFeePerRequest Wei a request that the caller accepts.
    error WithdrawalVaultFeeTooHigh(uint256 fee, uint256 maxFeePerRequest);
    /// @notice The value does not pay for the requests.
    /// @param value Wei sent.
    /// @param required Wei of fees.
    error WithdrawalVaultInsufficientFee(uint256 value, uint256 required);
    /// @notice The network's predeploy refused a request.
    error WithdrawalVaultRequestFailed(address predeploy);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Sends ether to the caller, who must hold POOL_ROLE.
    /// @param amount Wei to send.
    function withdrawEther(uint256 amount) external;

    /// @notice Requests full exits. Requires EXIT_ROLE; operators exit with their own signing keys. A validator that cannot
    /// exit yet (active for less than SHARD_COMMITTEE_PERIOD, 256 epochs, or with partial withdrawals pending) keeps
    /// running: the beacon chain drops the request, and the fee is spent. So it does for keys that are not the protocol's: the
    /// caller looks before it asks.
    /// @param pubkeys Public keys, 48 bytes each.
    /// @param maxFeePerRequest The most wei that a request may cost.
    function requestExits(bytes calldata pubkeys, uint256 maxFeePerRequest) external payable;

    /// @notice Requests partial withdrawals, which the beacon chain grants to validators with 0x02 credentials, down to
    /// 32 ether. Requires EXIT_ROLE.
    /// @param pubkeys Public keys, 48 bytes each.
    /// @param amountsGwei Gwei to withdraw from each, not 0.
    /// @param maxFeePerRequest The most wei that a request may cost.
    function requestPartialWithdrawals(bytes calldata pubkeys, uint64[] calldata amountsGwei, uint256 maxFeePerRequest)
        external
        payable;

    /// @notice Requests that validators with 0x01 credentials get 0x02 ones. Requires CONSOLIDATION_ROLE.
    /// @param pubkeys Public keys, 48 bytes each.
    /// @param maxFeePerRequest The most wei that a request may cost.
    function switchToCompounding(bytes calldata pubkeys, uint256 maxFeePerRequest) external payable;

    /// @notice Requests that each source ends and its balance moves to the target at the same place, which must have 0x02
    /// credentials. Requires CONSOLIDATION_ROLE.
    /// @param sources Public keys, 48 bytes each.
    /// @param targets Public keys, 48 bytes each; one may take several sources.
    /// @param maxFeePerRequest The most wei that a request may cost.
    function consolidate(bytes calldata sources, bytes calldata targets, uint256 maxFeePerRequest) external payable;

    /// @notice Switches new deposits between 0x01 and 0x02 credentials. Requires PARAMETER_ROLE.
    function setCompounding(bool newCompounding) external;

    /// @notice Sets the most requests of a day, of all kinds together. Requires PARAMETER_ROLE. The share that is used stays
    /// used: a limit that is lowered and raised again frees nothing.
    /// @param newExitLimit From 1 to 10,000.
    function setExitLimit(uint256 newExitLimit) external;

    /// @notice Fixes the registry that says which validators are the protocol's, once and for ever. Requires
    /// DEFAULT_ADMIN_ROLE.
    /// @param newKeyRegistry An IKeyRegistry.
    function setKeyRegistry(address newKeyRegistry) external;

    /// @notice The credentials that validators deposit with: 0x01 or 0x02, eleven zero bytes, this address.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/validator.md#eth1_address_withdrawal_prefix
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#withdrawal-prefixes
    function withdrawalCredentials() external view returns (bytes32);

    /// @notice Whether these are the vault's credentials, 0x01 or 0x02.
    function isOwnCredentials(bytes32 credentials) external view returns (bool);

    /// @notice Whether new deposits get 0x02 credentials.
    function compounding() external view returns (bool);

    /// @notice Says which validators are the protocol's; zero until it is set.
    function keyRegistry() external view returns (address);

    /// @notice The most requests of a day. They come back one by one over the day: after a day's rest all can be made at
    /// once, so any 24 hours see at most twice as many.
    function exitLimit() external view returns (uint256);

    /// @notice Requests that can be made now.
    function availableRequests() external view returns (uint256);

    /// @notice Wei that one exit or partial withdrawal costs in this block.
    function withdrawalRequestFee() external view returns (uint256);

    /// @notice Wei that one consolidation or switch costs in this block.
    function consolidationRequestFee() external view returns (uint256);
}
