// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IExpiringPause} from "../interfaces/IExpiringPause.sol";
import {Governed} from "./Governed.sol";

/// @dev A guardian's pause that expires and cannot be repeated at once.
abstract contract ExpiringPause is IExpiringPause, Governed {
    /// @custom:storage-location erc7201:ethstake.storage.ExpiringPause
    struct ExpiringPauseStorage {
        uint40 pausedUntil;
        uint40 nextPauseFrom;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.ExpiringPause")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant EXPIRING_PAUSE_STORAGE =
        0x4f95fe9b6b36c9eb85f5620c60efb977ee362e92b5fa0dedf63d8b96dce6d400;

    /// @notice May pause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    /// @notice May end a pause early.
    bytes32 public constant RESUMER_ROLE = keccak256("RESUMER_ROLE");
    /// @notice Seconds that a pause lasts.
    uint256 public constant PAUSE_DURATION = 3 days;
    /// @notice Seconds between the end of a pause and the next one.
    uint256 public constant PAUSE_COOLDOWN = 3 days;

    /// @dev Stops the call while paused.
    modifier whenNotPaused() {
        _requireNotPaused();
        _;
    }

    /// @inheritdoc IExpiringPause
    function pause() external override onlyRole(PAUSER_ROLE) {
        ExpiringPauseStorage storage $ = _pauseStorage();
        if (block.timestamp < $.nextPauseFrom) revert PauseTooSoon($.nextPauseFrom);
        // A Unix time is below 2^40 for another 34,000 years.
        $.pausedUntil = uint40(block.timestamp + PAUSE_DURATION);
        $.nextPauseFrom = uint40(block.timestamp + PAUSE_DURATION + PAUSE_COOLDOWN);
        emit Paused(msg.sender, block.timestamp + PAUSE_DURATION);
    }

    /// @inheritdoc IExpiringPause
    function unpause() external override onlyRole(RESUMER_ROLE) {
        if (!paused()) revert ExpectedPause();
        _pauseStorage().pausedUntil = uint40(block.timestamp);
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IExpiringPause
    function paused() public view override returns (bool) {
        return block.timestamp < _pauseStorage().pausedUntil;
    }

    /// @inheritdoc IExpiringPause
    function pausedUntil() external view override returns (uint256) {
        return _pauseStorage().pausedUntil;
    }

    /// @inheritdoc IExpiringPause
    function nextPauseFrom() external view override returns (uint256) {
        return _pauseStorage().nextPauseFrom;
    }

    /// @dev Reverts while paused.
    function _requireNotPaused() internal view {
        uint256 until = _pauseStorage().pausedUntil;
        if (block.timestamp < until) revert EnforcedPause(until);
    }

    /// @dev The namespaced storage (ERC-7201).
    function _pauseStorage() private pure returns (ExpiringPauseStorage storage $) {
        assembly {
            $.slot := EXPIRING_PAUSE_STORAGE
        }
    }
}
