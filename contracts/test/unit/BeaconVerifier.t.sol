// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconVerifier} from "../../src/BeaconVerifier.sol";
import {BeaconVerifierBase} from "../../src/abstract/BeaconVerifierBase.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {Ssz} from "../../src/libraries/Ssz.sol";
import {MissedEpochSuite} from "../support/MissedEpochSuite.sol";

contract BeaconVerifierElectraTest is MissedEpochSuite {
    function fork() internal pure virtual override returns (string memory) {
        return "electra";
    }

    function newVerifier(IBeaconVerifier.Configuration memory configuration)
        internal
        override
        returns (BeaconVerifierBase)
    {
        return BeaconVerifier(implementation("BeaconVerifier", abi.encode(configuration)));
    }

    function chunkGindex(uint256 list, uint256 depth, uint256 chunk) internal pure override returns (uint256) {
        return list * 2 * 2 ** depth + chunk;
    }

    function listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure override returns (uint256) {
        return Ssz.listChunk(list, depth, chunk);
    }

    /// @dev Electra's layout in another fork's state proves nothing.
    function test_refusesGloas() public {
        fixture = "gloas";
        refuseValidator(anchorOf("header"), proofOf(4), IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
        refuseValidator(
            anchorOf("historical"),
            proofAt("historical", 0),
            IBeaconVerifier.BeaconVerifierInvalidHistoricalProof.selector
        );
    }
}

contract BeaconVerifierFuluTest is BeaconVerifierElectraTest {
    function fork() internal pure override returns (string memory) {
        return "fulu";
    }
}
