// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {PoolBound} from "./abstract/PoolBound.sol";
import {IExecutionRewardsVault} from "./interfaces/IExecutionRewardsVault.sol";

/// @title The fee recipient of all validators.
contract ExecutionRewardsVault is IExecutionRewardsVault, PoolBound {
    /// @dev A proposer's fees arrive without a call, builders' payments through here: no event, to keep them cheap.
    receive() external payable {}

    /// @inheritdoc IExecutionRewardsVault
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
    }

    /// @inheritdoc IExecutionRewardsVault
    function withdrawRewards(uint256 amount) external override onlyRole(POOL_ROLE) {
        uint256 balance = address(this).balance;
        if (amount > balance) revert ExecutionRewardsVaultInsufficientBalance(amount, balance);
        emit RewardsWithdrawn(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }
}
