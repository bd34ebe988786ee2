// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IStakingPool} from "../../src/interfaces/IStakingPool.sol";
import {Base} from "./Base.sol";

/// @dev The protocol with a hand on the pool's own calls: settlements as the distribution brings them, without a report.
abstract contract PoolTest is Base {
    uint256 internal constant V = 1 gwei;
    uint256 internal constant RAY = 1e27;

    /// @dev Expects the next call to be refused for want of a role.
    function expectUnauthorized(address account, bytes32 role) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role));
    }

    /// @dev A settlement that leaves so much with validators, moves nothing and finalises what is due.
    function settlementOf(uint256 beaconEther) internal view returns (IStakingPool.Settlement memory settlement) {
        settlement.beaconEther = beaconEther;
        settlement.treasury = treasury;
        settlement.finalizeUpTo = queue.lastRequestId();
    }

    /// @dev Settles as the distribution.
    function settleAs(IStakingPool.Settlement memory settlement) internal returns (uint256 sharePrice) {
        vm.prank(address(distribution));
        return pool.settle(settlement);
    }

    /// @dev A frame that leaves so much with validators: what is above the last figure is a gain, what is below a loss.
    function frame(uint256 beaconEther) internal returns (uint256 sharePrice) {
        return settleAs(settlementOf(beaconEther));
    }

    /// @dev Requests the owner's shares back.
    function requestAs(address owner, uint256 shares) internal returns (uint256 id) {
        vm.prank(owner);
        (id,) = queue.requestWithdrawal(shares, owner);
    }

    /// @dev Claims with the right hint.
    function claimAs(address owner, uint256 id) internal returns (uint256 assets) {
        uint256 hint = queue.findHint(id);
        vm.prank(owner);
        return queue.claim(id, hint, owner);
    }

    /// @dev The pool's part of a frame: so much ether comes with it, and what is not needed is back to the wei. The pool's own
    /// balance is left as it was, the ether is made up.
    function processAs(uint256 rateBefore, uint256 rate, uint256 delay, uint256 upTo, uint256 available)
        internal
        returns (uint256 assets, uint256 shares)
    {
        uint256 held = address(pool).balance;
        uint256 aside = address(queue).balance;
        vm.deal(address(pool), available);
        vm.prank(address(pool));
        (assets, shares) = queue.processFrame{value: available}(rateBefore, rate, delay, upTo);
        assertEq(address(pool).balance, available - assets, "the rest comes back");
        assertEq(address(queue).balance, aside + assets, "what is set aside came with the call");
        vm.deal(address(pool), held);
    }

    /// @dev Sets the stake cap, in the steps and after the waits that it takes.
    function raiseCap(uint256 cap) internal {
        while (pool.stakeCap() * 5 < cap) {
            uint256 step = pool.stakeCap() * 5;
            vm.prank(parameters);
            pool.setStakeCap(step);
            skip(7 days);
        }
        vm.prank(parameters);
        pool.setStakeCap(cap);
    }
}
