// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IExecutionRewardsVault} from "../../src/interfaces/IExecutionRewardsVault.sol";
import {IPoolBound} from "../../src/interfaces/IPoolBound.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {Base} from "../support/Base.sol";

contract VaultsTest is Base {
    function test_withdrawalCredentials_are0x01AndTheAddress() public view {
        assertEq(
            withdrawalVault.withdrawalCredentials(),
            bytes32(bytes.concat(hex"010000000000000000000000", bytes20(address(withdrawalVault))))
        );
    }

    function test_vaults_receiveEther() public {
        vm.startPrank(alice);
        (bool first,) = address(withdrawalVault).call{value: 1 ether}("");
        (bool second,) = address(rewardsVault).call{value: 2 ether}("");
        vm.stopPrank();
        assertTrue(first && second);
        assertEq(address(withdrawalVault).balance, 1 ether);
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

    function test_withdrawEther_revertsBeyondTheBalance() public {
        vm.deal(address(withdrawalVault), 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultInsufficientBalance.selector, 2 ether, 1 ether)
        );
        vm.prank(address(pool));
        withdrawalVault.withdrawEther(2 ether);
    }

    /// @dev This version of the pool has no call for principal and refuses it, so that nothing is lost to accounting.
    function test_withdrawEther_isRefusedByThisPool() public {
        vm.deal(address(withdrawalVault), 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IStakingPool.StakingPoolUnexpectedEther.selector, address(withdrawalVault), 1 ether)
        );
        vm.prank(address(pool));
        withdrawalVault.withdrawEther(1 ether);
        assertEq(address(withdrawalVault).balance, 1 ether);
    }

    function test_withdrawEther_toTheCaller() public {
        vm.deal(address(withdrawalVault), 1 ether);
        // A pool that takes plain ether: an address without code in the pool's place.
        vm.etch(address(pool), "");
        vm.expectEmit(address(withdrawalVault));
        emit IWithdrawalVault.EtherWithdrawn(address(pool), 0.4 ether);
        vm.prank(address(pool));
        withdrawalVault.withdrawEther(0.4 ether);
        assertEq(address(pool).balance, 0.4 ether);
    }

    function test_vaults_revertForOthers() public {
        vm.deal(address(rewardsVault), 1 ether);
        vm.deal(address(withdrawalVault), 1 ether);
        bytes32 role = rewardsVault.POOL_ROLE();
        address[4] memory others = [admin, upgrader, reporter, mallory];
        for (uint256 i = 0; i < others.length; ++i) {
            bytes memory expected =
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[i], role);
            vm.startPrank(others[i]);
            vm.expectRevert(expected);
            rewardsVault.withdrawRewards(1);
            vm.expectRevert(expected);
            withdrawalVault.withdrawEther(1);
            vm.stopPrank();
        }
    }

    function test_poolRole_isBoundForEver() public {
        bytes32 role = withdrawalVault.POOL_ROLE();
        assertEq(withdrawalVault.boundPool(), address(pool));
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IPoolBound.PoolAlreadyBound.selector, address(pool), admin));
        withdrawalVault.grantRole(role, admin);
        withdrawalVault.revokeRole(role, address(pool));
        vm.expectRevert(abi.encodeWithSelector(IPoolBound.PoolAlreadyBound.selector, address(pool), admin));
        withdrawalVault.grantRole(role, admin);
        withdrawalVault.grantRole(role, address(pool));
        vm.stopPrank();
        assertTrue(withdrawalVault.hasRole(role, address(pool)));
    }
}
