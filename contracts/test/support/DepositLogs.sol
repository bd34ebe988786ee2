// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";
import {DepositData} from "../../src/libraries/DepositData.sol";
import {Base} from "./Base.sol";

/// @dev An operator with four keys, and what the network's deposit contract logs of them.
abstract contract DepositLogs is Base {
    /// @dev https://github.com/ethereum/consensus-specs/blob/master/solidity_deposit_contract/deposit_contract.sol
    bytes32 private constant DEPOSIT_EVENT = keccak256("DepositEvent(bytes,bytes,bytes,bytes,bytes)");

    function setUp() public virtual override {
        super.setUp();
        operatorWithKeys(manager, 0, 4);
    }

    function le64(uint64 value) internal pure returns (bytes memory) {
        return abi.encodePacked(DepositData.littleEndian64(value));
    }

    /// @dev Checks one log of the deposit contract.
    function checkDeposit(Vm.Log memory log, uint256 number, bytes memory signature, uint64 gweis, uint64 index)
        internal
        view
    {
        assertEq(log.emitter, address(depositContract));
        assertEq(log.topics[0], DEPOSIT_EVENT);
        (bytes memory pubkey, bytes memory credentials, bytes memory amount, bytes memory sig, bytes memory position) =
            abi.decode(log.data, (bytes, bytes, bytes, bytes, bytes));
        assertEq(pubkey, pubkeyOf(number));
        assertEq(credentials, abi.encodePacked(bytes1(0x01), new bytes(11), address(withdrawalVault)));
        assertEq(amount, le64(gweis));
        assertEq(sig, signature);
        assertEq(position, le64(index));
    }

    /// @dev The logs of the deposit contract among those recorded.
    function depositLogs() internal returns (Vm.Log[] memory logs) {
        Vm.Log[] memory all = vm.getRecordedLogs();
        uint256 count = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i].emitter == address(depositContract)) all[count++] = all[i];
        }
        logs = new Vm.Log[](count);
        for (uint256 i = 0; i < count; ++i) {
            logs[i] = all[i];
        }
    }
}
