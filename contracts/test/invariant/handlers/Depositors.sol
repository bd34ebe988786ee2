// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeaconVerifier} from "../../../src/interfaces/IBeaconVerifier.sol";
import {IOperatorRegistry} from "../../../src/interfaces/IOperatorRegistry.sol";
import {DepositData} from "../../../src/libraries/DepositData.sol";
import {Lanes} from "../../../src/libraries/Lanes.sol";
import {Committees} from "./Committees.sol";
import {Ring} from "../Ring.sol";

/// @dev The two steps of a deposit, and who runs ahead of it with other credentials.
abstract contract Depositors is Committees {
    uint256 public preDeposited;
    uint256 public completed;
    uint256 public foreignDeposits;
    uint256 public attestations;
    /// @dev Keys taken and not resolved, and keys proven whose deposit is not complete, by number.
    uint256[] internal unresolved;
    uint256[] internal proven;
    uint256 public lastPreDeposit;

    /// @dev Somebody deposits for a submitted key, to withdraw to itself. What the depositor checks before it pre-deposits
    /// is taken to have failed.
    function frontRun(uint256 seed) external watched {
        uint256 id = _operator(seed);
        if (id == 0 || books[id].taken >= keysOf[id].length) return;
        uint256 number = keysOf[id][_within(seed >> 8, books[id].taken, keysOf[id].length - 1)];
        if (keys[number].foreign) return;
        keys[number].foreign = true;
        bytes32 credentials = DepositData.executionCredentials(STRANGER);
        bytes memory signature = signatureOf(number);
        _fund(STRANGER, PRE_DEPOSIT);
        bytes32 root = DepositData.root(pubkeyOf(number), credentials, signature, 1e9);
        VM.prank(STRANGER);
        DEPOSIT_CONTRACT.deposit{value: PRE_DEPOSIT}(pubkeyOf(number), abi.encodePacked(credentials), signature, root);
        ++foreignDeposits;
        _count("frontRun");
    }

    /// @dev Keys are taken one of each operator in turn: by the ring as it stands, walked here.
    function preDeposit(uint256 most) external watched {
        if (DEPOSITS.paused()) return;
        uint256 count = _less(POOL.depositableEther() / VALIDATOR_ETHER, DEPOSITS.waitingKeys());
        count = _min(_min(count, 1 + most % 6), REGISTRY.depositableKeys());
        if (count == 0) return;
        uint256[] memory numbers = _nextKeys(count);
        bytes32 root = DEPOSIT_CONTRACT.get_deposit_root();
        uint256 nonce = REGISTRY.keysNonce();
        bytes32 credentials = WITHDRAWALS.withdrawalCredentials();
        VM.prank(cast.depositor);
        _check(DEPOSITS.preDeposit(1 + most % 6, root, nonce, credentials) == count, "keys of a pre-deposit");
        for (uint256 i = 0; i < count; ++i) {
            Key storage key = keys[numbers[i]];
            key.state = IOperatorRegistry.KeyState.Taken;
            ++books[key.operatorId].taken;
            books[key.operatorId].bond -= PRE_DEPOSIT;
            unresolved.push(numbers[i]);
            _checkState(numbers[i]);
        }
        preDeposited += count;
        lastPreDeposit = time;
        etherOut += count * PRE_DEPOSIT;
        _count("preDeposit");
    }

    /// @dev The oracle members say of some keys what the beacon chain shows.
    function attest(uint256 seed) external watched {
        if (unresolved.length == 0 || !DEPOSITS.attestationAllowed()) return;
        uint256 count = _within(seed, 1, unresolved.length);
        bytes32[] memory right = new bytes32[](count);
        bytes32[] memory wrong = new bytes32[](count);
        (uint256 good, uint256 bad) = (0, 0);
        for (uint256 i = 0; i < count; ++i) {
            uint256 number = _takeUnresolved();
            bool valid = !keys[number].foreign;
            _resolve(number, valid);
            if (valid) right[good++] = _hashOf(number);
            else wrong[bad++] = _hashOf(number);
            _count(valid ? "attestValid" : "attestInvalid");
        }
        assembly ("memory-safe") {
            mstore(right, good)
            mstore(wrong, bad)
        }
        _agree(CONSENSUS, Lanes.CREDENTIALS, DEPOSITS.attestationDigest(right, wrong), seed);
        VM.prank(STRANGER);
        DEPOSITS.attestCredentials(right, wrong);
        ++attestations;
    }

    /// @dev Anyone proves what the beacon chain shows of a key. Seldom its validator was slashed meanwhile. The verifier, which
    /// has tests of its own, is mocked: it accepts.
    function prove(uint256 seed) external watched {
        if (unresolved.length == 0) return;
        _prove(_takeUnresolved(), seed);
    }

    /// @dev Anyone proves of a proven key that its validator was slashed or left since: no ether follows.
    function proveLater(uint256 seed) external watched {
        if (proven.length == 0) return;
        _prove(_takeProven(seed), 1 + (seed >> 8) % 2);
        _count("proveLater");
    }

    /// @dev Who sets parameters gives up a key whose deposit is not complete.
    function abandon(uint256 seed) external watched {
        if (unresolved.length + proven.length == 0) return;
        bool later = unresolved.length == 0 || (proven.length != 0 && seed % 2 == 0);
        uint256 number = later ? _takeProven(seed >> 1) : _takeUnresolved();
        _resolve(number, false);
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = _hashOf(number);
        VM.prank(cast.parameters);
        DEPOSITS.abandonKeys(hashes);
        _count("abandon");
    }

    function _prove(uint256 number, uint256 seed) private {
        IBeaconVerifier.StateAnchor memory anchor;
        IBeaconVerifier.ValidatorProof memory proof;
        proof.validator = IBeaconVerifier.Validator({
            pubkey: pubkeyOf(number),
            withdrawalCredentials: keys[number].foreign
                ? DepositData.executionCredentials(STRANGER)
                : seed % 2 == 0
                    ? DepositData.executionCredentials(address(WITHDRAWALS))
                    : DepositData.compoundingCredentials(address(WITHDRAWALS)),
            effectiveBalance: 0,
            slashed: seed % 8 == 1,
            activationEligibilityEpoch: type(uint64).max,
            activationEpoch: type(uint64).max,
            exitEpoch: seed % 8 == 2 ? 7 : type(uint64).max,
            withdrawableEpoch: type(uint64).max
        });
        bool valid = !keys[number].foreign && seed % 8 != 1 && seed % 8 != 2;
        _resolve(number, valid);
        VM.mockCall(
            address(DEPOSITS.proofs()),
            abi.encodePacked(IBeaconVerifier.verifyValidator.selector),
            abi.encode(uint64(time))
        );
        // Of a state after the last pre-deposit, and not of a historical one.
        anchor.timestamp = uint64(lastPreDeposit);
        _refuseProof(anchor, proof);
        if (time <= lastPreDeposit) _at(lastPreDeposit + 12);
        anchor.timestamp = uint64(time);
        anchor.historicalSlot = 1;
        _refuseProof(anchor, proof);
        anchor.historicalSlot = 0;
        VM.prank(STRANGER);
        _check(DEPOSITS.proveCredentials(anchor, proof) == valid, "what a proof shows");
        _count(valid ? "proveValid" : "proveInvalid");
    }

    /// @dev New deposits get credentials of the other kind.
    function setCompounding(bool compounding) external watched {
        VM.prank(cast.parameters);
        WITHDRAWALS.setCompounding(compounding);
        _count("setCompounding");
    }

    /// @dev The pool's ether follows; anyone may say so.
    function completeDeposits(uint256 seed) external watched {
        if (DEPOSITS.paused() || POOL.paused() || proven.length == 0) return;
        uint256 most = _min(POOL.depositableEther() / VALIDATOR_ETHER, _within(seed, 1, proven.length));
        if (most == 0) return;
        bytes memory pubkeys;
        uint256 count = 0;
        for (uint256 i = proven.length; i > 0 && count < most; --i) {
            uint256 number = proven[i - 1];
            Key storage key = keys[number];
            if (!_mayComplete(key.operatorId)) {
                // Once others of the operator are due, the books are ahead of the chain.
                if (count == 0) {
                    bytes memory data = abi.encodeCall(DEPOSITS.completeDeposits, (pubkeyOf(number)));
                    (bool ok,) = address(DEPOSITS).call(data);
                    _check(!ok, "a deposit of a suspended or uncovered operator");
                }
                _count("heldBack");
                continue;
            }
            proven[i - 1] = proven[proven.length - 1];
            proven.pop();
            ++count;
            pubkeys = bytes.concat(pubkeys, pubkeyOf(number));
            key.state = IOperatorRegistry.KeyState.Deposited;
            ++books[key.operatorId].deposited;
            books[key.operatorId].bond += PRE_DEPOSIT;
            validators.push(SimulatedValidator(uint32(number), key.operatorId, uint40(time), Life.InFlight, false, 0));
        }
        if (count == 0) return;
        VM.prank(STRANGER);
        DEPOSITS.completeDeposits(pubkeys);
        completed += count;
        inFlight += count;
        etherOut += count * (VALIDATOR_ETHER - PRE_DEPOSIT);
        _count("completeDeposits");
    }

    /* INTERNAL */

    /// @dev Suspended operators get no ether, nor those whose bond does not cover their validators.
    function _mayComplete(uint256 id) private view returns (bool) {
        Book storage book = books[id];
        uint256 active = book.deposited + 1 - book.reportedExits;
        return !book.suspended && book.bond + PRE_DEPOSIT >= active * REGISTRY.bondPerKey();
    }

    function _refuseProof(IBeaconVerifier.StateAnchor memory anchor, IBeaconVerifier.ValidatorProof memory proof)
        private
    {
        (bool ok,) = address(DEPOSITS).call(abi.encodeCall(DEPOSITS.proveCredentials, (anchor, proof)));
        _check(!ok, "a proof of an old state");
    }

    function _takeProven(uint256 seed) private returns (uint256 number) {
        uint256 position = seed % proven.length;
        number = proven[position];
        proven[position] = proven[proven.length - 1];
        proven.pop();
    }

    function _takeUnresolved() private returns (uint256 number) {
        number = unresolved[unresolved.length - 1];
        unresolved.pop();
    }

    /// @dev A key moves on, in the books.
    function _resolve(uint256 number, bool valid) private {
        Key storage key = keys[number];
        if (valid) {
            key.state = IOperatorRegistry.KeyState.Proven;
            proven.push(number);
        } else {
            key.state = IOperatorRegistry.KeyState.Invalid;
            ++books[key.operatorId].invalid;
        }
    }

    function _hashOf(uint256 number) internal pure returns (bytes32) {
        return keccak256(pubkeyOf(number));
    }

    function _checkState(uint256 number) private view {
        (,, IOperatorRegistry.KeyState state) = REGISTRY.keyOf(_hashOf(number));
        _check(state == keys[number].state, "the key that was next");
    }

    /// @dev The numbers of the keys that come next.
    function _nextKeys(uint256 count) private view returns (uint256[] memory numbers) {
        uint256[] memory ring = Ring.walk(VM, address(REGISTRY), operators);
        uint256[] memory used = new uint256[](operators + 1);
        numbers = new uint256[](count);
        uint256 turn = 0;
        for (uint256 i = 0; i < count; ++turn) {
            uint256 id = ring[turn % ring.length];
            uint256 index = books[id].taken + used[id];
            if (index >= REGISTRY.operator(id).keyLimit) continue;
            numbers[i++] = keysOf[id][index];
            ++used[id];
        }
    }
}
