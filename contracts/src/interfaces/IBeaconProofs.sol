// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "./IBeaconVerifier.sol";

/// @title The beacon state's verifiers, one a fork.
/// @notice Other contracts ask this address whatever the fork: each question goes to the verifier of the fork that the
/// anchor's header is of.
interface IBeaconProofs is IBeaconVerifier {
    /// @notice Headers from the slot on, up to the next entry's, go to the verifier.
    /// @param fromSlot The first slot.
    /// @param verifier The verifier.
    event VerifierSet(uint64 indexed fromSlot, address indexed verifier);

    /// @notice No contract at the address.
    error BeaconProofsInvalidVerifier(address verifier);
    /// @notice An entry is appended after the last, or replaces one of the same slot; nothing enters in between.
    error BeaconProofsNotAscending(uint64 fromSlot, uint64 lastFromSlot);
    /// @notice No verifier serves the slot.
    error BeaconProofsNoVerifier(uint64 slot);

    /// @notice Initialises the proxy, without a verifier.
    /// @param admin Receives DEFAULT_ADMIN_ROLE and nothing else.
    function initialize(address admin) external;

    /// @notice Appends a fork's verifier, or replaces it. VERIFIER_ROLE only. A fork's verifier must be here before the
    /// fork: until then its headers go to the verifier before it, to which they prove nothing.
    /// @param fromSlot The fork's first slot.
    /// @param verifier The verifier.
    function setVerifier(uint64 fromSlot, address verifier) external;

    /// @notice The verifier for a header's slot; reverts when there is none.
    function verifierAt(uint64 slot) external view returns (IBeaconVerifier);

    /// @notice The verifier that was set for slots from exactly this one on; zero when there is none.
    function verifierFrom(uint64 fromSlot) external view returns (address);
}
