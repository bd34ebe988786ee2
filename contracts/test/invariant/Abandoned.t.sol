// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {Leavers} from "./handlers/Leavers.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev Nobody with a right is there any more: no report, no depositor, no vetter, no guardian, no admin. Who has shares still
/// leaves, first come first served, as far as the ether reaches that the pool and the withdrawal vault have.
contract AbandonedInvariantsTest is InvariantBase {
    uint256 private reports;

    function setUp() public override {
        super.setUp();
        handler.pause(0);
        handler.pause(1);
        handler.pause(2);
        reports = handler.sumsOf().reports;
        renounceAll();
    }

    /// @dev What anyone can call; and the beacon chain, which goes on: operators exit their validators.
    function targets() internal view override returns (bytes4[] memory selectors) {
        bytes4[22] memory open = [
            handler.request.selector,
            handler.request.selector,
            handler.request.selector,
            handler.requestAll.selector,
            handler.staleFrame.selector,
            handler.staleFrame.selector,
            handler.staleFrame.selector,
            handler.claim.selector,
            handler.claim.selector,
            handler.claimTo.selector,
            handler.claimBatch.selector,
            handler.stake.selector,
            handler.transfer.selector,
            handler.transferPosition.selector,
            handler.completeDeposits.selector,
            handler.addBond.selector,
            handler.donate.selector,
            handler.earn.selector,
            handler.skim.selector,
            handler.exit.selector,
            handler.donateToVault.selector,
            handler.wait.selector
        ];
        selectors = new bytes4[](open.length);
        for (uint256 i = 0; i < open.length; ++i) {
            selectors[i] = open[i];
        }
    }

    /* INVARIANTS */

    function invariant_abandoned_nobodyHasARight() public view {
        for (uint256 i = 0; i < 11; ++i) {
            AccessControlUpgradeable target = AccessControlUpgradeable(handler.governedAt(i));
            assertFalse(target.hasRole(DEFAULT_ADMIN_ROLE, admin));
            assertFalse(target.hasRole(keccak256("UPGRADER_ROLE"), upgrader));
            assertFalse(target.hasRole(keccak256("PAUSER_ROLE"), pauser));
        }
        assertEq(handler.sumsOf().reports, reports);
    }

    function invariant_abandoned_rateNeverFalls() public view {
        assertEq(handler.rateFalls(), 0);
    }

    function invariant_abandoned_etherIsConserved() public view {
        uint256 held = address(pool).balance + address(queue).balance + address(registry).balance
            + address(withdrawalVault).balance + address(rewardsVault).balance + address(coverageFund).balance
            + address(deposits).balance + address(distribution).balance;
        assertEq(handler.etherIn(), handler.etherOut() + held);
    }

    function invariant_abandoned_poolHoldsWhatIsBuffered() public view {
        assertEq(address(pool).balance, pool.bufferedEther() + handler.forced(address(pool)));
    }

    function invariant_abandoned_queueCanPayAllFinalisedClaims() public view {
        assertGe(address(queue).balance, handler.setAside() - handler.paid());
    }

    /// @dev Whoever has enough shares for a request can make one.
    function invariant_abandoned_anyoneCanRequest() public {
        uint256 least = queue.MIN_REQUEST_SHARES();
        for (uint256 i = 0; i < 5; ++i) {
            address owner = handler.stakerAt(i);
            uint256 shares = min(pool.balanceOf(owner), 100_000 ether);
            if (shares < least) continue;
            vm.prank(owner);
            queue.requestWithdrawal(shares, owner);
        }
    }

    /// @dev Once reports are stale, anyone can process a frame, and it serves who has waited for one.
    function invariant_abandoned_anyoneCanProcessAFrame() public {
        vm.warp(max(handler.time(), pool.lastFrameTime() + pool.staleAfter()));
        uint256 frame = queue.frame();
        vm.prank(handler.STRANGER());
        pool.processStaleFrame();
        assertEq(queue.frame(), frame + 1);
    }

    /// @dev Every finalised request can be claimed at once.
    function invariant_abandoned_everyFinalisedRequestIsClaimable() public {
        vm.warp(handler.time());
        claimAll();
    }

    /// @dev After the next frame, the first request that is not served was made since the last one, or asks for more than is
    /// left: the withdrawal vault is empty, or all of it that the pool counts is taken.
    function invariant_abandoned_requestsAreServedAsFarAsTheEtherReaches() public {
        uint256 made = closedRequests();
        vm.warp(max(handler.time(), pool.lastFrameTime() + pool.staleAfter()));
        pool.processStaleFrame();
        assertTrue(address(withdrawalVault).balance == 0 || pool.beaconEther() == 0);
        uint256 id = queue.lastFinalizedId() + 1;
        if (id > made) return;
        Leavers.Position memory next = positionOf(id);
        uint256 rate = min(next.closeRate, handler.rateOf(pool.totalPooledEther(), pool.totalSupply()));
        assertGe(next.shares * rate / 1e27, pool.bufferedEther());
    }

    /// @dev Requests whose batch a frame has closed.
    function closedRequests() private view returns (uint256 made) {
        made = queue.lastRequestId();
        while (made != 0 && positionOf(made).closed == 0) {
            --made;
        }
    }

    /* THE END */

    /// @dev At the end of each run all validators exit, everyone asks for everything, and two frames later all is paid.
    function afterInvariant() public {
        handler.wait(7 hours);
        handler.credit(1);
        for (uint256 i = 0; i < handler.validatorCount(); ++i) {
            handler.exit(i);
        }
        for (uint256 i = 0; i < 5; ++i) {
            handler.requestAll(i, i);
        }
        handler.staleFrame(0);
        handler.staleFrame(0);
        assertEq(queue.lastFinalizedId(), queue.lastRequestId());
        claimAll();
        for (uint256 i = 0; i < 5; ++i) {
            assertLt(pool.balanceOf(handler.stakerAt(i)), queue.MIN_REQUEST_SHARES());
        }
        for (uint256 id = 1; id <= queue.lastRequestId(); ++id) {
            assertTrue(queue.requestOf(id).claimed);
        }
        // What is left is rounding.
        assertLe(address(queue).balance, handler.forced(address(queue)) + queue.lastRequestId());
    }

    /// @dev All roles go but those of the protocol's own contracts.
    function renounceAll() private {
        string[12] memory names = [
            "UPGRADER_ROLE",
            "PAUSER_ROLE",
            "RESUMER_ROLE",
            "PARAMETER_ROLE",
            "OPERATOR_MANAGER_ROLE",
            "SERVICE_LEVEL_ROLE",
            "DEPOSITOR_ROLE",
            "MEMBERSHIP_ROLE",
            "EXIT_ROLE",
            "CONSOLIDATION_ROLE",
            "ARBITER_ROLE",
            "EMERGENCY_ROLE"
        ];
        address[10] memory accounts = [
            upgrader,
            pauser,
            resumer,
            parameters,
            vetter,
            address(serviceLevel),
            depositor,
            membership,
            arbiter,
            emergency
        ];
        vm.startPrank(admin);
        for (uint256 i = 0; i < 11; ++i) {
            AccessControlUpgradeable target = AccessControlUpgradeable(handler.governedAt(i));
            for (uint256 j = 0; j < names.length; ++j) {
                for (uint256 k = 0; k < accounts.length; ++k) {
                    target.revokeRole(keccak256(bytes(names[j])), accounts[k]);
                }
            }
            target.renounceRole(DEFAULT_ADMIN_ROLE, admin);
        }
        vm.stopPrank();
    }
}
