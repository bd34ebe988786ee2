// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Base} from "../support/Base.sol";

/// @dev Gas of the main calls, each as a transaction of its own: cold storage, the 21,000 base and calldata included,
/// refunds deducted. The figures are kept in snapshots/, one file a fork; FORGE_SNAPSHOT_CHECK=true compares.
/// forge-config: default.isolate = true
/// forge-config: prague.isolate = true
contract GasTest is Base {
    /// @dev The gas limit of a transaction (2^24, EIP-7825).
    uint256 private constant TRANSACTION_GAS_LIMIT = 16_777_216;

    /// @dev Keeps the last call's gas under a name and checks its budget.
    function record(string memory name, uint256 budget) private {
        string memory group = vm.envOr("FOUNDRY_PROFILE", string("default"));
        uint256 gas = vm.snapshotGasLastCall(string.concat("gas-", group), name);
        assertLe(gas, budget, name);
    }

    function test_gas_stake() public {
        stakeAs(bob, 1 ether);
        vm.prank(alice);
        pool.stake{value: 1 ether}(alice, 0, address(0));
        record("stake, first of an account", 80_000);
        vm.prank(alice);
        pool.stake{value: 1 ether}(alice, 0, address(0));
        record("stake, again", 55_000);
    }

    function test_gas_transfer() public {
        stakeAs(alice, 1 ether);
        stakeAs(bob, 1 ether);
        vm.prank(alice);
        pool.transfer(bob, 0.5 ether);
        record("transfer", 45_000);
    }

    function test_gas_registerOperator() public {
        vm.prank(manager);
        registry.registerOperator{value: 2 ether}("operator", recipient);
        record("registerOperator", 180_000);
        vm.prank(manager);
        registry.addBond{value: 1 ether}(1);
        record("addBond", 45_000);
        vm.prank(manager);
        registry.withdrawBond(1, 1 ether);
        record("withdrawBond", 50_000);
    }

    function test_gas_submitValidatorSigs() public {
        registerAs(manager, 1000 ether);
        submitAs(manager, 0, 1);
        record("submitValidatorSigs, 1 key, first", 220_000);
        submitAs(manager, 1, 1);
        record("submitValidatorSigs, 1 key", 200_000);
        submitAs(manager, 2, 101);
        // The marginal key: (101 keys - 1 key) / 100 <= 75,000.
        record("submitValidatorSigs, 101 keys", 200_000 + 100 * 75_000);
        submitAs(manager, 103, 150);
        record("submitValidatorSigs, 150 keys (the most)", TRANSACTION_GAS_LIMIT);
        vm.prank(manager);
        registry.removeUnusedKeys(1, 150);
        record("removeUnusedKeys, 150 keys (the most)", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_setKeyLimit() public {
        registerAs(manager, 10 ether);
        submitAs(manager, 0, 10);
        vm.prank(vetter);
        registry.setKeyLimit(1, 5);
        record("setKeyLimit, joins the ring", 90_000);
        vm.prank(vetter);
        registry.setKeyLimit(1, 10);
        record("setKeyLimit", 60_000);
    }

    function test_gas_deposit() public {
        operatorWithKeys(manager, 0, 150);
        stakeAs(alice, 32 * 120 ether);
        bytes32 root = depositContract.get_deposit_root();
        vm.prank(depositor);
        pool.depositToBeaconChain(1, root);
        record("depositToBeaconChain, 1 validator (the contract's first)", 300_000);
        root = depositContract.get_deposit_root();
        vm.prank(depositor);
        pool.depositToBeaconChain(10, root);
        record("depositToBeaconChain, 10 validators", 900_000);
        root = depositContract.get_deposit_root();
        vm.prank(depositor);
        pool.depositToBeaconChain(100, root);
        record("depositToBeaconChain, 100 validators (the most)", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_deposit_manyOperators() public {
        for (uint256 i = 0; i < 100; ++i) {
            operatorWithKeys(address(uint160(0x1000 + i)), i, 1);
        }
        stakeAs(alice, 32 * 100 ether);
        bytes32 root = depositContract.get_deposit_root();
        vm.prank(depositor);
        pool.depositToBeaconChain(100, root);
        record("depositToBeaconChain, 100 validators of 100 operators", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_settle() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 1 ether);
        vm.prank(reporter);
        pool.settleExecutionRewards(0.1 ether);
        record("settleExecutionRewards", 100_000);
    }

    function test_gas_plainRewards() public {
        vm.prank(alice);
        (bool ok,) = address(rewardsVault).call{value: 1 ether}("");
        assertTrue(ok);
        record("builder's payment to the rewards vault", 30_000);
    }
}
