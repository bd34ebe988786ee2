// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Deposits as the beacon chain hashes them.
/// @dev DepositData: https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/beacon-chain.md#depositdata
library DepositData {
    /// @dev Bytes of a BLS12-381 public key.
    uint256 internal constant PUBKEY_LENGTH = 48;
    /// @dev Bytes of a BLS12-381 signature.
    uint256 internal constant SIGNATURE_LENGTH = 96;
    /// @dev The execution-address prefix of withdrawal credentials, with eleven zero bytes after it.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/phase0/validator.md#eth1_address_withdrawal_prefix
    uint256 private constant EXECUTION_ADDRESS_PREFIX = 0x01 << 248;
    /// @dev The prefix of compounding withdrawal credentials (EIP-7251), with eleven zero bytes after it.
    /// https://github.com/ethereum/consensus-specs/blob/master/specs/electra/beacon-chain.md#withdrawal-prefixes
    uint256 private constant COMPOUNDING_WITHDRAWAL_PREFIX = 0x02 << 248;

    /// @dev 0x01 credentials of an address.
    function executionCredentials(address target) internal pure returns (bytes32) {
        return bytes32(EXECUTION_ADDRESS_PREFIX | uint160(target));
    }

    /// @dev 0x02 credentials of an address.
    function compoundingCredentials(address target) internal pure returns (bytes32) {
        return bytes32(COMPOUNDING_WITHDRAWAL_PREFIX | uint160(target));
    }

    /// @dev hash_tree_root(DepositData), the deposit_data_root that the deposit contract recomputes:
    /// https://github.com/ethereum/consensus-specs/blob/master/solidity_deposit_contract/deposit_contract.sol
    /// @param pubkey 48 bytes.
    /// @param credentials Withdrawal credentials.
    /// @param signature 96 bytes.
    /// @param amountGwei The amount in gwei.
    function root(bytes memory pubkey, bytes32 credentials, bytes memory signature, uint64 amountGwei)
        internal
        pure
        returns (bytes32)
    {
        (bytes32 first, bytes32 second, bytes32 third) = _words(signature);
        bytes32 pubkeyRoot = sha256(abi.encodePacked(pubkey, bytes16(0)));
        bytes32 signatureRoot = sha256(
            abi.encodePacked(sha256(abi.encodePacked(first, second)), sha256(abi.encodePacked(third, bytes32(0))))
        );
        return sha256(
            abi.encodePacked(
                sha256(abi.encodePacked(pubkeyRoot, credentials)),
                sha256(abi.encodePacked(littleEndian64(amountGwei), bytes24(0), signatureRoot))
            )
        );
    }

    /// @dev SSZ uint64: 8 bytes, the least significant first.
    function littleEndian64(uint64 value) internal pure returns (bytes8) {
        uint64 v = value;
        v = ((v & 0xff00ff00ff00ff00) >> 8) | ((v & 0x00ff00ff00ff00ff) << 8);
        v = ((v & 0xffff0000ffff0000) >> 16) | ((v & 0x0000ffff0000ffff) << 16);
        return bytes8((v >> 32) | (v << 32));
    }

    /// @dev The three words of a signature.
    function _words(bytes memory signature) private pure returns (bytes32 first, bytes32 second, bytes32 third) {
        assembly ("memory-safe") {
            first := mload(add(signature, 0x20))
            second := mload(add(signature, 0x40))
            third := mload(add(signature, 0x60))
        }
    }
}
