// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The beacon chain's deposit contract.
/// @notice Signatures of the contract at 0x00000000219ab540356cBB839Cbe05303d7705Fa.
/// Specification: https://github.com/ethereum/consensus-specs/blob/master/solidity_deposit_contract/deposit_contract.sol
interface IDepositContract {
    /// @notice Submits a deposit; the value must be a multiple of 1 gwei and at least 1 ether.
    /// @param pubkey A BLS12-381 public key (48 bytes).
    /// @param withdrawal_credentials The commitment to an address for withdrawals (32 bytes).
    /// @param signature A BLS12-381 signature over the deposit message (96 bytes).
    /// @param deposit_data_root The SHA-256 hash of the SSZ-encoded DepositData.
    function deposit(
        bytes calldata pubkey,
        bytes calldata withdrawal_credentials,
        bytes calldata signature,
        bytes32 deposit_data_root
    ) external payable;

    /// @notice The root over all deposits made so far; it changes with each deposit.
    function get_deposit_root() external view returns (bytes32);

    /// @notice The number of deposits made so far, as 8 little-endian bytes.
    function get_deposit_count() external view returns (bytes memory);
}
