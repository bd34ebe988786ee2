// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Governed} from "./abstract/Governed.sol";
import {IBeaconProofs} from "./interfaces/IBeaconProofs.sol";
import {IBeaconVerifier} from "./interfaces/IBeaconVerifier.sol";

/// @title The beacon state's verifiers, one a fork.
contract BeaconProofs is IBeaconProofs, Governed {
    /// @dev One slot.
    /// @param fromSlot The first slot of the headers that the verifier serves.
    /// @param verifier The verifier.
    struct Entry {
        uint64 fromSlot;
        address verifier;
    }

    /// @custom:storage-location erc7201:ethstake.storage.BeaconProofs
    struct BeaconProofsStorage {
        /// @dev Ascending by fromSlot.
        Entry[] entries;
    }

    // keccak256(abi.encode(uint256(keccak256("ethstake.storage.BeaconProofs")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant BEACON_PROOFS_STORAGE = 0xc2ce1e861def45ef7ff26572ca49cfa06129cb759cfe191b437d581140a7d000;

    /// @notice May set the verifiers.
    bytes32 public constant VERIFIER_ROLE = keccak256("VERIFIER_ROLE");

    /// @inheritdoc IBeaconProofs
    function initialize(address admin) external override initializer {
        __Governed_init(admin);
    }

    /// @inheritdoc IBeaconProofs
    function setVerifier(uint64 fromSlot, address verifier) external override onlyRole(VERIFIER_ROLE) {
        if (verifier.code.length == 0) revert BeaconProofsInvalidVerifier(verifier);
        Entry[] storage entries = _storage().entries;
        uint256 count = _countUntil(entries, fromSlot);
        if (count > 0 && entries[count - 1].fromSlot == fromSlot) {
            entries[count - 1].verifier = verifier;
        } else if (count == entries.length) {
            entries.push(Entry(fromSlot, verifier));
        } else {
            revert BeaconProofsNotAscending(fromSlot, entries[entries.length - 1].fromSlot);
        }
        emit VerifierSet(fromSlot, verifier);
    }

    /// @inheritdoc IBeaconVerifier
    function verifyValidator(StateAnchor calldata anchor, ValidatorProof calldata)
        external
        view
        override
        returns (uint64 stateSlot)
    {
        return _forward(anchor.header.slot);
    }

    /// @inheritdoc IBeaconVerifier
    function verifyMissedEpoch(StateAnchor calldata anchor, ValidatorProof calldata, ParticipationProof calldata)
        external
        view
        override
        returns (uint64 epoch)
    {
        return _forward(anchor.header.slot);
    }

    /// @inheritdoc IBeaconProofs
    function verifierAt(uint64 slot) public view override returns (IBeaconVerifier) {
        Entry[] storage entries = _storage().entries;
        uint256 count = _countUntil(entries, slot);
        if (count == 0) revert BeaconProofsNoVerifier(slot);
        return IBeaconVerifier(entries[count - 1].verifier);
    }

    /// @inheritdoc IBeaconProofs
    function verifierFrom(uint64 fromSlot) external view override returns (address) {
        Entry[] storage entries = _storage().entries;
        uint256 count = _countUntil(entries, fromSlot);
        return count > 0 && entries[count - 1].fromSlot == fromSlot ? entries[count - 1].verifier : address(0);
    }

    /// @dev Hands the call on as it came: the verifiers have the same functions, and decoding a proof to encode it again
    /// would cost more than a lookup.
    function _forward(uint64 slot) private view returns (uint64) {
        return abi.decode(Address.functionStaticCall(address(verifierAt(slot)), msg.data), (uint64));
    }

    /// @dev The number of entries that start at the slot or before. From the end: most proofs are of the latest fork.
    function _countUntil(Entry[] storage entries, uint64 slot) private view returns (uint256 count) {
        count = entries.length;
        while (count > 0 && entries[count - 1].fromSlot > slot) --count;
    }

    /// @dev The contract's namespace.
    function _storage() private pure returns (BeaconProofsStorage storage $) {
        assembly {
            $.slot := BEACON_PROOFS_STORAGE
        }
    }
}
