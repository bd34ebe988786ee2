// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {DepositData} from "../../src/libraries/DepositData.sol";
import {VaultBase} from "../support/VaultBase.sol";

/// @dev Ether, credentials, settings and roles; test/unit/Requests.t.sol has the requests.
contract WithdrawalVaultTest is VaultBase {
    /// @dev Credentials with this prefix and padding for the vault.
    function credentialsOf(bytes12 prefix) private view returns (bytes32) {
        return bytes32(bytes.concat(prefix, bytes20(address(withdrawalVault))));
    }

    /* ETHER */

    function test_receive_takesEtherFromAnyone() public {
        vm.prank(alice);
        (bool success,) = address(withdrawalVault).call{value: 1 ether}("");
        assertTrue(success);
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

    function test_withdrawEther_revertsBeyondTheBalance() public {
        vm.deal(address(withdrawalVault), 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultInsufficientBalance.selector, 2 ether, 1 ether)
        );
        vm.prank(address(pool));
        withdrawalVault.withdrawEther(2 ether);
    }

    /* CREDENTIALS */

    function test_withdrawalCredentials_are0x01ByDefault() public view {
        assertFalse(withdrawalVault.compounding());
        assertEq(withdrawalVault.withdrawalCredentials(), credentialsOf(0x010000000000000000000000));
    }

    function test_setCompounding_switchesNewDeposits() public {
        vm.startPrank(parameters);
        vm.expectEmit(address(withdrawalVault));
        emit IWithdrawalVault.CompoundingSet(true);
        withdrawalVault.setCompounding(true);
        assertTrue(withdrawalVault.compounding());
        assertEq(withdrawalVault.withdrawalCredentials(), credentialsOf(0x020000000000000000000000));
        vm.expectEmit(address(withdrawalVault));
        emit IWithdrawalVault.CompoundingSet(false);
        withdrawalVault.setCompounding(false);
        vm.stopPrank();
        assertEq(withdrawalVault.withdrawalCredentials(), credentialsOf(0x010000000000000000000000));
    }

    /// @dev The deposit contract checks that the root and the credentials belong together.
    function test_setCompounding_reachesTheDeposit() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 32 ether);
        vm.prank(parameters);
        withdrawalVault.setCompounding(true);
        assertEq(preDeposit(1), 1);
        assertEq(depositCount(), 1);
    }

    function test_isOwnCredentials_bothPrefixes() public view {
        assertTrue(withdrawalVault.isOwnCredentials(credentialsOf(0x010000000000000000000000)));
        assertTrue(withdrawalVault.isOwnCredentials(credentialsOf(0x020000000000000000000000)));
    }

    function test_isOwnCredentials_nothingElse() public view {
        assertFalse(withdrawalVault.isOwnCredentials(0));
        assertFalse(withdrawalVault.isOwnCredentials(credentialsOf(0x000000000000000000000000)));
        assertFalse(withdrawalVault.isOwnCredentials(credentialsOf(0x030000000000000000000000)));
        assertFalse(withdrawalVault.isOwnCredentials(credentialsOf(0x010000000000000000000001)));
        assertFalse(withdrawalVault.isOwnCredentials(credentialsOf(0x020100000000000000000000)));
        assertFalse(withdrawalVault.isOwnCredentials(DepositData.executionCredentials(mallory)));
        assertFalse(withdrawalVault.isOwnCredentials(DepositData.compoundingCredentials(mallory)));
    }

    function testFuzz_isOwnCredentials_ofOtherBytes(bytes32 credentials) public view {
        bool own = credentials == credentialsOf(0x010000000000000000000000)
            || credentials == credentialsOf(0x020000000000000000000000);
        assertEq(withdrawalVault.isOwnCredentials(credentials), own);
    }

    /// @dev One bit off is not ours, wherever it is, but for the two that turn 0x01 into 0x02 together.
    function testFuzz_isOwnCredentials_oneBitOff(uint8 bit) public view {
        assertFalse(
            withdrawalVault.isOwnCredentials(credentialsOf(0x010000000000000000000000) ^ bytes32(uint256(1) << bit))
        );
    }

    /* SETTINGS */

    function test_initialize_setsTheDefaults() public {
        WithdrawalVault fresh = WithdrawalVault(payable(proxy(implementation("WithdrawalVault", ""), "")));
        vm.expectEmit(address(fresh));
        emit IWithdrawalVault.ExitLimitSet(100);
        fresh.initialize(admin);
        assertEq(fresh.exitLimit(), 100);
        assertEq(fresh.availableRequests(), 100);
        assertEq(fresh.keyRegistry(), address(0));
        assertFalse(fresh.compounding());
        assertEq(fresh.boundPool(), address(0));
    }

    function test_setExitLimit_withinItsBounds() public {
        vm.expectEmit(address(withdrawalVault));
        emit IWithdrawalVault.ExitLimitSet(1);
        setLimit(1);
        assertEq(withdrawalVault.availableRequests(), 1);
        setLimit(10_000);
        assertEq(withdrawalVault.exitLimit(), 10_000);
        assertEq(withdrawalVault.availableRequests(), 10_000);
        bytes4 selector = IWithdrawalVault.WithdrawalVaultInvalidParameter.selector;
        vm.startPrank(parameters);
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 1, 10_000));
        withdrawalVault.setExitLimit(0);
        vm.expectRevert(abi.encodeWithSelector(selector, 10_001, 1, 10_000));
        withdrawalVault.setExitLimit(10_001);
        // Would pass if it were truncated first.
        vm.expectRevert(abi.encodeWithSelector(selector, uint256(1 << 16) + 1, 1, 10_000));
        withdrawalVault.setExitLimit(uint256(1 << 16) + 1);
        vm.stopPrank();
    }

    function test_setKeyRegistry_onceForEver() public {
        WithdrawalVault fresh = WithdrawalVault(
            payable(proxy(implementation("WithdrawalVault", ""), abi.encodeCall(WithdrawalVault.initialize, (admin))))
        );
        bytes4 invalid = IWithdrawalVault.WithdrawalVaultInvalidKeyRegistry.selector;
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(invalid, address(0)));
        fresh.setKeyRegistry(address(0));
        vm.expectRevert(abi.encodeWithSelector(invalid, alice));
        fresh.setKeyRegistry(alice);

        vm.expectEmit(address(fresh));
        emit IWithdrawalVault.KeyRegistrySet(address(keyRegistry));
        fresh.setKeyRegistry(address(keyRegistry));
        assertEq(fresh.keyRegistry(), address(keyRegistry));

        bytes4 already = IWithdrawalVault.WithdrawalVaultKeyRegistryAlreadySet.selector;
        vm.expectRevert(abi.encodeWithSelector(already, address(keyRegistry), address(registry)));
        fresh.setKeyRegistry(address(registry));
        vm.expectRevert(abi.encodeWithSelector(already, address(keyRegistry), address(keyRegistry)));
        fresh.setKeyRegistry(address(keyRegistry));
        vm.stopPrank();
    }

    /* ROLES */

    function test_calls_revertForOthers() public {
        bytes memory pubkeys = pubkeysOf(0, 1);
        refuses(withdrawalVault.POOL_ROLE(), abi.encodeCall(IWithdrawalVault.withdrawEther, (0)));
        refuses(withdrawalVault.DEFAULT_ADMIN_ROLE(), abi.encodeCall(IWithdrawalVault.setKeyRegistry, (mallory)));
        bytes32 parameterRole = withdrawalVault.PARAMETER_ROLE();
        refuses(parameterRole, abi.encodeCall(IWithdrawalVault.setCompounding, (true)));
        refuses(parameterRole, abi.encodeCall(IWithdrawalVault.setExitLimit, (10_000)));
        bytes32 exitRole = withdrawalVault.EXIT_ROLE();
        refuses(exitRole, abi.encodeCall(IWithdrawalVault.requestExits, (pubkeys, 1)));
        refuses(exitRole, abi.encodeCall(IWithdrawalVault.requestPartialWithdrawals, (pubkeys, amountsOf(1, 1), 1)));
        bytes32 consolidationRole = withdrawalVault.CONSOLIDATION_ROLE();
        refuses(consolidationRole, abi.encodeCall(IWithdrawalVault.switchToCompounding, (pubkeys, 1)));
        refuses(consolidationRole, abi.encodeCall(IWithdrawalVault.consolidate, (pubkeys, pubkeysOf(1, 1), 1)));
    }

    /// @dev Who was given EXIT_ROLE last is looked up in another place than the others: both lose it for good.
    function test_exitRole_ofTwo_endsForEach() public {
        bytes32 role = withdrawalVault.EXIT_ROLE();
        vm.prank(admin);
        withdrawalVault.grantRole(role, bob);
        vm.deal(bob, 1 ether);
        exitAs(keeper, 0, 1);
        exitAs(bob, 1, 1);

        vm.prank(admin);
        withdrawalVault.revokeRole(role, bob);
        assertExitRefused(bob);
        exitAs(keeper, 2, 1);
        vm.prank(keeper);
        withdrawalVault.renounceRole(role, keeper);
        assertExitRefused(keeper);
        assertEq(queued(withdrawals), 3);

        // Again, in the other order: the one that stands apart outlives the other.
        vm.startPrank(admin);
        withdrawalVault.grantRole(role, bob);
        withdrawalVault.grantRole(role, keeper);
        withdrawalVault.revokeRole(role, bob);
        vm.stopPrank();
        assertExitRefused(bob);
        exitAs(keeper, 3, 1);
        vm.prank(keeper);
        withdrawalVault.renounceRole(role, keeper);
        assertExitRefused(keeper);
    }

    /// @dev Whatever is given, taken and given back: who may request exits is who has the role.
    function testFuzz_exitRole_isWhatHasRoleSays(uint8[24] calldata steps) public {
        bytes32 role = withdrawalVault.EXIT_ROLE();
        address[3] memory accounts = [keeper, alice, bob];
        setLimit(10_000);
        for (uint256 i = 0; i < steps.length; ++i) {
            address account = accounts[steps[i] % 3];
            uint256 action = (steps[i] / 3) % 3;
            vm.prank(action == 2 ? account : admin);
            if (action == 0) withdrawalVault.grantRole(role, account);
            else if (action == 1) withdrawalVault.revokeRole(role, account);
            else withdrawalVault.renounceRole(role, account);
            for (uint256 j = 0; j < accounts.length; ++j) {
                if (withdrawalVault.hasRole(role, accounts[j])) {
                    vm.deal(accounts[j], 1 ether);
                    exitAs(accounts[j], 0, 1);
                } else {
                    assertExitRefused(accounts[j]);
                }
            }
        }
    }

    /// @dev Roles of others, given and taken, leave EXIT_ROLE where it is.
    function test_exitRole_isNotTouchedByOtherRoles() public {
        bytes32 role = withdrawalVault.PARAMETER_ROLE();
        vm.startPrank(admin);
        withdrawalVault.grantRole(role, mallory);
        withdrawalVault.grantRole(role, keeper);
        withdrawalVault.revokeRole(role, keeper);
        vm.stopPrank();
        assertExitRefused(mallory);
        exitAs(keeper, 0, 1);
    }

    function assertExitRefused(address caller) private {
        bytes32 role = withdrawalVault.EXIT_ROLE();
        assertFalse(withdrawalVault.hasRole(role, caller));
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, caller, role));
        vm.prank(caller);
        withdrawalVault.requestExits(pubkeyOf(0), 1);
    }

    /// @dev That nobody but the role's holder may make a call.
    function refuses(bytes32 role, bytes memory data) private {
        address[8] memory callers = [admin, upgrader, parameters, keeper, consolidator, address(pool), manager, mallory];
        for (uint256 i = 0; i < callers.length; ++i) {
            if (withdrawalVault.hasRole(role, callers[i])) continue;
            vm.prank(callers[i]);
            (bool success, bytes memory reason) = address(withdrawalVault).call(data);
            assertFalse(success);
            assertEq(
                reason,
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, callers[i], role)
            );
        }
    }

    /* STORAGE */

    /// @dev The layout, re-derived: a change here breaks every deployed proxy.
    function test_layout() public {
        uint256 slot = uint256(
            keccak256(abi.encode(uint256(keccak256("ethstake.storage.WithdrawalVault")) - 1)) & ~bytes32(uint256(0xff))
        );
        vm.prank(parameters);
        withdrawalVault.setCompounding(true);
        exitAs(keeper, 0, 50);
        uint256 clearAt = (block.timestamp + 0.5 days) * 1e9;
        assertEq(
            uint256(vm.load(address(withdrawalVault), bytes32(slot))),
            uint256(100) | uint256(1) << 16 | clearAt << 24 | uint256(uint160(keeper)) << 88
        );
        assertEq(uint256(vm.load(address(withdrawalVault), bytes32(slot + 1))), uint160(address(keyRegistry)));
    }
}
