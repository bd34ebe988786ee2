// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {Operators} from "./handlers/Operators.sol";
import {InvariantBase} from "./InvariantBase.sol";

/// @dev Keys on their way from a submission to a validator. That the keys taken are those whose turn it is, is checked at
/// each pre-deposit (Depositors).
contract DepositInvariantsTest is InvariantBase {
    function stateOf(uint256 number) private view returns (IOperatorRegistry.KeyState state) {
        (,, state) = registry.keyOf(keccak256(handler.pubkeyOf(number)));
    }

    /* KEYS */

    /// @dev The books only ever move a key on: submitted, taken, proven, deposited; or taken, invalid; or removed before.
    function invariant_keysMoveOneWay() public view {
        for (uint256 number = 0; number < handler.keyCount(); ++number) {
            assertEq(uint256(stateOf(number)), uint256(handler.keyAt(number).state));
        }
    }

    function invariant_keysHaveOneOwnerAndOnePlace() public view {
        for (uint256 number = 0; number < handler.keyCount(); ++number) {
            Operators.Key memory key = handler.keyAt(number);
            (uint256 owner, uint256 index,) = registry.keyOf(keccak256(handler.pubkeyOf(number)));
            bool removed = key.state == IOperatorRegistry.KeyState.None;
            assertEq(owner, removed ? 0 : key.operatorId);
            assertEq(index, removed ? 0 : key.index);
        }
    }

    function invariant_removedKeysAreNotRegistered() public view {
        for (uint256 number = 0; number < handler.keyCount(); ++number) {
            bool there = handler.keyAt(number).state != IOperatorRegistry.KeyState.None;
            assertEq(registry.isKeyRegistered(handler.pubkeyOf(number)), there);
        }
    }

    function invariant_keysAreKeptAsSubmitted() public view {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            (uint256 total,,,) = registry.keyCounts(id);
            for (uint256 i = 0; i < total; ++i) {
                (bytes memory pubkey, bytes memory signature) = registry.validatorKey(id, i);
                assertEq(pubkey, handler.pubkeyOf(handler.keyNumber(id, i)));
                assertEq(signature, handler.signatureOf(handler.keyNumber(id, i)));
            }
        }
    }

    function invariant_takenKeysAreTheFirst() public view {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            (uint256 total,, uint256 taken,) = registry.keyCounts(id);
            for (uint256 i = 0; i < total; ++i) {
                bool moved = stateOf(handler.keyNumber(id, i)) > IOperatorRegistry.KeyState.Submitted;
                assertEq(moved, i < taken);
            }
        }
    }

    /// @dev What the vault may request exits of.
    function invariant_ownValidatorsAreProvenOrDeposited() public view {
        for (uint256 number = 0; number < handler.keyCount(); ++number) {
            IOperatorRegistry.KeyState state = handler.keyAt(number).state;
            bool own = state == IOperatorRegistry.KeyState.Proven || state == IOperatorRegistry.KeyState.Deposited;
            assertEq(registry.isOwnValidator(handler.pubkeyOf(number)), own);
        }
    }

    /// @dev Who fixed other credentials before gets the operator's ether, never the pool's.
    function invariant_poolEtherNeverFollowsForeignCredentials() public view {
        for (uint256 number = 0; number < handler.keyCount(); ++number) {
            if (!handler.keyAt(number).foreign) continue;
            assertTrue(stateOf(number) != IOperatorRegistry.KeyState.Deposited);
            assertTrue(stateOf(number) != IOperatorRegistry.KeyState.Proven);
        }
    }

    /* COUNTS */

    function counts() private view returns (uint256 taken, uint256 deposited, uint256 invalid) {
        for (uint256 id = 1; id <= registry.operatorCount(); ++id) {
            taken += operatorOf(id).takenKeys;
            deposited += operatorOf(id).depositedKeys;
            invalid += operatorOf(id).invalidKeys;
        }
    }

    function invariant_waitingKeysAreTakenAndNotResolved() public view {
        (uint256 taken, uint256 deposited, uint256 invalid) = counts();
        assertEq(deposits.waitingKeys(), taken - deposited - invalid);
    }

    function invariant_preDepositedKeysAreTheTakenOnes() public view {
        (uint256 taken,,) = counts();
        assertEq(deposits.preDepositedKeys(), taken);
        assertEq(deposits.preDepositedKeys(), handler.preDeposited());
    }

    function invariant_depositedValidatorsAreTheDepositedKeys() public view {
        (, uint256 deposited,) = counts();
        assertEq(pool.depositedValidators(), deposited);
    }

    function invariant_attestationsAreCounted() public view {
        assertEq(deposits.attestationNonce(), handler.attestations());
    }

    /* THE DEPOSIT CONTRACT */

    function invariant_depositContractGotAllDeposits() public view {
        uint256 made = handler.preDeposited() + handler.completed();
        assertEq(depositCount(), made + handler.foreignDeposits());
    }

    function invariant_depositContractGotTheEther() public view {
        uint256 ether_ = handler.preDeposited() * 1 ether + handler.completed() * 31 ether;
        assertEq(address(depositContract).balance, ether_ + handler.foreignDeposits() * 1 ether);
    }

    function invariant_beaconDepositsHoldsNothing() public view {
        assertEq(address(deposits).balance, handler.forced(address(deposits)));
        assertEq(pool.balanceOf(address(deposits)), 0);
    }
}
