// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {IBeaconDeposits} from "../../src/interfaces/IBeaconDeposits.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {DepositData} from "../../src/libraries/DepositData.sol";
import {PoolTest} from "../support/PoolTest.sol";

/// @dev A manager that calls again while its bond arrives.
contract ReentrantManager {
    OperatorRegistry private immutable REGISTRY;

    constructor(OperatorRegistry registry) {
        REGISTRY = registry;
    }

    receive() external payable {
        REGISTRY.withdrawBond(1);
    }

    function register() external payable {
        REGISTRY.registerOperator{value: msg.value}("reentrant", address(this));
    }

    function request(uint256 amount) external {
        REGISTRY.requestBondWithdrawal(1, amount);
    }

    function withdraw() external {
        REGISTRY.withdrawBond(1);
    }
}

/// @dev Attackers that are operators.
contract AttacksOperatorTest is PoolTest {
    /* DEPOSIT FRONT-RUNNING */

    /// @dev An operator deposits for its own key with its own credentials first, which decides them.
    function frontRun(uint256 number) private {
        bytes32 own = DepositData.executionCredentials(mallory);
        bytes32 dataRoot = DepositData.root(pubkeyOf(number), own, signatureOf(number), 1e9);
        vm.prank(mallory);
        depositContract.deposit{value: 1 ether}(pubkeyOf(number), abi.encodePacked(own), signatureOf(number), dataRoot);
    }

    function test_frontRun_isSeenByTheRoot() public {
        operatorWithKeys(mallory, 0, 1);
        stakeAs(alice, 32 ether);
        bytes32 seen = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        frontRun(0);
        bytes32 root = depositContract.get_deposit_root();
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsRootChanged.selector, seen, root));
        vm.prank(depositor);
        deposits.preDeposit(1, seen, nonce, credentials);
    }

    /// @dev Unseen, it costs the operator its own pre-deposit and the stakers nothing: no ether follows unproven keys.
    function test_frontRun_takesNoStakersEther() public {
        uint256 id = operatorWithKeys(mallory, 0, 1);
        stakeAs(alice, 64 ether);
        frontRun(0);
        preDeposit(1);
        (bytes memory pubkeys,) = makeKeys(0, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidKeyState.selector,
                keccak256(pubkeyOf(0)),
                IOperatorRegistry.KeyState.Taken,
                IOperatorRegistry.KeyState.Proven
            )
        );
        deposits.completeDeposits(pubkeys);
        attest(new bytes32[](0), hashesOf(0, 1));
        assertEq(pool.totalPooledEther(), 64 ether);
        assertEq(pool.bufferedEther(), 64 ether);
        assertEq(registry.bondOf(id), BOND_PER_KEY - 1 ether);
        assertEq(deposits.waitingKeys(), 0);
        // Nor ever: the key's way is one way.
        vm.expectPartialRevert(IOperatorRegistry.OperatorRegistryInvalidKeyState.selector);
        this.attestAgain();
    }

    /// @dev External, so that its revert can be expected.
    function attestAgain() external {
        attest(hashesOf(0, 1), new bytes32[](0));
    }

    /* KEYS */

    /// @dev Keys that were checked are withdrawn and others put in their place.
    function test_keySwap_isStoppedByTheNonce() public {
        uint256 id = operatorWithKeys(mallory, 0, 2);
        stakeAs(alice, 64 ether);
        bytes32 root = depositContract.get_deposit_root();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        uint256 nonce = registry.keysNonce();
        vm.prank(mallory);
        registry.removeUnusedKeys(id, 1);
        submitAs(mallory, 66, 1);
        uint256 changed = registry.keysNonce();
        assertGt(changed, nonce);
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsKeysNonceChanged.selector, nonce, changed));
        vm.prank(depositor);
        deposits.preDeposit(2, root, nonce, credentials);
        assertEq(preDeposit(2), 1, "the new key is not vetted");
    }

    function test_duplicateKeys_areRefused() public {
        operatorWithKeys(manager, 0, 2);
        registerAs(mallory, 100 ether);
        vm.deal(bob, 100 ether);
        vm.prank(bob);
        registry.addBond{value: 100 ether}(1);
        expectDuplicate(manager, pubkeyOf(1), signatureOf(1), pubkeyOf(1));
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(9), pubkeyOf(0));
        expectDuplicate(
            mallory,
            bytes.concat(pubkeyOf(5), pubkeyOf(6), pubkeyOf(5)),
            bytes.concat(signatureOf(5), signatureOf(6), signatureOf(5)),
            pubkeyOf(5)
        );
    }

    function expectDuplicate(address operatorManager, bytes memory pubkeys, bytes memory sigs, bytes memory culprit)
        private
    {
        uint256 id = registry.operatorIdOf(operatorManager);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryDuplicateKey.selector, culprit));
        vm.prank(operatorManager);
        registry.submitValidatorSigs(id, pubkeys, sigs);
    }

    /* BONDS AND REWARDS */

    function test_reentrancy_onBondWithdrawal() public {
        ReentrantManager attacker = new ReentrantManager(registry);
        attacker.register{value: 1 ether}();
        registerAs(manager, 10 ether);
        attacker.request(0.6 ether);
        skip(7 days);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryBondLocked.selector, 1, block.timestamp)
        );
        attacker.withdraw();
        assertEq(address(registry).balance, 11 ether);
    }

    /// @dev A bond cannot leave between a loss and its report: it stays for the cooldown, and what is charged is gone first.
    function test_bond_cannotFleeALoss() public {
        uint256 id = operatorWithKeys(mallory, 0, 2);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 2);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, id, 0, 1));
        vm.prank(mallory);
        registry.requestBondWithdrawal(id, 1);
        vm.prank(mallory);
        registry.addBond{value: 2 ether}(id);
        vm.prank(mallory);
        registry.requestBondWithdrawal(id, 2 ether);
        settle(reportOf(60 ether), oneUpdate(id, 0, 0, 4 ether));
        assertEq(pool.totalPooledEther(), 1_000 ether, "the bond pays");
        skip(7 days);
        uint256 before = mallory.balance;
        vm.prank(mallory);
        assertEq(registry.withdrawBond(id), 0);
        assertEq(mallory.balance, before);
    }

    /// @dev Operators' rewards are for the validators they had: joining right before a report earns for it, not for earlier
    /// ones, and claiming twice gives nothing.
    function test_rewards_areNotForLatecomers() public {
        operatorWithKeys(manager, 0, 2);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, 2);
        settleFrame(64.5 ether);
        operatorWithKeys(mallory, 10, 2);
        depositKeys(10, 2);
        assertEq(registry.claimableRewards(2), 0);
        uint256 claimed = registry.claimRewards(1);
        assertGt(claimed, 0);
        assertEq(registry.claimRewards(1), 0);
        assertEq(registry.claimRewards(2), 0);
        assertEq(pool.balanceOf(recipient), claimed);
    }
}
