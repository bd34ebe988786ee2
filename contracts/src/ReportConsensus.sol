// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Governed} from "./abstract/Governed.sol";
import {IReportConsensus} from "./interfaces/IReportConsensus.sol";

/// @title A committee that agrees on digests.
/// @dev A vote overwrites the member's slot of the lane, and an agreement the lane's: from the second frame on a report
/// costs no new storage.
contract ReportConsensus is IReportConsensus, Governed {
    /// @custom:storage-location erc7201:ethstake.storage.ReportConsensus
    struct ReportConsensusStorage {
        uint128 minimumQuorum;
        uint128 memberCount;
        mapping(uint256 position => address) members;
        /// From 1; 0 for who is not a member.
        mapping(address member => uint256 position) positionOf;
        mapping(uint256 lane => mapping(uint256 position => bytes32 digest)) votes;
        mapping(uint256 lane => bytes32 digest) agreed;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.ReportConsensus")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REPORT_CONSENSUS_STORAGE =
        0x404c6709052af07a9cb09eaccc25ba13f79fc9f381f22129165fd393b9bbff00;

    /// @notice May add and remove members and set the least quorum.
    bytes32 public constant MEMBERSHIP_ROLE = keccak256("MEMBERSHIP_ROLE");
    /// @notice The most members: a vote reads the votes of all.
    uint256 public constant MAX_MEMBERS = 32;
    /// @notice Kinds of statements.
    uint256 public constant LANES = 8;

    /// @inheritdoc IReportConsensus
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
    }

    /* VOTES */

    /// @inheritdoc IReportConsensus
    function vote(uint256 lane, bytes32 digest) external override {
        ReportConsensusStorage storage $ = _storage();
        uint256 position = $.positionOf[msg.sender];
        if (position == 0) revert ReportConsensusNotMember(msg.sender);
        if (lane >= LANES) revert ReportConsensusInvalidLane(lane, LANES);
        if (digest == bytes32(0)) revert ReportConsensusEmptyDigest();
        $.votes[lane][position] = digest;
        emit Voted(lane, msg.sender, digest);

        uint256 votes = votesFor(lane, digest);
        if (votes >= quorum() && $.agreed[lane] != digest) {
            $.agreed[lane] = digest;
            emit Agreed(lane, digest, votes);
        }
    }

    /* MEMBERS */

    /// @inheritdoc IReportConsensus
    function addMember(address member) external override onlyRole(MEMBERSHIP_ROLE) {
        _requireNonZero(member);
        ReportConsensusStorage storage $ = _storage();
        if ($.positionOf[member] != 0) revert ReportConsensusAlreadyMember(member);
        uint256 count = $.memberCount;
        if (count == MAX_MEMBERS) revert ReportConsensusTooManyMembers(MAX_MEMBERS);
        $.memberCount = uint128(count + 1);
        $.members[count + 1] = member;
        $.positionOf[member] = count + 1;
        _clearAgreements();
        emit MemberAdded(member);
    }

    /// @inheritdoc IReportConsensus
    function removeMember(address member) external override onlyRole(MEMBERSHIP_ROLE) {
        ReportConsensusStorage storage $ = _storage();
        uint256 position = $.positionOf[member];
        if (position == 0) revert ReportConsensusNotMember(member);
        // The last member takes its place, votes included.
        uint256 last = $.memberCount;
        address moved = $.members[last];
        $.members[position] = moved;
        $.positionOf[moved] = position;
        delete $.members[last];
        delete $.positionOf[member];
        for (uint256 lane = 0; lane < LANES; ++lane) {
            $.votes[lane][position] = $.votes[lane][last];
            delete $.votes[lane][last];
        }
        $.memberCount = uint128(last - 1);
        _clearAgreements();
        emit MemberRemoved(member);
    }

    /// @inheritdoc IReportConsensus
    function setMinimumQuorum(uint256 newMinimumQuorum) external override onlyRole(MEMBERSHIP_ROLE) {
        if (newMinimumQuorum > MAX_MEMBERS) revert ReportConsensusInvalidParameter(newMinimumQuorum, 0, MAX_MEMBERS);
        _storage().minimumQuorum = uint128(newMinimumQuorum);
        _clearAgreements();
        emit MinimumQuorumSet(newMinimumQuorum);
    }

    /* VIEWS */

    /// @inheritdoc IReportConsensus
    function agreed(uint256 lane) external view override returns (bytes32) {
        return _storage().agreed[lane];
    }

    /// @inheritdoc IReportConsensus
    function quorum() public view override returns (uint256) {
        ReportConsensusStorage storage $ = _storage();
        return Math.max($.minimumQuorum, uint256($.memberCount) / 2 + 1);
    }

    /// @inheritdoc IReportConsensus
    function minimumQuorum() external view override returns (uint256) {
        return _storage().minimumQuorum;
    }

    /// @inheritdoc IReportConsensus
    function isMember(address account) external view override returns (bool) {
        return _storage().positionOf[account] != 0;
    }

    /// @inheritdoc IReportConsensus
    function members() external view override returns (address[] memory list) {
        ReportConsensusStorage storage $ = _storage();
        list = new address[]($.memberCount);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = $.members[i + 1];
        }
    }

    /// @inheritdoc IReportConsensus
    function voteOf(uint256 lane, address member) external view override returns (bytes32) {
        ReportConsensusStorage storage $ = _storage();
        // Position 0 never votes.
        return $.votes[lane][$.positionOf[member]];
    }

    /// @inheritdoc IReportConsensus
    function votesFor(uint256 lane, bytes32 digest) public view override returns (uint256 count) {
        ReportConsensusStorage storage $ = _storage();
        uint256 last = $.memberCount;
        for (uint256 position = 1; position <= last; ++position) {
            if ($.votes[lane][position] == digest) ++count;
        }
    }

    /// @dev Forgets what was agreed: it was agreed by another committee. Votes stay; who votes again counts them anew.
    function _clearAgreements() private {
        ReportConsensusStorage storage $ = _storage();
        for (uint256 lane = 0; lane < LANES; ++lane) {
            delete $.agreed[lane];
        }
    }

    /// @dev The namespaced storage (ERC-7201).
    function _storage() private pure returns (ReportConsensusStorage storage $) {
        assembly {
            $.slot := REPORT_CONSENSUS_STORAGE
        }
    }
}
