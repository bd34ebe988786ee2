// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IKeyRegistry} from "../../src/interfaces/IKeyRegistry.sol";
import {Base} from "./Base.sol";

/// @dev A registry of keys that reads what a real one does: whose a key is, and how many that operator has deposited.
contract KeyRegistryStub is IKeyRegistry {
    struct KeyRecord {
        uint32 operatorId;
        uint32 index;
    }

    mapping(bytes32 pubkeyHash => KeyRecord) private _keys;
    mapping(uint256 operatorId => uint256) private _depositedKeys;

    function add(bytes calldata pubkey) external {
        _keys[keccak256(pubkey)] = KeyRecord({operatorId: 1, index: uint32(_depositedKeys[1]++)});
    }

    function isOwnValidator(bytes calldata pubkey) external view override returns (bool) {
        KeyRecord storage key = _keys[keccak256(pubkey)];
        return key.index < _depositedKeys[key.operatorId];
    }
}

/// @dev The protocol on a network with the requests of EIP-7002 and EIP-7251: both predeploys run their real code.
abstract contract VaultBase is Base {
    /// @dev Calls the predeploys at the end of each block. https://eips.ethereum.org/EIPS/eip-7002#configuration
    address internal constant SYSTEM_ADDRESS = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    /// @dev Both EIPs' FEE_UPDATE_FRACTION.
    uint256 internal constant FEE_UPDATE_FRACTION = 17;
    /// @dev The public keys `pubkeyOf(0)` to `pubkeyOf(OWN_KEYS - 1)` are the protocol's.
    uint256 internal constant OWN_KEYS = 220;
    /// @dev A public key that is not the protocol's.
    uint256 internal constant STRANGE_KEY = 1_000_000;

    address internal keeper = makeAddr("keeper");
    address internal consolidator = makeAddr("consolidator");
    address internal withdrawals;
    address internal consolidations;
    KeyRegistryStub internal keyRegistry;

    function setUp() public virtual override {
        super.setUp();
        withdrawals = etchPredeploy("withdrawals");
        consolidations = etchPredeploy("consolidations");
        // Behind a proxy, as a real one.
        keyRegistry = KeyRegistryStub(proxy(address(new KeyRegistryStub()), ""));
        for (uint256 i = 0; i < OWN_KEYS; ++i) {
            keyRegistry.add(pubkeyOf(i));
        }
        vm.startPrank(admin);
        withdrawalVault.grantRole(withdrawalVault.PARAMETER_ROLE(), parameters);
        withdrawalVault.grantRole(withdrawalVault.EXIT_ROLE(), keeper);
        withdrawalVault.grantRole(withdrawalVault.CONSOLIDATION_ROLE(), consolidator);
        withdrawalVault.setKeyRegistry(address(keyRegistry));
        vm.stopPrank();
        vm.deal(keeper, 1_000_000 ether);
        vm.deal(consolidator, 1_000_000 ether);
    }

    /* PREDEPLOYS */

    /// @dev Puts a predeploy, as the chain has it, at its address; its fork is some blocks ago.
    function etchPredeploy(string memory name) internal returns (address target) {
        string memory json = vm.readFile("test/fixtures/predeploys.json");
        target = vm.parseJsonAddress(json, string.concat(".", name, ".address"));
        vm.etch(target, vm.parseJsonBytes(json, string.concat(".", name, ".code")));
    }

    /// @dev Sets how many requests former blocks had too many: slot 0 of both predeploys.
    function setExcess(address predeploy, uint256 excess) internal {
        vm.store(predeploy, 0, bytes32(excess));
    }

    /// @dev What a client does at the end of a block; returns the requests that go to the beacon chain.
    function endBlock(address predeploy) internal returns (bytes memory requests) {
        vm.prank(SYSTEM_ADDRESS);
        bool success;
        (success, requests) = predeploy.call("");
        assertTrue(success);
    }

    /// @dev fake_exponential(1, excess, 17). https://eips.ethereum.org/EIPS/eip-7002#fee-calculation
    function feeAt(uint256 excess) internal pure returns (uint256 output) {
        uint256 term = FEE_UPDATE_FRACTION;
        for (uint256 i = 1; term > 0; ++i) {
            output += term;
            term = term * excess / (FEE_UPDATE_FRACTION * i);
        }
        return output / FEE_UPDATE_FRACTION;
    }

    /// @dev Requests in a predeploy's queue: slot 3 is its tail, slot 2 its head.
    function queued(address predeploy) internal view returns (uint256) {
        return uint256(vm.load(predeploy, bytes32(uint256(3)))) - uint256(vm.load(predeploy, bytes32(uint256(2))));
    }

    /// @dev Words of a request in a predeploy's queue: the source address, then the input. The queue starts at slot 4.
    function queueWord(address predeploy, uint256 index, uint256 word) internal view returns (bytes32) {
        uint256 words = predeploy == withdrawals ? 3 : 4;
        return vm.load(predeploy, bytes32(4 + index * words + word));
    }

    /// @dev That a withdrawal request is in the queue: source address, key, amount (big endian there).
    function assertWithdrawalQueued(uint256 index, address source, bytes memory pubkey, uint64 amountGwei)
        internal
        view
    {
        bytes memory input = abi.encodePacked(pubkey, amountGwei, bytes8(0));
        assertEq(queueWord(withdrawals, index, 0), bytes32(uint256(uint160(source))));
        assertEq(abi.encodePacked(queueWord(withdrawals, index, 1), queueWord(withdrawals, index, 2)), input);
    }

    /// @dev That a consolidation request is in the queue.
    function assertConsolidationQueued(uint256 index, bytes memory source, bytes memory target) internal view {
        assertEq(queueWord(consolidations, index, 0), bytes32(uint256(uint160(address(withdrawalVault)))));
        assertEq(
            abi.encodePacked(
                queueWord(consolidations, index, 1),
                queueWord(consolidations, index, 2),
                queueWord(consolidations, index, 3)
            ),
            abi.encodePacked(source, target)
        );
    }

    /* KEYS AND ACTIONS */

    /// @dev Public keys `first` to `first + count - 1`, concatenated.
    function pubkeysOf(uint256 first, uint256 count) internal pure returns (bytes memory pubkeys) {
        (pubkeys,) = makeKeys(first, count);
    }

    /// @dev The same amount `count` times.
    function amountsOf(uint256 count, uint64 amountGwei) internal pure returns (uint64[] memory amounts) {
        amounts = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            amounts[i] = amountGwei;
        }
    }

    /// @dev The keeper exits `count` own validators from `first` for what it costs.
    function exitAs(address caller, uint256 first, uint256 count) internal {
        bytes memory pubkeys = pubkeysOf(first, count);
        uint256 fee = withdrawalVault.withdrawalRequestFee();
        vm.prank(caller);
        withdrawalVault.requestExits{value: count * fee}(pubkeys, fee);
    }

    function setLimit(uint256 exitLimit) internal {
        vm.prank(parameters);
        withdrawalVault.setExitLimit(exitLimit);
    }
}
