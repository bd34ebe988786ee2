// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

/// @dev The registry's ring of operators, read from its storage: no call shows it. The storage layout is pinned elsewhere.
library Ring {
    /// @dev OPERATOR_REGISTRY_STORAGE of OperatorLedger.
    uint256 private constant BASE = 0x334846089d38db7692e21295c697801972c6badefcdfa44ecd4a79e1bc407200;

    /// @dev The operators of the ring, from the one whose turn it is. At most `most` of them, and one more when the ring does not
    /// close after those.
    function walk(Vm vm, address registry, uint256 most) internal view returns (uint256[] memory ids) {
        ids = new uint256[](most + 1);
        uint256 first = turn(vm, registry);
        uint256 count = 0;
        uint256 id = first;
        while (id != 0 && count <= most) {
            ids[count++] = id;
            (id,) = neighbours(vm, registry, id);
            if (id == first) break;
        }
        assembly ("memory-safe") {
            mstore(ids, count)
        }
    }

    /// @dev Whose turn it is: the second number of the first slot.
    function turn(Vm vm, address registry) internal view returns (uint256) {
        return uint32(uint256(vm.load(registry, bytes32(BASE))) >> 32);
    }

    /// @dev The next operator and the one before, in the third slot of a record. Records are a mapping in the third slot.
    function neighbours(Vm vm, address registry, uint256 id) internal view returns (uint256 next, uint256 previous) {
        uint256 record = uint256(keccak256(abi.encode(id, BASE + 2)));
        uint256 word = uint256(vm.load(registry, bytes32(record + 2)));
        return (uint32(word), uint32(word >> 32));
    }
}
