// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What the lanes of a ReportConsensus are for.
library Lanes {
    /// @dev Reports of a frame's totals (RewardDistribution), by oracle members and by the reviewers of large losses.
    uint256 internal constant REPORT = 0;
    /// @dev Reports of operators' downtime (ServiceLevel).
    uint256 internal constant SERVICE_LEVEL = 1;
    /// @dev Attested withdrawal credentials (BeaconDeposits).
    uint256 internal constant CREDENTIALS = 2;
    /// @dev The emergency stop of claims (WithdrawalQueue), by guardians.
    uint256 internal constant EMERGENCY = 3;
}
