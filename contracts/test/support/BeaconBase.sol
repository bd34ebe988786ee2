// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {Implementations} from "./Implementations.sol";

/// @dev The beacon roots contract as chains have it, and beacon states with branches from fixtures/beacon-*.json, which a
/// library of its own made.
abstract contract BeaconBase is Implementations {
    /// @dev https://eips.ethereum.org/EIPS/eip-4788#specification
    address internal constant BEACON_ROOTS = 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02;
    address internal constant SYSTEM_ADDRESS = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    uint64 internal constant HISTORY_BUFFER_LENGTH = 8191;
    bytes internal constant BEACON_ROOTS_CODE = hex"3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff8106908154"
        hex"14603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500";

    /// @dev As in generate-beacon.mjs.
    uint64 internal constant EPOCH = 400_000;
    uint64 internal constant GENESIS_TIME = 1_606_824_023;
    uint64 internal constant HEADER_SLOT = EPOCH * 32 + 28;
    uint64 internal constant PAST_SLOT = EPOCH * 32 + 31;
    uint64 internal constant LATER_SLOT = PAST_SLOT + 61;
    uint64 internal constant FAR_FUTURE_EPOCH = type(uint64).max;

    string private constant HEADER_TYPE =
        "BlockHeader(uint64 slot,uint64 proposerIndex,bytes32 parentRoot,bytes32 stateRoot,bytes32 bodyRoot)";
    string private constant ANCHOR_TYPE = "StateAnchor(uint64 timestamp,BlockHeader header,uint64 historicalSlot,bytes32 historicalStateRoot,"
        "bytes32[] historicalProof)";
    string private constant PROOF_TYPE = "ValidatorProof(uint64 index,Validator validator,bytes32[] proof)"
        "Validator(bytes pubkey,bytes32 withdrawalCredentials,uint64 effectiveBalance,bool slashed,"
        "uint64 activationEligibilityEpoch,uint64 activationEpoch,uint64 exitEpoch,uint64 withdrawableEpoch)";
    string private constant PARTICIPATION_TYPE =
        "ParticipationProof(bytes32 chunk,bytes32[] proof,uint64 finalizedEpoch,bytes32[] finalityProof)";

    /// @dev A tree that has some leaves, and made-up nodes everywhere else.
    struct Sparse {
        uint256[] gindices;
        bytes32[] leaves;
        uint256 seed;
    }

    /// @dev Which fixture is read: electra, fulu or gloas.
    string internal fixture;
    /// @dev What was read and decoded before: parsing is what takes time, and fuzzing asks for the same again and again.
    mapping(bytes32 key => bytes encoded) private cache;

    function setUp() public virtual {
        vm.etch(BEACON_ROOTS, BEACON_ROOTS_CODE);
        fixture = fork();
    }

    /// @dev The fork under test: electra, fulu or gloas.
    function fork() internal pure virtual returns (string memory);

    /// @dev Writes a root as the chain does: the system's call at the start of the block.
    function writeRoot(uint64 timestamp, bytes32 root) internal {
        vm.warp(timestamp);
        vm.prank(SYSTEM_ADDRESS);
        (bool ok,) = BEACON_ROOTS.call(abi.encode(root));
        assertTrue(ok);
    }

    /* FIXTURES */

    function json() internal view returns (string memory) {
        return vm.readFile(string.concat("test/fixtures/beacon-", fixture, ".json"));
    }

    /// @dev A value of the fixture, ABI-encoded.
    function read(string memory key, string memory type_) private view returns (bytes memory encoded) {
        encoded = cache[keccak256(abi.encode(fixture, key))];
        if (encoded.length == 0) encoded = vm.parseJsonType(json(), key, type_);
    }

    /// @dev Keeps a value for later reads.
    function keep(string memory key, string memory type_) private {
        cache[keccak256(abi.encode(fixture, key))] = read(key, type_);
    }

    /// @dev Keeps what fuzz tests read.
    function keepForFuzzing() internal {
        string[2] memory scenarios = ["header", "historical"];
        for (uint256 i = 0; i < 2; ++i) {
            keep(string.concat(".", scenarios[i], ".anchor"), string.concat(ANCHOR_TYPE, HEADER_TYPE));
            keep(string.concat(".", scenarios[i], ".blockRoot"), "bytes32");
            keep(string.concat(".", scenarios[i], ".validators[0]"), PROOF_TYPE);
            keep(string.concat(".", scenarios[i], ".participations[0]"), PARTICIPATION_TYPE);
        }
        keep(".header.validators[2]", PROOF_TYPE);
        keep(".header.validators[5]", PROOF_TYPE);
    }

    /// @dev A scenario's anchor, whose root the chain has.
    function anchorOf(string memory scenario) internal returns (IBeaconVerifier.StateAnchor memory anchor) {
        bytes memory encoded = read(string.concat(".", scenario, ".anchor"), string.concat(ANCHOR_TYPE, HEADER_TYPE));
        anchor = abi.decode(encoded, (IBeaconVerifier.StateAnchor));
        bytes memory root = read(string.concat(".", scenario, ".blockRoot"), "bytes32");
        writeRoot(anchor.timestamp, abi.decode(root, (bytes32)));
    }

    /// @dev The proof at a position of a scenario's list.
    function proofAt(string memory scenario, uint256 position)
        internal
        view
        returns (IBeaconVerifier.ValidatorProof memory)
    {
        string memory key = string.concat(".", scenario, ".validators[", vm.toString(position), "]");
        return abi.decode(read(key, PROOF_TYPE), (IBeaconVerifier.ValidatorProof));
    }

    /// @dev The participation of validators `32 * chunk` and on.
    function participationAt(string memory scenario, uint256 chunk)
        internal
        view
        returns (IBeaconVerifier.ParticipationProof memory)
    {
        string memory key = string.concat(".", scenario, ".participations[", vm.toString(chunk), "]");
        return abi.decode(read(key, PARTICIPATION_TYPE), (IBeaconVerifier.ParticipationProof));
    }

    /// @dev The proof of a validator of the header scenario, by index.
    function proofOf(uint64 index) internal view returns (IBeaconVerifier.ValidatorProof memory proof) {
        uint8[18] memory indices = [0, 1, 4, 5, 20, 21, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 69];
        for (uint256 i = 0; i < indices.length; ++i) {
            if (indices[i] == index) {
                proof = proofAt("header", i);
                assertEq(proof.index, index);
                return proof;
            }
        }
        revert("no such case");
    }

    /// @dev Mainnet, with a fixture's generalized indices.
    function configurationOf(uint64 fromSlot) internal view returns (IBeaconVerifier.Configuration memory) {
        return IBeaconVerifier.Configuration({
            fromSlot: fromSlot,
            genesisTime: GENESIS_TIME,
            secondsPerSlot: 12,
            slotsPerEpoch: 32,
            slotsPerHistoricalRoot: 8192,
            validators: uint64(vm.parseJsonUint(json(), ".gindices.validators")),
            previousEpochParticipation: uint64(vm.parseJsonUint(json(), ".gindices.previousEpochParticipation")),
            stateRoots: uint64(vm.parseJsonUint(json(), ".gindices.stateRoots")),
            finalizedEpoch: uint64(vm.parseJsonUint(json(), ".gindices.finalizedEpoch"))
        });
    }

    /* A TREE OF THE TEST'S OWN */

    function pair(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(left, right));
    }

    /// @dev Eight bytes, the least significant first, then zeros.
    function little(uint64 value) internal pure returns (bytes32 encoded) {
        for (uint256 i = 0; i < 8; ++i) {
            encoded |= bytes32(bytes1(uint8(value >> (8 * i)))) >> (8 * i);
        }
    }

    /// @dev The root of eight leaves.
    function rootOf(bytes32[8] memory leaves) internal pure returns (bytes32) {
        return pair(
            pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3])),
            pair(pair(leaves[4], leaves[5]), pair(leaves[6], leaves[7]))
        );
    }

    function headerRootOf(IBeaconVerifier.BlockHeader memory header) internal pure returns (bytes32) {
        bytes32[8] memory leaves;
        leaves[0] = little(header.slot);
        leaves[1] = little(header.proposerIndex);
        leaves[2] = header.parentRoot;
        leaves[3] = header.stateRoot;
        leaves[4] = header.bodyRoot;
        return rootOf(leaves);
    }

    function validatorRootOf(IBeaconVerifier.Validator memory validator) internal pure returns (bytes32) {
        return rootOf(
            [
                sha256(bytes.concat(validator.pubkey, bytes16(0))),
                validator.withdrawalCredentials,
                little(validator.effectiveBalance),
                little(validator.slashed ? 1 : 0),
                little(validator.activationEligibilityEpoch),
                little(validator.activationEpoch),
                little(validator.exitEpoch),
                little(validator.withdrawableEpoch)
            ]
        );
    }

    /// @dev The root above a node with these siblings.
    function climb(bytes32 node, bytes32[] memory siblings, uint256 gindex) internal pure returns (bytes32) {
        for (uint256 i = 0; i < siblings.length; ++i) {
            node = gindex % 2 == 0 ? pair(node, siblings[i]) : pair(siblings[i], node);
            gindex /= 2;
        }
        assertEq(gindex, 1);
        return node;
    }

    /// @dev The node of a sparse tree.
    function nodeOf(Sparse memory tree, uint256 gindex) internal pure returns (bytes32) {
        for (uint256 i = 0; i < tree.gindices.length; ++i) {
            if (tree.gindices[i] == gindex) return tree.leaves[i];
            if (isAbove(gindex, tree.gindices[i])) return pair(nodeOf(tree, 2 * gindex), nodeOf(tree, 2 * gindex + 1));
        }
        return keccak256(abi.encode(tree.seed, gindex));
    }

    function isAbove(uint256 ancestor, uint256 gindex) private pure returns (bool) {
        while (gindex > ancestor) gindex /= 2;
        return gindex == ancestor;
    }

    /// @dev The branch of a node of a sparse tree.
    function branchOf(Sparse memory tree, uint256 gindex) internal pure returns (bytes32[] memory branch) {
        uint256 depth;
        while (gindex >> depth != 1) ++depth;
        branch = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            branch[i] = nodeOf(tree, (gindex >> i) ^ 1);
        }
    }

    /// @dev A sparse tree of one leaf.
    function treeOf(uint256 gindex, bytes32 leaf, uint256 seed) internal pure returns (Sparse memory tree) {
        tree = Sparse(new uint256[](1), new bytes32[](1), seed);
        (tree.gindices[0], tree.leaves[0]) = (gindex, leaf);
    }

    /// @dev An anchor, known to the chain, of a header with the state root.
    function anchorFor(bytes32 stateRoot, uint64 slot, uint64 nextSlot)
        internal
        returns (IBeaconVerifier.StateAnchor memory anchor)
    {
        anchor.timestamp = GENESIS_TIME + 12 * nextSlot;
        anchor.header.slot = slot;
        anchor.header.stateRoot = stateRoot;
        writeRoot(anchor.timestamp, headerRootOf(anchor.header));
    }

    /* FAILURES */

    /// @dev Flips a bit of the anchor and says what the verifier must answer.
    function flipAnchor(IBeaconVerifier.StateAnchor memory anchor, uint256 field, uint256 bit)
        internal
        pure
        returns (bytes4)
    {
        uint64 mask = uint64(1 << (bit % 64));
        bytes32 wide = bytes32(uint256(1) << (bit % 256));
        bool historical = anchor.historicalSlot != 0;
        if (field == 0) {
            anchor.timestamp ^= mask;
            return IBeaconVerifier.BeaconVerifierRootUnavailable.selector;
        }
        if (field == 1) {
            anchor.historicalSlot ^= mask;
            bool within =
                anchor.historicalSlot < anchor.header.slot && anchor.header.slot - anchor.historicalSlot <= 8192;
            return within
                ? IBeaconVerifier.BeaconVerifierInvalidHistoricalProof.selector
                : IBeaconVerifier.BeaconVerifierHistoricalSlotOutOfRange.selector;
        }
        if (field == 2) {
            anchor.historicalStateRoot ^= wide;
            return historical
                ? IBeaconVerifier.BeaconVerifierInvalidHistoricalProof.selector
                : IBeaconVerifier.BeaconVerifierHistoricalSlotMissing.selector;
        }
        if (field == 3) anchor.header.slot ^= mask;
        if (field == 4) anchor.header.proposerIndex ^= mask;
        if (field == 5) anchor.header.parentRoot ^= wide;
        if (field == 6) anchor.header.stateRoot ^= wide;
        if (field == 7) anchor.header.bodyRoot ^= wide;
        return IBeaconVerifier.BeaconVerifierHeaderMismatch.selector;
    }

    /// @dev Flips a bit of a validator's fields and says what the verifier must answer.
    function flipValidator(IBeaconVerifier.ValidatorProof memory proof, uint256 field, uint256 bit)
        internal
        pure
        returns (bytes4)
    {
        uint64 mask = uint64(1 << (bit % 64));
        IBeaconVerifier.Validator memory validator = proof.validator;
        if (field == 0) {
            proof.index ^= mask;
            if (proof.index >= 2 ** 40) return IBeaconVerifier.BeaconVerifierIndexOutOfRange.selector;
        }
        if (field == 1) validator.pubkey[bit % 48] ^= bytes1(uint8(1 << (bit / 48 % 8)));
        if (field == 2) validator.withdrawalCredentials ^= bytes32(uint256(1) << (bit % 256));
        if (field == 3) validator.effectiveBalance ^= mask;
        if (field == 4) validator.slashed = !validator.slashed;
        if (field == 5) validator.activationEligibilityEpoch ^= mask;
        if (field == 6) validator.activationEpoch ^= mask;
        if (field == 7) validator.exitEpoch ^= mask;
        if (field == 8) validator.withdrawableEpoch ^= mask;
        return IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector;
    }

    function flipBranch(bytes32[] memory branch, uint256 element, uint256 bit) internal pure returns (bytes4) {
        branch[element] ^= bytes32(uint256(1) << (bit % 256));
        return IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector;
    }

    /// @dev Calls, and expects exactly this error's selector, so that nothing fails for another reason than meant.
    function assertRefused(address target, bytes memory data, bytes4 selector) internal view {
        (bool ok, bytes memory reason) = target.staticcall(data);
        assertFalse(ok, "accepted");
        assertEq(bytes4(reason), selector);
    }
}
