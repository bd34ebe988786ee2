// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconVerifierBase} from "./abstract/BeaconVerifierBase.sol";
import {Ssz} from "./libraries/Ssz.sol";

/// @title Proofs of the beacon state of Gloas.
/// @dev The state is a ProgressiveContainer of 46 fields, and the lists used here are ProgressiveLists (EIP-7688): the
/// larger the index, the longer the branch. Generalized indices: `validators` 358, `previous_epoch_participation` 362,
/// `state_roots` 353, `finalized_checkpoint.epoch` 734.
/// https://github.com/ethereum/consensus-specs/blob/master/specs/gloas/beacon-chain.md#beaconstate
contract GloasBeaconVerifier is BeaconVerifierBase {
    /// @param configuration Network and fork.
    constructor(Configuration memory configuration) BeaconVerifierBase(configuration) {}

    /// @inheritdoc BeaconVerifierBase
    /// @dev A ProgressiveList grows with what it holds; its limit has no part in the shape.
    function _listChunk(uint256 list, uint256, uint256 chunk) internal pure override returns (uint256) {
        return Ssz.progressiveListChunk(list, chunk);
    }
}
