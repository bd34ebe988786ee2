// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {BeaconVerifierSuite} from "./BeaconVerifierSuite.sol";

/// @dev What holds for every fork's verifier about missed epochs. The cases are generate-beacon.mjs's.
abstract contract MissedEpochSuite is BeaconVerifierSuite {
    /// @dev The epoch that the header scenario's state and the historical one have the last word on.
    uint64 internal constant MISSED = EPOCH - 1;

    function missedOf(IBeaconVerifier.StateAnchor memory anchor, uint64 index) internal view returns (uint64) {
        return verifier.verifyMissedEpoch(anchor, proofOf(index), participationAt("header", index / 32));
    }

    /// @dev Expects exactly this answer for a case of the header scenario.
    function refuseCase(uint64 index, bytes memory reason) internal {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(index);
        IBeaconVerifier.ParticipationProof memory participation = participationAt("header", index / 32);
        // The validator is there: what is refused is the charge.
        assertEq(verifier.verifyValidator(anchor, proof), HEADER_SLOT);
        vm.expectRevert(reason);
        verifier.verifyMissedEpoch(anchor, proof, participation);
    }

    /* WHAT HOLDS */

    /// @dev First and last of chunks and of progressive subtrees; 37 was activated for the epoch, 40 has BLS credentials.
    function test_verifyMissedEpoch() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        uint8[10] memory indices = [0, 4, 5, 20, 21, 31, 32, 37, 40, 69];
        for (uint256 i = 0; i < indices.length; ++i) {
            assertEq(missedOf(anchor, indices[i]), MISSED);
        }
    }

    function test_verifyMissedEpoch_inAnOlderState() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("historical");
        uint64 epoch = verifier.verifyMissedEpoch(anchor, proofAt("historical", 0), participationAt("historical", 0));
        assertEq(epoch, MISSED);
    }

    /// @dev MIN_EPOCHS_TO_INACTIVITY_PENALTY epochs back is the last finality that counts.
    function test_verifyMissedEpoch_atTheEdgeOfFinality() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("finalityFour");
        uint64 epoch =
            verifier.verifyMissedEpoch(anchor, proofAt("finalityFour", 0), participationAt("finalityFour", 0));
        assertEq(epoch, MISSED);
        anchor = anchorOf("finalityFive");
        IBeaconVerifier.ValidatorProof memory proof = proofAt("finalityFive", 0);
        IBeaconVerifier.ParticipationProof memory participation = participationAt("finalityFive", 0);
        vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierNotFinalizing.selector, EPOCH, EPOCH - 5));
        verifier.verifyMissedEpoch(anchor, proof, participation);
    }

    /* EXEMPTIONS */

    function test_refusesWhoAttested() public {
        refuseCase(1, abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierParticipated.selector, 1, MISSED, 7));
        refuseCase(41, abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierParticipated.selector, 41, MISSED, 1));
    }

    function test_refusesTheSlashed() public {
        refuseCase(34, abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierSlashed.selector, 34));
    }

    function test_refusesTheExiting() public {
        refuseCase(33, abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierExiting.selector, 33, EPOCH + 10));
        // Active in the epoch for the last time.
        refuseCase(39, abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierExiting.selector, 39, EPOCH));
    }

    function test_refusesTheInactive() public {
        bytes4 selector = IBeaconVerifier.BeaconVerifierNotActive.selector;
        // Pending, activated an epoch later, exited before the epoch.
        refuseCase(35, abi.encodeWithSelector(selector, 35, MISSED, FAR_FUTURE_EPOCH, FAR_FUTURE_EPOCH));
        refuseCase(36, abi.encodeWithSelector(selector, 36, MISSED, EPOCH, FAR_FUTURE_EPOCH));
        refuseCase(38, abi.encodeWithSelector(selector, 38, MISSED, 1100 + 38, EPOCH - 1));
    }

    /* THE LAST WORD */

    /// @dev The header is the parent of the block at the timestamp, in whichever slot of its epoch that is: until the
    /// epoch's end another block may include the attestation.
    function test_refusesAnEpochThatGoesOn() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        bytes32 root = headerRootOf(anchor.header);
        uint64 lastSlot = EPOCH * 32 + 31;
        for (uint64 slot = HEADER_SLOT + 1; slot <= lastSlot; ++slot) {
            anchor.timestamp = GENESIS_TIME + 12 * slot;
            writeRoot(anchor.timestamp, root);
            IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
            IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 0);
            vm.expectRevert(
                abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierEpochNotOver.selector, HEADER_SLOT, slot)
            );
            verifier.verifyMissedEpoch(anchor, proof, participation);
        }
        anchor.timestamp = GENESIS_TIME + 12 * (lastSlot + 1);
        writeRoot(anchor.timestamp, root);
        assertEq(missedOf(anchor, 4), MISSED);
    }

    /// @dev An older state counts at its epoch's last slot only, however late the timestamp.
    function test_refusesAnOlderStateWithinItsEpoch() public {
        string[2] memory scenarios = ["latest", "oldest"];
        uint64[2] memory slots = [LATER_SLOT - 1, LATER_SLOT - 8192];
        for (uint256 i = 0; i < 2; ++i) {
            IBeaconVerifier.StateAnchor memory anchor = anchorOf(scenarios[i]);
            IBeaconVerifier.ValidatorProof memory proof = proofAt(scenarios[i], 0);
            IBeaconVerifier.ParticipationProof memory participation = participationAt("historical", 0);
            vm.expectRevert(
                abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierEpochNotOver.selector, slots[i], slots[i] + 1)
            );
            verifier.verifyMissedEpoch(anchor, proof, participation);
        }
    }

    function test_refusesTheFirstEpoch() public {
        verifier = newVerifier(configurationOf(0));
        for (uint64 slot = 0; slot < 32; slot += 31) {
            IBeaconVerifier.StateAnchor memory anchor = anchorFor(keccak256("state"), slot, 64);
            IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
            IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 0);
            vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierNoPreviousEpoch.selector, slot));
            verifier.verifyMissedEpoch(anchor, proof, participation);
        }
        refuseMissed(
            anchorFor(keccak256("state"), 32, 64),
            proofOf(4),
            participationAt("header", 0),
            IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector
        );
    }

    function test_refusesATimestampBeforeGenesis() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.Configuration memory configuration = configurationOf(0);
        configuration.genesisTime = anchor.timestamp + 1;
        verifier = newVerifier(configuration);
        IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
        IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBeaconVerifier.BeaconVerifierTimestampBeforeGenesis.selector, anchor.timestamp, anchor.timestamp + 1
            )
        );
        verifier.verifyMissedEpoch(anchor, proof, participation);
    }

    /* FORGERIES */

    function testFuzz_verifyMissedEpoch_refusesAnyFlippedBit(uint256 field, uint256 bit) public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(21);
        IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 0);
        field =
            bound(field, 0, 18 + proof.proof.length + participation.proof.length + participation.finalityProof.length);
        bytes4 selector;
        if (field < 8) {
            selector = flipAnchor(anchor, field, bit);
        } else if (field < 17) {
            selector = flipValidator(proof, field - 8, bit);
        } else if (field < 17 + proof.proof.length) {
            selector = flipBranch(proof.proof, field - 17, bit);
        } else {
            selector = flipParticipation(participation, field - 17 - proof.proof.length, bit);
        }
        refuseMissed(anchor, proof, participation, selector);
    }

    function flipParticipation(IBeaconVerifier.ParticipationProof memory participation, uint256 field, uint256 bit)
        internal
        pure
        returns (bytes4)
    {
        if (field == 0) {
            participation.finalizedEpoch ^= uint64(1 << (bit % 64));
            return IBeaconVerifier.BeaconVerifierInvalidFinalityProof.selector;
        }
        if (field == 1) {
            participation.chunk ^= bytes32(uint256(1) << (bit % 256));
            return IBeaconVerifier.BeaconVerifierInvalidParticipationProof.selector;
        }
        if (field < 2 + participation.proof.length) {
            flipBranch(participation.proof, field - 2, bit);
            return IBeaconVerifier.BeaconVerifierInvalidParticipationProof.selector;
        }
        flipBranch(participation.finalityProof, field - 2 - participation.proof.length, bit);
        return IBeaconVerifier.BeaconVerifierInvalidFinalityProof.selector;
    }

    /// @dev A validator that attested cannot be charged with the chunk of others.
    function test_refusesAnotherChunk() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        for (uint256 chunk = 1; chunk < 3; ++chunk) {
            refuseMissed(
                anchor,
                proofOf(1),
                participationAt("header", chunk),
                IBeaconVerifier.BeaconVerifierInvalidParticipationProof.selector
            );
        }
    }

    function testFuzz_refusesOtherLengthsOfParticipation(uint256 length) public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 0);
        (bytes32[] memory branch, bytes32[] memory finality) = (participation.proof, participation.finalityProof);
        length = bound(length, 0, 300);
        vm.assume(length != branch.length && length != finality.length);
        participation.proof = slice(branch, 0, length);
        refuseMissed(
            anchor, proofOf(4), participation, IBeaconVerifier.BeaconVerifierInvalidParticipationProof.selector
        );
        participation.proof = branch;
        participation.finalityProof = slice(finality, 0, length);
        refuseMissed(anchor, proofOf(4), participation, IBeaconVerifier.BeaconVerifierInvalidFinalityProof.selector);
    }

    /// @dev The finality of a state that did finalise does not serve one that did not, nor does its participation.
    function test_refusesPartsOfAnotherState() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("finalityFive");
        IBeaconVerifier.ValidatorProof memory proof = proofAt("finalityFive", 0);
        IBeaconVerifier.ParticipationProof memory participation = participationAt("finalityFive", 0);
        IBeaconVerifier.ParticipationProof memory other = participationAt("header", 0);
        participation.finalizedEpoch = other.finalizedEpoch;
        participation.finalityProof = other.finalityProof;
        refuseMissed(anchor, proof, participation, IBeaconVerifier.BeaconVerifierInvalidFinalityProof.selector);
        refuseMissed(anchor, proof, other, IBeaconVerifier.BeaconVerifierInvalidParticipationProof.selector);
    }

    /// @dev Any index and any flags: byte `index % 32` decides, and no other.
    function testFuzz_verifyMissedEpoch_anyIndex(uint64 index, bytes32 flags, uint256 seed) public {
        index = uint64(bound(index, 0, 2 ** bound(index, 0, 40) - 1));
        if (seed % 2 == 0) flags &= ~(bytes32(uint256(0xff) << 248) >> (8 * (index % 32)));
        IBeaconVerifier.ValidatorProof memory proof = proofOf(0);
        proof.index = index;
        IBeaconVerifier.ParticipationProof memory participation;
        participation.chunk = flags;
        participation.finalizedEpoch = EPOCH - 2;
        Sparse memory tree = Sparse(new uint256[](3), new bytes32[](3), seed);
        tree.gindices[0] = chunkGindex(verifier.validatorsGindex(), 40, index);
        tree.gindices[1] = chunkGindex(verifier.previousEpochParticipationGindex(), 35, index / 32);
        tree.gindices[2] = verifier.finalizedEpochGindex();
        tree.leaves[0] = validatorRootOf(proof.validator);
        tree.leaves[1] = flags;
        tree.leaves[2] = little(EPOCH - 2);
        proof.proof = branchOf(tree, tree.gindices[0]);
        participation.proof = branchOf(tree, tree.gindices[1]);
        participation.finalityProof = branchOf(tree, tree.gindices[2]);
        IBeaconVerifier.StateAnchor memory anchor = anchorFor(nodeOf(tree, 1), HEADER_SLOT, HEADER_SLOT + 4);

        uint8 own = uint8(bytes.concat(flags)[index % 32]);
        if (own != 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierParticipated.selector, index, MISSED, own)
            );
        }
        uint64 epoch = verifier.verifyMissedEpoch(anchor, proof, participation);
        if (own == 0) assertEq(epoch, MISSED);
    }
}
