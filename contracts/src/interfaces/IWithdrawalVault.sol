// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The target of all validators' withdrawal credentials.
/// @notice Holds what the beacon chain pays out: partial withdrawals and exited principal. Withdrawals arrive without a
/// call (EIP-4895). Nothing leaves but to the pool.
interface IWithdrawalVault {
    /// @notice Ether left for the pool.
    /// @param to The pool.
    /// @param amount Wei sent.
    event EtherWithdrawn(address indexed to, uint256 amount);

    /// @notice The vault holds less than was asked for.
    /// @param amount Wei asked for.
    /// @param balance Wei held.
    error WithdrawalVaultInsufficientBalance(uint256 amount, uint256 balance);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Sends ether to the caller, who must hold POOL_ROLE.
    /// @param amount Wei to send.
    function withdrawEther(uint256 amount) external;

    /// @notice The credentials that validators deposit with: 0x01, eleven zero bytes, this address.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/validator.md#eth1_address_withdrawal_prefix
    function withdrawalCredentials() external view returns (bytes32);

    function isOwnCredentials(bytes32 credentials) external view returns (bool);
}
