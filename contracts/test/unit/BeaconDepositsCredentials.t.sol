// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IBeaconDeposits} from "../../src/interfaces/IBeaconDeposits.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {DepositData} from "../../src/libraries/DepositData.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Base} from "../support/Base.sol";

/// @dev What the beacon chain shows of keys: by a proof (whose verification is mocked here), or by the members' word.
contract BeaconDepositsCredentialsTest is Base {
    uint64 private constant FAR_FUTURE = type(uint64).max;
    uint64 private constant SLOT = 1_234_567;

    function setUp() public override {
        super.setUp();
        operatorWithKeys(manager, 0, 4);
        stakeAs(alice, 200 ether);
        preDeposit(3);
    }

    /// @dev Of the second after the pre-deposit: the first that can be.
    function anchorOf() private pure returns (IBeaconVerifier.StateAnchor memory anchor) {
        anchor.timestamp = 1_750_000_001;
        anchor.header.slot = SLOT;
    }

    /// @dev A proof of a fresh validator with the protocol's credentials.
    function proofOf(uint256 number) private view returns (IBeaconVerifier.ValidatorProof memory proof) {
        proof.index = uint64(5000 + number);
        proof.validator = IBeaconVerifier.Validator({
            pubkey: pubkeyOf(number),
            withdrawalCredentials: withdrawalVault.withdrawalCredentials(),
            effectiveBalance: 1e9,
            slashed: false,
            activationEligibilityEpoch: FAR_FUTURE,
            activationEpoch: FAR_FUTURE,
            exitEpoch: FAR_FUTURE,
            withdrawableEpoch: FAR_FUTURE
        });
    }

    /// @dev Proves, with a verifier that accepts exactly this anchor and proof.
    function prove(IBeaconVerifier.ValidatorProof memory proof) private returns (bool) {
        vm.mockCall(proofs, abi.encodeCall(IBeaconVerifier.verifyValidator, (anchorOf(), proof)), abi.encode(SLOT));
        return deposits.proveCredentials(anchorOf(), proof);
    }

    function stateOf(uint256 number) private view returns (IOperatorRegistry.KeyState state) {
        (,, state) = registry.keyOf(keccak256(pubkeyOf(number)));
    }

    function assertState(uint256 number, IOperatorRegistry.KeyState state) private view {
        assertEq(uint8(stateOf(number)), uint8(state));
    }

    function notTaken(uint256 number, IOperatorRegistry.KeyState state) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidKeyState.selector,
                keccak256(pubkeyOf(number)),
                state,
                IOperatorRegistry.KeyState.Taken
            )
        );
    }

    function none() private pure returns (bytes32[] memory) {
        return new bytes32[](0);
    }

    /* PROOFS */

    function test_prove_ownCredentials() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        vm.mockCall(proofs, abi.encodeCall(IBeaconVerifier.verifyValidator, (anchorOf(), proof)), abi.encode(SLOT));
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.CredentialsProven(keccak256(pubkeyOf(1)), 5001, SLOT, true);
        vm.prank(mallory);
        assertTrue(deposits.proveCredentials(anchorOf(), proof));
        assertState(1, IOperatorRegistry.KeyState.Proven);
        assertEq(deposits.waitingKeys(), 3);
        deposits.completeDeposits(pubkeyOf(1));
    }

    /// @dev Whatever is wrong with a validator, its key is out, and waits for no ether.
    function expectInvalid(IBeaconVerifier.ValidatorProof memory proof, uint256 number) private {
        uint256 waiting = deposits.waitingKeys();
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.CredentialsProven(keccak256(pubkeyOf(number)), uint64(5000 + number), SLOT, false);
        assertFalse(prove(proof));
        assertState(number, IOperatorRegistry.KeyState.Invalid);
        assertEq(deposits.waitingKeys(), waiting - 1);
        assertEq(registry.operator(1).invalidKeys, 1);
    }

    function test_prove_foreignCredentials() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        proof.validator.withdrawalCredentials = DepositData.executionCredentials(mallory);
        expectInvalid(proof, 1);
    }

    function test_prove_credentialsOfABlsKey() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        proof.validator.withdrawalCredentials = bytes32(uint256(uint160(address(withdrawalVault))));
        expectInvalid(proof, 1);
    }

    function test_prove_slashed() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(2);
        proof.validator.slashed = true;
        expectInvalid(proof, 2);
    }

    function test_prove_exiting() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(0);
        proof.validator.exitEpoch = FAR_FUTURE - 1;
        expectInvalid(proof, 0);
    }

    function test_prove_withdrawable() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(0);
        proof.validator.withdrawableEpoch = FAR_FUTURE - 1;
        expectInvalid(proof, 0);
    }

    /// @dev An invalid key makes room for another.
    function test_prove_invalidKeysWaitForNoEther() public {
        stakeAs(alice, 0.1 ether);
        vm.prank(parameters);
        pool.setReserve(104 ether);
        IBeaconVerifier.ValidatorProof memory proof = proofOf(0);
        proof.validator.slashed = true;
        prove(proof);
        assertEq(preDeposit(4), 1);
    }

    /// @dev A verifier that refuses is the end of it.
    function test_prove_needsTheVerifier() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        bytes memory call = abi.encodeCall(IBeaconVerifier.verifyValidator, (anchorOf(), proof));
        vm.mockCallRevert(proofs, call, "refused");
        vm.expectRevert("refused");
        deposits.proveCredentials(anchorOf(), proof);
        assertState(1, IOperatorRegistry.KeyState.Taken);
    }

    function test_prove_takenKeysOnly() public {
        IBeaconVerifier.ValidatorProof memory submitted = proofOf(3);
        IBeaconVerifier.ValidatorProof memory unknown = proofOf(99);
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        notTaken(3, IOperatorRegistry.KeyState.Submitted);
        prove(submitted);
        notTaken(99, IOperatorRegistry.KeyState.None);
        prove(unknown);
        prove(proof);
        notTaken(1, IOperatorRegistry.KeyState.Proven);
        prove(proof);
        assertEq(deposits.waitingKeys(), 3);
    }

    /// @dev What is seen of a proven key before the pool's ether follows still counts.
    function test_prove_provenKeysCanTurnOutBad() public {
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        prove(proof);
        proof.validator.slashed = true;
        expectInvalid(proof, 1);
        notTaken(1, IOperatorRegistry.KeyState.Invalid);
        prove(proof);
        proof.validator.slashed = false;
        notTaken(1, IOperatorRegistry.KeyState.Invalid);
        prove(proof);
        assertEq(deposits.waitingKeys(), 2);
    }

    function stale(uint256 timestamp, uint256 historicalSlot, uint256 lastPreDeposit) private {
        IBeaconVerifier.StateAnchor memory anchor = anchorOf();
        anchor.timestamp = uint64(timestamp);
        anchor.historicalSlot = uint64(historicalSlot);
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBeaconDeposits.BeaconDepositsStaleProof.selector, timestamp, historicalSlot, lastPreDeposit
            )
        );
        deposits.proveCredentials(anchor, proof);
        assertState(1, IOperatorRegistry.KeyState.Taken);
    }

    /// @dev A state of before the key was taken says nothing about it: whatever verifies.
    function test_prove_notOfBeforeThePreDeposit() public {
        vm.mockCall(proofs, abi.encodeWithSelector(IBeaconVerifier.verifyValidator.selector), abi.encode(SLOT));
        stale(0, 0, 1_750_000_000);
        stale(1_749_999_999, 0, 1_750_000_000);
        stale(1_750_000_000, 0, 1_750_000_000);
        // A later pre-deposit, of any key.
        vm.warp(1_750_000_001);
        preDeposit(1);
        stale(1_750_000_001, 0, 1_750_000_001);
        IBeaconVerifier.StateAnchor memory anchor = anchorOf();
        anchor.timestamp = 1_750_000_002;
        assertTrue(deposits.proveCredentials(anchor, proofOf(1)));
    }

    /// @dev A historical state is an older one than its anchor.
    function test_prove_notOfAHistoricalState() public {
        vm.mockCall(proofs, abi.encodeWithSelector(IBeaconVerifier.verifyValidator.selector), abi.encode(SLOT));
        stale(1_750_000_001, 1, 1_750_000_000);
        stale(1_850_000_000, SLOT, 1_750_000_000);
        stale(1_750_000_000, SLOT, 1_750_000_000);
        assertTrue(prove(proofOf(1)));
    }

    /* ATTESTATIONS */

    function test_attest_bothKinds() public {
        bytes32[] memory valid = hashesOf(0, 2);
        bytes32[] memory invalid = hashesOf(2, 1);
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(valid, invalid));
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.CredentialsAttested(0, 2, 1);
        vm.prank(mallory);
        deposits.attestCredentials(valid, invalid);
        assertState(0, IOperatorRegistry.KeyState.Proven);
        assertState(1, IOperatorRegistry.KeyState.Proven);
        assertState(2, IOperatorRegistry.KeyState.Invalid);
        assertEq(deposits.waitingKeys(), 2);
        assertEq(deposits.attestationNonce(), 1);
    }

    function test_attest_onlyWhereAllowed() public {
        bytes32 digest = deposits.attestationDigest(hashesOf(0, 1), none());
        agree(Lanes.CREDENTIALS, digest);
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.AttestationAllowedSet(false);
        vm.prank(upgrader);
        deposits.setAttestationAllowed(false);
        assertFalse(deposits.attestationAllowed());
        vm.expectRevert(IBeaconDeposits.BeaconDepositsAttestationNotAllowed.selector);
        deposits.attestCredentials(hashesOf(0, 1), none());
        vm.prank(upgrader);
        deposits.setAttestationAllowed(true);
        assertTrue(deposits.attestationAllowed());
        deposits.attestCredentials(hashesOf(0, 1), none());
        // It decides what the pool's ether trusts: an upgrade's matter, not a parameter.
        bytes32 role = deposits.UPGRADER_ROLE();
        address[3] memory others = [admin, parameters, depositor];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[i], role)
            );
            vm.prank(others[i]);
            deposits.setAttestationAllowed(true);
        }
    }

    function notAgreed(bytes32 agreed, bytes32[] memory valid, bytes32[] memory invalid) private {
        bytes32 expected = deposits.attestationDigest(valid, invalid);
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNotAgreed.selector, agreed, expected));
        deposits.attestCredentials(valid, invalid);
    }

    function test_attest_needsAgreement() public {
        notAgreed(bytes32(0), hashesOf(0, 1), none());
        bytes32 digest = deposits.attestationDigest(hashesOf(0, 1), none());
        agree(Lanes.REPORT, digest);
        notAgreed(bytes32(0), hashesOf(0, 1), none());
        agree(Lanes.CREDENTIALS, digest);
        notAgreed(digest, none(), hashesOf(0, 1));
        notAgreed(digest, hashesOf(0, 2), none());
        notAgreed(digest, hashesOf(1, 1), none());
        deposits.attestCredentials(hashesOf(0, 1), none());
    }

    /// @dev A statement holds once: the nonce is part of the next one.
    function test_attest_cannotBeReplayed() public {
        bytes32 digest = deposits.attestationDigest(none(), none());
        agree(Lanes.CREDENTIALS, digest);
        deposits.attestCredentials(none(), none());
        notAgreed(digest, none(), none());
        attest(none(), none());
        assertEq(deposits.attestationNonce(), 2);
    }

    function test_attest_digestIsBound() public {
        bytes32 digest = deposits.attestationDigest(hashesOf(0, 2), hashesOf(2, 1));
        assertEq(
            digest,
            keccak256(
                abi.encode(
                    "attestCredentials", block.chainid, address(deposits), uint64(0), hashesOf(0, 2), hashesOf(2, 1)
                )
            )
        );
        vm.chainId(block.chainid + 1);
        assertNotEq(deposits.attestationDigest(hashesOf(0, 2), hashesOf(2, 1)), digest);
    }

    function test_attest_takenKeysOnly() public {
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(hashesOf(2, 2), none()));
        notTaken(3, IOperatorRegistry.KeyState.Submitted);
        deposits.attestCredentials(hashesOf(2, 2), none());
        bytes32[] memory twice = new bytes32[](2);
        twice[0] = twice[1] = keccak256(pubkeyOf(0));
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(twice, none()));
        notTaken(0, IOperatorRegistry.KeyState.Proven);
        deposits.attestCredentials(twice, none());
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(none(), twice));
        notTaken(0, IOperatorRegistry.KeyState.Invalid);
        deposits.attestCredentials(none(), twice);
        assertState(0, IOperatorRegistry.KeyState.Taken);
        assertEq(deposits.attestationNonce(), 0);
        assertEq(deposits.waitingKeys(), 3);
    }

    function test_attest_provenKeysCanTurnOutBad() public {
        attest(hashesOf(0, 1), none());
        attest(none(), hashesOf(0, 1));
        assertState(0, IOperatorRegistry.KeyState.Invalid);
        assertEq(deposits.waitingKeys(), 2);
    }

    /// @dev What was agreed ends with the committee that agreed on it.
    function test_attest_notOfAnEarlierCommittee() public {
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(hashesOf(0, 3), none()));
        vm.prank(membership);
        consensus.removeMember(members[0]);
        notAgreed(bytes32(0), hashesOf(0, 3), none());
        assertEq(deposits.attestationNonce(), 0);
    }

    /* KEYS GIVEN UP */

    function test_abandon_freesWhatWaitedForThem() public {
        vm.prank(parameters);
        pool.setReserve(104 ether);
        prove(proofOf(0));
        uint256 bond = registry.bondOf(1);
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 own = withdrawalVault.withdrawalCredentials();
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNothingToDeposit.selector, 96 ether, 3));
        vm.prank(depositor);
        deposits.preDeposit(1, root, nonce, own);

        // One proven, one that the beacon chain never showed.
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.KeysAbandoned(2);
        vm.prank(parameters);
        deposits.abandonKeys(hashesOf(0, 2));
        assertState(0, IOperatorRegistry.KeyState.Invalid);
        assertState(1, IOperatorRegistry.KeyState.Invalid);
        assertState(2, IOperatorRegistry.KeyState.Taken);
        assertEq(deposits.waitingKeys(), 1);
        assertEq(deposits.preDepositedKeys(), 3);
        // Their ether is the operator's loss.
        assertEq(registry.operator(1).invalidKeys, 2);
        assertEq(registry.bondOf(1), bond);
        assertEq(pool.bufferedEther(), 200 ether);
        assertEq(preDeposit(4), 1);
        // They never come back.
        IBeaconVerifier.ValidatorProof memory proof = proofOf(1);
        notTaken(1, IOperatorRegistry.KeyState.Invalid);
        prove(proof);
    }

    function test_abandon_ofNone() public {
        vm.expectEmit(address(deposits));
        emit IBeaconDeposits.KeysAbandoned(0);
        vm.prank(parameters);
        deposits.abandonKeys(none());
        assertEq(deposits.waitingKeys(), 3);
    }

    /// @dev All or none: neither keys that were not taken, nor those with the pool's ether, nor one twice.
    function test_abandon_onlyKeysThatWait() public {
        vm.startPrank(parameters);
        notTaken(3, IOperatorRegistry.KeyState.Submitted);
        deposits.abandonKeys(hashesOf(2, 2));
        notTaken(99, IOperatorRegistry.KeyState.None);
        deposits.abandonKeys(hashesOf(99, 1));
        bytes32[] memory twice = new bytes32[](2);
        twice[0] = twice[1] = keccak256(pubkeyOf(2));
        notTaken(2, IOperatorRegistry.KeyState.Invalid);
        deposits.abandonKeys(twice);
        vm.stopPrank();
        attest(hashesOf(0, 1), none());
        deposits.completeDeposits(pubkeyOf(0));
        notTaken(0, IOperatorRegistry.KeyState.Deposited);
        vm.prank(parameters);
        deposits.abandonKeys(hashesOf(0, 1));
        assertEq(deposits.waitingKeys(), 2);
        assertState(2, IOperatorRegistry.KeyState.Taken);
    }

    function test_abandon_rolesOnly() public {
        bytes32 role = deposits.PARAMETER_ROLE();
        address[4] memory others = [admin, depositor, upgrader, mallory];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, others[i], role)
            );
            vm.prank(others[i]);
            deposits.abandonKeys(hashesOf(0, 1));
        }
        assertEq(deposits.waitingKeys(), 3);
    }

    /* FRONT-RUNNING */

    /// @dev An operator deposits for its own key with its own credentials before the pre-deposit: the first deposit decides
    /// the credentials, so all later ether would be the operator's. It costs the operator's 1 ether, nobody else's.
    function test_frontRun_costsTheOperatorOnly() public {
        bytes32 foreign = DepositData.executionCredentials(mallory);
        bytes32 dataRoot = DepositData.root(pubkeyOf(3), foreign, signatureOf(3), 1e9);
        bytes32 seen = depositContract.get_deposit_root();
        vm.prank(manager);
        depositContract.deposit{value: 1 ether}(pubkeyOf(3), abi.encodePacked(foreign), signatureOf(3), dataRoot);

        // A depositor that looked before is stopped.
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        bytes32 actual = depositContract.get_deposit_root();
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsRootChanged.selector, seen, actual));
        vm.prank(depositor);
        deposits.preDeposit(1, seen, nonce, credentials);

        // And should the pre-deposit be made all the same, the pool's ether does not follow.
        uint256 bond = registry.bondOf(1);
        uint256 pooled = pool.totalPooledEther();
        preDeposit(1);
        assertEq(registry.bondOf(1), bond - 1 ether);
        IBeaconVerifier.ValidatorProof memory proof = proofOf(3);
        proof.validator.withdrawalCredentials = foreign;
        assertFalse(prove(proof));
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorRegistry.OperatorRegistryInvalidKeyState.selector,
                keccak256(pubkeyOf(3)),
                IOperatorRegistry.KeyState.Invalid,
                IOperatorRegistry.KeyState.Proven
            )
        );
        deposits.completeDeposits(pubkeyOf(3));
        assertEq(registry.bondOf(1), bond - 1 ether);
        assertEq(pool.totalPooledEther(), pooled);
        assertEq(pool.bufferedEther(), 200 ether);
        assertEq(pool.depositedValidators(), 0);
    }

    /// @dev An operator withdraws the keys that were checked and puts others in their place.
    function test_keySwap_isNeverVetted() public {
        uint256 nonce = registry.keysNonce();
        vm.prank(manager);
        registry.removeUnusedKeys(1, 1);
        submitAs(manager, 66, 1);
        bytes32 root = depositContract.get_deposit_root();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        uint256 now_ = registry.keysNonce();
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsKeysNonceChanged.selector, nonce, now_));
        vm.prank(depositor);
        deposits.preDeposit(1, root, nonce, credentials);
        vm.expectRevert(abi.encodeWithSelector(IBeaconDeposits.BeaconDepositsNothingToDeposit.selector, 200 ether, 3));
        vm.prank(depositor);
        deposits.preDeposit(1, root, now_, credentials);
    }
}
