// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A pause that ends by itself.
/// @notice A guardian may stop a contract's ordinary work for 3 days, and again at the earliest 3 days after that: whoever
/// holds the role cannot hold the protocol. Claims of finalised withdrawals are never behind this pause.
interface IExpiringPause {
    /// @notice Work stopped.
    /// @param until Unix time at which it goes on by itself.
    event Paused(address indexed account, uint256 until);
    /// @notice Work goes on before the pause ran out.
    event Unpaused(address indexed account);

    /// @notice The operation is not possible while paused.
    error EnforcedPause(uint256 until);
    /// @notice The operation is possible only while paused.
    error ExpectedPause();
    /// @notice The last pause is too recent.
    /// @param from Unix time from which a pause is possible.
    error PauseTooSoon(uint256 from);

    /// @notice Stops the contract's ordinary work for 3 days. PAUSER_ROLE only.
    function pause() external;

    /// @notice Ends a pause early. RESUMER_ROLE only.
    function unpause() external;

    /// @notice Whether work is stopped.
    function paused() external view returns (bool);

    /// @notice Unix time at which the last pause ended or ends; 0 when there was none.
    function pausedUntil() external view returns (uint256);

    /// @notice Unix time from which a pause is possible.
    function nextPauseFrom() external view returns (uint256);
}
