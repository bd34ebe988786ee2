// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconVerifierBase} from "../../src/abstract/BeaconVerifierBase.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {BeaconBase} from "./BeaconBase.sol";

/// @dev What holds for every fork's verifier.
abstract contract BeaconVerifierSuite is BeaconBase {
    BeaconVerifierBase internal verifier;

    function setUp() public virtual override {
        super.setUp();
        keepForFuzzing();
        verifier = newVerifier(configurationOf(HEADER_SLOT - 8192));
    }

    function newVerifier(IBeaconVerifier.Configuration memory configuration)
        internal
        virtual
        returns (BeaconVerifierBase);

    /// @dev Gindex of a chunk of a list, worked out step by step.
    function chunkGindex(uint256 list, uint256 depth, uint256 chunk) internal pure virtual returns (uint256);

    /// @dev What the contract under test works out.
    function listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure virtual returns (uint256);

    function validatorCall(IBeaconVerifier.StateAnchor memory anchor, IBeaconVerifier.ValidatorProof memory proof)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(IBeaconVerifier.verifyValidator, (anchor, proof));
    }

    function refuseValidator(
        IBeaconVerifier.StateAnchor memory anchor,
        IBeaconVerifier.ValidatorProof memory proof,
        bytes4 selector
    ) internal view {
        assertRefused(address(verifier), validatorCall(anchor, proof), selector);
    }

    function refuseMissed(
        IBeaconVerifier.StateAnchor memory anchor,
        IBeaconVerifier.ValidatorProof memory proof,
        IBeaconVerifier.ParticipationProof memory participation,
        bytes4 selector
    ) internal view {
        assertRefused(
            address(verifier),
            abi.encodeCall(IBeaconVerifier.verifyMissedEpoch, (anchor, proof, participation)),
            selector
        );
    }

    /* GENERALIZED INDICES */

    function test_gindices_areTheLibrarys() public view {
        uint256[] memory indices = vm.parseJsonUintArray(json(), ".table.indices");
        uint256[] memory validators = vm.parseJsonUintArray(json(), ".table.validators");
        uint256[] memory participation = vm.parseJsonUintArray(json(), ".table.participation");
        for (uint256 i = 0; i < indices.length; ++i) {
            assertEq(listChunk(verifier.validatorsGindex(), 40, indices[i]), validators[i]);
            assertEq(listChunk(verifier.previousEpochParticipationGindex(), 35, indices[i] / 32), participation[i]);
        }
        assertEq(indices[indices.length - 1], 2 ** 40 - 1);
    }

    function testFuzz_gindices(uint256 list, uint256 index) public pure {
        list = bound(list, 1, type(uint64).max);
        index = bound(index, 0, 2 ** bound(index, 0, 40) - 1);
        assertEq(listChunk(list, 40, index), chunkGindex(list, 40, index));
        assertEq(listChunk(list, 35, index / 32), chunkGindex(list, 35, index / 32));
    }

    /* VALIDATORS */

    function test_verifyValidator_everyCase() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        for (uint256 i = 0; i < 18; ++i) {
            assertEq(verifier.verifyValidator(anchor, proofAt("header", i)), HEADER_SLOT);
        }
    }

    function test_verifyValidator_inOlderStates() public {
        assertEq(verifier.verifyValidator(anchorOf("historical"), proofAt("historical", 1)), PAST_SLOT);
        assertEq(verifier.verifyValidator(anchorOf("latest"), proofAt("latest", 0)), LATER_SLOT - 1);
        assertEq(verifier.verifyValidator(anchorOf("oldest"), proofAt("oldest", 0)), LATER_SLOT - 8192);
    }

    /// @dev Any index and any branch: what the test's own tree says, the verifier says.
    function testFuzz_verifyValidator_anyIndex(uint64 index, uint256 seed, bytes32 credentials) public {
        index = uint64(bound(index, 0, 2 ** bound(index, 0, 40) - 1));
        IBeaconVerifier.ValidatorProof memory proof = proofOf(0);
        proof.validator.withdrawalCredentials = credentials;
        proof.index = index;
        uint256 gindex = chunkGindex(verifier.validatorsGindex(), 40, index);
        Sparse memory tree = treeOf(gindex, validatorRootOf(proof.validator), seed);
        proof.proof = branchOf(tree, gindex);
        IBeaconVerifier.StateAnchor memory anchor = anchorFor(nodeOf(tree, 1), HEADER_SLOT, HEADER_SLOT + 1);
        assertEq(verifier.verifyValidator(anchor, proof), HEADER_SLOT);
        // Nor is the same branch good for any other index.
        proof.index = index ^ uint64(1 << (seed % 40));
        refuseValidator(anchor, proof, IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
    }

    function testFuzz_verifyValidator_refusesAnyFlippedBit(uint256 field, uint256 bit) public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(21);
        field = bound(field, 0, 16 + proof.proof.length);
        bytes4 selector = field < 8
            ? flipAnchor(anchor, field, bit)
            : field < 17 ? flipValidator(proof, field - 8, bit) : flipBranch(proof.proof, field - 17, bit);
        refuseValidator(anchor, proof, selector);
    }

    function testFuzz_verifyValidator_refusesAnyFlippedBitOfHistory(uint256 field, uint256 bit) public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("historical");
        field = bound(field, 0, 7 + anchor.historicalProof.length);
        bytes4 selector = IBeaconVerifier.BeaconVerifierInvalidHistoricalProof.selector;
        if (field < 8) {
            selector = flipAnchor(anchor, field, bit);
        } else {
            flipBranch(anchor.historicalProof, field - 8, bit);
        }
        refuseValidator(anchor, proofAt("historical", 0), selector);
    }

    /// @dev Elements `from` and on, `length` of them; what is beyond the branch is zero.
    function slice(bytes32[] memory branch, uint256 from, uint256 length)
        internal
        pure
        returns (bytes32[] memory part)
    {
        part = new bytes32[](length);
        for (uint256 i = 0; i < length && from + i < branch.length; ++i) {
            part[i] = branch[from + i];
        }
    }

    function testFuzz_refusesOtherLengths(uint256 length) public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
        bytes32[] memory branch = proof.proof;
        length = bound(length, 0, 300);
        vm.assume(length != branch.length);
        proof.proof = slice(branch, 0, length);
        refuseValidator(anchor, proof, IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
        proof.proof = slice(branch, 1, branch.length - 1);
        refuseValidator(anchor, proof, IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
    }

    /// @dev The node above the chunk is in the tree; with the rest of the branch it would hold if lengths did not count.
    function test_refusesAnInnerNodeForALeaf() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 1);
        uint256 gindex = chunkGindex(verifier.previousEpochParticipationGindex(), 35, 1);
        bytes32[] memory branch = participation.proof;
        assertEq(climb(participation.chunk, branch, gindex), anchor.header.stateRoot);
        participation.chunk =
            gindex % 2 == 0 ? pair(participation.chunk, branch[0]) : pair(branch[0], participation.chunk);
        participation.proof = slice(branch, 1, branch.length - 1);
        assertEq(climb(participation.chunk, participation.proof, gindex / 2), anchor.header.stateRoot);
        refuseMissed(
            anchor, proofOf(32), participation, IBeaconVerifier.BeaconVerifierInvalidParticipationProof.selector
        );
    }

    /// @dev The state's own root, at no depth at all, is not an older state's.
    function test_refusesAStateRootInAStateRootsPlace() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("historical");
        anchor.historicalStateRoot = anchor.header.stateRoot;
        anchor.historicalProof = new bytes32[](0);
        refuseValidator(anchor, proofAt("historical", 0), IBeaconVerifier.BeaconVerifierInvalidHistoricalProof.selector);
    }

    function test_refusesIndicesBeyondTheRegistry() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
        for (uint256 i = 40; i < 64; ++i) {
            proof.index = uint64(4 | (1 << i));
            vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierIndexOutOfRange.selector, proof.index));
            verifier.verifyValidator(anchor, proof);
        }
    }

    function test_refusesPubkeysOfOtherLengths() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
        bytes memory pubkey = proof.validator.pubkey;
        // 64 bytes with the padding of the leaf would hash to the same.
        proof.validator.pubkey = bytes.concat(pubkey, bytes16(0));
        vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierInvalidPubkeyLength.selector, 64));
        verifier.verifyValidator(anchor, proof);
        proof.validator.pubkey = "";
        vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierInvalidPubkeyLength.selector, 0));
        verifier.verifyValidator(anchor, proof);
    }

    /// @dev A wrong proof holds with no amount of gas: a hash that ran out of it does not count.
    function testFuzz_gasChangesNoAnswer(uint256 gasLimit) public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(4);
        gasLimit = bound(gasLimit, 5000, 80_000);
        (bool ok, bytes memory answer) = address(verifier).staticcall{gas: gasLimit}(validatorCall(anchor, proof));
        if (ok) assertEq(abi.decode(answer, (uint64)), HEADER_SLOT);
        proof.validator.effectiveBalance += 1;
        (ok,) = address(verifier).staticcall{gas: gasLimit}(validatorCall(anchor, proof));
        assertFalse(ok);
    }

    /* ANCHORS */

    function test_refusesUnknownTimestamps() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        uint64 known = anchor.timestamp;
        uint64[6] memory unknown =
            [0, known - 12, known + 1, known + HISTORY_BUFFER_LENGTH, known - HISTORY_BUFFER_LENGTH, type(uint64).max];
        for (uint256 i = 0; i < unknown.length; ++i) {
            anchor.timestamp = unknown[i];
            vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierRootUnavailable.selector, unknown[i]));
            verifier.verifyValidator(anchor, proofOf(4));
        }
    }

    function test_refusesATimestampThatLeftTheRing() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        writeRoot(anchor.timestamp + 12 * HISTORY_BUFFER_LENGTH - 12, keccak256("the ring's last other place"));
        verifier.verifyValidator(anchor, proofOf(4));
        writeRoot(anchor.timestamp + 12 * HISTORY_BUFFER_LENGTH, keccak256("the same place"));
        refuseValidator(anchor, proofOf(4), IBeaconVerifier.BeaconVerifierRootUnavailable.selector);
    }

    function test_refusesAChainWithoutBeaconRoots() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        vm.etch(BEACON_ROOTS, "");
        refuseValidator(anchor, proofOf(4), IBeaconVerifier.BeaconVerifierRootUnavailable.selector);
    }

    function test_refusesAZeroRoot() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        writeRoot(anchor.timestamp, 0);
        vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierZeroRoot.selector, anchor.timestamp));
        verifier.verifyValidator(anchor, proofOf(4));
    }

    function test_refusesAnotherHeader() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        bytes32 root = headerRootOf(anchor.header);
        anchor.header.stateRoot = keccak256("a state of the caller's own");
        vm.expectRevert(
            abi.encodeWithSelector(
                IBeaconVerifier.BeaconVerifierHeaderMismatch.selector, root, headerRootOf(anchor.header)
            )
        );
        verifier.verifyValidator(anchor, proofOf(4));
    }

    function test_refusesStatesBeforeTheFork() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        verifier = newVerifier(configurationOf(HEADER_SLOT));
        verifier.verifyValidator(anchor, proofOf(4));
        verifier = newVerifier(configurationOf(HEADER_SLOT + 1));
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierSlotBeforeFork.selector, HEADER_SLOT, HEADER_SLOT + 1)
        );
        verifier.verifyValidator(anchor, proofOf(4));
        // A header of the fork does not make an older state one of it.
        anchor = anchorOf("historical");
        verifier = newVerifier(configurationOf(PAST_SLOT));
        verifier.verifyValidator(anchor, proofAt("historical", 0));
        verifier = newVerifier(configurationOf(PAST_SLOT + 1));
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierSlotBeforeFork.selector, PAST_SLOT, PAST_SLOT + 1)
        );
        verifier.verifyValidator(anchor, proofAt("historical", 0));
    }

    /// @dev The slot 8192 before the oldest has the same place in state_roots, as has the header's own slot.
    function test_refusesHistoricalSlotsOutOfRange() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("oldest");
        IBeaconVerifier.ValidatorProof memory proof = proofAt("oldest", 0);
        uint64[5] memory slots = [LATER_SLOT, LATER_SLOT + 1, LATER_SLOT - 8193, LATER_SLOT - 2 * 8192, 1];
        for (uint256 i = 0; i < slots.length; ++i) {
            anchor.historicalSlot = slots[i];
            vm.expectRevert(
                abi.encodeWithSelector(
                    IBeaconVerifier.BeaconVerifierHistoricalSlotOutOfRange.selector, slots[i], LATER_SLOT
                )
            );
            verifier.verifyValidator(anchor, proof);
        }
    }

    function test_refusesHistoryWithoutASlot() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("historical");
        anchor.historicalSlot = 0;
        refuseValidator(anchor, proofAt("historical", 0), IBeaconVerifier.BeaconVerifierHistoricalSlotMissing.selector);
        anchor.historicalStateRoot = 0;
        refuseValidator(anchor, proofAt("historical", 0), IBeaconVerifier.BeaconVerifierHistoricalSlotMissing.selector);
        // Without any history it is an anchor of the header's own state, where this validator has another branch.
        anchor.historicalProof = new bytes32[](0);
        refuseValidator(anchor, proofAt("historical", 0), IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
    }

    function test_refusesOneStatesProofInAnother() public {
        refuseValidator(
            anchorOf("historical"), proofOf(0), IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector
        );
    }

    /* CONFIGURATION */

    function test_configuration_isKept() public view {
        IBeaconVerifier.Configuration memory configuration = configurationOf(HEADER_SLOT - 8192);
        assertEq(verifier.fromSlot(), configuration.fromSlot);
        assertEq(verifier.genesisTime(), configuration.genesisTime);
        assertEq(verifier.secondsPerSlot(), configuration.secondsPerSlot);
        assertEq(verifier.slotsPerEpoch(), configuration.slotsPerEpoch);
        assertEq(verifier.slotsPerHistoricalRoot(), configuration.slotsPerHistoricalRoot);
        assertEq(verifier.validatorsGindex(), configuration.validators);
        assertEq(verifier.previousEpochParticipationGindex(), configuration.previousEpochParticipation);
        assertEq(verifier.stateRootsGindex(), configuration.stateRoots);
        assertEq(verifier.finalizedEpochGindex(), configuration.finalizedEpoch);
    }

    function test_configuration_refusesZeros() public {
        for (uint256 field = 1; field < 9; ++field) {
            IBeaconVerifier.Configuration memory configuration = configurationOf(0);
            if (field == 1) configuration.slotsPerHistoricalRoot = 8191;
            if (field == 2) configuration.secondsPerSlot = 0;
            if (field == 3) configuration.slotsPerEpoch = 0;
            if (field == 4) configuration.slotsPerHistoricalRoot = 0;
            if (field == 5) configuration.validators = 0;
            if (field == 6) configuration.previousEpochParticipation = 0;
            if (field == 7) configuration.stateRoots = 0;
            if (field == 8) configuration.finalizedEpoch = 0;
            vm.expectRevert(IBeaconVerifier.BeaconVerifierInvalidConfiguration.selector);
            newVerifier(configuration);
        }
    }
}
