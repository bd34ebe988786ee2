// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ReportConsensus} from "../../src/ReportConsensus.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IReportConsensus} from "../../src/interfaces/IReportConsensus.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Base} from "../support/Base.sol";

contract ReportConsensusTest is Base {
    bytes32 private constant A = keccak256("A");
    bytes32 private constant B = keccak256("B");

    ReportConsensus private committee;

    function setUp() public override {
        super.setUp();
        committee = withMembers(0);
    }

    function who(uint256 i) private pure returns (address) {
        return address(uint160(0x30000 + i));
    }

    function withMembers(uint256 count) private returns (ReportConsensus) {
        address[] memory list = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = who(i);
        }
        return newCommittee(list);
    }

    function vote(uint256 member, uint256 lane, bytes32 digest) private {
        vm.prank(who(member));
        committee.vote(lane, digest);
    }

    function add(uint256 member) private {
        vm.prank(membership);
        committee.addMember(who(member));
    }

    function remove(uint256 member) private {
        vm.prank(membership);
        committee.removeMember(who(member));
    }

    function setMinimum(uint256 minimum) private {
        vm.prank(membership);
        committee.setMinimumQuorum(minimum);
    }

    /* INITIALISATION */

    function test_initialize_state() public {
        assertEq(committee.quorum(), 1);
        assertEq(committee.minimumQuorum(), 0);
        assertEq(committee.members().length, 0);
        assertEq(committee.agreed(0), bytes32(0));
        assertEq(committee.MAX_MEMBERS(), 32);
        assertEq(committee.LANES(), 8);
        assertTrue(committee.hasRole(DEFAULT_ADMIN_ROLE, admin));
        assertFalse(committee.hasRole(committee.MEMBERSHIP_ROLE(), admin));
        address target = implementation("ReportConsensus", "");
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(target, abi.encodeCall(ReportConsensus.initialize, (address(0))));
    }

    function test_lanes_areFour() public pure {
        assertEq(Lanes.REPORT, 0);
        assertEq(Lanes.SERVICE_LEVEL, 1);
        assertEq(Lanes.CREDENTIALS, 2);
        assertEq(Lanes.EMERGENCY, 3);
    }

    /* VOTES */

    function test_vote_agreesAtTheQuorum() public {
        committee = withMembers(3);
        vm.expectEmit(address(committee));
        emit IReportConsensus.Voted(0, who(0), A);
        vote(0, 0, A);
        assertEq(committee.voteOf(0, who(0)), A);
        assertEq(committee.votesFor(0, A), 1);
        assertEq(committee.agreed(0), bytes32(0));
        vm.expectEmit(address(committee));
        emit IReportConsensus.Voted(0, who(2), A);
        vm.expectEmit(address(committee));
        emit IReportConsensus.Agreed(0, A, 2);
        vote(2, 0, A);
        assertEq(committee.agreed(0), A);
        // A third vote changes nothing.
        vm.recordLogs();
        vote(1, 0, A);
        assertEq(vm.getRecordedLogs().length, 1);
        assertEq(committee.votesFor(0, A), 3);
    }

    function test_vote_sameMemberCountsOnce() public {
        committee = withMembers(3);
        vote(0, 0, A);
        vote(0, 0, A);
        assertEq(committee.votesFor(0, A), 1);
        assertEq(committee.agreed(0), bytes32(0));
    }

    function test_vote_newerReplacesOlder() public {
        committee = withMembers(3);
        vote(0, 0, A);
        vote(0, 0, B);
        assertEq(committee.votesFor(0, A), 0);
        assertEq(committee.votesFor(0, B), 1);
        assertEq(committee.voteOf(0, who(0)), B);
        vote(1, 0, A);
        assertEq(committee.agreed(0), bytes32(0));
        vote(2, 0, B);
        assertEq(committee.agreed(0), B);
    }

    /// @dev What was agreed stands until a quorum agrees on something else, also when its votes have gone elsewhere.
    function test_vote_staleAgreementIsReplaced() public {
        committee = withMembers(3);
        vote(0, 0, A);
        vote(1, 0, A);
        vote(0, 0, B);
        assertEq(committee.agreed(0), A);
        vm.expectEmit(address(committee));
        emit IReportConsensus.Agreed(0, B, 2);
        vote(1, 0, B);
        assertEq(committee.agreed(0), B);
        vote(0, 0, A);
        vote(1, 0, A);
        assertEq(committee.agreed(0), A);
    }

    function test_vote_lanesAreIndependent() public {
        committee = withMembers(3);
        vote(0, 0, A);
        vote(1, 7, A);
        assertEq(committee.agreed(0), bytes32(0));
        assertEq(committee.agreed(7), bytes32(0));
        vote(1, 0, A);
        vote(0, 7, B);
        vote(2, 7, B);
        assertEq(committee.agreed(0), A);
        assertEq(committee.agreed(7), B);
        assertEq(committee.voteOf(0, who(0)), A);
        assertEq(committee.voteOf(7, who(0)), B);
        assertEq(committee.voteOf(7, who(1)), A);
        assertEq(committee.votesFor(1, A), 0);
        assertEq(committee.agreed(1), bytes32(0));
    }

    function test_vote_reverts() public {
        committee = withMembers(2);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusNotMember.selector, mallory));
        vm.prank(mallory);
        committee.vote(0, A);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusInvalidLane.selector, 8, 8));
        vote(0, 8, A);
        vm.expectRevert(IReportConsensus.ReportConsensusEmptyDigest.selector);
        vote(0, 0, bytes32(0));
        vote(0, 7, A);
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusNotMember.selector, who(0)));
        vote(0, 0, A);
    }

    /* QUORUM */

    function test_quorum_isMoreThanHalf() public {
        for (uint256 count = 1; count <= 32; ++count) {
            add(count - 1);
            assertEq(committee.quorum(), count / 2 + 1);
            assertGt(2 * committee.quorum(), count);
        }
    }

    function test_quorum_theLeast() public {
        committee = withMembers(3);
        vm.expectEmit(address(committee));
        emit IReportConsensus.MinimumQuorumSet(3);
        setMinimum(3);
        assertEq(committee.minimumQuorum(), 3);
        assertEq(committee.quorum(), 3);
        vote(0, 0, A);
        vote(1, 0, A);
        assertEq(committee.agreed(0), bytes32(0));
        vote(2, 0, A);
        assertEq(committee.agreed(0), A);
        setMinimum(1);
        assertEq(committee.quorum(), 2);
    }

    /// @dev More than there are members: nothing is agreed before others join.
    function test_quorum_moreThanMembers() public {
        committee = withMembers(2);
        setMinimum(3);
        vote(0, 0, A);
        vote(1, 0, A);
        assertEq(committee.agreed(0), bytes32(0));
        add(2);
        vote(2, 0, A);
        assertEq(committee.agreed(0), A);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusInvalidParameter.selector, 33, 0, 32));
        setMinimum(33);
        setMinimum(32);
        assertEq(committee.quorum(), 32);
    }

    /// @dev A quorum that fell does not agree by itself: a vote, the same again, counts anew.
    function test_quorum_fallsWithMembers() public {
        committee = withMembers(4);
        vote(0, 0, A);
        vote(1, 0, A);
        assertEq(committee.agreed(0), bytes32(0));
        remove(3);
        assertEq(committee.quorum(), 2);
        assertEq(committee.agreed(0), bytes32(0));
        vote(1, 0, A);
        assertEq(committee.agreed(0), A);
    }

    function test_quorum_risesWithMembers() public {
        committee = withMembers(3);
        vote(0, 0, A);
        add(3);
        vote(1, 0, A);
        assertEq(committee.agreed(0), bytes32(0));
        vote(3, 0, A);
        assertEq(committee.agreed(0), A);
    }

    /* MEMBERS */

    function test_members_addAndRemove() public {
        vm.expectEmit(address(committee));
        emit IReportConsensus.MemberAdded(who(0));
        add(0);
        add(1);
        add(2);
        assertTrue(committee.isMember(who(0)));
        vm.expectEmit(address(committee));
        emit IReportConsensus.MemberRemoved(who(0));
        remove(0);
        assertFalse(committee.isMember(who(0)));
        address[] memory list = committee.members();
        assertEq(list.length, 2);
        assertEq(list[0], who(2));
        assertEq(list[1], who(1));
        remove(1);
        remove(2);
        assertEq(committee.members().length, 0);
        add(1);
        assertTrue(committee.isMember(who(1)));
        assertEq(committee.members()[0], who(1));
    }

    function test_members_reverts() public {
        add(0);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusAlreadyMember.selector, who(0)));
        add(0);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusNotMember.selector, who(1)));
        remove(1);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        vm.prank(membership);
        committee.addMember(address(0));
    }

    function test_members_atMost32() public {
        committee = withMembers(32);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusTooManyMembers.selector, 32));
        add(32);
        remove(7);
        add(32);
        assertEq(committee.members().length, 32);
        // All positions count.
        for (uint256 i = 0; i <= 32; ++i) {
            if (i != 7) vote(i, 0, A);
        }
        assertEq(committee.votesFor(0, A), 32);
    }

    function test_members_rolesOnly() public {
        add(0);
        bytes memory refused = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, admin, committee.MEMBERSHIP_ROLE()
        );
        vm.startPrank(admin);
        vm.expectRevert(refused);
        committee.addMember(admin);
        vm.expectRevert(refused);
        committee.removeMember(who(0));
        vm.expectRevert(refused);
        committee.setMinimumQuorum(1);
        vm.stopPrank();
    }

    /// @dev The votes go with the member, and a member that takes its place starts without any.
    function test_remove_votesGoToo() public {
        committee = withMembers(3);
        for (uint256 lane = 0; lane < 8; ++lane) {
            vote(2, lane, A);
        }
        remove(2);
        for (uint256 lane = 0; lane < 8; ++lane) {
            assertEq(committee.votesFor(lane, A), 0);
            assertEq(committee.voteOf(lane, who(2)), bytes32(0));
        }
        add(3);
        add(2);
        for (uint256 lane = 0; lane < 8; ++lane) {
            assertEq(committee.votesFor(lane, A), 0);
            assertEq(committee.voteOf(lane, who(2)), bytes32(0));
            assertEq(committee.voteOf(lane, who(3)), bytes32(0));
        }
    }

    /// @dev The last member moves to the place that became free, with its votes of all lanes.
    function test_remove_movedMemberKeepsItsVotes() public {
        committee = withMembers(4);
        for (uint256 lane = 0; lane < 8; ++lane) {
            vote(0, lane, B);
            vote(1, lane, B);
            vote(3, lane, keccak256(abi.encode(lane)));
        }
        remove(1);
        for (uint256 lane = 0; lane < 8; ++lane) {
            assertEq(committee.voteOf(lane, who(3)), keccak256(abi.encode(lane)));
            assertEq(committee.votesFor(lane, keccak256(abi.encode(lane))), 1);
            assertEq(committee.votesFor(lane, B), 1);
            assertEq(committee.voteOf(lane, who(1)), bytes32(0));
        }
        add(4);
        assertEq(committee.voteOf(0, who(4)), bytes32(0));
        // The moved member votes once, at its new place.
        vote(3, 0, B);
        assertEq(committee.votesFor(0, B), 2);
        assertEq(committee.agreed(0), bytes32(0));
    }

    /* AGREEMENTS END WITH THEIR COMMITTEE */

    /// @dev Two of three agree in all lanes.
    function agreeEverywhere() private {
        for (uint256 lane = 0; lane < 8; ++lane) {
            bytes32 digest = keccak256(abi.encode(lane));
            vote(0, lane, digest);
            vote(1, lane, digest);
            assertEq(committee.agreed(lane), digest);
        }
    }

    /// @dev Nothing is agreed any more, so many votes are still there, and one of them given again agrees or not.
    function expectForgotten(uint256 votes, bool agrees) private {
        for (uint256 lane = 0; lane < 8; ++lane) {
            bytes32 digest = keccak256(abi.encode(lane));
            assertEq(committee.agreed(lane), bytes32(0), "agreed");
            assertEq(committee.votesFor(lane, digest), votes, "votes");
            if (agrees) {
                vm.expectEmit(address(committee));
                emit IReportConsensus.Agreed(lane, digest, votes);
            }
            vote(1, lane, digest);
            assertEq(committee.agreed(lane), agrees ? digest : bytes32(0), "agreed anew");
            assertEq(committee.votesFor(lane, digest), votes, "votes anew");
        }
    }

    function test_forget_withAMember() public {
        committee = withMembers(3);
        agreeEverywhere();
        remove(2);
        expectForgotten(2, true);
        remove(0);
        expectForgotten(1, true);
    }

    function test_forget_withANewMember() public {
        committee = withMembers(2);
        agreeEverywhere();
        add(2);
        expectForgotten(2, true);
        add(3);
        // Three of four are needed now.
        expectForgotten(2, false);
    }

    function test_forget_withAnotherQuorum() public {
        committee = withMembers(3);
        agreeEverywhere();
        setMinimum(2);
        expectForgotten(2, true);
        setMinimum(3);
        expectForgotten(2, false);
        setMinimum(0);
        // A quorum that fell agrees on nothing by itself.
        expectForgotten(2, true);
    }

    /// @dev A change that is refused forgets nothing.
    function test_forget_notByWhatIsRefused() public {
        committee = withMembers(3);
        agreeEverywhere();
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusAlreadyMember.selector, who(0)));
        add(0);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusNotMember.selector, who(3)));
        remove(3);
        vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusInvalidParameter.selector, 33, 0, 32));
        setMinimum(33);
        for (uint256 lane = 0; lane < 8; ++lane) {
            assertEq(committee.agreed(lane), keccak256(abi.encode(lane)));
        }
    }

    /// @dev The attack: members agree on a lie, are found out and removed, and the lie is settled after them.
    function test_attack_agreementOutlivesItsVoters() public {
        committee = withMembers(3);
        vote(0, 0, A);
        vote(1, 0, A);
        assertEq(committee.agreed(0), A);
        remove(0);
        remove(1);
        assertEq(committee.agreed(0), bytes32(0));
        assertEq(committee.votesFor(0, A), 0);
        add(3);
        add(4);
        vote(2, 0, B);
        vote(3, 0, B);
        assertEq(committee.agreed(0), B);
        // Back again, they start from nothing.
        add(0);
        assertEq(committee.agreed(0), bytes32(0));
        vote(0, 0, A);
        assertEq(committee.agreed(0), bytes32(0));
        assertEq(committee.votesFor(0, A), 1);
    }
}
