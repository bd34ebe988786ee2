// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Bound} from "../../src/abstract/Bound.sol";
import {PoolBound} from "../../src/abstract/PoolBound.sol";
import {IBound} from "../../src/interfaces/IBound.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {Base} from "../support/Base.sol";

/// @dev A contract of two modules: the pool and another.
contract TwoModules is PoolBound {
    bytes32 public constant OTHER_ROLE = keccak256("OTHER_ROLE");

    function initialize(address admin) external initializer {
        __Governed_init(admin);
    }

    function _isBoundRole(bytes32 role) internal pure override returns (bool) {
        return role == OTHER_ROLE || super._isBoundRole(role);
    }
}

contract BoundTest is Base {
    TwoModules private modules;
    bytes32 private constant POOL_ROLE = keccak256("POOL_ROLE");
    bytes32 private constant OTHER_ROLE = keccak256("OTHER_ROLE");

    function setUp() public override {
        super.setUp();
        modules = TwoModules(proxy(address(new TwoModules()), abi.encodeCall(TwoModules.initialize, (admin))));
    }

    function grant(bytes32 role, address account) private {
        vm.prank(admin);
        modules.grantRole(role, account);
    }

    function refused(bytes32 role, address bound, address account) private {
        vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, role, bound, account));
        grant(role, account);
        assertFalse(modules.hasRole(role, account));
    }

    function test_bound_isNobodyBeforeTheFirstGrant() public view {
        assertEq(modules.boundAccount(POOL_ROLE), address(0));
        assertEq(modules.boundAccount(OTHER_ROLE), address(0));
        assertEq(modules.boundPool(), address(0));
    }

    function test_bound_atTheFirstGrant() public {
        vm.expectEmit(address(modules));
        emit IBound.RoleBound(POOL_ROLE, alice);
        grant(POOL_ROLE, alice);
        assertTrue(modules.hasRole(POOL_ROLE, alice));
        assertEq(modules.boundAccount(POOL_ROLE), alice);
        assertEq(modules.boundPool(), alice);
        refused(POOL_ROLE, alice, admin);
    }

    function test_bound_eachRoleForItself() public {
        grant(POOL_ROLE, alice);
        vm.expectEmit(address(modules));
        emit IBound.RoleBound(OTHER_ROLE, bob);
        grant(OTHER_ROLE, bob);
        assertEq(modules.boundAccount(POOL_ROLE), alice);
        assertEq(modules.boundAccount(OTHER_ROLE), bob);
        refused(POOL_ROLE, alice, bob);
        refused(OTHER_ROLE, bob, alice);
    }

    /// @dev Neither a revocation nor a renunciation opens the role to another.
    function test_bound_survivesRevocation() public {
        grant(POOL_ROLE, alice);
        vm.prank(admin);
        modules.revokeRole(POOL_ROLE, alice);
        refused(POOL_ROLE, alice, admin);
        grant(POOL_ROLE, alice);
        assertTrue(modules.hasRole(POOL_ROLE, alice));
        vm.prank(alice);
        modules.renounceRole(POOL_ROLE, alice);
        refused(POOL_ROLE, alice, bob);
        assertEq(modules.boundPool(), alice);
    }

    function test_bound_neverToNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        grant(POOL_ROLE, address(0));
        assertEq(modules.boundPool(), address(0));
        grant(POOL_ROLE, alice);
        refused(POOL_ROLE, alice, address(0));
    }

    function test_bound_onlyByTheRolesAdmin() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, mallory, DEFAULT_ADMIN_ROLE
            )
        );
        vm.prank(mallory);
        modules.grantRole(POOL_ROLE, mallory);
        assertEq(modules.boundPool(), address(0));
    }

    function testFuzz_bound_leavesOtherRolesFree(bytes32 role, address first, address second) public {
        vm.assume(role != POOL_ROLE && role != OTHER_ROLE);
        grant(role, first);
        grant(role, second);
        assertTrue(modules.hasRole(role, first) && modules.hasRole(role, second));
        assertEq(modules.boundAccount(role), address(0));
    }

    function testFuzz_bound_toOneAccount(address first, address second) public {
        vm.assume(first != address(0) && first != second);
        grant(OTHER_ROLE, first);
        refused(OTHER_ROLE, first, second);
        grant(OTHER_ROLE, first);
        assertEq(modules.boundAccount(OTHER_ROLE), first);
    }

    /// @dev The layout, re-derived: a change here unties every deployed proxy.
    function test_layout() public {
        grant(OTHER_ROLE, bob);
        bytes32 namespace =
            keccak256(abi.encode(uint256(keccak256("ethstake.storage.Bound")) - 1)) & ~bytes32(uint256(0xff));
        bytes32 slot = keccak256(abi.encode(OTHER_ROLE, namespace));
        assertEq(vm.load(address(modules), slot), bytes32(uint256(uint160(bob))));
    }

    /// @dev The contracts that serve the pool: registry and both vaults.
    function test_poolRole_isBoundForEver() public {
        address[3] memory targets = [address(registry), address(withdrawalVault), address(rewardsVault)];
        for (uint256 i = 0; i < targets.length; ++i) {
            PoolBound target = PoolBound(targets[i]);
            assertEq(target.boundPool(), address(pool));
            assertEq(Bound(targets[i]).boundAccount(POOL_ROLE), address(pool));
            bytes memory expected =
                abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, POOL_ROLE, address(pool), admin);
            vm.startPrank(admin);
            vm.expectRevert(expected);
            target.grantRole(POOL_ROLE, admin);
            target.revokeRole(POOL_ROLE, address(pool));
            vm.expectRevert(expected);
            target.grantRole(POOL_ROLE, admin);
            target.grantRole(POOL_ROLE, address(pool));
            vm.stopPrank();
            assertTrue(target.hasRole(POOL_ROLE, address(pool)));
        }
    }
}
