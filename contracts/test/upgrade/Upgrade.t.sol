// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {CoverageFund} from "../../src/CoverageFund.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IDepositContract} from "../../src/interfaces/IDepositContract.sol";
import {Base} from "../support/Base.sol";

/// @dev A later pool: one more function and a namespace of its own for what it adds.
contract StakingPoolNext is StakingPool {
    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.Next")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant NEXT = keccak256("a test's own slot");

    constructor(IDepositContract depositContract_) StakingPool(depositContract_) {}

    function initializeNext(uint256 value) external reinitializer(2) {
        bytes32 slot = NEXT;
        assembly {
            sstore(slot, value)
        }
    }

    function added() external view returns (uint256 value) {
        bytes32 slot = NEXT;
        assembly {
            value := sload(slot)
        }
    }
}

contract UpgradeTest is Base {
    /// @dev ERC-7201: keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~bytes32(uint256(0xff)).
    function namespaceOf(string memory id) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(uint256(keccak256(bytes(id))) - 1)) & ~bytes32(uint256(0xff)));
    }

    function load(address target, uint256 slot) private view returns (uint256) {
        return uint256(vm.load(target, bytes32(slot)));
    }

    function state() private view returns (bytes memory) {
        return abi.encode(
            pool.totalPooledEther(),
            pool.bufferedEther(),
            pool.depositedValidators(),
            pool.totalSupply(),
            pool.balanceOf(alice),
            pool.sharePrice(),
            pool.stakeCap(),
            pool.lastSettlement(),
            pool.hasRole(pool.DEPOSITOR_ROLE(), depositor),
            pool.DOMAIN_SEPARATOR(),
            address(pool.operatorRegistry())
        );
    }

    function test_upgrade_keepsThePool() public {
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 100 ether);
        depositAs(depositor, 2);
        vm.deal(address(rewardsVault), 1 ether);
        settle(0.5 ether);
        bytes memory before = state();

        address implementation = address(new StakingPoolNext(depositContract));
        vm.prank(upgrader);
        pool.upgradeToAndCall(implementation, abi.encodeCall(StakingPoolNext.initializeNext, (7)));

        assertEq(state(), before);
        assertEq(StakingPoolNext(payable(address(pool))).added(), 7);
        assertEq(load(address(pool), uint256(ERC1967Utils.IMPLEMENTATION_SLOT)), uint160(implementation));
        assertEq(depositAs(depositor, 1), 1);
        stakeAs(bob, 1 ether);
    }

    function test_upgrade_keepsTheRegistryAndVaults() public {
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 100 ether);
        depositAs(depositor, 1);
        bytes memory before = abi.encode(registry.operator(1), registry.depositableKeys(), registry.keysNonce());
        address newRegistry = address(new OperatorRegistry());
        address newVault = address(new WithdrawalVault());
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.startPrank(upgrader);
        registry.upgradeToAndCall(newRegistry, "");
        withdrawalVault.upgradeToAndCall(newVault, "");
        vm.stopPrank();
        assertEq(abi.encode(registry.operator(1), registry.depositableKeys(), registry.keysNonce()), before);
        assertEq(withdrawalVault.withdrawalCredentials(), credentials);
        assertEq(withdrawalVault.boundPool(), address(pool));
        assertEq(depositAs(depositor, 2), 2);
    }

    function test_upgrade_refusesWhatIsNotAnImplementation() public {
        vm.startPrank(upgrader);
        vm.expectRevert(
            abi.encodeWithSelector(ERC1967Utils.ERC1967InvalidImplementation.selector, address(depositContract))
        );
        pool.upgradeToAndCall(address(depositContract), "");
        vm.expectRevert();
        pool.upgradeToAndCall(alice, "");
        vm.stopPrank();
    }

    function test_proxiableUUID_isTheImplementationSlot() public {
        StakingPool implementation = new StakingPool(depositContract);
        assertEq(implementation.proxiableUUID(), ERC1967Utils.IMPLEMENTATION_SLOT);
    }

    /// @dev The pool's layout, slot by slot: a change here breaks every deployed proxy.
    function test_layout_ofThePool() public {
        operatorWithKeys(manager, 0, 3);
        stakeAs(alice, 100 ether);
        depositAs(depositor, 2);
        vm.deal(address(rewardsVault), 1 ether);
        settle(0.5 ether);
        vm.prank(parameters);
        pool.setSettlementInterval(3600);
        vm.prank(pauser);
        pool.pause();
        uint256 slot = namespaceOf("ethstake.storage.StakingPool");
        assertEq(
            load(address(pool), slot), 36.5 ether | uint256(64 ether) << 96 | uint256(2) << 192 | block.timestamp << 224
        );
        assertEq(
            load(address(pool), slot + 1),
            32_000 ether | uint256(0.001 ether) << 96 | uint256(100) << 192 | uint256(3600) << 208 | uint256(1) << 240
        );
        assertEq(load(address(pool), slot + 2), uint160(address(registry)));
        assertEq(load(address(pool), slot + 3), uint160(address(withdrawalVault)));
        assertEq(load(address(pool), slot + 4), uint160(address(rewardsVault)));
    }

    /// @dev The registry's layout.
    function test_layout_ofTheRegistry() public {
        operatorWithKeys(manager, 0, 3);
        operatorWithKeys(bob, 10, 2);
        vm.prank(address(pool));
        registry.takeKeys(1);
        uint256 slot = namespaceOf("ethstake.storage.OperatorRegistry");
        // Two operators, the second's turn, four keys left, the nonce of two vettings, the bond per key.
        assertEq(
            load(address(registry), slot),
            2 | uint256(2) << 32 | uint256(4) << 64 | uint256(2) << 96 | uint256(1 ether) << 160
        );
        uint256 first = uint256(keccak256(abi.encode(1, slot + 1)));
        // 3 keys, 3 vetted, 1 deposited, its neighbours are the second operator, batch 0.
        assertEq(
            load(address(registry), first),
            3 | uint256(3) << 32 | uint256(1) << 64 | uint256(2) << 96 | uint256(2) << 128
        );
        assertEq(load(address(registry), first + 1), uint160(manager) | uint256(3 ether) << 160);
        assertEq(load(address(registry), first + 2), uint160(recipient));
        assertEq(load(address(registry), first + 3), uint256(bytes32("operator")) | 2 * 8);
        assertEq(load(address(registry), first + 4), 1);
        uint256 batch = load(address(registry), uint256(keccak256(abi.encode(first + 4))));
        assertEq(batch >> 160, 0 | uint256(3) << 32);
        assertEq(load(address(registry), uint256(keccak256(abi.encode(manager, slot + 2)))), 1);
        assertEq(
            load(address(registry), uint256(keccak256(abi.encode(keccak256(pubkeyOf(11)), slot + 3)))),
            2 | uint256(1) << 32
        );
        uint256 bound = uint256(keccak256(abi.encode(registry.POOL_ROLE(), namespaceOf("ethstake.storage.Bound"))));
        assertEq(load(address(registry), bound), uint160(address(pool)));
    }

    /// @dev Runtime sizes stay below the limit of EIP-170, with room for what comes.
    function test_sizes() public {
        assertLt(address(new StakingPool(depositContract)).code.length, 24_576);
        assertLt(address(new OperatorRegistry()).code.length, 24_576);
        assertLt(address(new WithdrawalVault()).code.length, 24_576);
        assertLt(address(new CoverageFund()).code.length, 24_576);
    }
}
