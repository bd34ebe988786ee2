// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {Bound} from "../../src/abstract/Bound.sol";
import {ExpiringPause} from "../../src/abstract/ExpiringPause.sol";
import {ReportConsensus} from "../../src/ReportConsensus.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev Who may do what, the committees, and the ether of the protocol as a whole.
contract RightsInvariantsTest is InvariantBase {
    /// @dev https://eips.ethereum.org/EIPS/eip-1967#logic-contract-address
    bytes32 private constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    bytes32[11] private implementations;
    bytes32 private queueCode;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 11; ++i) {
            implementations[i] = vm.load(handler.governedAt(i), IMPLEMENTATION_SLOT);
            assertTrue(implementations[i] != 0);
        }
        queueCode = address(queue).codehash;
    }

    /// @dev Larger committees from the start.
    function warmUp() internal override {
        super.warmUp();
        for (uint256 i = 0; i < 6; ++i) {
            handler.addMember(i);
        }
    }

    /// @dev More of committees and pauses than elsewhere.
    function targets() internal view override returns (bytes4[] memory selectors) {
        bytes4[] memory all = allTargets();
        bytes4[9] memory often = [
            handler.addMember.selector,
            handler.removeMember.selector,
            handler.removeMember.selector,
            handler.setMinimumQuorum.selector,
            handler.lie.selector,
            handler.lie.selector,
            handler.closeFrame.selector,
            handler.pause.selector,
            handler.unpause.selector
        ];
        selectors = new bytes4[](all.length + 5 * often.length);
        for (uint256 i = 0; i < selectors.length; ++i) {
            selectors[i] = i < all.length ? all[i] : often[(i - all.length) % often.length];
        }
    }

    /* ETHER */

    /// @dev Every wei that came in left it or is in it.
    function invariant_everyWeiIsAccountedFor() public view {
        uint256 held = address(pool).balance + address(queue).balance + address(registry).balance
            + address(withdrawalVault).balance + address(rewardsVault).balance + address(coverageFund).balance
            + address(deposits).balance + address(distribution).balance;
        assertEq(handler.etherIn(), handler.etherOut() + held);
    }

    function invariant_thePrivilegedGainNoEther() public view {
        address[12] memory privileged = [
            admin,
            upgrader,
            pauser,
            resumer,
            parameters,
            depositor,
            vetter,
            membership,
            arbiter,
            emergency,
            treasury,
            handler.OTHER_TREASURY()
        ];
        for (uint256 i = 0; i < privileged.length; ++i) {
            assertEq(privileged[i].balance, 0);
            if (i < 10) assertEq(pool.balanceOf(privileged[i]), 0);
        }
        for (uint256 i = 0; i < 3; ++i) {
            address[] memory list = handler.membersOf(i);
            for (uint256 j = 0; j < list.length; ++j) {
                assertEq(list[j].balance + pool.balanceOf(list[j]), 0);
            }
        }
    }

    function invariant_theStrangerGainsNothing() public view {
        assertEq(handler.STRANGER().balance, 0);
        assertEq(pool.balanceOf(handler.STRANGER()), 0);
        assertEq(queue.balanceOf(handler.STRANGER()), 0);
    }

    /* ROLES */

    function invariant_forbiddenCallsAreRefused() public view {
        assertEq(handler.admitted(), 0, vm.toString(handler.lastAdmitted()));
    }

    function invariant_modulesAreBoundForEver() public view {
        for (uint256 i = 0; i < handler.BOUND_ROLES(); ++i) {
            (address target, bytes32 role, address account) = handler.boundAt(i);
            assertEq(Bound(target).boundAccount(role), account);
            assertTrue(AccessControlUpgradeable(target).hasRole(role, account));
        }
    }

    function invariant_adminsAndStrangersAreNoModules() public view {
        for (uint256 i = 0; i < handler.BOUND_ROLES(); ++i) {
            (address target, bytes32 role,) = handler.boundAt(i);
            assertFalse(AccessControlUpgradeable(target).hasRole(role, admin));
            assertFalse(AccessControlUpgradeable(target).hasRole(role, handler.STRANGER()));
        }
    }

    function invariant_adminsStay() public view {
        for (uint256 i = 0; i < 11; ++i) {
            assertTrue(AccessControlUpgradeable(handler.governedAt(i)).hasRole(DEFAULT_ADMIN_ROLE, admin));
            assertFalse(AccessControlUpgradeable(handler.governedAt(i)).hasRole(DEFAULT_ADMIN_ROLE, handler.STRANGER()));
        }
    }

    function invariant_implementationsStay() public view {
        for (uint256 i = 0; i < 11; ++i) {
            assertEq(vm.load(handler.governedAt(i), IMPLEMENTATION_SLOT), implementations[i]);
        }
        assertEq(address(queue).codehash, queueCode);
    }

    /* PAUSES */

    function invariant_pausesEndByThemselves() public view {
        for (uint256 i = 0; i < 3; ++i) {
            ExpiringPause target = handler.pausableAt(i);
            assertEq(target.pausedUntil(), handler.pausedUntil(i));
            assertLe(target.pausedUntil(), handler.time() + 3 days);
        }
    }

    function invariant_pausesAreApart() public view {
        assertEq(handler.earlyPauses(), 0);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 from = handler.pausedFrom(i);
            assertEq(handler.pausableAt(i).nextPauseFrom(), from == 0 ? 0 : from + 6 days);
        }
    }

    /* COMMITTEES */

    function invariant_agreementsAreAsTheBooksHaveThem() public view {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 lane = 0; lane < 8; ++lane) {
                assertEq(handler.committeeAt(i).agreed(lane), handler.agreedOn(i, lane));
            }
        }
    }

    function invariant_agreementsHadAQuorum() public view {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 lane = 0; lane < 8; ++lane) {
                bytes32 digest = handler.committeeAt(i).agreed(lane);
                assertTrue(digest == 0 || handler.hadQuorum(digest));
            }
        }
    }

    function invariant_minoritiesAgreeOnNothing() public view {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 lane = 0; lane < 8; ++lane) {
                assertFalse(handler.isLie(handler.committeeAt(i).agreed(lane)));
            }
        }
    }

    function invariant_membersAreWhoJoinedAndStayed() public view {
        for (uint256 i = 0; i < 3; ++i) {
            address[] memory list = handler.membersOf(i);
            assertEq(handler.committeeAt(i).members().length, list.length);
            for (uint256 j = 0; j < list.length; ++j) {
                assertTrue(handler.committeeAt(i).isMember(list[j]));
            }
            assertFalse(handler.committeeAt(i).isMember(handler.STRANGER()));
        }
    }

    /// @dev Whoever joins or leaves, a member's vote stays its own.
    function invariant_votesStayWithTheirMembers() public view {
        for (uint256 i = 0; i < 3; ++i) {
            ReportConsensus committee = handler.committeeAt(i);
            address[] memory list = handler.membersOf(i);
            for (uint256 lane = 0; lane < 4; ++lane) {
                for (uint256 j = 0; j < list.length; ++j) {
                    assertEq(committee.voteOf(lane, list[j]), handler.voteOf(i, lane, list[j]));
                }
            }
        }
    }

    function invariant_aQuorumIsMoreThanHalf() public view {
        for (uint256 i = 0; i < 3; ++i) {
            ReportConsensus committee = handler.committeeAt(i);
            assertGt(committee.quorum() * 2, committee.members().length);
            assertEq(committee.quorum(), handler.quorumOf(i));
        }
    }
}
