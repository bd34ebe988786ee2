// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {KeyBlob} from "../../src/libraries/KeyBlob.sol";
import {Base} from "../support/Base.sol";

contract KeyBlobTest is Base {
    /// @dev External, so that the library sees calldata.
    function write(bytes calldata pubkeys, bytes calldata signatures) external returns (address) {
        return KeyBlob.write(pubkeys, signatures);
    }

    function testFuzz_readsWhatWasWritten(uint256 seed, uint8 number) public {
        uint256 count = bound(number, 1, 170);
        seed = bound(seed, 0, type(uint128).max);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(seed, count);
        address blob = this.write(pubkeys, sigs);
        assertEq(blob.code, bytes.concat(hex"00", pubkeys, sigs));
        uint256 position = seed % count;
        (bytes memory pubkey, bytes memory sig) = KeyBlob.read(blob, position);
        assertEq(pubkey, pubkeyOf(seed + position));
        assertEq(sig, signatureOf(seed + position));
        assertEq(KeyBlob.pubkeyHash(blob, position), keccak256(pubkey));
    }

    function test_nobodyCanRunABlob() public {
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 3);
        address blob = this.write(pubkeys, sigs);
        (bool ok, bytes memory answer) = blob.call(hex"12345678");
        assertTrue(ok);
        assertEq(answer.length, 0);
    }

    /// @dev forge's tests run without the code size limit of EIP-170: the arithmetic stands in for it.
    function test_theLargestSubmissionFitsTheCodeSizeLimit() public view {
        assertLe(1 + registry.MAX_KEYS_PER_CALL() * 144, 24_576);
    }

    function test_write_revertsWithoutGasForTheCode() public {
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(0, 100);
        vm.expectRevert(KeyBlob.KeyBlobCreationFailed.selector);
        // 100 keys are 14,401 bytes of code: 2.9 million gas; one 64th of what is given stays for the error.
        this.write{gas: 2_000_000}(pubkeys, sigs);
    }

    function testFuzz_item_copiesExactly(uint256 seed, uint8 number) public pure {
        uint256 count = bound(number, 1, 20);
        seed = bound(seed, 0, type(uint128).max);
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(seed, count);
        bytes memory pubkey = new bytes(48);
        bytes memory after48 = hex"1122334455667788990011223344556677889900112233445566778899001122";
        bytes memory sig = new bytes(96);
        bytes memory after96 = hex"1122334455667788990011223344556677889900112233445566778899001122";
        for (uint256 i = 0; i < count; ++i) {
            KeyBlob.item(pubkeys, i, pubkey);
            KeyBlob.item(sigs, i, sig);
            assertEq(pubkey, pubkeyOf(seed + i));
            assertEq(sig, signatureOf(seed + i));
        }
        // Nothing was written beyond the items.
        assertEq(after48, after96);
        assertEq(bytes32(after96), hex"1122334455667788990011223344556677889900112233445566778899001122");
    }
}
