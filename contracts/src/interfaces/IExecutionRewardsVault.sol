// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The fee recipient of all validators.
/// @notice Holds execution-layer rewards (priority fees and MEV) until the pool settles them. A block's fees arrive
/// without a call, builders' payments by a plain transfer.
interface IExecutionRewardsVault {
    /// @notice Rewards left for the pool.
    /// @param to The pool.
    /// @param amount Wei sent.
    event RewardsWithdrawn(address indexed to, uint256 amount);

    /// @notice The vault holds less than was asked for.
    /// @param amount Wei asked for.
    /// @param balance Wei held.
    error ExecutionRewardsVaultInsufficientBalance(uint256 amount, uint256 balance);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Sends rewards to the caller, who must hold POOL_ROLE.
    /// @param amount Wei to send.
    function withdrawRewards(uint256 amount) external;
}
