// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ExecutionRewardsVault} from "../../src/ExecutionRewardsVault.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IBound} from "../../src/interfaces/IBound.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {DepositData} from "../../src/libraries/DepositData.sol";
import {Base} from "../support/Base.sol";

/// @dev Pushes its ether into an address that refuses calls.
contract ForcedEther {
    constructor(address payable target) payable {
        selfdestruct(target);
    }
}

/// @dev A manager that calls again while its bond arrives.
contract ReentrantManager {
    OperatorRegistry private immutable REGISTRY;
    uint256 public received;

    constructor(OperatorRegistry registry) {
        REGISTRY = registry;
    }

    receive() external payable {
        received += msg.value;
        REGISTRY.withdrawBond(1, msg.value);
    }

    function register() external payable {
        REGISTRY.registerOperator{value: msg.value}("reentrant", address(this));
    }

    function withdraw(uint256 amount) external {
        REGISTRY.withdrawBond(1, amount);
    }
}

/// @dev An implementation that would empty whatever it is put behind.
contract Thief is UUPSUpgradeable {
    function steal(address payable to) external {
        to.transfer(address(this).balance);
    }

    function _authorizeUpgrade(address) internal override {}
}

/// @dev Each test plays an attacker of the classes that hurt other protocols.
contract AttacksTest is Base {
    /* SHARE INFLATION AND DONATION */

    function test_donation_neverMovesTheRate() public {
        stakeAs(alice, 10 ether);
        new ForcedEther{value: 100 ether}(payable(address(pool)));
        assertEq(address(pool).balance, 110 ether);
        assertEq(pool.totalPooledEther(), 10 ether);
        assertEq(pool.sharePrice(), 1 ether);
        assertEq(stakeAs(bob, 1 ether), 1 ether);
    }

    function test_donation_doesNotPayForDeposits() public {
        operatorWithKeys(manager, 0, 1);
        stakeAs(alice, 10 ether);
        new ForcedEther{value: 100 ether}(payable(address(pool)));
        bytes32 root = depositContract.get_deposit_root();
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolNothingToDeposit.selector, 10 ether, 1));
        vm.prank(depositor);
        pool.depositToBeaconChain(1, root);
    }

    /// @dev The first staker with dust, gifts through the rewards vault, a reporter that settles whatever lies there, as
    /// often as it likes, with the widest bound: the next staker must lose nothing that could be seen.
    function test_inflation_costsTheAttacker() public {
        vm.startPrank(parameters);
        pool.setMinimumStake(1 gwei);
        pool.setMaxSettlementBps(500);
        vm.stopPrank();
        uint256 spent = 1 gwei;
        uint256 attackerShares = stakeAs(mallory, 1 gwei);
        vm.deal(address(rewardsVault), 1000 ether);
        for (uint256 i = 0; i < 300; ++i) {
            spent += settle(type(uint256).max);
        }
        assertGt(pool.sharePrice(), 1e22, "the rate was driven up");
        uint256 shares = stakeAs(alice, 1 ether);
        assertApproxEqRel(pool.convertToAssets(shares), 1 ether, 0.0001e18, "the victim keeps its stake");
        assertLt(pool.convertToAssets(attackerShares), spent, "the attacker lost");
    }

    /// @dev Staking just before a settlement takes at most the bound's share of the stake.
    function test_sandwich_isBounded() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(rewardsVault), 100 ether);
        uint256 shares = stakeAs(mallory, 10_000 ether);
        settle(type(uint256).max);
        assertLe(pool.convertToAssets(shares), 10_100 ether);
    }

    /* DEPOSIT FRONT-RUNNING */

    /// @dev An operator deposits 1 ETH for its own key with its own credentials before the pool: the first deposit decides
    /// the credentials of a validator, so the pool's 32 ETH would be the operator's.
    function test_depositFrontRun_changesTheRoot() public {
        operatorWithKeys(mallory, 0, 1);
        stakeAs(alice, 32 ether);
        bytes32 seen = depositContract.get_deposit_root();

        bytes32 own = DepositData.executionCredentials(mallory);
        bytes32 dataRoot = DepositData.root(pubkeyOf(0), own, signatureOf(0), 1e9);
        vm.prank(mallory);
        depositContract.deposit{value: 1 ether}(pubkeyOf(0), abi.encodePacked(own), signatureOf(0), dataRoot);

        bytes32 actual = depositContract.get_deposit_root();
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolDepositRootChanged.selector, seen, actual));
        vm.prank(depositor);
        pool.depositToBeaconChain(1, seen);
        assertEq(pool.bufferedEther(), 32 ether);
    }

    /// @dev An operator withdraws the keys that were checked and puts others in their place, without a deposit.
    function test_keySwap_isNeverVetted() public {
        uint256 id = operatorWithKeys(mallory, 0, 2);
        stakeAs(alice, 64 ether);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();

        vm.prank(mallory);
        registry.removeUnusedKeys(id, 1);
        submitAs(mallory, 66, 1);
        (, uint256 vetted,) = registry.keyCounts(id);
        assertEq(vetted, 1, "the new key is not vetted");

        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolKeysNonceChanged.selector, nonce, nonce + 1));
        vm.prank(depositor);
        pool.depositToBeaconChainAtNonce(2, root, nonce);
        assertEq(depositAs(depositor, 2), 1);
        assertFalse(registry.isKeyDeposited(pubkeyOf(66)));
    }

    /// @dev Keys swapped between the vetter's check and its transaction are vetted unseen; the nonce still stops the
    /// depositor, who checked the old ones.
    function test_keySwapBeforeVetting_isStoppedAtTheDeposit() public {
        registerAs(mallory, 2 ether);
        submitAs(mallory, 0, 2);
        vet(1, 1);
        stakeAs(alice, 64 ether);
        uint256 nonce = registry.keysNonce();
        vm.prank(mallory);
        registry.removeUnusedKeys(1, 1);
        submitAs(mallory, 66, 1);
        vet(1, 2);
        bytes32 root = depositContract.get_deposit_root();
        vm.expectRevert(abi.encodeWithSelector(IStakingPool.StakingPoolKeysNonceChanged.selector, nonce, nonce + 1));
        vm.prank(depositor);
        pool.depositToBeaconChainAtNonce(2, root, nonce);
    }

    /* DUPLICATE KEYS */

    function expectDuplicate(address operatorManager, bytes memory pubkeys, bytes memory sigs, bytes memory culprit)
        private
    {
        uint256 id = registry.operatorIdOf(operatorManager);
        vm.expectRevert(abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryDuplicateKey.selector, culprit));
        vm.prank(operatorManager);
        registry.submitValidatorSigs(id, pubkeys, sigs);
    }

    function test_duplicateKeys_areRefused() public {
        operatorWithKeys(manager, 0, 2);
        registerAs(mallory, 10 ether);
        // One's own, another's, one twice in a batch, with another signature.
        vm.prank(alice);
        registry.addBond{value: 10 ether}(1);
        expectDuplicate(manager, pubkeyOf(1), signatureOf(1), pubkeyOf(1));
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(0), pubkeyOf(0));
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(9), pubkeyOf(0));
        expectDuplicate(
            mallory,
            bytes.concat(pubkeyOf(5), pubkeyOf(6), pubkeyOf(5)),
            bytes.concat(signatureOf(5), signatureOf(6), signatureOf(5)),
            pubkeyOf(5)
        );
    }

    function test_duplicateKeys_areRefusedAfterTheDeposit() public {
        operatorWithKeys(manager, 0, 1);
        registerAs(mallory, 10 ether);
        stakeAs(alice, 32 ether);
        depositAs(depositor, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientUnusedKeys.selector, 1, 1, 0)
        );
        vm.prank(manager);
        registry.removeUnusedKeys(1, 1);
        expectDuplicate(mallory, pubkeyOf(0), signatureOf(0), pubkeyOf(0));
    }

    /* BONDS */

    function test_reentrancy_onBondWithdrawal() public {
        ReentrantManager attacker = new ReentrantManager(registry);
        attacker.register{value: 1 ether}();
        // Others' bonds lie in the same contract.
        registerAs(manager, 10 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 0.4 ether, 0.6 ether)
        );
        attacker.withdraw(0.6 ether);
        assertEq(attacker.received(), 0);
        assertEq(address(registry).balance, 11 ether);
    }

    function test_bond_staysForDepositedKeys() public {
        operatorWithKeys(mallory, 0, 1);
        stakeAs(alice, 32 ether);
        depositAs(depositor, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInsufficientBond.selector, 1, 1 ether, 1 ether + 1)
        );
        vm.prank(mallory);
        registry.withdrawBond(1, 1);
    }

    /* UPGRADES AND INITIALISATION */

    function test_upgrade_isRefusedToOthers() public {
        address[4] memory proxies = [address(pool), address(registry), address(withdrawalVault), address(rewardsVault)];
        address[4] memory others = [mallory, admin, parameters, pauser];
        address thief = address(new Thief());
        bytes32 role = pool.UPGRADER_ROLE();
        bytes memory data = abi.encodeCall(Thief.steal, (payable(mallory)));
        for (uint256 i = 0; i < proxies.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[i], role)
            );
            vm.prank(others[i]);
            UUPSUpgradeable(proxies[i]).upgradeToAndCall(thief, data);
        }
    }

    function test_implementations_cannotBeInitialised() public {
        bytes4 selector = Initializable.InvalidInitialization.selector;
        StakingPool poolImplementation = new StakingPool(depositContract);
        OperatorRegistry registryImplementation = new OperatorRegistry();
        WithdrawalVault withdrawalImplementation = new WithdrawalVault();
        ExecutionRewardsVault rewardsImplementation = new ExecutionRewardsVault();
        vm.startPrank(mallory);
        vm.expectRevert(selector);
        poolImplementation.initialize(mallory, mallory, mallory, mallory);
        vm.expectRevert(selector);
        registryImplementation.initialize(mallory, 1 ether);
        vm.expectRevert(selector);
        withdrawalImplementation.initialize(mallory);
        vm.expectRevert(selector);
        rewardsImplementation.initialize(mallory);
        vm.stopPrank();
    }

    function test_implementations_cannotBeUpgradedDirectly() public {
        StakingPool implementation = new StakingPool(depositContract);
        address thief = address(new Thief());
        vm.expectRevert(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
        implementation.upgradeToAndCall(thief, "");
    }

    function test_proxies_cannotBeInitialisedAgain() public {
        bytes4 selector = Initializable.InvalidInitialization.selector;
        vm.startPrank(admin);
        vm.expectRevert(selector);
        pool.initialize(mallory, mallory, mallory, mallory);
        vm.expectRevert(selector);
        registry.initialize(mallory, 1 ether);
        vm.expectRevert(selector);
        withdrawalVault.initialize(mallory);
        vm.expectRevert(selector);
        rewardsVault.initialize(mallory);
        vm.stopPrank();
    }

    function test_initialize_refusesTheZeroAdmin() public {
        address implementation = address(new WithdrawalVault());
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(implementation, abi.encodeCall(WithdrawalVault.initialize, (address(0))));
    }

    /* ROLES AND PRINCIPAL */

    /// @dev An admin gives itself every role but the upgrade: it cannot move ether to itself.
    function test_admin_cannotReachEtherThroughRoles() public {
        stakeAs(alice, 100 ether);
        vm.deal(address(withdrawalVault), 32 ether);
        vm.deal(address(rewardsVault), 1 ether);
        bytes32 poolRole = withdrawalVault.POOL_ROLE();
        vm.startPrank(admin);
        bytes memory bound = abi.encodeWithSelector(IBound.RoleAlreadyBound.selector, poolRole, address(pool), admin);
        vm.expectRevert(bound);
        withdrawalVault.grantRole(poolRole, admin);
        vm.expectRevert(bound);
        rewardsVault.grantRole(poolRole, admin);
        vm.expectRevert(bound);
        registry.grantRole(poolRole, admin);
        pool.grantRole(pool.REPORTER_ROLE(), admin);
        pool.grantRole(pool.DEPOSITOR_ROLE(), admin);
        uint256 before = admin.balance;
        pool.settleExecutionRewards(1 ether);
        vm.stopPrank();
        assertEq(admin.balance, before);
        assertEq(pool.totalPooledEther(), 101 ether);
        assertEq(address(withdrawalVault).balance, 32 ether);
    }

    function test_poolRole_cannotBeBoundToNobody() public {
        WithdrawalVault fresh = WithdrawalVault(
            payable(proxy(address(new WithdrawalVault()), abi.encodeCall(WithdrawalVault.initialize, (admin))))
        );
        bytes32 role = fresh.POOL_ROLE();
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        vm.prank(admin);
        fresh.grantRole(role, address(0));
    }

    /* UNBOUNDED WORK */

    /// @dev With 1,000 operators in the ring, most of which leave it, a deposit costs what it costs with one.
    function test_manyOperators_doNotSlowDeposits() public {
        operatorWithKeys(address(0x50000), 0, 2);
        stakeAs(alice, 1000 ether);
        depositAs(depositor, 1);
        bytes32 root = depositContract.get_deposit_root();
        vm.prank(depositor);
        uint256 before = gasleft();
        pool.depositToBeaconChain(1, root);
        uint256 alone = before - gasleft();

        for (uint256 i = 1; i <= 1000; ++i) {
            operatorWithKeys(address(uint160(0x50000 + i)), 10 * i, 2);
        }
        for (uint256 i = 1; i < 1000; i += 2) {
            vm.prank(address(uint160(0x50000 + i)));
            registry.removeUnusedKeys(i + 1, 2);
        }
        root = depositContract.get_deposit_root();
        vm.prank(depositor);
        before = gasleft();
        assertEq(pool.depositToBeaconChain(1, root), 1);
        assertLt(before - gasleft(), alone * 3 / 2);
    }
}
