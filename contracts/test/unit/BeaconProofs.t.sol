// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Initializable} from "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {BeaconProofs} from "../../src/BeaconProofs.sol";
import {BeaconVerifier} from "../../src/BeaconVerifier.sol";
import {GloasBeaconVerifier} from "../../src/GloasBeaconVerifier.sol";
import {IBeaconProofs} from "../../src/interfaces/IBeaconProofs.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {BeaconBase} from "../support/BeaconBase.sol";

contract BeaconProofsTest is BeaconBase {
    uint64 private constant GLOAS_SLOT = HEADER_SLOT - 8192;

    address private admin = makeAddr("admin");
    address private parameters = makeAddr("parameters");
    address private mallory = makeAddr("mallory");
    BeaconProofs private proofs;
    address private electra;
    address private gloas;

    function fork() internal pure override returns (string memory) {
        return "gloas";
    }

    function setUp() public override {
        super.setUp();
        proofs =
            BeaconProofs(proxy(implementation("BeaconProofs", ""), abi.encodeCall(BeaconProofs.initialize, (admin))));
        gloas = implementation("GloasBeaconVerifier", abi.encode(configurationOf(GLOAS_SLOT)));
        fixture = "electra";
        electra = implementation("BeaconVerifier", abi.encode(configurationOf(0)));
        bytes32 role = proofs.VERIFIER_ROLE();
        vm.prank(admin);
        proofs.grantRole(role, parameters);
    }

    function set(uint64 fromSlot, address verifier) private {
        vm.prank(parameters);
        proofs.setVerifier(fromSlot, verifier);
    }

    /* ENTRIES */

    function test_setVerifier_appendsInOrder() public {
        vm.expectEmit(address(proofs));
        emit IBeaconProofs.VerifierSet(100, electra);
        set(100, electra);
        vm.expectEmit(address(proofs));
        emit IBeaconProofs.VerifierSet(200, gloas);
        set(200, gloas);
        assertEq(address(proofs.verifierAt(100)), electra);
        assertEq(address(proofs.verifierAt(199)), electra);
        assertEq(address(proofs.verifierAt(200)), gloas);
        assertEq(address(proofs.verifierAt(type(uint64).max)), gloas);
        assertEq(proofs.verifierFrom(100), electra);
        assertEq(proofs.verifierFrom(200), gloas);
        assertEq(proofs.verifierFrom(99), address(0));
        assertEq(proofs.verifierFrom(199), address(0));
        assertEq(proofs.verifierFrom(201), address(0));
    }

    function test_setVerifier_replacesAnEntry() public {
        set(100, electra);
        set(200, gloas);
        set(300, electra);
        address other = implementation("GloasBeaconVerifier", abi.encode(configurationOf(0)));
        set(200, other);
        set(100, gloas);
        assertEq(address(proofs.verifierAt(100)), gloas);
        assertEq(address(proofs.verifierAt(299)), other);
        assertEq(address(proofs.verifierAt(300)), electra);
    }

    function test_setVerifier_entersNothingInBetween() public {
        set(100, electra);
        set(200, gloas);
        vm.startPrank(parameters);
        vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsNotAscending.selector, 150, 200));
        proofs.setVerifier(150, electra);
        vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsNotAscending.selector, 0, 200));
        proofs.setVerifier(0, electra);
        vm.stopPrank();
    }

    function test_setVerifier_refusesWhatIsNoContract() public {
        vm.startPrank(parameters);
        vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsInvalidVerifier.selector, address(0)));
        proofs.setVerifier(100, address(0));
        vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsInvalidVerifier.selector, mallory));
        proofs.setVerifier(100, mallory);
        vm.stopPrank();
    }

    /// @dev A verifier decides what the pool's ether trusts: whoever sets parameters elsewhere cannot set it.
    function test_setVerifier_isNoParameter() public {
        bytes32 role = proofs.VERIFIER_ROLE();
        assertEq(role, keccak256("VERIFIER_ROLE"));
        vm.prank(admin);
        proofs.grantRole(keccak256("PARAMETER_ROLE"), mallory);
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, mallory, role));
        vm.prank(mallory);
        proofs.setVerifier(0, electra);
    }

    function test_setVerifier_needsTheRole() public {
        bytes32 role = proofs.VERIFIER_ROLE();
        address[2] memory callers = [mallory, admin];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, callers[i], role)
            );
            vm.prank(callers[i]);
            proofs.setVerifier(100, electra);
        }
    }

    function test_verifierAt_revertsWithoutOne() public {
        vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsNoVerifier.selector, 100));
        proofs.verifierAt(100);
        set(100, electra);
        vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsNoVerifier.selector, 99));
        proofs.verifierAt(99);
    }

    /// @dev Against a plain search: the last entry at the slot or before.
    function testFuzz_verifierAt(uint64[8] memory gaps, uint64 slot) public {
        uint64 fromSlot;
        address expected;
        slot = uint64(bound(slot, 0, 8 * 1000));
        for (uint256 i = 0; i < 8; ++i) {
            fromSlot += uint64(bound(gaps[i], 1, 1000));
            address verifier = i % 2 == 0 ? electra : gloas;
            set(fromSlot, verifier);
            if (fromSlot <= slot) expected = verifier;
        }
        if (expected == address(0)) {
            vm.expectRevert(abi.encodeWithSelector(IBeaconProofs.BeaconProofsNoVerifier.selector, slot));
        }
        assertEq(address(proofs.verifierAt(slot)), expected);
    }

    /* FORWARDING */

    function test_verifyValidator_goesToTheForkOfTheHeader() public {
        set(0, electra);
        set(LATER_SLOT, gloas);
        assertEq(proofs.verifyValidator(anchorOf("header"), proofOf(5)), HEADER_SLOT);
        fixture = "gloas";
        assertEq(proofs.verifyValidator(anchorOf("historical"), proofAt("historical", 1)), PAST_SLOT);
        // The same slots' other states, by the wrong verifier.
        bytes memory data = abi.encodeCall(IBeaconVerifier.verifyValidator, (anchorOf("header"), proofOf(5)));
        assertRefused(address(proofs), data, IBeaconVerifier.BeaconVerifierInvalidValidatorProof.selector);
    }

    function test_verifyMissedEpoch_goesToTheForkOfTheHeader() public {
        set(0, electra);
        set(LATER_SLOT, gloas);
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        assertEq(proofs.verifyMissedEpoch(anchor, proofOf(5), participationAt("header", 0)), EPOCH - 1);
        fixture = "gloas";
        anchor = anchorOf("historical");
        IBeaconVerifier.ValidatorProof memory proof = proofAt("historical", 0);
        assertEq(proofs.verifyMissedEpoch(anchor, proof, participationAt("historical", 0)), EPOCH - 1);
    }

    /// @dev The verifier's errors arrive with their data.
    function test_forwarding_keepsErrors() public {
        set(0, electra);
        IBeaconVerifier.StateAnchor memory anchor = anchorOf("header");
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        IBeaconVerifier.ParticipationProof memory participation = participationAt("header", 0);
        vm.expectRevert(abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierParticipated.selector, 1, EPOCH - 1, 7));
        proofs.verifyMissedEpoch(anchor, proof, participation);
        anchor.timestamp += 1;
        vm.expectRevert(
            abi.encodeWithSelector(IBeaconVerifier.BeaconVerifierRootUnavailable.selector, anchor.timestamp)
        );
        proofs.verifyValidator(anchor, proof);
    }

    function test_forwarding_revertsWithoutAVerifier() public {
        set(LATER_SLOT, gloas);
        bytes memory data = abi.encodeCall(IBeaconVerifier.verifyValidator, (anchorOf("header"), proofOf(5)));
        assertRefused(address(proofs), data, IBeaconProofs.BeaconProofsNoVerifier.selector);
    }

    /* GOVERNANCE */

    function test_initialize_once() public {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        proofs.initialize(mallory);
        BeaconProofs locked = BeaconProofs(implementation("BeaconProofs", ""));
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        locked.initialize(mallory);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.GovernedInvalidAddress.selector, address(0)));
        proxy(address(locked), abi.encodeCall(BeaconProofs.initialize, (address(0))));
    }

    function test_upgrade_keepsTheEntriesAndNeedsTheRole() public {
        set(100, electra);
        set(200, gloas);
        address next = implementation("BeaconProofs", "");
        bytes32 role = proofs.UPGRADER_ROLE();
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, parameters, role)
        );
        vm.prank(parameters);
        proofs.upgradeToAndCall(next, "");
        vm.startPrank(admin);
        proofs.grantRole(role, admin);
        proofs.upgradeToAndCall(next, "");
        vm.stopPrank();
        assertEq(uint256(vm.load(address(proofs), ERC1967Utils.IMPLEMENTATION_SLOT)), uint160(next));
        assertEq(address(proofs.verifierAt(150)), electra);
        assertEq(address(proofs.verifierAt(200)), gloas);
    }

    /// @dev The layout: a change here breaks the deployed proxy.
    function test_layout() public {
        set(100, electra);
        set(200, gloas);
        bytes32 base =
            keccak256(abi.encode(uint256(keccak256("ethstake.storage.BeaconProofs")) - 1)) & ~bytes32(uint256(0xff));
        assertEq(uint256(vm.load(address(proofs), base)), 2);
        uint256 first = uint256(keccak256(abi.encode(base)));
        assertEq(uint256(vm.load(address(proofs), bytes32(first))), 100 | uint256(uint160(electra)) << 64);
        assertEq(uint256(vm.load(address(proofs), bytes32(first + 1))), 200 | uint256(uint160(gloas)) << 64);
    }
}
