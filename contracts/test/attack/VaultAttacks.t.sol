// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IWithdrawalVault} from "../../src/interfaces/IWithdrawalVault.sol";
import {VaultBase} from "../support/VaultBase.sol";

/// @dev A keeper that calls again while its surplus comes back.
contract ReentrantKeeper {
    WithdrawalVault private immutable VAULT;
    bytes private again;
    uint256 public refunds;

    constructor(WithdrawalVault vault) payable {
        VAULT = vault;
    }

    receive() external payable {
        ++refunds;
        bytes memory data = again;
        if (data.length == 0) return;
        delete again;
        (bool success, bytes memory reason) = address(VAULT).call{value: msg.value}(data);
        if (!success) {
            assembly {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function run(bytes calldata data, uint256 value, bytes calldata next) external {
        again = next;
        (bool success, bytes memory reason) = address(VAULT).call{value: value}(data);
        if (!success) {
            assembly {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }
}

/// @dev A keeper that takes no ether.
contract ClosedKeeper {
    function exit(WithdrawalVault vault, bytes calldata pubkeys) external payable {
        vault.requestExits{value: msg.value}(pubkeys, 1);
    }
}

/// @dev Each test plays an attacker on the vault's requests.
contract VaultAttacksTest is VaultBase {
    function reentrantKeeper() private returns (ReentrantKeeper attacker) {
        attacker = new ReentrantKeeper{value: 10 ether}(withdrawalVault);
        bytes32 exitRole = withdrawalVault.EXIT_ROLE();
        vm.prank(admin);
        withdrawalVault.grantRole(exitRole, address(attacker));
    }

    /* FEE SPIKE */

    /// @dev Mallory fills the network's queue before the keeper's transaction, so that each request costs a fortune.
    function test_feeSpike_stopsAtTheCallersCap() public {
        uint256 cap = 1 gwei;
        bytes memory pubkey = pubkeyOf(STRANGE_KEY);
        vm.startPrank(mallory);
        for (uint256 i = 0; i < 500; ++i) {
            (bool success,) = withdrawals.call{value: 1}(abi.encodePacked(pubkey, uint64(0)));
            assertTrue(success);
        }
        vm.stopPrank();
        endBlock(withdrawals);
        // 500 requests, a target of 2 a block.
        uint256 fee = feeAt(498);
        assertEq(withdrawalVault.withdrawalRequestFee(), fee);
        assertGt(fee, 5000 gwei);

        vm.deal(address(withdrawalVault), 320 ether);
        uint256 before = keeper.balance;
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultFeeTooHigh.selector, fee, cap));
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 100 ether}(pubkeyOf(0), cap);
        assertEq(keeper.balance, before);
        assertEq(address(withdrawalVault).balance, 320 ether);

        // The fee falls by 2 in 17 e-folds each block: after some minutes it is under the cap.
        for (uint256 i = 0; i < 100; ++i) {
            endBlock(withdrawals);
        }
        assertLe(withdrawalVault.withdrawalRequestFee(), cap);
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 1 ether}(pubkeyOf(0), cap);
    }

    /* SOMEONE ELSE'S VALIDATOR */

    /// @dev A keeper's key is stolen. Whatever it asks for goes out under the vault's address, so the beacon chain serves it for
    /// validators with the vault's credentials only, which pay out to the vault; and no more than the day's limit. The fees
    /// are the thief's.
    function test_stolenKeeper_asksUnderTheVaultsAddress() public {
        vm.deal(address(withdrawalVault), 32 ether);
        bytes memory strange = pubkeyOf(STRANGE_KEY);
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 2}(bytes.concat(pubkeyOf(0), strange), 1);
        assertWithdrawalQueued(0, address(withdrawalVault), pubkeyOf(0), 0);
        assertWithdrawalQueued(1, address(withdrawalVault), strange, 0);
        assertEq(withdrawalVault.availableRequests(), 98);
        assertEq(address(withdrawalVault).balance, 32 ether);
        bytes memory pubkeys = pubkeysOf(0, 99);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLimitExceeded.selector, 99, 98));
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 99}(pubkeys, 1);
    }

    /// @dev A consolidation to a stranger's validator would give him the balance: neither side may be one.
    function test_stolenConsolidator_cannotMoveStakeAway() public {
        bytes memory strange = pubkeyOf(STRANGE_KEY);
        bytes memory expected =
            abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultUnknownValidator.selector, strange);
        vm.startPrank(consolidator);
        vm.expectRevert(expected);
        withdrawalVault.consolidate{value: 1}(pubkeyOf(0), strange, 1);
        vm.expectRevert(expected);
        withdrawalVault.consolidate{value: 1}(strange, pubkeyOf(0), 1);
        vm.expectRevert(expected);
        withdrawalVault.switchToCompounding{value: 1}(strange, 1);
        vm.stopPrank();
        assertEq(queued(consolidations), 0);
    }

    /// @dev Keys cut at other places than every 48 bytes are other keys, and not ours.
    function test_shiftedKeys_areStrangers() public {
        bytes memory shifted = bytes.concat(hex"00", pubkeyOf(0), pubkeyOf(1), new bytes(47));
        vm.expectPartialRevert(IWithdrawalVault.WithdrawalVaultUnknownValidator.selector);
        vm.prank(consolidator);
        withdrawalVault.switchToCompounding{value: 3}(shifted, 1);
    }

    /// @dev Anyone may ask the network to exit our validator, under his own address: the beacon chain drops it, because the
    /// credentials are the vault's.
    function test_stranger_asksUnderHisOwnAddress() public {
        vm.prank(mallory);
        (bool success,) = withdrawals.call{value: 1}(abi.encodePacked(pubkeyOf(0), uint64(0)));
        assertTrue(success);
        assertWithdrawalQueued(0, mallory, pubkeyOf(0), 0);
    }

    /* THE VAULT'S PRINCIPAL */

    /// @dev Whatever value and cap a call has, the vault's balance is what it was; a call without the fees reverts.
    function testFuzz_principal_paysNoFees(uint256 value, uint256 maxFee, uint256 excess, uint256 count) public {
        value = bound(value, 0, 10 ether);
        excess = bound(excess, 0, 700);
        count = bound(count, 1, 5);
        maxFee = bound(maxFee, 0, 1 ether);
        setExcess(withdrawals, excess);
        setExcess(consolidations, excess);
        vm.deal(address(withdrawalVault), 3200 ether);
        uint256 fee = feeAt(excess);
        bool affordable = fee <= maxFee && value >= count * fee;

        uint256 before = keeper.balance;
        vm.prank(keeper);
        (bool success,) = address(withdrawalVault).call{value: value}(
            abi.encodeCall(IWithdrawalVault.requestExits, (pubkeysOf(0, count), maxFee))
        );
        assertEq(success, affordable);
        assertEq(before - keeper.balance, affordable ? count * fee : 0);

        before = consolidator.balance;
        vm.prank(consolidator);
        (success,) = address(withdrawalVault).call{value: value}(
            abi.encodeCall(IWithdrawalVault.switchToCompounding, (pubkeysOf(0, count), maxFee))
        );
        assertEq(success, affordable);
        assertEq(before - consolidator.balance, affordable ? count * fee : 0);
        assertEq(address(withdrawalVault).balance, 3200 ether);
    }

    /// @dev Ether sent to the vault before is not the caller's: nothing of it pays a fee or comes back as surplus.
    function test_principal_isNobodysSurplus() public {
        vm.prank(keeper);
        (bool success,) = address(withdrawalVault).call{value: 5 ether}("");
        assertTrue(success);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultInsufficientFee.selector, 0, 1));
        vm.prank(keeper);
        withdrawalVault.requestExits(pubkeyOf(0), 1);
        uint256 before = keeper.balance;
        vm.prank(keeper);
        withdrawalVault.requestExits{value: 1}(pubkeyOf(0), 1);
        assertEq(before - keeper.balance, 1);
        assertEq(address(withdrawalVault).balance, 5 ether);
    }

    /* REFUND */

    /// @dev The second call runs inside the first one's refund: each spends its own value, and counts.
    function test_refund_reentered() public {
        ReentrantKeeper attacker = reentrantKeeper();
        vm.deal(address(withdrawalVault), 320 ether);
        bytes memory first = abi.encodeCall(IWithdrawalVault.requestExits, (pubkeysOf(0, 3), 1));
        bytes memory second = abi.encodeCall(IWithdrawalVault.requestExits, (pubkeysOf(3, 2), 1));
        attacker.run(first, 1 ether, second);
        assertEq(attacker.refunds(), 2);
        assertEq(address(attacker).balance, 10 ether - 5);
        assertEq(address(withdrawalVault).balance, 320 ether);
        assertEq(withdrawals.balance, 5);
        assertEq(queued(withdrawals), 5);
        assertEq(withdrawalVault.availableRequests(), 95);
    }

    /// @dev The limit is taken before the refund: the second call finds it used.
    function test_refund_reenteredBeyondTheLimit() public {
        ReentrantKeeper attacker = reentrantKeeper();
        setLimit(3);
        bytes memory call_ = abi.encodeCall(IWithdrawalVault.requestExits, (pubkeysOf(0, 3), 1));
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLimitExceeded.selector, 3, 0));
        attacker.run(call_, 1 ether, call_);
        assertEq(queued(withdrawals), 0);
        assertEq(address(attacker).balance, 10 ether);
    }

    /// @dev A keeper that takes no ether back must send what it costs; its surplus is not kept.
    function test_refund_refused() public {
        ClosedKeeper closed = new ClosedKeeper();
        bytes32 exitRole = withdrawalVault.EXIT_ROLE();
        vm.prank(admin);
        withdrawalVault.grantRole(exitRole, address(closed));
        vm.expectRevert(Errors.FailedCall.selector);
        closed.exit{value: 3}(withdrawalVault, pubkeysOf(0, 2));
        closed.exit{value: 2}(withdrawalVault, pubkeysOf(0, 2));
        assertEq(queued(withdrawals), 2);
    }

    /* EXHAUSTION */

    /// @dev A stolen keeper exits as much as it can for a week: the burst, then the day's limit.
    function test_stolenKeeper_isSlowedByTheLimit() public {
        uint256 end = block.timestamp + 7 days;
        uint256 made;
        while (block.timestamp < end) {
            uint256 available = withdrawalVault.availableRequests();
            if (available > 0) {
                exitAs(keeper, 0, available);
                made += available;
                vm.expectRevert(abi.encodeWithSelector(IWithdrawalVault.WithdrawalVaultLimitExceeded.selector, 1, 0));
                vm.prank(keeper);
                withdrawalVault.requestExits{value: 1 ether}(pubkeyOf(0), 1 ether);
            }
            endBlock(withdrawals);
            vm.warp(block.timestamp + 1 hours);
        }
        assertLe(made, 100 + 7 * 100);
        assertGe(made, 7 * 100);
    }

    /// @dev Reverted calls take nothing of the limit, so a bystander cannot use it up.
    function test_limit_isNotUsedUpByReverts() public {
        for (uint256 i = 0; i < 10; ++i) {
            vm.prank(mallory);
            vm.expectRevert();
            withdrawalVault.requestExits{value: 10}(pubkeysOf(0, 10), 1);
            vm.prank(consolidator);
            vm.expectRevert();
            withdrawalVault.switchToCompounding{value: 10}(pubkeysOf(STRANGE_KEY, 10), 1);
        }
        assertEq(withdrawalVault.availableRequests(), 100);
    }
}
