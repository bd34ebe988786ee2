// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Reporters} from "./handlers/Reporters.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev Shows that the handler's calls do their work. A run of 64 calls cannot reach everything, so that is not asked of each
/// run; instead this plays 6,000 calls, drawn by a fixed seed from the very list that campaigns draw from, and asks that every
/// call, and every case that matters within one, was effective. A handler that returns early for ever fails here.
contract CampaignTest is InvariantBase {
    uint256 private constant CALLS = 6_000;

    function warmUp() internal override {}

    function test_everyCallDoesItsWork() public {
        bytes4[] memory selectors = allTargets();
        uint256 seed = 1;
        for (uint256 i = 0; i < CALLS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes memory data = abi.encodeWithSelector(
                selectors[seed % selectors.length],
                keccak256(abi.encode(seed, 0)),
                keccak256(abi.encode(seed, 1)),
                keccak256(abi.encode(seed, 2)),
                keccak256(abi.encode(seed, 3))
            );
            // A bool is 0 or 1.
            if (takesFlag(bytes4(data))) {
                bool first = bytes4(data) == handler.setCompounding.selector;
                data = abi.encodeWithSelector(bytes4(data), first ? seed >> 255 : seed >> 8, seed >> 255);
            }
            (bool ok, bytes memory reason) = address(handler).call(data);
            if (!ok) {
                emit log_named_uint("call", i);
                assembly ("memory-safe") {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
        }
        string[108] memory names = effects();
        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(handler.calls(names[i]), 0, names[i]);
        }
        checkAccounts();
        assertEq(handler.admitted(), 0);
        assertEq(handler.rateFalls() + handler.undueRises() + handler.countersFell(), 0);
        assertEq(handler.finalisationMoves() + handler.excessivePrices(), 0);
        assertEq(handler.excessiveRises() + handler.idleHeadroom() + handler.unreviewed(), 0);
    }

    /// @dev More validators leave at once than a report may say alone: that is rarer than 6,000 calls show.
    function test_manyExitsAreReviewed() public {
        for (uint256 i = 0; i < 2; ++i) {
            handler.register(i, 19 ether);
            handler.submit(i, 5);
            handler.submit(i, 5);
            handler.vet(i, 1);
            handler.stakeMuch(i, 0);
        }
        for (uint256 i = 0; i < 4; ++i) {
            handler.preDeposit(5);
            handler.attest(5);
            handler.completeDeposits(5);
        }
        handler.wait(7 hours);
        handler.credit(1);
        handler.report(3);
        handler.leaveTogether(0);
        assertEq(handler.calls("leaveTogether"), 24);
        handler.report(3);
        assertEq(handler.calls("reviewedExits"), 1);
        assertEq(handler.unreviewed(), 0);
        assertEq(registry.activeKeys(), 0);
        checkAccounts();
    }

    /// @dev The accounts of all contracts at the end, which 6,000 calls moved further than any campaign of 64.
    function checkAccounts() private view {
        Reporters.Sums memory s = handler.sumsOf();
        uint256 into = handler.staked() + s.gain + s.rewards + s.fromBonds + s.covered;
        assertEq(pool.totalPooledEther(), into - s.loss - handler.setAside() - handler.forgone());
        assertEq(address(pool).balance, pool.bufferedEther() + handler.forced(address(pool)));
        assertEq(address(queue).balance, handler.setAside() - handler.paid() + handler.forced(address(queue)));
        assertEq(address(deposits).balance, handler.forced(address(deposits)));
        assertEq(address(distribution).balance, handler.forced(address(distribution)));
        assertEq(
            address(coverageFund).balance,
            handler.forced(address(coverageFund)) + s.surplus + handler.enforced() - s.covered
        );
        uint256 vaulted = handler.executionRewards() + handler.forgoneOfBuffer();
        assertEq(address(rewardsVault).balance, vaulted - s.rewards);
        assertEq(address(withdrawalVault).balance, handler.returned() - s.withdrawals - handler.swept());
        uint256 bonds = 0;
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            assertEq(registry.bondOf(id), book(id).bond);
            bonds += registry.bondOf(id);
        }
        assertEq(address(registry).balance, bonds + handler.forced(address(registry)));
        uint256 known = pool.beaconEther() + handler.earned() + s.loss + handler.forgone() - handler.forgoneOfBuffer();
        assertEq(handler.consensusEther() + handler.lost() + s.gain, known);
        address[] memory list = holders();
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(pool.balanceOf(list[i]), handler.sharesOf(list[i]));
        }
        for (uint256 id = 1; id <= queue.lastFinalizedId(); ++id) {
            assertEq(queue.requestOf(id).assets, handler.payoutOf(id));
        }
    }

    function takesFlag(bytes4 selector) private view returns (bool) {
        return selector == handler.give.selector || selector == handler.setCompounding.selector
            || selector == handler.proposerFees.selector || selector == handler.withdrawBond.selector;
    }

    /// @dev Every call of the handler, and the cases within them, by the names under which they are counted.
    function effects() private pure returns (string[108] memory) {
        return [
            "stake",
            "stakeMuch",
            "transfer",
            "transferFrom",
            "misplaceShares",
            "donate",
            "give",
            "request",
            "requestAll",
            "requestInPieces",
            "transferPosition",
            "claim",
            "claimTo",
            "claimBatch",
            "staleFrame",
            "register",
            "addBond",
            "requestBond",
            "withdrawBond",
            "setRecipient",
            "claimRewards",
            "submit",
            "removeKeys",
            "vet",
            "setTarget",
            "suspend",
            "resume",
            "requestExits",
            "refresh",
            "charge",
            "credit",
            "earn",
            "proposerFees",
            "penalise",
            "slash",
            "exit",
            "skim",
            "donateToVault",
            "wait",
            "addMember",
            "removeMember",
            "setMinimumQuorum",
            "lie",
            "holdClaims",
            "frontRun",
            "preDeposit",
            "attestValid",
            "attestInvalid",
            "proveValid",
            "proveInvalid",
            "setCompounding",
            "completeDeposits",
            "closeFrame",
            "report",
            "lateReport",
            "overtakenReport",
            "reviewedLoss",
            "uncoveredLoss",
            "boundedGain",
            "bondsPaid",
            "bondsPaidMore",
            "fundPaid",
            "fees",
            "pause",
            "unpause",
            "setStakingLimits",
            "setFrameParameters",
            "setReportParameters",
            "setFrameLength",
            "setTreasury",
            "setBondParameters",
            "setAttestationAllowed",
            "intrudeAsModule",
            "intrudeClaims",
            "intrudeHints",
            "intrudeReceipts",
            "intrudeFrames",
            "intrudeAsGovernor",
            "intrudeAsAdmin",
            "intrudeParameters",
            "intrudeRequests",
            "intrudeKeys",
            "intrudeDeposits",
            "intrudeEther",
            "withhold",
            "forced",
            "forgone",
            "proveLater",
            "abandon",
            "heldBack",
            "leaveTogether",
            "agreedAnew",
            "earlyCapRaise",
            "forgoneOfBuffer",
            "reportDowntime",
            "nothingDue",
            "executeDowntime",
            "executeEmergency",
            "dismissPenalty",
            "emergencySlash",
            "proveMisses",
            "missWithinAllowance",
            "missBeyondAllowance",
            "proveSlashed",
            "proveForeign",
            "suspendedByBreaches",
            "setServiceTerms",
            "waitLong"
        ];
    }
}
