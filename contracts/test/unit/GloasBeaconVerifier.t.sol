// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconVerifier} from "../../src/BeaconVerifier.sol";
import {GloasBeaconVerifier} from "../../src/GloasBeaconVerifier.sol";
import {BeaconVerifierBase} from "../../src/abstract/BeaconVerifierBase.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {Ssz} from "../../src/libraries/Ssz.sol";
import {MissedEpochSuite} from "../support/MissedEpochSuite.sol";

contract GloasBeaconVerifierTest is MissedEpochSuite {
    function fork() internal pure override returns (string memory) {
        return "gloas";
    }

    function newVerifier(IBeaconVerifier.Configuration memory configuration)
        internal
        override
        returns (BeaconVerifierBase)
    {
        return GloasBeaconVerifier(implementation("GloasBeaconVerifier", abi.encode(configuration)));
    }

    /// @dev Down the chain of subtrees, one after the other.
    function chunkGindex(uint256 list, uint256, uint256 chunk) internal pure override returns (uint256) {
        uint256 link = list * 2;
        uint256 size = 1;
        while (chunk >= size) {
            chunk -= size;
            size *= 4;
            link = link * 2 + 1;
        }
        return link * 2 * size + chunk;
    }

    function listChunk(uint256 list, uint256, uint256 chunk) internal pure override returns (uint256) {
        return Ssz.progressiveListChunk(list, chunk);
    }

    /// @dev Every path differs from every other, and none leads to the list's length.
    function test_progressivePaths_areDistinct() public pure {
        uint256 last;
        for (uint256 chunk = 0; chunk < 400; ++chunk) {
            uint256 gindex = Ssz.progressiveListChunk(1, chunk);
            assertGt(gindex, last);
            last = gindex;
            // The first step below the list goes left.
            while (gindex > 3) gindex /= 2;
            assertEq(gindex, 2);
        }
    }

    /// @dev With Gloas's generalized indices but another kind of list, only the fields hold.
    function test_refusesListsOfAFixedDepth() public {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        verifier = BeaconVerifier(implementation("BeaconVerifier", abi.encode(configurationOf(0))));
        refuseValidator(anchor, proofOf(4), IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
    }

    function test_refusesElectra() public {
        fixture = "electra";
        refuseValidator(anchorOf("header"), proofOf(4), IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
    }
}
