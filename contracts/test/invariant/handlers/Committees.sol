// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ReportConsensus} from "../../../src/ReportConsensus.sol";
import {Lanes} from "../../../src/libraries/Lanes.sol";
import {Validators} from "./Validators.sol";

/// @dev The three committees by the handler's own books: votes by member instead of by position. Most members say what is
/// true; a minority may say anything.
abstract contract Committees is Validators {
    uint256 public constant CONSENSUS = 0;
    uint256 public constant REVIEW = 1;
    uint256 public constant GUARDIANS = 2;
    uint256 private constant MOST_MEMBERS = 7;

    mapping(uint256 committee => address[]) internal memberList;
    mapping(uint256 committee => uint256) public leastQuorum;
    mapping(uint256 committee => mapping(uint256 lane => mapping(address member => bytes32))) public voteOf;
    mapping(uint256 committee => mapping(uint256 lane => bytes32)) public agreedOn;
    /// @dev Whether a quorum ever stood behind a digest.
    mapping(bytes32 digest => bool) public hadQuorum;
    mapping(bytes32 digest => bool) public isLie;
    uint256 public holdsUntil;
    uint256 public holds;
    uint256 private lies;
    uint256 private newMembers;

    constructor() {
        for (uint256 i = 0; i < 3; ++i) {
            memberList[i] = committees[i].members();
        }
    }

    function membersOf(uint256 committee) external view returns (address[] memory) {
        return memberList[committee];
    }

    function quorumOf(uint256 committee) public view returns (uint256) {
        return _max(leastQuorum[committee], memberList[committee].length / 2 + 1);
    }

    function addMember(uint256 seed) external watched {
        uint256 which = seed % 3;
        if (memberList[which].length == MOST_MEMBERS) return;
        address member = address(uint160(0xe0000 + newMembers++));
        VM.prank(cast.membership);
        committees[which].addMember(member);
        memberList[which].push(member);
        _forget(which);
        _count("addMember");
    }

    function removeMember(uint256 seed, uint256 position) external watched {
        uint256 which = seed % 3;
        address[] storage list = memberList[which];
        if (list.length < 4 || list.length <= leastQuorum[which]) return;
        position %= list.length;
        address member = list[position];
        VM.prank(cast.membership);
        committees[which].removeMember(member);
        list[position] = list[list.length - 1];
        list.pop();
        for (uint256 lane = 0; lane < 4; ++lane) {
            voteOf[which][lane][member] = 0;
        }
        _forget(which);
        _count("removeMember");
    }

    function setMinimumQuorum(uint256 seed, uint256 quorum) external watched {
        uint256 which = seed % 3;
        quorum %= memberList[which].length + 1;
        VM.prank(cast.membership);
        committees[which].setMinimumQuorum(quorum);
        leastQuorum[which] = quorum;
        _forget(which);
        _count("setMinimumQuorum");
    }

    /// @dev Members fewer than a quorum vote for what is not so. Nothing becomes agreed.
    function lie(uint256 seed) external watched {
        (uint256 which, uint256 lane) = (seed % 3, (seed >> 8) % 4);
        bytes32 digest = keccak256(abi.encode("lie", ++lies));
        isLie[digest] = true;
        uint256 liars = _min(quorumOf(which) - 1, memberList[which].length);
        bytes32 before = committees[which].agreed(lane);
        for (uint256 i = 0; i < liars; ++i) {
            address liar = memberList[which][(seed % memberList[which].length + i) % memberList[which].length];
            _vote(which, liar, lane, digest);
            // To say it twice counts once.
            _vote(which, liar, lane, digest);
        }
        _check(committees[which].agreed(lane) == before, "a minority agrees on nothing");
        _count("lie");
    }

    /// @dev Guardians stop claims.
    function holdClaims(uint256 seed) external watched {
        if (holdsUntil != 0 && time < holdsUntil + 14 days) return;
        _agree(GUARDIANS, Lanes.EMERGENCY, QUEUE.holdDigest(), seed);
        VM.prank(STRANGER);
        QUEUE.holdClaims();
        holdsUntil = time + 72 hours;
        ++holds;
        _count("holdClaims");
    }

    /* INTERNAL */

    /// @dev What was agreed was agreed by another committee.
    function _forget(uint256 which) internal {
        for (uint256 lane = 0; lane < 8; ++lane) {
            delete agreedOn[which][lane];
        }
    }

    /// @dev As many members as a quorum needs vote, from a random one on; sometimes all.
    function _agree(uint256 which, uint256 lane, bytes32 digest, uint256 seed) internal {
        address[] storage list = memberList[which];
        uint256 votes = seed % 2 == 0 ? list.length : quorumOf(which);
        for (uint256 i = 0; i < votes; ++i) {
            _vote(which, list[(seed % list.length + i) % list.length], lane, digest);
        }
        _check(committees[which].agreed(lane) == digest, "a quorum agrees");
    }

    function _vote(uint256 which, address member, uint256 lane, bytes32 digest) internal {
        ReportConsensus committee = committees[which];
        VM.prank(member);
        committee.vote(lane, digest);
        voteOf[which][lane][member] = digest;
        uint256 votes = 0;
        for (uint256 i = 0; i < memberList[which].length; ++i) {
            if (voteOf[which][lane][memberList[which][i]] == digest) ++votes;
        }
        if (votes < quorumOf(which)) return;
        agreedOn[which][lane] = digest;
        hadQuorum[digest] = true;
    }
}
