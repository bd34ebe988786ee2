// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {BeaconDeposits} from "../../src/BeaconDeposits.sol";
import {CoverageFund} from "../../src/CoverageFund.sol";
import {IBound} from "../../src/interfaces/IBound.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {RewardDistribution} from "../../src/RewardDistribution.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev An implementation that would empty whatever it is put behind.
contract Thief is UUPSUpgradeable {
    function steal(address payable to) external {
        to.transfer(address(this).balance);
    }

    function _authorizeUpgrade(address) internal override {}
}

/// @dev Attackers with rights, or on their way to some: initialisation, upgrades, roles.
contract AttacksAccessTest is PoolTest {
    /// @dev Every contract behind a proxy.
    function proxies() private view returns (address[8] memory) {
        return [
            address(pool),
            address(registry),
            address(withdrawalVault),
            address(rewardsVault),
            address(coverageFund),
            address(consensus),
            address(deposits),
            address(distribution)
        ];
    }

    /// @dev Their implementations, made anew.
    function implementations() private returns (address[8] memory) {
        return [
            implementation("StakingPool", abi.encode(registry, withdrawalVault, rewardsVault)),
            implementation("OperatorRegistry", ""),
            implementation("WithdrawalVault", ""),
            implementation("ExecutionRewardsVault", ""),
            implementation("CoverageFund", ""),
            implementation("ReportConsensus", ""),
            implementation(
                "BeaconDeposits", abi.encode(depositContract, pool, registry, withdrawalVault, proofs, consensus)
            ),
            implementation(
                "RewardDistribution",
                abi.encode(pool, registry, coverageFund, consensus, lossReview, GENESIS_TIME, 12, 32, 225)
            )
        ];
    }

    /// @dev The call that would make an account the admin of each.
    function initializers(address account) private view returns (bytes[8] memory) {
        bytes memory plain = abi.encodeCall(CoverageFund.initialize, (account));
        return [
            plain,
            abi.encodeCall(OperatorRegistry.initialize, (account, BOND_PER_KEY)),
            plain,
            plain,
            plain,
            plain,
            abi.encodeCall(BeaconDeposits.initialize, (account)),
            abi.encodeCall(RewardDistribution.initialize, (account, treasury))
        ];
    }

    /// @dev A call of mallory that must fail for a reason.
    function expectRefused(address target, bytes memory data, bytes memory reason) private {
        vm.prank(mallory);
        (bool done, bytes memory answer) = target.call(data);
        assertFalse(done);
        assertEq(answer, reason);
    }

    /* INITIALISATION */

    function test_implementations_areLocked() public {
        address[8] memory targets = implementations();
        bytes[8] memory data = initializers(mallory);
        bytes memory reason = abi.encodeWithSelector(Initializable.InvalidInitialization.selector);
        for (uint256 i = 0; i < 8; ++i) {
            expectRefused(targets[i], data[i], reason);
        }
    }

    /// @dev A proxy is initialised in the transaction that makes it: who sees it comes too late.
    function test_proxies_cannotBeTaken() public {
        address[8] memory targets = proxies();
        bytes[8] memory data = initializers(mallory);
        bytes memory reason = abi.encodeWithSelector(Initializable.InvalidInitialization.selector);
        for (uint256 i = 0; i < 8; ++i) {
            expectRefused(targets[i], data[i], reason);
            assertTrue(IAccessControl(targets[i]).hasRole(DEFAULT_ADMIN_ROLE, admin));
            assertFalse(IAccessControl(targets[i]).hasRole(DEFAULT_ADMIN_ROLE, mallory));
        }
    }

    /* UPGRADES */

    function test_upgrades_areForTheUpgrader() public {
        address thief = address(new Thief());
        bytes memory data =
            abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (thief, abi.encodeCall(Thief.steal, (payable(mallory)))));
        address[8] memory targets = proxies();
        address[4] memory others = [mallory, admin, parameters, pauser];
        for (uint256 i = 0; i < 8; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                vm.prank(others[j]);
                (bool done, bytes memory answer) = targets[i].call(data);
                assertFalse(done);
                assertEq(
                    answer,
                    abi.encodeWithSelector(
                        IAccessControl.AccessControlUnauthorizedAccount.selector, others[j], keccak256("UPGRADER_ROLE")
                    )
                );
            }
        }
    }

    function test_implementations_cannotBeUpgradedDirectly() public {
        address[8] memory targets = implementations();
        bytes memory data = abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(new Thief()), ""));
        bytes memory reason = abi.encodeWithSelector(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
        for (uint256 i = 0; i < 8; ++i) {
            expectRefused(targets[i], data, reason);
        }
    }

    /// @dev The queue, which holds what is paid out, has no proxy and no upgrade, no roles and no owner.
    function test_queue_hasNobodyAboveIt() public {
        stakeAs(alice, 10 ether);
        requestAs(alice, 5 ether);
        frame(0);
        frame(0);
        bytes[5] memory calls = [
            abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(new Thief()), "")),
            abi.encodeCall(UUPSUpgradeable.proxiableUUID, ()),
            abi.encodeCall(IAccessControl.grantRole, (DEFAULT_ADMIN_ROLE, mallory)),
            abi.encodeWithSignature("transferOwnership(address)", mallory),
            abi.encodeWithSignature("initialize(address)", mallory)
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            expectRefused(address(queue), calls[i], "");
        }
        bytes32 slot = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
        assertEq(vm.load(address(queue), slot), 0);
        assertEq(address(queue).balance, 5 ether);
    }

    /* THE ADMIN AND PRINCIPAL */

    /// @dev The roles of modules, which move ether, are out of the admin's reach.
    function test_admin_cannotBecomeAModule() public {
        (address[] memory targets, bytes32[] memory roles, address[] memory holders) = moduleRoles();
        vm.startPrank(admin);
        for (uint256 i = 0; i < targets.length; ++i) {
            assertTrue(IAccessControl(targets[i]).hasRole(roles[i], holders[i]));
            vm.expectRevert(abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, roles[i], holders[i], admin));
            IAccessControl(targets[i]).grantRole(roles[i], admin);
        }
    }

    function moduleRoles()
        private
        view
        returns (address[] memory targets, bytes32[] memory roles, address[] memory holders)
    {
        targets = new address[](10);
        roles = new bytes32[](10);
        holders = new address[](10);
        (targets[0], roles[0], holders[0]) = (address(pool), pool.QUEUE_ROLE(), address(queue));
        (targets[1], roles[1], holders[1]) = (address(pool), pool.DEPOSITS_ROLE(), address(deposits));
        (targets[2], roles[2], holders[2]) = (address(pool), pool.DISTRIBUTION_ROLE(), address(distribution));
        (targets[3], roles[3], holders[3]) = (address(registry), registry.POOL_ROLE(), address(pool));
        (targets[4], roles[4], holders[4]) = (address(registry), registry.DEPOSITS_ROLE(), address(deposits));
        (targets[5], roles[5], holders[5]) = (address(registry), registry.DISTRIBUTION_ROLE(), address(distribution));
        (targets[6], roles[6], holders[6]) = (address(registry), registry.SERVICE_LEVEL_ROLE(), address(serviceLevel));
        (targets[7], roles[7], holders[7]) = (address(withdrawalVault), withdrawalVault.POOL_ROLE(), address(pool));
        (targets[8], roles[8], holders[8]) = (address(rewardsVault), rewardsVault.POOL_ROLE(), address(pool));
        (targets[9], roles[9], holders[9]) = (address(coverageFund), coverageFund.COVER_ROLE(), address(distribution));
    }

    /// @dev An admin with every other role but the upgrade, at their worst: fees, treasury, pauses, caps, reserve. Fees of a
    /// day's gain are all that it gets, and finalised withdrawals are paid all the same.
    function test_admin_reachesNoPrincipalWithItsRoles() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 2);
        uint256 id = requestAs(alice, 100 ether);
        settleFrame(64 ether);
        settleFrame(64 ether);
        vm.startPrank(admin);
        bytes32 role = pool.PARAMETER_ROLE();
        pool.grantRole(role, admin);
        pool.grantRole(pool.PAUSER_ROLE(), admin);
        deposits.grantRole(deposits.DEPOSITOR_ROLE(), admin);
        deposits.grantRole(deposits.PAUSER_ROLE(), admin);
        distribution.grantRole(role, admin);
        distribution.setTreasury(admin);
        distribution.setProtocolFeeBps(1_000);
        distribution.setMaxIncreaseBps(100);
        pool.setStakeCap(0);
        pool.setReserve(100_000 ether);
        pool.setStaleAfter(30 days);
        pool.pause();
        deposits.pause();
        vm.stopPrank();
        assertEq(claimAs(alice, id), 100 ether);
        vm.deal(address(rewardsVault), 100 ether);
        settleFrame(64 ether);
        // A tenth of 1 % of 900 ether.
        assertLe(pool.convertToAssets(pool.balanceOf(admin)), 0.9 ether);
        assertEq(admin.balance, 0);
        assertGe(pool.convertToAssets(pool.balanceOf(alice)), 900 ether);
    }

    /// @dev Ether leaves the protocol's contracts to each other, to claimants, to the deposit contract and to operators: of
    /// their calls with ether to give, each refuses the admin.
    function test_admin_isRefusedWhereEtherMoves() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(withdrawalVault), 1 ether);
        vm.deal(address(rewardsVault), 1 ether);
        vm.deal(address(coverageFund), 1 ether);
        address[7] memory targets = [
            address(pool),
            address(withdrawalVault),
            address(rewardsVault),
            address(coverageFund),
            address(registry),
            address(registry),
            address(registry)
        ];
        bytes[7] memory calls = [
            abi.encodeCall(StakingPool.takeForDeposits, (1)),
            abi.encodeWithSignature("withdrawEther(uint256)", 1),
            abi.encodeWithSignature("withdrawRewards(uint256)", 1),
            abi.encodeCall(CoverageFund.cover, (1)),
            abi.encodeCall(OperatorRegistry.takeKeys, (1)),
            abi.encodeCall(OperatorRegistry.charge, (1, 1)),
            abi.encodeWithSignature("applyReport((uint32,uint32,uint32,uint128)[])", 32, 0)
        ];
        for (uint256 i = 0; i < targets.length; ++i) {
            vm.prank(admin);
            (bool done, bytes memory answer) = targets[i].call(calls[i]);
            assertFalse(done);
            assertEq(bytes4(answer), IAccessControl.AccessControlUnauthorizedAccount.selector);
        }
    }
}
