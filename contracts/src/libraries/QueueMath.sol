// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What queued shares are worth.
/// @dev A rate is a ray (1e27) of wei per share, rounded down once when it is taken and once when it is applied: the sum
/// of what single requests pay is never above what was set aside for all of them.
library QueueMath {
    /// @dev One wei per share.
    uint256 internal constant RAY = 1e27;

    /// @dev Wei for `shares` at a rate: floor(shares * rate / RAY). Shares are below 2^96 and rates below 2^128.
    function assetsOf(uint256 shares, uint256 rate) internal pure returns (uint256) {
        return shares * rate / RAY;
    }
}
