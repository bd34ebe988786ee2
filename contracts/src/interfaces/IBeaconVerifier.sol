// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Facts of the beacon state, proven.
/// @notice Everything rests on the block roots that EIP-4788 keeps on-chain (https://eips.ethereum.org/EIPS/eip-4788);
/// who calls and who made a proof does not matter. A fact that does not hold reverts: the error says which part failed.
interface IBeaconVerifier {
    /// @notice https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#beaconblockheader
    /// @param slot The block's slot.
    /// @param proposerIndex The proposer's validator index.
    /// @param parentRoot Root of the parent block.
    /// @param stateRoot Root of the state after the block.
    /// @param bodyRoot Root of the block's body.
    struct BlockHeader {
        uint64 slot;
        uint64 proposerIndex;
        bytes32 parentRoot;
        bytes32 stateRoot;
        bytes32 bodyRoot;
    }

    /// @notice Why a state root is trusted: EIP-4788 gives at `timestamp` the root of that block's parent, which is
    /// `header`. With `historicalSlot` the state is an older one, found in `state_roots` of the header's state.
    /// @param timestamp Unix time of the execution block whose parent the header is.
    /// @param header The parent's header.
    /// @param historicalSlot The older state's slot, SLOTS_PER_HISTORICAL_ROOT before the header's at most; 0 for the
    /// header's own state.
    /// @param historicalStateRoot Root of the state at the end of that slot; 0 without one.
    /// @param historicalProof Branch of that root in the header's state; empty without one.
    struct StateAnchor {
        uint64 timestamp;
        BlockHeader header;
        uint64 historicalSlot;
        bytes32 historicalStateRoot;
        bytes32[] historicalProof;
    }

    /// @notice https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#validator
    /// @param pubkey 48 bytes.
    /// @param withdrawalCredentials Withdrawal credentials.
    /// @param effectiveBalance Gwei.
    /// @param slashed Whether it was slashed.
    /// @param activationEligibilityEpoch Epoch from which it queues for activation.
    /// @param activationEpoch Its first active epoch.
    /// @param exitEpoch The epoch after its last active one; FAR_FUTURE_EPOCH until it exits.
    /// @param withdrawableEpoch Epoch from which it is withdrawn.
    struct Validator {
        bytes pubkey;
        bytes32 withdrawalCredentials;
        uint64 effectiveBalance;
        bool slashed;
        uint64 activationEligibilityEpoch;
        uint64 activationEpoch;
        uint64 exitEpoch;
        uint64 withdrawableEpoch;
    }

    /// @notice A validator and where it is in the state.
    /// @param index Its index.
    /// @param validator All of its fields.
    /// @param proof Branch of the validator in the state, the sibling of the leaf first.
    struct ValidatorProof {
        uint64 index;
        Validator validator;
        bytes32[] proof;
    }

    /// @notice What shows that a validator took no part in an epoch that everyone else finalised.
    /// @param chunk The 32 flag bytes of `previous_epoch_participation` of which the validator's is byte `index % 32`.
    /// @param proof Branch of the chunk in the state.
    /// @param finalizedEpoch `finalized_checkpoint.epoch` of the same state.
    /// @param finalityProof Branch of that epoch in the state.
    struct ParticipationProof {
        bytes32 chunk;
        bytes32[] proof;
        uint64 finalizedEpoch;
        bytes32[] finalityProof;
    }

    /// @notice What differs between networks and forks. A generalized index names a node of the state's Merkle tree:
    /// https://github.com/ethereum/consensus-specs/blob/master/ssz/merkle-proofs.md#generalized-merkle-tree-index
    /// @param fromSlot The fork's first slot. The next fork needs a verifier of its own, in place before it.
    /// @param genesisTime Unix time of slot 0.
    /// @param secondsPerSlot Seconds of a slot.
    /// @param slotsPerEpoch SLOTS_PER_EPOCH.
    /// @param slotsPerHistoricalRoot SLOTS_PER_HISTORICAL_ROOT, a power of two.
    /// @param validators Generalized index of `validators`.
    /// @param previousEpochParticipation Generalized index of `previous_epoch_participation`.
    /// @param stateRoots Generalized index of `state_roots`.
    /// @param finalizedEpoch Generalized index of `finalized_checkpoint.epoch`.
    struct Configuration {
        uint64 fromSlot;
        uint64 genesisTime;
        uint64 secondsPerSlot;
        uint64 slotsPerEpoch;
        uint64 slotsPerHistoricalRoot;
        uint64 validators;
        uint64 previousEpochParticipation;
        uint64 stateRoots;
        uint64 finalizedEpoch;
    }

    /// @notice A field of the configuration is zero where it cannot be, or slotsPerHistoricalRoot no power of two.
    error BeaconVerifierInvalidConfiguration();
    /// @notice EIP-4788 has no root for the timestamp: no block has it, or it left the ring of 8,191 blocks.
    error BeaconVerifierRootUnavailable(uint64 timestamp);
    /// @notice The root that EIP-4788 has for the timestamp is zero.
    error BeaconVerifierZeroRoot(uint64 timestamp);
    /// @notice The header is another block's.
    /// @param expected The root that EIP-4788 has.
    /// @param actual The header's root.
    error BeaconVerifierHeaderMismatch(bytes32 expected, bytes32 actual);
    /// @notice The state is older than this verifier's fork.
    error BeaconVerifierSlotBeforeFork(uint64 slot, uint64 fromSlot);
    /// @notice The historical slot is not before the header's, or too far before it.
    error BeaconVerifierHistoricalSlotOutOfRange(uint64 historicalSlot, uint64 headerSlot);
    /// @notice The header's state does not have this root for the historical slot.
    error BeaconVerifierInvalidHistoricalProof(uint64 historicalSlot);
    /// @notice A historical root or branch without a historical slot.
    error BeaconVerifierHistoricalSlotMissing();
    /// @notice No validator can have this index.
    error BeaconVerifierIndexOutOfRange(uint64 index);
    /// @notice A public key has 48 bytes.
    error BeaconVerifierInvalidPubkeyLength(uint256 length);
    /// @notice The state has no such validator at this index.
    error BeaconVerifierInvalidValidatorProof(uint64 index);
    /// @notice The state is of the first epoch: none came before.
    error BeaconVerifierNoPreviousEpoch(uint64 stateSlot);
    /// @notice The state's epoch goes on at the next known slot, so the validator's attestation can still be included.
    error BeaconVerifierEpochNotOver(uint64 stateSlot, uint64 nextSlot);
    /// @notice The validator was slashed.
    error BeaconVerifierSlashed(uint64 index);
    /// @notice The validator was not active in the epoch.
    error BeaconVerifierNotActive(uint64 index, uint64 epoch, uint64 activationEpoch, uint64 exitEpoch);
    /// @notice The validator is on its way out.
    error BeaconVerifierExiting(uint64 index, uint64 exitEpoch);
    /// @notice The state does not have this participation for the validator.
    error BeaconVerifierInvalidParticipationProof(uint64 index);
    /// @notice The validator did attest.
    error BeaconVerifierParticipated(uint64 index, uint64 epoch, uint8 flags);
    /// @notice The state has another finalized epoch.
    error BeaconVerifierInvalidFinalityProof(uint64 finalizedEpoch);
    /// @notice The chain was not finalising: missing an epoch says nothing about one validator.
    error BeaconVerifierNotFinalizing(uint64 stateEpoch, uint64 finalizedEpoch);
    /// @notice The timestamp is before slot 0.
    error BeaconVerifierTimestampBeforeGenesis(uint64 timestamp, uint64 genesisTime);

    /// @notice Reverts unless the state has this validator, with all of these fields, at this index.
    /// @param anchor The state.
    /// @param proof The validator.
    /// @return stateSlot The state's slot.
    function verifyValidator(StateAnchor calldata anchor, ValidatorProof calldata proof)
        external
        view
        returns (uint64 stateSlot);

    /// @notice Reverts unless the validator missed the epoch before the state's: it had to attest, no attestation earned
    /// it any flag, and none can any more. Exempt are validators that were slashed, were not active or are exiting, and
    /// all of them while the chain does not finalise.
    /// @param anchor The state. None of its epoch may follow: either the header's is its epoch's last block, which the
    /// timestamp shows by lying in a later epoch, or the historical slot is the last of its epoch.
    /// @param validator The validator.
    /// @param participation Its participation and the finality in the same state.
    /// @return epoch The epoch it missed.
    function verifyMissedEpoch(
        StateAnchor calldata anchor,
        ValidatorProof calldata validator,
        ParticipationProof calldata participation
    ) external view returns (uint64 epoch);
}
