// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IReportConsensus} from "../../src/interfaces/IReportConsensus.sol";
import {Base} from "../support/Base.sol";

/// @dev The committee against a model that keeps everything by name and counts by hand.
contract ReportConsensusFuzzTest is Base {
    uint256 private constant PEOPLE = 9;
    uint256 private constant LANES = 8;

    mapping(address person => bool) private isMember;
    mapping(uint256 lane => mapping(address person => bytes32)) private voteOf;
    mapping(uint256 lane => bytes32) private agreedOn;
    uint256 private count;
    uint256 private minimum;

    function setUp() public override {
        super.setUp();
        consensus = newCommittee(new address[](0));
    }

    function who(uint256 i) private pure returns (address) {
        return address(uint160(0x40000 + i % PEOPLE));
    }

    function testFuzz_committeeCountsAsByHand(uint256 first, uint256[40] calldata actions) public {
        for (uint256 i = 0; i < first % PEOPLE; ++i) {
            toggle(who(i));
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            uint256 kind = actions[i] % 8;
            address person = who(actions[i] >> 8);
            if (kind == 0) {
                toggle(person);
            } else if (kind == 1) {
                minimum = (actions[i] >> 16) % 6;
                vm.prank(membership);
                consensus.setMinimumQuorum(minimum);
                forget();
            } else {
                ballot(person, (actions[i] >> 16) % LANES, bytes32(1 + (actions[i] >> 32) % 2));
            }
        }
        check();
    }

    function toggle(address person) private {
        vm.startPrank(membership);
        if (isMember[person]) {
            consensus.removeMember(person);
            isMember[person] = false;
            --count;
            for (uint256 lane = 0; lane < LANES; ++lane) {
                voteOf[lane][person] = bytes32(0);
            }
        } else {
            consensus.addMember(person);
            isMember[person] = true;
            ++count;
        }
        vm.stopPrank();
        forget();
    }

    /// @dev What was agreed ends with the committee that agreed on it.
    function forget() private {
        for (uint256 lane = 0; lane < LANES; ++lane) {
            agreedOn[lane] = bytes32(0);
        }
    }

    /// @dev Votes of four people, so that something is agreed now and then.
    function ballot(address person, uint256 lane, bytes32 digest) private {
        for (uint256 i = 0; i < 4; ++i) {
            vote(who(uint160(person) + i), lane, digest);
        }
    }

    function vote(address person, uint256 lane, bytes32 digest) private {
        vm.prank(person);
        if (!isMember[person]) {
            vm.expectRevert(abi.encodeWithSelector(IReportConsensus.ReportConsensusNotMember.selector, person));
            consensus.vote(lane, digest);
            return;
        }
        consensus.vote(lane, digest);
        voteOf[lane][person] = digest;
        uint256 votes = byHand(lane, digest);
        if (2 * votes > count && votes >= minimum) agreedOn[lane] = digest;
        assertEq(consensus.agreed(lane), agreedOn[lane], "agreed");
    }

    function byHand(uint256 lane, bytes32 digest) private view returns (uint256 votes) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            if (voteOf[lane][who(i)] == digest) ++votes;
        }
    }

    function check() private view {
        assertEq(consensus.members().length, count);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            assertEq(consensus.isMember(who(i)), isMember[who(i)]);
        }
        for (uint256 lane = 0; lane < LANES; ++lane) {
            assertEq(consensus.agreed(lane), agreedOn[lane]);
            for (uint256 digest = 1; digest <= 2; ++digest) {
                assertEq(consensus.votesFor(lane, bytes32(digest)), byHand(lane, bytes32(digest)));
            }
            for (uint256 i = 0; i < PEOPLE; ++i) {
                assertEq(consensus.voteOf(lane, who(i)), voteOf[lane][who(i)]);
            }
        }
    }
}
