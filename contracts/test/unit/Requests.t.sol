// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {VaultBase} from "../support/VaultBase.sol";

/// @dev The vault's requests to the beacon chain, through the predeploys' real code.
contract RequestsTest is VaultBase {
    /// @dev That the last call's only logs are a predeploy's, on two requests of the vault. They have no topics.
    /// https://eips.ethereum.org/EIPS/eip-7002#add-withdrawal-request
    function assertLogged(address predeploy, bytes memory first, bytes memory second) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 2);
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(logs[i].emitter, predeploy);
            assertEq(logs[i].topics.length, 0);
            assertEq(logs[i].data, abi.encodePacked(address(withdrawalVault), i == 0 ? first : second));
        }
    }

    /* WITHDRAWALS (EIP-7002) */

    function test_requestExits_queuesFullExits() public {
        vm.recordLogs();
        exitAs(keeper, 0, 2);
        assertLogged(withdrawals, abi.encodePacked(pubkeyOf(0), uint64(0)), abi.encodePacked(pubkeyOf(1), uint64(0)));
        assertEq(queued(withdrawals), 2);
        assertWithdrawalQueued(0, address(withdrawalVault), pubkeyOf(0), 0);
        assertWithdrawalQueued(1, address(withdrawalVault), pubkeyOf(1), 0);
    }

    /// @dev What reaches the beacon chain: source address, key, amount in little endian.
    function test_requests_reachTheBeaconChain() public {
        exitAs(keeper, 0, 1);
        uint64[] memory amounts = amountsOf(1, 0x0102030405060708);
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: 1}(pubkeyOf(1), amounts, 1);
        assertEq(
            endBlock(withdrawals),
            abi.encodePacked(
                address(withdrawalVault),
                pubkeyOf(0),
                uint64(0),
                address(withdrawalVault),
                pubkeyOf(1),
                hex"0807060504030201"
            )
        );
        vm.startPrank(consolidator);
        withdrawalVault.switchToCompounding{value: 1}(pubkeyOf(2), 1);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(3), pubkeyOf(2), 1);
        vm.stopPrank();
        assertEq(
            endBlock(consolidations),
            abi.encodePacked(
                address(withdrawalVault), pubkeyOf(2), pubkeyOf(2), address(withdrawalVault), pubkeyOf(3), pubkeyOf(2)
            )
        );
    }

    function test_requestPartialWithdrawals_queuesAmounts() public {
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (1, type(uint64).max);
        vm.recordLogs();
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: 2}(pubkeysOf(5, 2), amounts, 1);
        assertLogged(
            withdrawals, abi.encodePacked(pubkeyOf(5), uint64(1)), abi.encodePacked(pubkeyOf(6), type(uint64).max)
        );
        assertWithdrawalQueued(0, address(withdrawalVault), pubkeyOf(5), 1);
        assertWithdrawalQueued(1, address(withdrawalVault), pubkeyOf(6), type(uint64).max);
    }

    function test_requestPartialWithdrawals_refusesZero() public {
        uint64[] memory amounts = new uint64[](2);
        amounts[0] = 1 gwei;
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultZeroAmount.selector, pubkeyOf(1)));
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: 2}(pubkeysOf(0, 2), amounts, 1);
    }

    function test_requestPartialWithdrawals_refusesOtherNumbers() public {
        uint64[] memory amounts = amountsOf(3, 1 gwei);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLengthMismatch.selector, 2, 3));
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: 3}(pubkeysOf(0, 2), amounts, 1);
    }

    function testFuzz_requestPartialWithdrawals(uint256 first, uint256 count, uint64 amountGwei, uint256 surplus)
        public
    {
        count = bound(count, 1, 20);
        first = bound(first, 0, OWN_KEYS - count);
        amountGwei = uint64(bound(amountGwei, 1, type(uint64).max));
        surplus = bound(surplus, 0, 100 ether);
        vm.deal(address(withdrawalVault), 64 ether);
        uint256 before = keeper.balance;
        vm.prank(keeper);
        withdrawalVault.requestPartialWithdrawals{value: count + surplus}(
            pubkeysOf(first, count), amountsOf(count, amountGwei), 1
        );
        assertEq(queued(withdrawals), count);
        for (uint256 i = 0; i < count; ++i) {
            assertWithdrawalQueued(i, address(withdrawalVault), pubkeyOf(first + i), amountGwei);
        }
        assertEq(before - keeper.balance, count);
        assertEq(withdrawals.balance, count);
        assertEq(address(withdrawalVault).balance, 64 ether);
    }

    /* CONSOLIDATIONS (EIP-7251) */

    function test_switchToCompounding_isAConsolidationWithItself() public {
        vm.recordLogs();
        vm.prank(consolidator);
        withdrawalVault.switchToCompounding{value: 2}(pubkeysOf(0, 2), 1);
        assertLogged(consolidations, bytes.concat(pubkeyOf(0), pubkeyOf(0)), bytes.concat(pubkeyOf(1), pubkeyOf(1)));
        assertConsolidationQueued(0, pubkeyOf(0), pubkeyOf(0));
        assertConsolidationQueued(1, pubkeyOf(1), pubkeyOf(1));
        assertEq(consolidations.balance, 2);
    }

    function test_consolidate_queuesPairs() public {
        vm.recordLogs();
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 2}(pubkeysOf(0, 2), pubkeysOf(10, 2), 1);
        assertLogged(consolidations, bytes.concat(pubkeyOf(0), pubkeyOf(10)), bytes.concat(pubkeyOf(1), pubkeyOf(11)));
        assertConsolidationQueued(0, pubkeyOf(0), pubkeyOf(10));
        assertConsolidationQueued(1, pubkeyOf(1), pubkeyOf(11));
    }

    function test_consolidate_refusesTheSameValidator() public {
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultSameValidator.selector, pubkeyOf(1)));
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 2}(pubkeysOf(0, 2), bytes.concat(pubkeyOf(5), pubkeyOf(1)), 1);
    }

    function test_consolidate_refusesOtherNumbers() public {
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLengthMismatch.selector, 48, 96));
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 2}(pubkeysOf(0, 1), pubkeysOf(1, 2), 1);
    }

    /* WHAT ALL SHARE */

    function test_requests_refuseBrokenKeys() public {
        bytes memory broken = bytes.concat(pubkeyOf(0), hex"00");
        bytes memory expected =
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultInvalidKeysLength.selector, broken.length);
        allRevert(broken, broken, 1, expected);
        allRevert(hex"00", hex"00", 1, abi.encodePacked(bytes4(expected), uint256(1)));
    }

    function test_requests_refuseNoneOrTooMany() public {
        bytes4 selector = IWithdrawalVault.WithdrawalVaultInvalidRequestCount.selector;
        allRevert("", "", 0, abi.encodeWithSelector(selector, 0, 100));
        allRevert(pubkeysOf(0, 101), pubkeysOf(101, 101), 101, abi.encodeWithSelector(selector, 101, 100));
    }

    function test_requests_takeTheMost() public {
        exitAs(keeper, 0, 100);
        assertEq(queued(withdrawals), 100);
        vm.warp(block.timestamp + 1 days);
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 100}(pubkeysOf(0, 100), pubkeysOf(100, 100), 1);
        assertEq(queued(consolidations), 100);
    }

    function test_consolidations_refuseStrangers() public {
        bytes memory expected =
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultUnknownValidator.selector, pubkeyOf(STRANGE_KEY));
        vm.startPrank(consolidator);
        vm.expectRevert(expected);
        withdrawalVault.switchToCompounding{value: 2}(bytes.concat(pubkeyOf(0), pubkeyOf(STRANGE_KEY)), 1);
        vm.expectRevert(expected);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(STRANGE_KEY), pubkeyOf(0), 1);
        // Only the target is a stranger.
        vm.expectRevert(expected);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(0), pubkeyOf(STRANGE_KEY), 1);
        vm.stopPrank();
        assertEq(withdrawalVault.availableRequests(), 100);
        assertEq(queued(consolidations), 0);
    }

    function test_requests_refuseAHigherFee() public {
        setExcess(withdrawals, 100);
        setExcess(consolidations, 100);
        uint256 fee = feeAt(100);
        assertGt(fee, 300);
        assertEq(withdrawalVault.withdrawalRequestFee(), fee);
        assertEq(withdrawalVault.consolidationRequestFee(), fee);
        bytes memory expected =
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultFeeTooHigh.selector, fee, fee - 1);
        allRevert(pubkeysOf(0, 1), pubkeysOf(1, 1), 1, fee - 1, 1 ether, expected);
    }

    function test_requests_refuseTooLittleValue() public {
        setExcess(withdrawals, 100);
        setExcess(consolidations, 100);
        uint256 fee = feeAt(100);
        bytes memory expected =
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultInsufficientFee.selector, 2 * fee - 1, 2 * fee);
        allRevert(pubkeysOf(0, 2), pubkeysOf(2, 2), 2, fee, 2 * fee - 1, expected);
    }

    /// @dev Consolidations ask it; exits do not.
    function test_requests_andTheKeyRegistry() public {
        WithdrawalVault fresh = WithdrawalVault(
            payable(proxy(implementation("WithdrawalVault", ""), abi.encodeCall(WithdrawalVault.initialize, (admin))))
        );
        vm.startPrank(admin);
        fresh.grantRole(fresh.EXIT_ROLE(), keeper);
        fresh.grantRole(fresh.CONSOLIDATION_ROLE(), consolidator);
        vm.stopPrank();
        vm.startPrank(consolidator);
        vm.expectRevert(IWithdrawalVault.WithdrawalVaultKeyRegistryNotSet.selector);
        fresh.switchToCompounding{value: 1}(pubkeyOf(0), 1);
        vm.expectRevert(IWithdrawalVault.WithdrawalVaultKeyRegistryNotSet.selector);
        fresh.consolidate{value: 1}(pubkeyOf(0), pubkeyOf(1), 1);
        vm.stopPrank();
        vm.prank(keeper);
        fresh.requestExits{value: 1}(pubkeyOf(0), 1);
        assertWithdrawalQueued(0, address(fresh), pubkeyOf(0), 0);
    }

    /// @dev No code, not active yet, 31 or 33 bytes, a revert: the network has no such feature.
    function test_requests_needTheNetworksFeature() public {
        bytes[5] memory codes = [
            bytes(""),
            withdrawals.code,
            hex"601f5ff3", // PUSH1 31, PUSH0, RETURN
            hex"60215ff3",
            hex"60205ffd"
        ];
        setExcess(withdrawals, type(uint256).max);
        setExcess(consolidations, type(uint256).max);
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(withdrawals, codes[i]);
            vm.etch(consolidations, codes[i]);
            unavailable(keeper, withdrawals, abi.encodeCall(IWithdrawalVault.requestExits, (pubkeyOf(0), 1)));
            unavailable(
                consolidator, consolidations, abi.encodeCall(IWithdrawalVault.switchToCompounding, (pubkeyOf(0), 1))
            );
            unavailable(alice, withdrawals, abi.encodeCall(IWithdrawalVault.withdrawalRequestFee, ()));
            unavailable(alice, consolidations, abi.encodeCall(IWithdrawalVault.consolidationRequestFee, ()));
        }
    }

    /// @dev A predeploy that names a fee and refuses requests: nothing is kept.
    function test_requests_revertWhenRefused() public {
        // CALLDATASIZE, PUSH1 8, JUMPI, PUSH1 32, PUSH0, RETURN; JUMPDEST, PUSH0, PUSH0, REVERT
        bytes memory code = hex"36600857" hex"60205ff3" hex"5b5f5ffd";
        vm.etch(withdrawals, code);
        vm.etch(consolidations, code);
        assertEq(withdrawalVault.withdrawalRequestFee(), 0);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultRequestFailed.selector, withdrawals));
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 1}(pubkeyOf(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultRequestFailed.selector, consolidations));
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(0), pubkeyOf(1), 1);
        assertEq(withdrawalVault.availableRequests(), 100);
    }

    /// @dev The fee that is read is the predeploy's, for any excess, and the surplus comes back to the last wei.
    function testFuzz_requests_payTheFeeAndRefund(uint256 excess, uint256 count, uint256 surplus) public {
        excess = bound(excess, 0, 500);
        count = bound(count, 1, 10);
        surplus = bound(surplus, 0, 1000 ether);
        setExcess(withdrawals, excess);
        setExcess(consolidations, excess);
        uint256 fee = feeAt(excess);
        assertEq(withdrawalVault.withdrawalRequestFee(), fee);
        vm.deal(address(withdrawalVault), 32 ether);

        uint256 before = keeper.balance;
        vm.prank(keeper);
        withdrawalVault.requestExits{value: count * fee + surplus}(pubkeysOf(0, count), fee);
        assertEq(before - keeper.balance, count * fee);
        assertEq(withdrawals.balance, count * fee);

        before = consolidator.balance;
        vm.prank(consolidator);
        withdrawalVault.consolidate{value: count * fee + surplus}(pubkeysOf(0, count), pubkeysOf(count, count), fee);
        assertEq(before - consolidator.balance, count * fee);
        assertEq(consolidations.balance, count * fee);
        assertEq(address(withdrawalVault).balance, 32 ether);
    }

    /* HELPERS */

    /// @dev That all four calls revert so, with a wei a request at the fee of one.
    function allRevert(bytes memory pubkeys, bytes memory others, uint256 count, bytes memory expected) private {
        allRevert(pubkeys, others, count, 1, count, expected);
    }

    /// @dev That all four calls revert so.
    function allRevert(
        bytes memory pubkeys,
        bytes memory others,
        uint256 count,
        uint256 maxFee,
        uint256 value,
        bytes memory expected
    ) private {
        uint64[] memory amounts = amountsOf(count, 1 gwei);
        vm.startPrank(keeper);
        vm.expectRevert(expected);
        withdrawalVault.requestExits{value: value}(pubkeys, maxFee);
        vm.expectRevert(expected);
        withdrawalVault.requestPartialWithdrawals{value: value}(pubkeys, amounts, maxFee);
        vm.stopPrank();
        vm.startPrank(consolidator);
        vm.expectRevert(expected);
        withdrawalVault.switchToCompounding{value: value}(pubkeys, maxFee);
        vm.expectRevert(expected);
        withdrawalVault.consolidate{value: value}(pubkeys, others, maxFee);
        vm.stopPrank();
        assertEq(withdrawalVault.availableRequests(), 100);
        assertEq(queued(withdrawals) + queued(consolidations), 0);
    }

    /// @dev That a call reverts because the network has no such requests.
    function unavailable(address caller, address predeploy, bytes memory data) private {
        vm.prank(caller);
        (bool success, bytes memory reason) = address(withdrawalVault).call(data);
        assertFalse(success);
        assertEq(reason, abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultFeatureUnavailable.selector, predeploy));
    }
}
