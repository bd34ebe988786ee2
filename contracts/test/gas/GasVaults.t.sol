// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CoverageFund} from "../../src/CoverageFund.sol";
import {VaultBase} from "../support/VaultBase.sol";

/// @dev Gas of the vault's requests, each as a transaction of its own (see Gas.t.sol). The predeploys never clear their
/// queues' slots, so on a network in use a request overwrites old ones; "in use" has those, the queue's tail and the
/// block's count non-zero, "unused" none of them.
/// forge-config: default.isolate = true
/// forge-config: prague.isolate = true
contract GasVaultsTest is VaultBase {
    /// @dev The gas limit of a transaction (2^24, EIP-7825).
    uint256 private constant TRANSACTION_GAS_LIMIT = 16_777_216;

    /// @dev Keeps the last call's gas under a name and checks its budget.
    function record(string memory name, uint256 budget) private returns (uint256 gas) {
        string memory group = buildProfile();
        gas = vm.snapshotGasLastCall(string.concat("gas-vaults-", group), name);
        assertLe(gas, budget, name);
    }

    /// @dev Makes a predeploy's queue one in use: `count` requests overwrite old ones, and this block had one before.
    function use(address predeploy, uint256 count) private {
        // So that the vault's own slot was written before.
        exitAs(keeper, 0, 1);
        vm.warp(block.timestamp + 1 days);
        uint256 words = predeploy == withdrawals ? 3 : 4;
        for (uint256 i = 4; i < 4 + (1 + count) * words; ++i) {
            vm.store(predeploy, bytes32(i), bytes32(uint256(1)));
        }
        // The block's count and the queue's tail.
        vm.store(predeploy, bytes32(uint256(1)), bytes32(uint256(1)));
        vm.store(predeploy, bytes32(uint256(3)), bytes32(uint256(1)));
    }

    function exit(uint256 count) private {
        bytes memory pubkeys = pubkeysOf(0, count);
        vm.prank(keeper);
        withdrawalVault.requestExits{value: count}(pubkeys, 1);
    }

    function test_gas_exit_inUse_refund() public {
        use(withdrawals, 1);
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 2}(pubkeyOf(0), 1);
        record("requestExits, 1, with a refund", 80_000);
    }

    function test_gas_exit_unused() public {
        exit(1);
        record("requestExits, 1, unused queue", 180_000);
    }

    /// @dev 22,300 gas are for the transaction and its data, 38,100 for the predeploy (its fee, the call with value, five
    /// slots, its log), 8,600 for the proxy and the slot with the limit and the role's holder.
    function test_gas_exit() public {
        use(withdrawals, 1);
        exit(1);
        uint256 one = record("requestExits, 1", 70_000);
        use(withdrawals, 100);
        exit(100);
        uint256 hundred = record("requestExits, 100 (the most)", TRANSACTION_GAS_LIMIT);
        // The marginal request.
        assertLe((hundred - one) / 99, 40_000);
    }

    /// @dev The worst of a call: slots never used, and an amount for each.
    function test_gas_partialWithdrawals_most() public {
        bytes memory pubkeys = pubkeysOf(0, 100);
        uint64[] memory amounts = amountsOf(100, type(uint64).max);
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: 101}(pubkeys, amounts, 1);
        record("requestPartialWithdrawals, 100 (the most), unused queue", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_switchToCompounding() public {
        use(consolidations, 1);
        vm.prank(consolidator);
        withdrawalVault.switchToCompounding{value: 1}(pubkeyOf(0), 1);
        record("switchToCompounding, 1", 110_000);
    }

    function test_gas_consolidate() public {
        use(consolidations, 1);
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(0), pubkeyOf(1), 1);
        record("consolidate, 1", 120_000);
    }

    /// @dev The worst of all calls: four new slots a request, two keys to ask the registry for, and a fee of many rounds.
    function test_gas_consolidate_most() public {
        setExcess(consolidations, 700);
        uint256 fee = feeAt(700);
        bytes memory sources = pubkeysOf(0, 100);
        bytes memory targets = pubkeysOf(100, 100);
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 101 * fee}(sources, targets, fee);
        record("consolidate, 100 (the most), unused queue, high fee", TRANSACTION_GAS_LIMIT);
    }

    function test_gas_plainTransfer() public {
        vm.prank(alice);
        (bool success,) = address(withdrawalVault).call{value: 1 ether}("");
        assertTrue(success);
        record("transfer to the withdrawal vault", 30_000);
    }

    function test_gas_coverageFund() public {
        CoverageFund fund = CoverageFund(
            payable(proxy(implementation("CoverageFund", ""), abi.encodeCall(CoverageFund.initialize, (admin))))
        );
        bytes32 role = fund.COVER_ROLE();
        vm.prank(admin);
        fund.grantRole(role, bob);
        vm.prank(alice);
        fund.deposit{value: 2 ether}();
        record("coverage fund: deposit", 40_000);
        vm.prank(bob);
        fund.cover(1 ether);
        record("coverage fund: cover", 50_000);
    }
}
