// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {IServiceLevel} from "../../src/interfaces/IServiceLevel.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Base} from "./Base.sol";
import {BeaconVerifierMock} from "./BeaconVerifierMock.sol";

/// @dev Operator 1 with four validators (keys 0 to 3), a window in progress, and a verifier that believes proofs.
abstract contract ServiceLevelBase is Base {
    uint256 internal constant EPOCH = 32 * SECONDS_PER_SLOT;
    uint256 internal constant UNIT = 35_000 gwei;
    uint256 internal constant OPERATOR = 1;
    uint256 internal constant KEYS = 4;
    /// @dev Epochs that four validators may miss: 0.3 % of 27,000.
    uint256 internal constant ALLOWED = 81;
    bytes32 internal constant REASON = keccak256("reasons");

    /// @dev Kept, so that a proof is made without a call: a call would use up vm.prank and vm.expectRevert.
    bytes32 internal credentials;

    function setUp() public virtual override {
        super.setUp();
        vm.etch(proofs, address(new BeaconVerifierMock()).code);
        credentials = withdrawalVault.withdrawalCredentials();
        operatorWithKeys(manager, 0, KEYS);
        stakeAs(alice, 1_000 ether);
        depositKeys(0, KEYS);
        // In the middle of a window.
        vm.warp(epochTime((serviceLevel.currentWindow() + 1) * WINDOW_EPOCHS + WINDOW_EPOCHS / 2));
    }

    /// @dev The first second of an epoch.
    function epochTime(uint256 epoch) internal pure returns (uint256) {
        return GENESIS_TIME + epoch * EPOCH;
    }

    /// @dev Warps to the beginning of the next window, and gives the one that ended.
    function nextWindow() internal returns (uint256 window) {
        window = serviceLevel.currentWindow();
        vm.warp(epochTime((window + 1) * WINDOW_EPOCHS));
    }

    /* REPORTS */

    function reportFor(uint256 operatorId, uint256 window, uint256 missed, uint256 assigned)
        internal
        pure
        returns (IServiceLevel.DowntimeReport memory)
    {
        return IServiceLevel.DowntimeReport(uint32(operatorId), uint32(window), uint64(assigned), uint64(missed));
    }

    /// @dev Members agree on a report.
    function agreeOn(IServiceLevel.DowntimeReport memory downtime) internal {
        agree(Lanes.SERVICE_LEVEL, serviceLevel.downtimeDigest(downtime));
    }

    /// @dev Members report the window that just ended: so many misses of four validators on duty throughout.
    function report(uint256 window, uint256 missed) internal returns (uint256 penaltyId) {
        IServiceLevel.DowntimeReport memory downtime = reportFor(OPERATOR, window, missed, KEYS * WINDOW_EPOCHS);
        agreeOn(downtime);
        return serviceLevel.reportDowntime(downtime);
    }

    /// @dev Waits for a penalty's time and executes it.
    function execute(uint256 penaltyId) internal returns (uint256 charged) {
        uint256 from = serviceLevel.penalty(penaltyId).executableFrom;
        if (block.timestamp < from) vm.warp(from);
        return serviceLevel.executePenalty(penaltyId);
    }

    /// @dev A breach by report, executed.
    function breach() internal {
        execute(report(nextWindow(), ALLOWED + 1));
    }

    /* PROOFS */

    function anchorAt(uint256 slot) internal pure returns (IBeaconVerifier.StateAnchor memory anchor) {
        anchor.header.slot = uint64(slot);
    }

    /// @dev A validator of a made-up key, with the protocol's credentials.
    function validatorOf(uint256 number) internal view returns (IBeaconVerifier.ValidatorProof memory proof) {
        proof.index = uint64(1_000 + number);
        proof.validator.pubkey = pubkeyOf(number);
        proof.validator.withdrawalCredentials = credentials;
        proof.validator.effectiveBalance = 32 gwei;
    }

    function participationIn(uint256 epoch) internal pure returns (IBeaconVerifier.ParticipationProof memory proof) {
        proof.finalizedEpoch = uint64(epoch);
    }

    /// @dev Proves that a key missed an epoch.
    function proveMiss(uint256 number, uint256 epoch) internal returns (uint256 penalty) {
        return serviceLevel.proveMissedEpoch(anchorAt((epoch + 1) * 32), validatorOf(number), participationIn(epoch));
    }

    /// @dev Proves so many misses of a key: the epochs before the one `back` ago.
    function proveMisses(uint256 number, uint256 back, uint256 count) internal returns (uint256 penalties) {
        uint256 epoch = serviceLevel.currentEpoch() - back;
        for (uint256 i = 0; i < count; ++i) {
            penalties += proveMiss(number, --epoch);
        }
    }

    /// @dev Proves all misses that are allowed, of key 0.
    function exhaustAllowance() internal {
        assertEq(proveMisses(0, 0, ALLOWED), 0);
    }

    function hashOf(uint256 number) internal pure returns (bytes32) {
        return keccak256(pubkeyOf(number));
    }
}
