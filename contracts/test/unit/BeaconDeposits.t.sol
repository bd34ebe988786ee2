// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Vm} from "forge-std/Vm.sol";
import {BeaconDeposits} from "../../src/BeaconDeposits.sol";
import {IBeaconDeposits} from "../../src/interfaces/IBeaconDeposits.sol";
import {IBound} from "../../src/interfaces/IBound.sol";
import {IExpiringPause} from "../../src/interfaces/IExpiringPause.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {DepositData} from "../../src/libraries/DepositData.sol";
import {DepositLogs} from "../support/DepositLogs.sol";

/// @dev Deployment, pre-deposits as the network's own deposit contract sees them, and stray ether.
contract BeaconDepositsTest is DepositLogs {
    /// @dev Pre-deposits with what the chain has now, but for what is changed.
    function attempt(uint256 maxKeys) private returns (uint256) {
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.prank(depositor);
        return deposits.preDeposit(maxKeys, root, nonce, credentials);
    }

    function nothingToDeposit(uint256 depositable, uint256 waiting) private {
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNothingToDeposit.selector, depositable, waiting)
        );
        vm.prank(depositor);
        deposits.preDeposit(100, root, nonce, credentials);
    }

    /* DEPLOYMENT */

    /// @dev Deploys an implementation: the module whose number is given is left out.
    function deploy(uint256 missing) public returns (BeaconDeposits) {
        address[6] memory modules = [
            address(depositContract),
            address(pool),
            address(registry),
            address(withdrawalVault),
            proofs,
            address(consensus)
        ];
        if (missing < 6) modules[missing] = address(0);
        return BeaconDeposits(payable(implementation("BeaconDeposits", abi.encode(modules))));
    }

    function test_constructor_needsItsModules() public {
        for (uint256 i = 0; i < 6; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
            this.deploy(i);
        }
        address target = address(this.deploy(6));
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(target, abi.encodeCall(BeaconDeposits.initialize, (address(0))));
    }

    function test_initialize_state() public {
        assertEq(address(deposits.depositContract()), address(depositContract));
        assertEq(address(deposits.pool()), address(pool));
        assertEq(address(deposits.registry()), address(registry));
        assertEq(address(deposits.withdrawalVault()), address(withdrawalVault));
        assertEq(address(deposits.proofs()), proofs);
        assertEq(address(deposits.consensus()), address(consensus));
        assertEq(deposits.waitingKeys(), 0);
        assertEq(deposits.preDepositedKeys(), 0);
        assertEq(deposits.attestationNonce(), 0);
        assertEq(deposits.MAX_KEYS_PER_CALL(), 100);
        assertEq(deposits.PRE_DEPOSIT(), 1 ether);
        assertEq(deposits.TOP_UP(), 31 ether);
        assertTrue(deposits.hasRole(DEFAULT_ADMIN_ROLE, admin));
        assertFalse(deposits.hasRole(deposits.DEPOSITOR_ROLE(), admin));
        BeaconDeposits fresh =
            BeaconDeposits(payable(proxy(address(this.deploy(6)), abi.encodeCall(BeaconDeposits.initialize, (admin)))));
        assertFalse(fresh.attestationAllowed());
    }

    /* PRE-DEPOSITS */

    function test_preDeposit_depositsOneEtherOfTheBonds() public {
        stakeAs(alice, 100 ether);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.recordLogs();
        vm.prank(depositor);
        assertEq(deposits.preDeposit(2, root, nonce, credentials), 2);
        Vm.Log[] memory logs = depositLogs();
        assertEq(logs.length, 2);
        checkDeposit(logs[0], 0, signatureOf(0), 1e9, 0);
        checkDeposit(logs[1], 1, signatureOf(1), 1e9, 1);
        assertEq(deposits.waitingKeys(), 2);
        assertEq(address(depositContract).balance, 2 ether);
        assertEq(registry.bondOf(1), 4 ether);
        // The pool's ether has not moved.
        assertEq(pool.bufferedEther(), 100 ether);
        assertEq(pool.depositedValidators(), 0);
        assertEq(address(deposits).balance, 0);
    }

    function test_preDeposit_event() public {
        stakeAs(alice, 100 ether);
        preDeposit(1);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.PreDeposited(2, credentials, 3);
        vm.prank(depositor);
        deposits.preDeposit(2, root, nonce, credentials);
    }

    /// @dev Of all keys since the beginning, whatever became of them.
    function test_preDeposit_isCounted() public {
        stakeAs(alice, 200 ether);
        preDeposit(3);
        assertEq(deposits.preDepositedKeys(), 3);
        attest(hashesOf(0, 1), hashesOf(1, 1));
        deposits.completeDeposits(pubkeyOf(0));
        assertEq(deposits.waitingKeys(), 1);
        assertEq(deposits.preDepositedKeys(), 3);
        preDeposit(1);
        assertEq(deposits.waitingKeys(), 2);
        assertEq(deposits.preDepositedKeys(), 4);
    }

    function test_preDeposit_expectations() public {
        stakeAs(alice, 100 ether);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.startPrank(depositor);
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsRootChanged.selector, bytes32(uint256(root) ^ 1), root)
        );
        deposits.preDeposit(1, bytes32(uint256(root) ^ 1), nonce, credentials);
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsKeysNonceChanged.selector, nonce + 1, nonce)
        );
        deposits.preDeposit(1, root, nonce + 1, credentials);
        bytes32 other = DepositData.executionCredentials(mallory);
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsCredentialsChanged.selector, other, credentials)
        );
        deposits.preDeposit(1, root, nonce, other);
        deposits.preDeposit(1, root, nonce, credentials);
        vm.stopPrank();
    }

    /// @dev As many keys as there is ether for, those that wait included.
    function test_preDeposit_limitedByEther() public {
        nothingToDeposit(0, 0);
        stakeAs(alice, 32 ether - 1);
        nothingToDeposit(32 ether - 1, 0);
        stakeAs(alice, 0.001 ether);
        assertEq(attempt(100), 1);
        nothingToDeposit(32 ether + 0.001 ether - 1, 1);
        stakeAs(alice, 63 ether);
        assertEq(attempt(100), 1);
        nothingToDeposit(95 ether + 0.001 ether - 1, 2);
        stakeAs(alice, 1 ether);
        assertEq(attempt(100), 1);
        assertEq(deposits.waitingKeys(), 3);
        // Ether that leaves lets more keys wait than there is ether for.
        vm.prank(parameters);
        pool.setReserve(40 ether);
        nothingToDeposit(56 ether + 0.001 ether - 1, 3);
    }

    function test_preDeposit_limitedByKeys() public {
        stakeAs(alice, 1000 ether);
        assertEq(attempt(3), 3);
        assertEq(attempt(100), 1);
        nothingToDeposit(1000 ether, 4);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNothingToDeposit.selector, 1000 ether, 4));
        vm.prank(depositor);
        deposits.preDeposit(0, root, nonce, credentials);
    }

    function test_preDeposit_atMost100() public {
        operatorWithKeys(bob, 100, 120);
        stakeAs(alice, 10_000 ether);
        assertEq(attempt(type(uint256).max), 100);
        assertEq(attempt(100), 24);
    }

    function test_preDeposit_depositorOnlyAndNotPaused() public {
        stakeAs(alice, 100 ether);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        bytes32 role = deposits.DEPOSITOR_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, admin, role));
        vm.prank(admin);
        deposits.preDeposit(1, root, nonce, credentials);
        vm.prank(pauser);
        deposits.pause();
        uint256 until = block.timestamp + 3 days;
        vm.expectRevert(abi.encodeWithSelector(IExpiringPause.EnforcedPause.selector, until));
        vm.prank(depositor);
        deposits.preDeposit(1, root, nonce, credentials);
        vm.warp(until);
        vm.prank(depositor);
        deposits.preDeposit(1, root, nonce, credentials);
    }

    /* ETHER AND ROLES */

    function test_receive_onlyFromPoolAndRegistry() public {
        address[4] memory others = [alice, address(distribution), address(withdrawalVault), depositor];
        for (uint256 i = 0; i < 4; ++i) {
            vm.deal(others[i], 1 ether);
            vm.prank(others[i]);
            (bool ok, bytes memory reason) = address(deposits).call{value: 1 ether}("");
            assertFalse(ok);
            assertEq(
                reason,
                abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsUnexpectedEther.selector, others[i], 1 ether)
            );
        }
        address[2] memory sources = [address(pool), address(registry)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.deal(sources[i], 1 ether);
            vm.prank(sources[i]);
            (bool ok,) = address(deposits).call{value: 1 ether}("");
            assertTrue(ok);
        }
    }

    function test_roles_ofTheModuleAreBound() public {
        bytes32 role = pool.DEPOSITS_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, role, address(deposits), admin));
        vm.prank(admin);
        pool.grantRole(role, admin);
    }
}
