// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A committee that agrees on digests.
/// @notice Members vote for the digest of a statement; a digest that a quorum of them stands behind is agreed, and whoever
/// has the statement itself may then act on it. Every kind of statement has its own lane, so that a vote on one does not
/// take back a vote on another. A member's newer vote replaces its older one of the same lane. What was agreed stays so until
/// something else is, or the members or their quorum change: then it is forgotten, and votes have to be counted anew.
///
/// Three of these are deployed: the oracle members, the reviewers of large losses, and the guardians.
interface IReportConsensus {
    /// @notice A member joined.
    event MemberAdded(address indexed member);
    /// @notice A member left; its votes went with it.
    event MemberRemoved(address indexed member);
    /// @notice The least quorum changed.
    event MinimumQuorumSet(uint256 minimumQuorum);
    /// @notice A member voted.
    event Voted(uint256 indexed lane, address indexed member, bytes32 digest);
    /// @notice A quorum stands behind a digest.
    /// @param votes Votes for it, at least the quorum.
    event Agreed(uint256 indexed lane, bytes32 digest, uint256 votes);

    /// @notice The caller is not a member.
    error ReportConsensusNotMember(address account);
    /// @notice The account is a member already.
    error ReportConsensusAlreadyMember(address account);
    /// @notice As many members as there can be.
    error ReportConsensusTooManyMembers(uint256 maximum);
    /// @notice There is no such lane.
    error ReportConsensusInvalidLane(uint256 lane, uint256 lanes);
    /// @notice A digest is not zero.
    error ReportConsensusEmptyDigest();
    /// @notice The value is out of bounds.
    error ReportConsensusInvalidParameter(uint256 value, uint256 minimum, uint256 maximum);

    /// @notice Initialises the proxy.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Votes for a digest. Members only. To vote again for the same digest counts the votes anew.
    /// @param lane 0 to 7.
    function vote(uint256 lane, bytes32 digest) external;

    /// @notice Adds a member. MEMBERSHIP_ROLE only.
    function addMember(address member) external;

    /// @notice Removes a member with its votes. MEMBERSHIP_ROLE only.
    function removeMember(address member) external;

    /// @notice Asks for at least so many votes. MEMBERSHIP_ROLE only.
    /// @param newMinimumQuorum 0 to 32; more than half of the members are always needed. More than there are members: nothing
    /// can be agreed until more have joined.
    function setMinimumQuorum(uint256 newMinimumQuorum) external;

    /// @notice The digest that a quorum last stood behind; zero when none.
    function agreed(uint256 lane) external view returns (bytes32);

    /// @notice The votes that a digest needs: more than half of the members, and the least quorum.
    function quorum() external view returns (uint256);

    /// @notice The least quorum.
    function minimumQuorum() external view returns (uint256);

    /// @notice Whether an account is a member.
    function isMember(address account) external view returns (bool);

    /// @notice The members, in no order.
    function members() external view returns (address[] memory);

    /// @notice A member's last vote; zero when none.
    function voteOf(uint256 lane, address member) external view returns (bytes32);

    /// @notice Votes for a digest.
    function votesFor(uint256 lane, bytes32 digest) external view returns (uint256);
}
