// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Ether that covers losses before the share price falls.
/// @notice Anyone may pay in. The ether can never be taken back: it leaves through `cover` alone, to the one account that
/// COVER_ROLE is bound to.
interface ICoverageFund {
    /// @notice Ether was paid in.
    /// @param sender Who paid.
    /// @param amount Wei.
    event Deposited(address indexed sender, uint256 amount);
    /// @notice A loss was covered as far as the fund reaches.
    /// @param to Received the ether.
    /// @param amount Wei asked for.
    /// @param covered Wei sent.
    event Covered(address indexed to, uint256 amount, uint256 covered);

    /// @notice The call needs a non-zero amount.
    error CoverageFundZeroAmount();

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Pays the value in, as a plain transfer does. Anyone may.
    function deposit() external payable;

    /// @notice Sends ether to the caller, who must hold COVER_ROLE: what was asked for, or all there is if that is less. A
    /// fund that is empty covers nothing and does not revert, so that a loss can be reported all the same.
    /// @param amount Wei to cover.
    /// @return covered Wei sent.
    function cover(uint256 amount) external returns (uint256 covered);
}
