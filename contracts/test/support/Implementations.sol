// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

/// @dev Where tests get the code under test from: the build's artifacts, which mutation testing exchanges.
abstract contract Implementations is Test {
    /// @dev Deploys a contract of src/.
    function implementation(string memory name, bytes memory arguments) internal returns (address target) {
        bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            target := create(0, add(code, 0x20), mload(code))
            if iszero(target) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }
}
