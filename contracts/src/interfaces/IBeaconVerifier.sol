// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

interface IBeaconVerifier {
    struct BlockHeader {
        uint64 slot;
        uint64 proposerIndex;
        bytes32 parentRoot;
        bytes32 stateRoot;
        bytes32 bodyRoot;
    }

    struct StateAnchor {
        uint64 timestamp;
        BlockHeader header;
        uint64 historicalSlot;
        bytes32 historicalStateRoot;
        bytes32[] historicalProof;
    }

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

    struct ValidatorProof {
        uint64 index;
        Validator validator;
        bytes32[] proof;
    }

    struct ParticipationProof {
        bytes32 chunk;
        bytes32[] proof;
        uint64 finalizedEpoch;
        bytes32[] finalityProof;
    }
    function verifyValidator(StateAnchor calldata anchor, ValidatorProof calldata proof)
        external
        view
        returns (uint64 stateSlot);
    function verifyMissedEpoch(
        StateAnchor calldata anchor,
        ValidatorProof calldata validator,
        ParticipationProof calldata participation
    ) external view returns (uint64 epoch);
}
