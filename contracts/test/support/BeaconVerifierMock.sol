// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";

/// @dev Believes what a proof says: the state's slot is the header's, the missed epoch the participation's finalizedEpoch. A
/// proof with a branch is refused. Keeps nothing, so its code can be put anywhere.
contract BeaconVerifierMock is IBeaconVerifier {
    /// @dev A proof that does not hold.
    error BeaconVerifierMockRefused();

    /// @inheritdoc IBeaconVerifier
    function verifyValidator(StateAnchor calldata anchor, ValidatorProof calldata proof)
        public
        pure
        override
        returns (uint64 stateSlot)
    {
        if (proof.proof.length != 0) revert BeaconVerifierMockRefused();
        return anchor.header.slot;
    }

    /// @inheritdoc IBeaconVerifier
    function verifyMissedEpoch(
        StateAnchor calldata anchor,
        ValidatorProof calldata validator,
        ParticipationProof calldata participation
    ) external pure override returns (uint64 epoch) {
        verifyValidator(anchor, validator);
        return participation.finalizedEpoch;
    }
}
