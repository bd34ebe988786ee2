// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {DepositData} from "../../src/libraries/DepositData.sol";
import {Base} from "../support/Base.sol";

contract DepositDataTest is Base {
    function test_root_publishedVectors() public view {
        string memory json = vm.readFile("test/fixtures/deposit-data.json");
        bytes[] memory pubkeys = vm.parseJsonBytesArray(json, ".pubkeys");
        bytes[] memory signatures = vm.parseJsonBytesArray(json, ".signatures");
        bytes32[] memory credentials = vm.parseJsonBytes32Array(json, ".withdrawalCredentials");
        bytes32[] memory roots = vm.parseJsonBytes32Array(json, ".depositDataRoots");
        uint64 amount = uint64(vm.parseJsonUint(json, ".amountGwei"));
        assertEq(roots.length, 3);
        for (uint256 i = 0; i < roots.length; ++i) {
            assertEq(DepositData.root(pubkeys[i], credentials[i], signatures[i], amount), roots[i]);
        }
    }

    /// @dev The deposit contract computes the root itself and reverts on any other.
    function testFuzz_root_theDepositContractAgrees(
        bytes32[3] calldata signature,
        bytes32 pubkeyHead,
        bytes16 pubkeyTail,
        bytes32 credentials,
        uint256 amount,
        uint8 flipped
    ) public {
        uint64 amountGwei = uint64(bound(amount, 1e9, 2048e9));
        bytes memory pubkey = abi.encodePacked(pubkeyHead, pubkeyTail);
        bytes memory sig = abi.encodePacked(signature);
        bytes32 root = DepositData.root(pubkey, credentials, sig, amountGwei);
        vm.startPrank(alice);
        vm.expectRevert("DepositContract: reconstructed DepositData does not match supplied deposit_data_root");
        depositContract.deposit{value: uint256(amountGwei) * 1 gwei}(
            pubkey, abi.encodePacked(credentials), sig, bytes32(uint256(root) ^ (1 << flipped))
        );
        depositContract.deposit{value: uint256(amountGwei) * 1 gwei}(pubkey, abi.encodePacked(credentials), sig, root);
        vm.stopPrank();
        assertEq(depositCount(), 1);
    }

    function testFuzz_littleEndian64(uint64 value) public pure {
        bytes8 encoded = DepositData.littleEndian64(value);
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(uint8(encoded[i]), uint8(value >> (8 * i)));
        }
    }

    function testFuzz_executionCredentials(address target) public pure {
        bytes32 credentials = DepositData.executionCredentials(target);
        assertEq(credentials, bytes32(bytes.concat(bytes1(0x01), new bytes(11), bytes20(target))));
    }
}
