// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {Base} from "../support/Base.sol";

/// @dev An implementation that would empty whatever it is put behind.
contract Thief is UUPSUpgradeable {
    function steal(address payable to) external {
        to.transfer(address(this).balance);
    }

    function _authorizeUpgrade(address) internal override {}
}

/// @dev A later version: it initialises what it adds, in a slot of its own.
contract Later is Initializable, UUPSUpgradeable {
    bytes32 private constant ADDED = keccak256("a test's own slot");

    function initializeLater(uint256 value) external reinitializer(2) {
        bytes32 slot = ADDED;
        assembly {
            sstore(slot, value)
        }
    }

    function added() external view returns (uint256 value) {
        bytes32 slot = ADDED;
        assembly {
            value := sload(slot)
        }
    }

    function _authorizeUpgrade(address) internal override {}
}

/// @dev Upgrades of all contracts behind proxies.
contract UpgradeTest is Base {
    uint256 private constant CONTRACTS = 9;

    function setUp() public override {
        super.setUp();
        operatorWithKeys(manager, 0, 4);
        stakeAs(alice, 200 ether);
        depositKeys(0, 2);
        preDeposit(1);
        coverageFund.deposit{value: 1 ether}();
        vm.deal(address(rewardsVault), 0.5 ether);
        vm.prank(alice);
        queue.requestWithdrawal(1 ether, alice);
        settleFrame(64.1 ether);
        vm.deal(address(withdrawalVault), 0.1 ether);
    }

    function proxyAt(uint256 i) private view returns (address) {
        return [
            address(pool),
            address(registry),
            address(withdrawalVault),
            address(rewardsVault),
            address(coverageFund),
            address(consensus),
            address(deposits),
            address(distribution),
            address(serviceLevel)
        ][i];
    }

    /// @dev A new implementation of each, with the same modules.
    function newImplementation(uint256 i) private returns (address) {
        if (i == 0) return implementation("StakingPool", abi.encode(registry, withdrawalVault, rewardsVault));
        if (i == 1) return implementation("OperatorRegistry", "");
        if (i == 2) return implementation("WithdrawalVault", "");
        if (i == 3) return implementation("ExecutionRewardsVault", "");
        if (i == 4) return implementation("CoverageFund", "");
        if (i == 5) return implementation("ReportConsensus", "");
        if (i == 6) {
            return implementation(
                "BeaconDeposits", abi.encode(depositContract, pool, registry, withdrawalVault, proofs, consensus)
            );
        }
        if (i == 8) {
            return implementation(
                "ServiceLevel",
                abi.encode(
                    registry,
                    coverageFund,
                    consensus,
                    proofs,
                    withdrawalVault,
                    GENESIS_TIME,
                    SECONDS_PER_SLOT,
                    32,
                    WINDOW_EPOCHS,
                    1 days
                )
            );
        }
        return implementation(
            "RewardDistribution",
            abi.encode(
                pool,
                registry,
                coverageFund,
                consensus,
                lossReview,
                GENESIS_TIME,
                SECONDS_PER_SLOT,
                32,
                EPOCHS_PER_FRAME
            )
        );
    }

    function implementationOf(address target) private view returns (address) {
        return address(uint160(uint256(vm.load(target, ERC1967Utils.IMPLEMENTATION_SLOT))));
    }

    /// @dev What the contracts show.
    function state() private view returns (bytes memory) {
        bytes memory ofPool = abi.encode(
            pool.totalPooledEther(),
            pool.bufferedEther(),
            pool.depositedValidators(),
            pool.totalSupply(),
            pool.balanceOf(alice),
            pool.sharePrice(),
            pool.stakeCap(),
            pool.lastFrameTime(),
            pool.DOMAIN_SEPARATOR(),
            pool.withdrawalQueue()
        );
        bytes memory ofOperators = abi.encode(
            registry.operator(1),
            registry.depositableKeys(),
            registry.keysNonce(),
            registry.activeKeys(),
            registry.claimableRewards(1),
            registry.bondPerKey(),
            registry.boundPool()
        );
        bytes memory ofReports = abi.encode(
            distribution.lastRefSlot(),
            distribution.creditedValidators(),
            distribution.treasury(),
            distribution.maxLossBps(),
            consensus.members(),
            consensus.agreed(0),
            consensus.voteOf(0, members[1])
        );
        bytes memory ofDeposits = abi.encode(
            deposits.waitingKeys(),
            deposits.preDepositedKeys(),
            deposits.attestationNonce(),
            deposits.attestationAllowed(),
            withdrawalVault.withdrawalCredentials(),
            withdrawalVault.boundPool(),
            rewardsVault.boundPool(),
            coverageFund.boundAccount(coverageFund.COVER_ROLE())
        );
        bytes memory ofService = abi.encode(
            serviceLevel.appealWindow(),
            serviceLevel.breachLimit(),
            serviceLevel.allowedDowntimeBps(),
            serviceLevel.penaltyPerMissedEpoch(),
            serviceLevel.maxPenaltyBps()
        );
        return abi.encode(ofPool, ofOperators, ofReports, ofDeposits, ofService);
    }

    /* UPGRADES */

    function test_upgrade_keepsTheStateOfAll() public {
        bytes memory before = state();
        uint256[CONTRACTS] memory balances;
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            balances[i] = proxyAt(i).balance;
            address target = newImplementation(i);
            vm.prank(upgrader);
            UUPSUpgradeable(proxyAt(i)).upgradeToAndCall(target, "");
            assertEq(implementationOf(proxyAt(i)), target);
            assertEq(state(), before);
        }
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            assertEq(proxyAt(i).balance, balances[i]);
            assertTrue(IAccessControl(proxyAt(i)).hasRole(DEFAULT_ADMIN_ROLE, admin));
        }
        // And all goes on.
        attest(hashesOf(2, 1), new bytes32[](0));
        deposits.completeDeposits(pubkeyOf(2));
        depositKeys(3, 1);
        settleFrame(128.1 ether);
        vm.prank(alice);
        queue.claim(1);
        assertGt(registry.claimRewards(1), 0);
    }

    function test_upgrade_initialisesWhatIsNew() public {
        address later = address(new Later());
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            address old = implementationOf(proxyAt(i));
            vm.startPrank(upgrader);
            UUPSUpgradeable(proxyAt(i)).upgradeToAndCall(later, abi.encodeCall(Later.initializeLater, (7 + i)));
            assertEq(Later(proxyAt(i)).added(), 7 + i);
            vm.expectRevert(Initializable.InvalidInitialization.selector);
            Later(proxyAt(i)).initializeLater(1);
            UUPSUpgradeable(proxyAt(i)).upgradeToAndCall(old, "");
            vm.stopPrank();
        }
        settleFrame(64.1 ether);
    }

    function test_upgrade_isRefusedToOthers() public {
        address[5] memory others = [mallory, admin, parameters, pauser, membership];
        address thief = address(new Thief());
        bytes32 role = pool.UPGRADER_ROLE();
        assertEq(role, keccak256("UPGRADER_ROLE"));
        bytes memory data = abi.encodeCall(Thief.steal, (payable(mallory)));
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            assertEq(IGoverned(proxyAt(i)).UPGRADER_ROLE(), role);
            for (uint256 j = 0; j < 5; ++j) {
                vm.expectRevert(
                    abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[j], role)
                );
                vm.prank(others[j]);
                UUPSUpgradeable(proxyAt(i)).upgradeToAndCall(thief, data);
            }
        }
    }

    function test_upgrade_refusesWhatIsNotAnImplementation() public {
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            vm.startPrank(upgrader);
            vm.expectRevert(
                abi.encodeWithSelector(ERC1967Utils.ERC1967InvalidImplementation.selector, address(depositContract))
            );
            UUPSUpgradeable(proxyAt(i)).upgradeToAndCall(address(depositContract), "");
            vm.expectRevert();
            UUPSUpgradeable(proxyAt(i)).upgradeToAndCall(alice, "");
            vm.stopPrank();
        }
    }

    /* IMPLEMENTATIONS */

    /// @dev The initialiser of each.
    function initializer(uint256 i) private view returns (bytes memory) {
        if (i == 1) return abi.encodeCall(IOperatorRegistry.initialize, (mallory, 1 ether));
        if (i == 7) return abi.encodeWithSignature("initialize(address,address)", mallory, mallory);
        return abi.encodeWithSignature("initialize(address)", mallory);
    }

    function expectInvalidInitialization(address target, uint256 i) private {
        (bool ok, bytes memory reason) = target.call(initializer(i));
        assertFalse(ok);
        assertEq(reason, abi.encodeWithSelector(Initializable.InvalidInitialization.selector));
    }

    function test_implementations_cannotBeInitialised() public {
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            address target = newImplementation(i);
            expectInvalidInitialization(target, i);
            // Nor may anyone be its upgrader.
            assertFalse(IAccessControl(target).hasRole(DEFAULT_ADMIN_ROLE, mallory));
        }
    }

    function test_implementations_cannotBeUpgradedDirectly() public {
        address thief = address(new Thief());
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            address target = newImplementation(i);
            assertEq(UUPSUpgradeable(target).proxiableUUID(), ERC1967Utils.IMPLEMENTATION_SLOT);
            vm.expectRevert(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
            UUPSUpgradeable(target).upgradeToAndCall(thief, "");
        }
    }

    function test_proxies_cannotBeInitialisedAgain() public {
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            expectInvalidInitialization(proxyAt(i), i);
        }
    }

    /// @dev A proxy is initialised in the call that makes it, or anyone could.
    function test_initializers_workOnFreshProxies() public {
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            address fresh = proxy(newImplementation(i), initializer(i));
            assertTrue(IAccessControl(fresh).hasRole(DEFAULT_ADMIN_ROLE, mallory));
        }
    }

    /* SIZES */

    /// @dev Runtime sizes stay below the limit of EIP-170.
    function test_sizes() public {
        for (uint256 i = 0; i < CONTRACTS; ++i) {
            assertLt(newImplementation(i).code.length, 24_576);
        }
        assertLt(address(queue).code.length, 24_576);
        assertLt(address(pool).code.length, 24_576);
    }
}
