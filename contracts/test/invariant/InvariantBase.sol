// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {Base} from "../support/Base.sol";
import {Handler} from "./Handler.sol";
import {Cast, Contracts} from "./handlers/Actors.sol";
import {Leavers} from "./handlers/Leavers.sol";
import {Operators} from "./handlers/Operators.sol";

/// @dev The protocol, the handler and a first while of ordinary work, so that a campaign of 64 calls starts in the middle of
/// the protocol's life: two operators with validators, stakers, a settled report and requests to leave.
///
/// Each invariant has a campaign of its own. How long is set by the runs of foundry.toml or by FOUNDRY_INVARIANT_RUNS.
abstract contract InvariantBase is Base {
    Handler internal handler;

    function setUp() public virtual override {
        super.setUp();
        bytes32 role = withdrawalVault.PARAMETER_ROLE();
        vm.prank(admin);
        withdrawalVault.grantRole(role, parameters);
        handler = new Handler(
            Contracts(
                depositContract,
                registry,
                withdrawalVault,
                rewardsVault,
                coverageFund,
                consensus,
                lossReview,
                guardians,
                pool,
                queue,
                deposits,
                distribution
            ),
            Cast(
                admin,
                upgrader,
                pauser,
                resumer,
                parameters,
                depositor,
                vetter,
                membership,
                address(serviceLevel),
                treasury,
                arbiter,
                emergency
            )
        );
        warmUp();
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: turned(targets())}));
    }

    /// @dev The list turned by another number for each suite. With a fixed seed all campaigns draw the same numbers, so that the
    /// invariants of one suite see the same calls; those of another suite see others.
    function turned(bytes4[] memory list) private view returns (bytes4[] memory selectors) {
        selectors = new bytes4[](list.length);
        uint256 offset = uint256(address(this).codehash) % list.length;
        for (uint256 i = 0; i < list.length; ++i) {
            selectors[i] = list[(i + offset) % list.length];
        }
    }

    /// @dev A first while, by the handler's own calls, so that its books are right.
    function warmUp() internal virtual {
        for (uint256 i = 0; i < 2; ++i) {
            handler.register(i, 12 ether);
            handler.submit(i, 5);
            handler.vet(i, 1);
            handler.stake(i << 8 | i, 150 ether);
        }
        handler.preDeposit(3);
        handler.attest(3);
        handler.completeDeposits(1);
        handler.wait(7 hours);
        handler.credit(1);
        handler.earn(7);
        handler.proposerFees(0.05 ether, true);
        handler.request(0, 5 ether, 0);
        handler.report(3);
        handler.give(0.5 ether, true);
    }

    /// @dev The calls of a campaign. Those that carry the work come up more often than the others.
    function targets() internal view virtual returns (bytes4[] memory selectors) {
        return allTargets();
    }

    /// @dev Every call of the handler; the first 22 come up three times.
    function allTargets() internal view returns (bytes4[] memory selectors) {
        bytes4[79] memory all = [
            handler.stake.selector,
            handler.request.selector,
            handler.requestAll.selector,
            handler.claim.selector,
            handler.claimBatch.selector,
            handler.register.selector,
            handler.addBond.selector,
            handler.submit.selector,
            handler.submit.selector,
            handler.vet.selector,
            handler.vet.selector,
            handler.preDeposit.selector,
            handler.preDeposit.selector,
            handler.attest.selector,
            handler.prove.selector,
            handler.settleReport.selector,
            handler.completeDeposits.selector,
            handler.credit.selector,
            handler.earn.selector,
            handler.proposerFees.selector,
            handler.report.selector,
            handler.report.selector,
            handler.stakeMuch.selector,
            handler.transfer.selector,
            handler.transferFrom.selector,
            handler.misplaceShares.selector,
            handler.donate.selector,
            handler.give.selector,
            handler.transferPosition.selector,
            handler.claimTo.selector,
            handler.staleFrame.selector,
            handler.requestBond.selector,
            handler.withdrawBond.selector,
            handler.setRecipient.selector,
            handler.claimRewards.selector,
            handler.removeKeys.selector,
            handler.setTarget.selector,
            handler.setSuspended.selector,
            handler.requestExits.selector,
            handler.refresh.selector,
            handler.charge.selector,
            handler.penalise.selector,
            handler.slash.selector,
            handler.exit.selector,
            handler.skim.selector,
            handler.donateToVault.selector,
            handler.wait.selector,
            handler.addMember.selector,
            handler.removeMember.selector,
            handler.setMinimumQuorum.selector,
            handler.lie.selector,
            handler.holdClaims.selector,
            handler.frontRun.selector,
            handler.closeFrame.selector,
            handler.closeFrame.selector,
            handler.pause.selector,
            handler.unpause.selector,
            handler.setStakingLimits.selector,
            handler.setFrameParameters.selector,
            handler.setReportParameters.selector,
            handler.setFrameLength.selector,
            handler.setTreasury.selector,
            handler.setCompounding.selector,
            handler.setCompounding.selector,
            handler.setBondParameters.selector,
            handler.setAttestationAllowed.selector,
            handler.withhold.selector,
            handler.proveLater.selector,
            handler.abandon.selector,
            handler.leaveTogether.selector,
            handler.reportAcrossAChange.selector,
            handler.reportDowntime.selector,
            handler.executePenalty.selector,
            handler.dismissPenalty.selector,
            handler.emergencySlash.selector,
            handler.proveMisses.selector,
            handler.proveFault.selector,
            handler.setServiceTerms.selector,
            handler.waitLong.selector
        ];
        bytes4[10] memory forbidden = forbiddenTargets();
        uint256 often = 22;
        selectors = new bytes4[](all.length + 2 * often + forbidden.length);
        for (uint256 i = 0; i < selectors.length; ++i) {
            if (i < all.length) selectors[i] = all[i];
            else if (i < all.length + 2 * often) selectors[i] = all[(i - all.length) % often];
            else selectors[i] = forbidden[i - all.length - 2 * often];
        }
    }

    /// @dev Calls that must be refused.
    function forbiddenTargets() internal view returns (bytes4[10] memory) {
        return [
            handler.intrudeAsModule.selector,
            handler.intrudeAsGovernor.selector,
            handler.intrudeAsAdmin.selector,
            handler.intrudeParameters.selector,
            handler.intrudeClaims.selector,
            handler.intrudeRequests.selector,
            handler.intrudeKeys.selector,
            handler.intrudeDeposits.selector,
            handler.intrudeFrames.selector,
            handler.intrudeEther.selector
        ];
    }

    /* WHAT INVARIANTS LOOK AT */

    /// @dev Accounts that can hold shares: stakers, the treasuries, and contracts.
    function holders() internal view returns (address[] memory list) {
        list = new address[](14);
        for (uint256 i = 0; i < 5; ++i) {
            list[i] = handler.stakerAt(i);
        }
        (list[5], list[6], list[7], list[8]) = (treasury, handler.OTHER_TREASURY(), address(queue), address(registry));
        (list[9], list[10], list[11]) = (address(pool), address(distribution), address(coverageFund));
        (list[12], list[13]) = (address(deposits), handler.STRANGER());
    }

    /// @dev Every finalised request is paid what was set aside for it.
    function claimAll() internal {
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            if (queue.requestOf(id).claimed) continue;
            address owner = queue.requestOf(id).owner;
            uint256 balance = owner.balance;
            vm.prank(owner);
            queue.claim(id);
            assertEq(owner.balance - balance, handler.payoutOf(id));
        }
    }

    function book(uint256 operatorId) internal view returns (Operators.Book memory) {
        return handler.bookOf(operatorId);
    }

    function operatorOf(uint256 operatorId) internal view returns (IOperatorRegistry.Operator memory) {
        return registry.operator(operatorId);
    }

    function positionOf(uint256 id) internal view returns (Leavers.Position memory) {
        return handler.positionOf(id);
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function max(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a : b;
    }
}
