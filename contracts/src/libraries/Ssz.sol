// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IBeaconVerifier} from "../interfaces/IBeaconVerifier.sol";
import {DepositData} from "./DepositData.sol";

/// @title SSZ Merkle trees: https://github.com/ethereum/consensus-specs/blob/master/ssz/simple-serialize.md#merkleization
/// @dev A generalized index (gindex) names a node: the root is 1, the children of n are 2n and 2n + 1.
/// https://github.com/ethereum/consensus-specs/blob/master/ssz/merkle-proofs.md#generalized-merkle-tree-index
///
/// The assembly stays within the scratch space (0x00 to 0x3f), which holds exactly one pair of nodes. Each call of the
/// SHA-256 precompile (address 2) is checked: it fails when out of gas, and what it left unwritten would count as a hash.
library Ssz {
    /// @dev sha256 of 64 zero bytes: the root of two empty leaves.
    bytes32 private constant ZERO_PAIR = 0xf5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b;

    /// @dev The parent of two nodes.
    function hashPair(bytes32 left, bytes32 right) internal view returns (bytes32 parent) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            if iszero(staticcall(gas(), 0x02, 0x00, 0x40, 0x00, 0x20)) { revert(0x00, 0x00) }
            parent := mload(0x00)
        }
    }

    /// @dev hash_tree_root(uint64): little-endian, zeros after it.
    function leaf(uint64 value) internal pure returns (bytes32) {
        return bytes32(DepositData.littleEndian64(value));
    }

    /// @dev hash_tree_root(boolean).
    function leaf(bool value) internal pure returns (bytes32) {
        return leaf(value ? uint64(1) : uint64(0));
    }

    /// @dev hash_tree_root(BLSPubkey); the caller has checked that there are 48 bytes.
    function pubkeyRoot(bytes calldata pubkey) internal view returns (bytes32 root) {
        assembly ("memory-safe") {
            mstore(0x20, 0x00)
            calldatacopy(0x00, pubkey.offset, 0x30)
            if iszero(staticcall(gas(), 0x02, 0x00, 0x40, 0x00, 0x20)) { revert(0x00, 0x00) }
            root := mload(0x00)
        }
    }

    /// @dev hash_tree_root(BeaconBlockHeader): five fields, three empty leaves. It is also the root of the block.
    function headerRoot(IBeaconVerifier.BlockHeader calldata header) internal view returns (bytes32) {
        return hashPair(
            hashPair(
                hashPair(leaf(header.slot), leaf(header.proposerIndex)), hashPair(header.parentRoot, header.stateRoot)
            ),
            hashPair(hashPair(header.bodyRoot, 0), ZERO_PAIR)
        );
    }

    /// @dev hash_tree_root(Validator): eight fields; the caller has checked the length of the public key.
    function validatorRoot(IBeaconVerifier.Validator calldata validator) internal view returns (bytes32) {
        bytes32 left = hashPair(
            hashPair(pubkeyRoot(validator.pubkey), validator.withdrawalCredentials),
            hashPair(leaf(validator.effectiveBalance), leaf(validator.slashed))
        );
        bytes32 right = hashPair(
            hashPair(leaf(validator.activationEligibilityEpoch), leaf(validator.activationEpoch)),
            hashPair(leaf(validator.exitEpoch), leaf(validator.withdrawableEpoch))
        );
        return hashPair(left, right);
    }

    /// @dev Whether `node` is at `gindex` below `root`. A proof of another length than the depth of the gindex never is:
    /// an inner node cannot pass for a leaf, nor a leaf for an inner node.
    /// @param proof Siblings, the one of the node first.
    function isAt(bytes32[] calldata proof, bytes32 root, bytes32 node, uint256 gindex)
        internal
        view
        returns (bool valid)
    {
        if (gindex >> proof.length != 1) return false;
        assembly ("memory-safe") {
            // Left children have even indices and go to the first word, right children to the second.
            let side := shl(5, and(gindex, 1))
            mstore(side, node)
            let end := add(proof.offset, shl(5, proof.length))
            for { let sibling := proof.offset } lt(sibling, end) { sibling := add(sibling, 0x20) } {
                mstore(xor(side, 0x20), calldataload(sibling))
                gindex := shr(1, gindex)
                side := shl(5, and(gindex, 1))
                if iszero(staticcall(gas(), 0x02, 0x00, 0x40, side, 0x20)) { revert(0x00, 0x00) }
            }
            // The index is 1 now, so the last hash went to the second word.
            valid := eq(mload(0x20), root)
        }
    }

    /// @dev Gindex of a chunk of a List. Its left child holds the chunks, its right child the length.
    /// @param list Gindex of the list.
    /// @param depth log2 of the most chunks the list may have.
    /// @param chunk Position of the chunk; the caller has checked that it is below 2^depth.
    function listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure returns (uint256) {
        return (list << (depth + 1)) | chunk;
    }

    /// @dev Gindex of a chunk of a ProgressiveList (https://eips.ethereum.org/EIPS/eip-7916). Its left child holds the
    /// chunks, its right child the length. The chunks are a chain of subtrees of 1, 4, 16, ... chunks: each link has its
    /// subtree on the left and the next link on the right.
    /// @param list Gindex of the list.
    /// @param chunk Position of the chunk; the caller has checked that it is below 2^40.
    function progressiveListChunk(uint256 list, uint256 chunk) internal pure returns (uint256) {
        // Subtree k starts at chunk 1 + 4 + ... + 4^(k-1) = (4^k - 1) / 3 and is 2k deep.
        uint256 k = Math.log2(3 * chunk + 1) / 2;
        uint256 start = (1 << (2 * k)) / 3;
        uint256 chunks = list << 1;
        uint256 link = ((chunks + 1) << k) - 1;
        return (link << (2 * k + 1)) | (chunk - start);
    }
}
