// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Batches of validator keys kept as the code of a contract.
/// @dev A key with its signature is 144 bytes: 5 storage slots cost 110,500 gas, as code 28,800. The code is STOP (so that
/// nobody can run it), then all public keys, then all signatures. The technique is known as SSTORE2:
/// https://github.com/0xsequence/sstore2
library KeyBlob {
    // As in DepositData; inline assembly takes literal constants only.
    uint256 private constant PUBKEY_LENGTH = 48;
    uint256 private constant SIGNATURE_LENGTH = 96;
    uint256 private constant KEY_LENGTH = 144;

    /// @dev Creation code before the data: PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN.
    uint256 private constant PROLOGUE = 0x61000080600a3d393df3;
    uint256 private constant PROLOGUE_LENGTH = 10;

    /// @notice The contract that holds the keys could not be created.
    error KeyBlobCreationFailed();

    /// @dev Stores a batch; the caller has checked the lengths (at most 170 keys fit the code size limit of EIP-170).
    function write(bytes calldata pubkeys, bytes calldata signatures) internal returns (address blob) {
        assembly ("memory-safe") {
            let size := add(add(pubkeys.length, signatures.length), 1)
            let pointer := mload(0x40)
            // The ten bytes of the prologue with the size in its PUSH2; the byte after them stays zero: STOP.
            mstore(pointer, shl(176, or(PROLOGUE, shl(56, size))))
            let data := add(pointer, add(PROLOGUE_LENGTH, 1))
            calldatacopy(data, pubkeys.offset, pubkeys.length)
            calldatacopy(add(data, pubkeys.length), signatures.offset, signatures.length)
            blob := create(0, pointer, add(size, PROLOGUE_LENGTH))
        }
        if (blob == address(0)) revert KeyBlobCreationFailed();
    }

    /// @dev Copies the key at `position` of a batch to memory: 48 bytes to `pubkeyTo`, 96 bytes to `signatureTo`, which the
    /// caller has allocated.
    function copy(address blob, uint256 position, uint256 pubkeyTo, uint256 signatureTo) internal view {
        assembly ("memory-safe") {
            let count := div(sub(extcodesize(blob), 1), KEY_LENGTH)
            extcodecopy(blob, pubkeyTo, add(1, mul(position, PUBKEY_LENGTH)), PUBKEY_LENGTH)
            extcodecopy(
                blob,
                signatureTo,
                add(add(1, mul(count, PUBKEY_LENGTH)), mul(position, SIGNATURE_LENGTH)),
                SIGNATURE_LENGTH
            )
        }
    }

    /// @dev The key at `position` of a batch.
    function read(address blob, uint256 position) internal view returns (bytes memory pubkey, bytes memory signature) {
        pubkey = new bytes(PUBKEY_LENGTH);
        signature = new bytes(SIGNATURE_LENGTH);
        copy(blob, position, pointerTo(pubkey, 0), pointerTo(signature, 0));
    }

    /// @dev The hash of the public key at `position` of a batch.
    function pubkeyHash(address blob, uint256 position) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            // 48 bytes fit the scratch space.
            extcodecopy(blob, 0, add(1, mul(position, PUBKEY_LENGTH)), PUBKEY_LENGTH)
            hash := keccak256(0, PUBKEY_LENGTH)
        }
    }

    /// @dev Copies item `index` of concatenated items to `item_`, whose length is an item's and a multiple of 16.
    function item(bytes memory items, uint256 index, bytes memory item_) internal pure {
        assembly ("memory-safe") {
            let length := mload(item_)
            let from := add(add(items, 0x20), mul(index, length))
            let to := add(item_, 0x20)
            for { let i := 0 } lt(i, length) { i := add(i, 0x10) } {
                // 16 bytes at a time, keeping the 16 after them, so that nothing beyond the item is written.
                let kept := and(mload(add(to, i)), 0xffffffffffffffffffffffffffffffff)
                let half := shl(128, shr(128, mload(add(from, i))))
                mstore(add(to, i), or(half, kept))
            }
        }
    }

    /// @dev The memory address of a byte.
    function pointerTo(bytes memory data, uint256 offset) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(add(data, 0x20), offset)
        }
    }
}
