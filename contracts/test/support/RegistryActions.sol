// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {Base} from "./Base.sol";

/// @dev The registry's calls as its modules make them, without the modules' own work.
abstract contract RegistryActions is Base {
    /// @dev Expects that the next call, made by an account, is refused for want of a role.
    function refuses(address account, bytes32 role) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role));
        vm.prank(account);
    }

    /// @dev Expects that a parameter is refused with its bounds.
    function outOfBounds(uint256 value, uint256 minimum, uint256 maximum) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IOperatorRegistry.OperatorRegistryInvalidParameter.selector, value, minimum, maximum)
        );
    }

    /// @dev The address of a made-up manager.
    function who(uint256 number) internal pure returns (address) {
        return address(uint160(0x20000 + number));
    }

    /// @dev Takes keys as BeaconDeposits does.
    function take(uint256 count)
        internal
        returns (bytes memory pubkeys, bytes memory sigs, uint256[] memory operatorIds)
    {
        vm.prank(address(deposits));
        return registry.takeKeys(count);
    }

    /// @dev Resolves the made-up key `number`.
    function resolve(uint256 number, bool valid) internal {
        bytes32 hash = keccak256(pubkeyOf(number));
        vm.prank(address(deposits));
        registry.resolveKey(hash, valid);
    }

    /// @dev Completes made-up keys; their pre-deposits come back.
    function complete(uint256 first, uint256 count) internal {
        bytes32[] memory hashes = hashesOf(first, count);
        vm.deal(address(deposits), count * 1 ether);
        vm.prank(address(deposits));
        registry.completeKeys{value: count * 1 ether}(hashes);
    }

    /// @dev Takes, proves and completes made-up keys, which must be the next ones.
    function activate(uint256 first, uint256 count) internal {
        take(count);
        for (uint256 i = 0; i < count; ++i) {
            resolve(first + i, true);
        }
        complete(first, count);
    }

    /// @dev Brings news of operators as RewardDistribution does.
    function applyUpdates(IOperatorRegistry.OperatorUpdate[] memory updates) internal returns (uint256 charged) {
        vm.prank(address(distribution));
        return registry.applyReport(updates);
    }

    /// @dev Charges a bond as ServiceLevel does.
    function chargeBond(uint256 operatorId, uint256 amount) internal returns (uint256 charged) {
        vm.prank(address(serviceLevel));
        return registry.charge(operatorId, amount);
    }

    function setBondPerKey(uint256 bondPerKey) internal {
        vm.prank(parameters);
        registry.setBondPerKey(bondPerKey);
    }

    function setTarget(uint256 operatorId, bool hasTarget, uint256 targetKeys) internal {
        vm.prank(vetter);
        registry.setTarget(operatorId, hasTarget, targetKeys);
    }

    function suspend(uint256 operatorId, bool suspended) internal {
        vm.prank(vetter);
        registry.setSuspended(operatorId, suspended);
    }

    function limitOf(uint256 operatorId) internal view returns (uint256) {
        return registry.operator(operatorId).keyLimit;
    }

    function counts(uint256 operatorId, uint256 total, uint256 vetted, uint256 taken, uint256 deposited) internal view {
        (uint256 a, uint256 b, uint256 c, uint256 d) = registry.keyCounts(operatorId);
        assertEq(a, total, "total");
        assertEq(b, vetted, "vetted");
        assertEq(c, taken, "taken");
        assertEq(d, deposited, "deposited");
    }
}
