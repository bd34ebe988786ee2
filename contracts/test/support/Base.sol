// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {ExecutionRewardsVault} from "../../src/ExecutionRewardsVault.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IDepositContract} from "../../src/interfaces/IDepositContract.sol";

/// @dev The protocol as a stack deploys it: proxies, roles granted one by one, the real deposit contract.
abstract contract Base is Test {
    uint256 internal constant BOND_PER_KEY = 1 ether;
    bytes32 internal constant DEFAULT_ADMIN_ROLE = 0x00;

    address internal admin = makeAddr("admin");
    address internal upgrader = makeAddr("upgrader");
    address internal pauser = makeAddr("pauser");
    address internal parameters = makeAddr("parameters");
    address internal depositor = makeAddr("depositor");
    address internal reporter = makeAddr("reporter");
    address internal vetter = makeAddr("vetter");
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal mallory = makeAddr("mallory");
    address internal manager = makeAddr("manager");
    address internal recipient = makeAddr("recipient");

    IDepositContract internal depositContract;
    StakingPool internal pool;
    OperatorRegistry internal registry;
    WithdrawalVault internal withdrawalVault;
    ExecutionRewardsVault internal rewardsVault;

    function setUp() public virtual {
        // A realistic clock: some code compares timestamps with zero.
        vm.warp(1_750_000_000);
        depositContract = etchDepositContract();
        registry = OperatorRegistry(
            proxy(address(new OperatorRegistry()), abi.encodeCall(OperatorRegistry.initialize, (admin, BOND_PER_KEY)))
        );
        withdrawalVault = WithdrawalVault(
            payable(proxy(address(new WithdrawalVault()), abi.encodeCall(WithdrawalVault.initialize, (admin))))
        );
        rewardsVault = ExecutionRewardsVault(
            payable(proxy(
                    address(new ExecutionRewardsVault()), abi.encodeCall(ExecutionRewardsVault.initialize, (admin))
                ))
        );
        pool = StakingPool(
            payable(proxy(
                    address(new StakingPool(depositContract)),
                    abi.encodeCall(
                        StakingPool.initialize,
                        (admin, address(registry), address(withdrawalVault), address(rewardsVault))
                    )
                ))
        );

        vm.startPrank(admin);
        pool.grantRole(pool.UPGRADER_ROLE(), upgrader);
        pool.grantRole(pool.PAUSER_ROLE(), pauser);
        pool.grantRole(pool.PARAMETER_ROLE(), parameters);
        pool.grantRole(pool.DEPOSITOR_ROLE(), depositor);
        pool.grantRole(pool.REPORTER_ROLE(), reporter);
        registry.grantRole(registry.UPGRADER_ROLE(), upgrader);
        registry.grantRole(registry.PARAMETER_ROLE(), parameters);
        registry.grantRole(registry.OPERATOR_MANAGER_ROLE(), vetter);
        registry.grantRole(registry.POOL_ROLE(), address(pool));
        withdrawalVault.grantRole(withdrawalVault.UPGRADER_ROLE(), upgrader);
        withdrawalVault.grantRole(withdrawalVault.POOL_ROLE(), address(pool));
        rewardsVault.grantRole(rewardsVault.UPGRADER_ROLE(), upgrader);
        rewardsVault.grantRole(rewardsVault.POOL_ROLE(), address(pool));
        vm.stopPrank();

        vm.deal(alice, 1_000_000 ether);
        vm.deal(bob, 1_000_000 ether);
        vm.deal(mallory, 1_000_000 ether);
        vm.deal(manager, 100_000 ether);
    }

    /* DEPLOYMENT */

    /// @dev Puts the deposit contract, as the chain has it, at its canonical address.
    function etchDepositContract() internal returns (IDepositContract) {
        string memory json = vm.readFile("test/fixtures/deposit-contract.json");
        address target = vm.parseJsonAddress(json, ".address");
        vm.etch(target, vm.parseJsonBytes(json, ".code"));
        bytes32[] memory slots = vm.parseJsonBytes32Array(json, ".slots");
        bytes32[] memory values = vm.parseJsonBytes32Array(json, ".values");
        for (uint256 i = 0; i < slots.length; ++i) {
            vm.store(target, slots[i], values[i]);
        }
        return IDepositContract(target);
    }

    function proxy(address implementation, bytes memory data) internal returns (address) {
        return address(new ERC1967Proxy(implementation, data));
    }

    /* KEYS */

    /// @dev A made-up public key: unique by its number.
    function pubkeyOf(uint256 number) internal pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encode("pubkey", number)), bytes16(uint128(number)));
    }

    /// @dev A made-up signature: unique by its number.
    function signatureOf(uint256 number) internal pure returns (bytes memory) {
        return abi.encodePacked(
            keccak256(abi.encode("signature", number)), keccak256(abi.encode("more", number)), bytes32(number)
        );
    }

    /// @dev Made-up keys `first` to `first + count - 1`, concatenated.
    function makeKeys(uint256 first, uint256 count) internal pure returns (bytes memory pubkeys, bytes memory sigs) {
        for (uint256 i = first; i < first + count; ++i) {
            pubkeys = bytes.concat(pubkeys, pubkeyOf(i));
            sigs = bytes.concat(sigs, signatureOf(i));
        }
    }

    /* ACTIONS */

    function stakeAs(address staker, uint256 amount) internal returns (uint256 shares) {
        vm.prank(staker);
        return pool.stake{value: amount}(staker, 0, address(0));
    }

    function registerAs(address operatorManager, uint256 bond) internal returns (uint256 operatorId) {
        vm.deal(operatorManager, operatorManager.balance + bond);
        vm.prank(operatorManager);
        return registry.registerOperator{value: bond}("operator", recipient);
    }

    function submitAs(address operatorManager, uint256 first, uint256 count) internal {
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(first, count);
        uint256 operatorId = registry.operatorIdOf(operatorManager);
        vm.prank(operatorManager);
        registry.submitValidatorSigs(operatorId, pubkeys, sigs);
    }

    function vet(uint256 operatorId, uint256 limit) internal {
        vm.prank(vetter);
        registry.setKeyLimit(operatorId, limit);
    }

    /// @dev An operator with a bond for its keys, all vetted.
    function operatorWithKeys(address operatorManager, uint256 first, uint256 count)
        internal
        returns (uint256 operatorId)
    {
        operatorId = registerAs(operatorManager, count * BOND_PER_KEY);
        submitAs(operatorManager, first, count);
        vet(operatorId, count);
    }

    function depositAs(address caller, uint256 count) internal returns (uint256) {
        bytes32 root = depositContract.get_deposit_root();
        vm.prank(caller);
        return pool.depositToBeaconChain(count, root);
    }

    function settle(uint256 amount) internal returns (uint256 settled) {
        vm.prank(reporter);
        (settled,) = pool.settleExecutionRewards(amount);
    }

    /// @dev The deposit contract's count, decoded from little endian.
    function depositCount() internal view returns (uint256 count) {
        bytes memory encoded = depositContract.get_deposit_count();
        for (uint256 i = 0; i < 8; ++i) {
            count |= uint256(uint8(encoded[i])) << (8 * i);
        }
    }
}
