// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../interfaces/IBeaconVerifier.sol";
import {Ssz} from "../libraries/Ssz.sol";

/// @dev What all forks share. Without owner, storage or proxy: a deployed verifier says the same for ever. How lists are
/// hashed differs between forks; where fields are is configured.
abstract contract BeaconVerifierBase is IBeaconVerifier {
    /// @notice BEACON_ROOTS_ADDRESS: https://eips.ethereum.org/EIPS/eip-4788#specification
    address public constant BEACON_ROOTS = 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02;

    /// @dev log2 of VALIDATOR_REGISTRY_LIMIT: a larger index would lead out of the list, to its length or another field.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#state-list-lengths
    uint256 internal constant VALIDATORS_DEPTH = 40;
    /// @dev log2 of the chunks of VALIDATOR_REGISTRY_LIMIT flags, 32 a chunk.
    uint256 internal constant PARTICIPATION_DEPTH = 35;
    /// @dev Flags are one byte (ParticipationFlags), so a chunk has 32 of them:
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/altair/beacon-chain.md#custom-types
    uint256 private constant FLAGS_PER_CHUNK = 32;
    /// @dev Bytes of a BLS12-381 public key.
    uint256 private constant PUBKEY_LENGTH = 48;
    /// @dev FAR_FUTURE_EPOCH:
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#constants
    uint64 private constant FAR_FUTURE_EPOCH = type(uint64).max;
    /// @dev MIN_EPOCHS_TO_INACTIVITY_PENALTY:
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#time-parameters-1
    /// The specification counts from the epoch before the state's; counting from the state's is stricter by one.
    uint64 private constant MIN_EPOCHS_TO_INACTIVITY_PENALTY = 4;

    /// @notice The fork's first slot.
    uint64 public immutable fromSlot;
    /// @notice Unix time of slot 0.
    uint64 public immutable genesisTime;
    /// @notice Seconds of a slot.
    uint64 public immutable secondsPerSlot;
    /// @notice SLOTS_PER_EPOCH.
    uint64 public immutable slotsPerEpoch;
    /// @notice SLOTS_PER_HISTORICAL_ROOT.
    uint64 public immutable slotsPerHistoricalRoot;
    /// @notice Generalized index of `validators`.
    uint64 public immutable validatorsGindex;
    /// @notice Generalized index of `previous_epoch_participation`.
    uint64 public immutable previousEpochParticipationGindex;
    /// @notice Generalized index of `state_roots`.
    uint64 public immutable stateRootsGindex;
    /// @notice Generalized index of `finalized_checkpoint.epoch`.
    uint64 public immutable finalizedEpochGindex;

    /// @param configuration Network and fork.
    constructor(Configuration memory configuration) {
        uint64 roots = configuration.slotsPerHistoricalRoot;
        if (
            configuration.secondsPerSlot == 0 || configuration.slotsPerEpoch == 0 || roots == 0
                || roots & (roots - 1) != 0 || configuration.validators == 0
                || configuration.previousEpochParticipation == 0 || configuration.stateRoots == 0
                || configuration.finalizedEpoch == 0
        ) revert BeaconVerifierInvalidConfiguration();
        fromSlot = configuration.fromSlot;
        genesisTime = configuration.genesisTime;
        secondsPerSlot = configuration.secondsPerSlot;
        slotsPerEpoch = configuration.slotsPerEpoch;
        slotsPerHistoricalRoot = roots;
        validatorsGindex = configuration.validators;
        previousEpochParticipationGindex = configuration.previousEpochParticipation;
        stateRootsGindex = configuration.stateRoots;
        finalizedEpochGindex = configuration.finalizedEpoch;
    }

    /// @inheritdoc IBeaconVerifier
    function verifyValidator(StateAnchor calldata anchor, ValidatorProof calldata proof)
        external
        view
        override
        returns (uint64 stateSlot)
    {
        bytes32 stateRoot;
        (stateRoot, stateSlot) = _trustedState(anchor);
        _requireValidator(stateRoot, proof);
    }

    /// @inheritdoc IBeaconVerifier
    function verifyMissedEpoch(
        StateAnchor calldata anchor,
        ValidatorProof calldata validator,
        ParticipationProof calldata participation
    ) external view override returns (uint64 epoch) {
        (bytes32 stateRoot, uint64 stateSlot) = _trustedState(anchor);
        uint64 stateEpoch = _endedEpoch(anchor, stateSlot);
        epoch = stateEpoch - 1;
        _requireValidator(stateRoot, validator);
        _requireDuty(validator, epoch);
        _requireNoFlags(stateRoot, validator.index, participation, epoch);
        _requireFinality(stateRoot, participation, stateEpoch);
    }

    /// @dev Gindex of a chunk of a list, in this fork's kind of list.
    /// @param list Gindex of the list.
    /// @param depth log2 of the most chunks the list may have.
    /// @param chunk Position of the chunk, below 2^depth.
    function _listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure virtual returns (uint256);

    /// @dev The state an anchor leads to.
    function _trustedState(StateAnchor calldata anchor) private view returns (bytes32 stateRoot, uint64 slot) {
        bytes32 blockRoot = _blockRoot(anchor.timestamp);
        bytes32 headerRoot = Ssz.headerRoot(anchor.header);
        if (headerRoot != blockRoot) revert BeaconVerifierHeaderMismatch(blockRoot, headerRoot);
        (stateRoot, slot) = (anchor.header.stateRoot, anchor.header.slot);
        if (anchor.historicalSlot != 0) {
            _requireHistorical(anchor);
            (stateRoot, slot) = (anchor.historicalStateRoot, anchor.historicalSlot);
        } else if (anchor.historicalStateRoot != 0 || anchor.historicalProof.length != 0) {
            revert BeaconVerifierHistoricalSlotMissing();
        }
        // The header is never older than the state it leads to, so both have this fork's layout.
        if (slot < fromSlot) revert BeaconVerifierSlotBeforeFork(slot, fromSlot);
    }

    /// @dev The root that EIP-4788 has for a timestamp: of the parent of the block with that timestamp.
    function _blockRoot(uint64 timestamp) private view returns (bytes32 root) {
        bool known;
        (address roots, uint256 key) = (BEACON_ROOTS, timestamp);
        assembly ("memory-safe") {
            mstore(0x00, key)
            // Where the contract does not exist, the call succeeds and returns nothing.
            known := staticcall(gas(), roots, 0x00, 0x20, 0x00, 0x20)
            known := and(known, eq(returndatasize(), 0x20))
            root := mload(0x00)
        }
        if (!known) revert BeaconVerifierRootUnavailable(timestamp);
        if (root == 0) revert BeaconVerifierZeroRoot(timestamp);
    }

    /// @dev Checks that the header's state has the historical root for the historical slot. `state_roots` of the state
    /// after slot h has the roots of the slots h - SLOTS_PER_HISTORICAL_ROOT to h - 1, each after its block:
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#beacon-chain-state-transition-function
    function _requireHistorical(StateAnchor calldata anchor) private view {
        (uint64 slot, uint64 headerSlot) = (anchor.historicalSlot, anchor.header.slot);
        if (slot >= headerSlot || headerSlot - slot > slotsPerHistoricalRoot) {
            revert BeaconVerifierHistoricalSlotOutOfRange(slot, headerSlot);
        }
        // A Vector of a power of two roots: one leaf each.
        uint256 gindex = uint256(stateRootsGindex) * slotsPerHistoricalRoot + slot % slotsPerHistoricalRoot;
        if (!Ssz.isAt(anchor.historicalProof, anchor.header.stateRoot, anchor.historicalStateRoot, gindex)) {
            revert BeaconVerifierInvalidHistoricalProof(slot);
        }
    }

    /// @dev Checks that the state has the validator at its index.
    function _requireValidator(bytes32 stateRoot, ValidatorProof calldata proof) private view {
        uint64 index = proof.index;
        if (index >> VALIDATORS_DEPTH != 0) revert BeaconVerifierIndexOutOfRange(index);
        uint256 length = proof.validator.pubkey.length;
        if (length != PUBKEY_LENGTH) revert BeaconVerifierInvalidPubkeyLength(length);
        uint256 gindex = _listChunk(validatorsGindex, VALIDATORS_DEPTH, index);
        if (!Ssz.isAt(proof.proof, stateRoot, Ssz.validatorRoot(proof.validator), gindex)) {
            revert BeaconVerifierInvalidValidatorProof(index);
        }
    }

    /// @dev The state's epoch, none of whose blocks follows the state: attestations for the epoch before are included
    /// until its end (https://eips.ethereum.org/EIPS/eip-7045), so the state has the last word on that one.
    function _endedEpoch(StateAnchor calldata anchor, uint64 stateSlot) private view returns (uint64 stateEpoch) {
        stateEpoch = stateSlot / slotsPerEpoch;
        if (stateEpoch == 0) revert BeaconVerifierNoPreviousEpoch(stateSlot);
        // The header is the parent of the block at the timestamp: no block lies between. A historical root is the state's
        // at the end of its slot, with or without a block.
        uint64 nextSlot = anchor.historicalSlot == 0 ? _slotAt(anchor.timestamp) : stateSlot + 1;
        if (nextSlot / slotsPerEpoch <= stateEpoch) revert BeaconVerifierEpochNotOver(stateSlot, nextSlot);
    }

    /// @dev The slot of a block by its timestamp.
    function _slotAt(uint64 timestamp) private view returns (uint64) {
        if (timestamp < genesisTime) revert BeaconVerifierTimestampBeforeGenesis(timestamp, genesisTime);
        return (timestamp - genesisTime) / secondsPerSlot;
    }

    /// @dev Checks that the validator had to attest in the epoch and has no excuse. A slashed one is also exiting, and an
    /// exited one is: the most telling error comes first.
    function _requireDuty(ValidatorProof calldata proof, uint64 epoch) private pure {
        if (proof.validator.slashed) revert BeaconVerifierSlashed(proof.index);
        (uint64 activationEpoch, uint64 exitEpoch) = (proof.validator.activationEpoch, proof.validator.exitEpoch);
        if (activationEpoch > epoch || exitEpoch <= epoch) {
            revert BeaconVerifierNotActive(proof.index, epoch, activationEpoch, exitEpoch);
        }
        if (exitEpoch != FAR_FUTURE_EPOCH) revert BeaconVerifierExiting(proof.index, exitEpoch);
    }

    /// @dev Checks that no attestation of the epoch earned the validator a flag. Both lists have one entry a validator, so
    /// a validator that exists has flags, and the byte cannot be one of the zeros that fill the last chunk.
    function _requireNoFlags(bytes32 stateRoot, uint64 index, ParticipationProof calldata participation, uint64 epoch)
        private
        view
    {
        uint256 gindex = _listChunk(previousEpochParticipationGindex, PARTICIPATION_DEPTH, index / FLAGS_PER_CHUNK);
        if (!Ssz.isAt(participation.proof, stateRoot, participation.chunk, gindex)) {
            revert BeaconVerifierInvalidParticipationProof(index);
        }
        uint8 flags = uint8(participation.chunk[index % FLAGS_PER_CHUNK]);
        if (flags != 0) revert BeaconVerifierParticipated(index, epoch, flags);
    }

    /// @dev Checks that the chain was finalising.
    function _requireFinality(bytes32 stateRoot, ParticipationProof calldata participation, uint64 stateEpoch)
        private
        view
    {
        uint64 finalizedEpoch = participation.finalizedEpoch;
        if (!Ssz.isAt(participation.finalityProof, stateRoot, Ssz.leaf(finalizedEpoch), finalizedEpochGindex)) {
            revert BeaconVerifierInvalidFinalityProof(finalizedEpoch);
        }
        if (stateEpoch - finalizedEpoch > MIN_EPOCHS_TO_INACTIVITY_PENALTY) {
            revert BeaconVerifierNotFinalizing(stateEpoch, finalizedEpoch);
        }
    }
}
