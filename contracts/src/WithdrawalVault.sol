// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {PoolBound} from "./abstract/PoolBound.sol";
import {IWithdrawalVault} from "./interfaces/IWithdrawalVault.sol";
import {DepositData} from "./libraries/DepositData.sol";

/// @title The target of all validators' withdrawal credentials.
contract WithdrawalVault is IWithdrawalVault, PoolBound {
    /// @dev Withdrawals of the beacon chain arrive without a call; this serves everyone else.
    receive() external payable {}

    /// @inheritdoc IWithdrawalVault
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
    }

    /// @inheritdoc IWithdrawalVault
    function withdrawEther(uint256 amount) external override onlyRole(POOL_ROLE) {
        uint256 balance = address(this).balance;
        if (amount > balance) revert WithdrawalVaultInsufficientBalance(amount, balance);
        emit EtherWithdrawn(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc IWithdrawalVault
    function withdrawalCredentials() external view override returns (bytes32) {
        return DepositData.executionCredentials(address(this));
    }

    function isOwnCredentials(bytes32 credentials) external view returns (bool) {
        return credentials == DepositData.executionCredentials(address(this));
    }
}
