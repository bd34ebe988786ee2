// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconProofs} from "../../src/BeaconProofs.sol";
import {BeaconVerifier} from "../../src/BeaconVerifier.sol";
import {GloasBeaconVerifier} from "../../src/GloasBeaconVerifier.sol";
import {BeaconVerifierBase} from "../../src/abstract/BeaconVerifierBase.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {Ssz} from "../../src/libraries/Ssz.sol";
import {BeaconBase} from "../support/BeaconBase.sol";

/// @dev Measures a call from within a transaction, as a contract that asks for a proof pays for it.
contract Meter {
    uint256 public used;

    function measure(address target, bytes calldata data) external {
        uint256 before = gasleft();
        (bool ok,) = target.staticcall(data);
        used = before - gasleft();
        require(ok, "Meter: refused");
    }
}

/// @dev Gas of proofs, of a validator with an index as high as mainnet's: whole transactions, and the call itself (cold,
/// copying its arguments included, calldata and base not). Kept in snapshots/ as Gas.t.sol's. Each contract that inherits
/// asks for isolation itself: forge does not inherit that.
abstract contract GasProofs is BeaconBase {
    uint64 private constant INDEX = 2_200_000;
    /// @dev The most that a proof may take as a part of something else.
    uint256 private constant CALL_BUDGET = 75_000;

    Meter private meter;
    BeaconVerifierBase private verifier;
    BeaconProofs private proofs;
    IBeaconVerifier.StateAnchor private anchor;
    IBeaconVerifier.ValidatorProof private validator;
    IBeaconVerifier.ParticipationProof private participation;

    function newVerifier() internal virtual returns (BeaconVerifierBase);

    function listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure virtual returns (uint256);

    function setUp() public override {
        super.setUp();
        meter = new Meter();
        verifier = newVerifier();
        proofs = BeaconProofs(
            proxy(implementation("BeaconProofs", ""), abi.encodeCall(BeaconProofs.initialize, (address(this))))
        );
        proofs.grantRole(proofs.VERIFIER_ROLE(), address(this));
        proofs.setVerifier(0, address(verifier));

        Sparse memory tree = Sparse(new uint256[](3), new bytes32[](3), 1);
        validator = proofOf(0);
        validator.index = INDEX;
        tree.gindices[0] = listChunk(verifier.validatorsGindex(), 40, INDEX);
        tree.gindices[1] = listChunk(verifier.previousEpochParticipationGindex(), 35, INDEX / 32);
        tree.gindices[2] = verifier.finalizedEpochGindex();
        tree.leaves[0] = validatorRootOf(validator.validator);
        tree.leaves[1] = ~bytes32(uint256(0xff) << (8 * (31 - INDEX % 32)));
        tree.leaves[2] = little(EPOCH - 2);
        validator.proof = branchOf(tree, tree.gindices[0]);
        participation.chunk = tree.leaves[1];
        participation.proof = branchOf(tree, tree.gindices[1]);
        participation.finalizedEpoch = EPOCH - 2;
        participation.finalityProof = branchOf(tree, tree.gindices[2]);
        anchor = anchorFor(nodeOf(tree, 1), HEADER_SLOT, HEADER_SLOT + 4);
    }

    /// @dev Keeps the gas of a transaction and of the call itself, and checks the call's budget.
    function record(string memory name, address target, bytes memory data, uint256 budget) private {
        string memory group = string.concat("gas-proofs-", buildProfile());
        name = string.concat(fork(), ", ", name);
        (bool ok,) = target.call(data);
        assertTrue(ok);
        vm.snapshotGasLastCall(group, string.concat(name, ": transaction"));
        meter.measure(target, data);
        vm.snapshotValue(group, string.concat(name, ": call"), meter.used());
        emit log_named_uint(name, meter.used());
        assertLe(meter.used(), budget, name);
    }

    function test_gas_verifyValidator() public {
        bytes memory data = abi.encodeCall(IBeaconVerifier.verifyValidator, (anchor, validator));
        record("verifyValidator", address(verifier), data, CALL_BUDGET);
        record("verifyValidator by BeaconProofs", address(proofs), data, CALL_BUDGET);
    }

    function test_gas_verifyMissedEpoch() public {
        bytes memory data = abi.encodeCall(IBeaconVerifier.verifyMissedEpoch, (anchor, validator, participation));
        record("verifyMissedEpoch", address(verifier), data, 2 * CALL_BUDGET);
        record("verifyMissedEpoch by BeaconProofs", address(proofs), data, 2 * CALL_BUDGET);
    }

    /// @dev The same through state_roots, of the fixture's validators.
    function test_gas_verifyValidator_inAnOlderState() public {
        bytes memory data =
            abi.encodeCall(IBeaconVerifier.verifyValidator, (anchorOf("historical"), proofAt("historical", 0)));
        record("verifyValidator in an older state", address(verifier), data, CALL_BUDGET);
    }
}

/// @dev Electra.
/// forge-config: default.isolate = true
/// forge-config: prague.isolate = true
contract GasProofsElectraTest is GasProofs {
    function fork() internal pure override returns (string memory) {
        return "electra";
    }

    function newVerifier() internal override returns (BeaconVerifierBase) {
        return BeaconVerifier(implementation("BeaconVerifier", abi.encode(configurationOf(0))));
    }

    function listChunk(uint256 list, uint256 depth, uint256 chunk) internal pure override returns (uint256) {
        return Ssz.listChunk(list, depth, chunk);
    }
}

/// @dev Gloas.
/// forge-config: default.isolate = true
/// forge-config: prague.isolate = true
contract GasProofsGloasTest is GasProofs {
    function fork() internal pure override returns (string memory) {
        return "gloas";
    }

    function newVerifier() internal override returns (BeaconVerifierBase) {
        return GloasBeaconVerifier(implementation("GloasBeaconVerifier", abi.encode(configurationOf(0))));
    }

    function listChunk(uint256 list, uint256, uint256 chunk) internal pure override returns (uint256) {
        return Ssz.progressiveListChunk(list, chunk);
    }
}
