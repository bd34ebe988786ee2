// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

/// @dev Where tests get the code under test from: the artifacts of src/, built as they are deployed. Tests themselves are compiled
/// without the optimizer, which would take most of a build's time, and hold no contract's code, so that mutation testing can
/// exchange it.
abstract contract Implementations is Test {
    /// @dev The profile by which src/ was built: `default` or `prague`, whether its tests have a profile of their own or not.
    function buildProfile() internal returns (string memory) {
        return vm.contains(vm.envOr("FOUNDRY_PROFILE", string("default")), "prague") ? "prague" : "default";
    }

    /// @dev Deploys a contract of src/.
    function implementation(string memory name, bytes memory arguments) internal returns (address target) {
        string memory folder = vm.contains(buildProfile(), "prague") ? "out/prague/" : "out/";
        bytes memory code = vm.getCode(string.concat(folder, name, ".sol/", name, ".json"));
        code = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            target := create(0, add(code, 0x20), mload(code))
            if iszero(target) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    /// @dev A proxy, initialised in the same transaction.
    function proxy(address target, bytes memory data) internal returns (address) {
        return implementation("ERC1967Proxy", abi.encode(target, data));
    }
}
