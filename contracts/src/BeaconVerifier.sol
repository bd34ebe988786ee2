// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconVerifierBase} from "./abstract/BeaconVerifierBase.sol";
import {Ssz} from "./libraries/Ssz.sol";

/// @title Proofs of the beacon state of Electra and Fulu.
/// @dev Both have 37 and 38 fields, six levels, and Lists of a fixed depth. Generalized indices: `validators` 75,
/// `previous_epoch_participation` 79, `state_roots` 70, `finalized_checkpoint.epoch` 168.
/// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#beaconstate
/// https://github.com/ethereum/consensus-specs/blob/master/specs/fulu/beacon-chain.md#beaconstate
contract BeaconVerifier is BeaconVerifierBase {
    /// @param configuration Network and fork.
    constructor(Configuration memory configuration) BeaconVerifierBase(configuration) {}

    /// @inheritdoc BeaconVerifierBase
    function _listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure override returns (uint256) {
        return Ssz.listChunk(list, depth, chunk);
    }
}
