// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {VaultBase} from "../support/VaultBase.sol";

/// @dev The limit on requests: a leaky bucket that holds and drains a day's requests.
contract ExitLimitTest is VaultBase {
    function refused(uint256 count, uint256 available) private {
        bytes memory pubkeys = pubkeysOf(0, count);
        vm.expectRevert(
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLimitExceeded.selector, count, available)
        );
        vm.prank(keeper);
        withdrawalVault.requestExits{value: count}(pubkeys, 1);
    }

    function test_limit_countsRequestsOfAllKinds() public {
        setLimit(6);
        exitAs(keeper, 0, 1);
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: 2}(pubkeysOf(0, 2), amountsOf(2, 1 gwei), 1);
        vm.startPrank(consolidator);
        withdrawalVault.switchToCompounding{value: 1}(pubkeyOf(0), 1);
        withdrawalVault.consolidate{value: 2}(pubkeysOf(0, 2), pubkeysOf(2, 2), 1);
        assertEq(withdrawalVault.availableRequests(), 0);
        bytes memory expected = abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLimitExceeded.selector, 1, 0);
        vm.expectRevert(expected);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(0), pubkeyOf(1), 1);
        vm.expectRevert(expected);
        withdrawalVault.switchToCompounding{value: 1}(pubkeyOf(0), 1);
        vm.stopPrank();
        refused(1, 0);
    }

    function test_limit_refillsOneByOne() public {
        exitAs(keeper, 0, 100);
        refused(1, 0);
        uint256 start = block.timestamp;
        vm.warp(start + 863);
        refused(1, 0);
        vm.warp(start + 864);
        exitAs(keeper, 0, 1);
        refused(1, 0);
        vm.warp(start + 864 + 12 hours);
        assertEq(withdrawalVault.availableRequests(), 50);
        refused(51, 50);
        vm.warp(start + 30 days);
        // Rest does not save up more than a day's.
        assertEq(withdrawalVault.availableRequests(), 100);
        setLimit(150);
        exitAs(keeper, 0, 100);
        exitAs(keeper, 100, 50);
        refused(1, 0);
    }

    /// @dev Lowering and raising the limit frees nothing; what is used stays used as a share of it.
    function test_limit_changesKeepTheUsedShare() public {
        exitAs(keeper, 0, 100);
        setLimit(1);
        setLimit(10_000);
        assertEq(withdrawalVault.availableRequests(), 0);
        vm.warp(block.timestamp + 6 hours);
        assertEq(withdrawalVault.availableRequests(), 2500);
        setLimit(100);
        assertEq(withdrawalVault.availableRequests(), 25);
        setLimit(2);
        assertEq(withdrawalVault.availableRequests(), 0);
        vm.warp(block.timestamp + 6 hours);
        assertEq(withdrawalVault.availableRequests(), 1);
    }

    /// @dev A whole day's requests fit at once, no more, whatever the limit; one comes back within a step.
    function testFuzz_limit_holdsADay(uint256 limit) public {
        limit = bound(limit, 1, 100);
        setLimit(limit);
        assertEq(withdrawalVault.availableRequests(), limit);
        exitAs(keeper, 0, limit);
        refused(1, 0);
        uint256 start = block.timestamp;
        vm.warp(start + 1 days / limit - 1);
        refused(1, 0);
        vm.warp(start + 1 days / limit + 1);
        assertEq(withdrawalVault.availableRequests(), 1);
        vm.warp(start + 1 days);
        assertEq(withdrawalVault.availableRequests(), limit);
    }

    /// @dev Every limit can be used whole after a rest, also where the step is rounded.
    function testFuzz_limit_isAvailableWhole(uint256 limit) public {
        limit = bound(limit, 1, 10_000);
        setLimit(limit);
        assertEq(withdrawalVault.availableRequests(), limit);
    }

    /// @dev However the calls are spread, requests in a period stay within the limit for it and one day's burst.
    function testFuzz_limit_overAnyPeriod(uint256 limit, uint32[24] memory pauses, uint8[24] memory counts) public {
        limit = bound(limit, 1, 60);
        setLimit(limit);
        uint256 start = block.timestamp;
        uint256 made;
        for (uint256 i = 0; i < pauses.length; ++i) {
            vm.warp(block.timestamp + pauses[i] % 12 hours);
            uint256 count = bound(counts[i], 1, 60);
            uint256 available = withdrawalVault.availableRequests();
            if (count > available) {
                refused(count, available);
                continue;
            }
            exitAs(keeper, 0, count);
            assertEq(withdrawalVault.availableRequests(), available - count);
            made += count;
            assertLe(made, limit + limit * (block.timestamp - start) / 1 days + 1);
        }
    }
}
