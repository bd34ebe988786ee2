// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IExecutionRewardsVault} from "../../src/interfaces/IExecutionRewardsVault.sol";
import {Base} from "../support/Base.sol";

/// @dev The rewards vault; test/unit/WithdrawalVault.t.sol has the other one.
contract VaultsTest is Base {
    function test_rewardsVault_receivesEther() public {
        vm.prank(alice);
        (bool success,) = address(rewardsVault).call{value: 2 ether}("");
        assertTrue(success);
        assertEq(address(rewardsVault).balance, 2 ether);
    }

    function test_withdrawRewards_toThePoolOnly() public {
        vm.deal(address(rewardsVault), 3 ether);
        vm.expectEmit(address(rewardsVault));
        emit IExecutionRewardsVault.RewardsWithdrawn(address(pool), 1 ether);
        vm.prank(address(pool));
        rewardsVault.withdrawRewards(1 ether);
        assertEq(address(pool).balance, 1 ether);
    }

    function test_withdrawRewards_revertsBeyondTheBalance() public {
        vm.deal(address(rewardsVault), 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IExecutionRewardsVault.ExecutionRewardsVaultInsufficientBalance.selector, 2 ether, 1 ether
            )
        );
        vm.prank(address(pool));
        rewardsVault.withdrawRewards(2 ether);
    }

    function test_withdrawRewards_revertsForOthers() public {
        vm.deal(address(rewardsVault), 1 ether);
        bytes32 role = rewardsVault.POOL_ROLE();
        address[4] memory others = [admin, upgrader, depositor, mallory];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[i], role)
            );
            vm.prank(others[i]);
            rewardsVault.withdrawRewards(1);
        }
    }
}
