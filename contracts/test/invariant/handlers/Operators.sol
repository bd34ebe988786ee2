// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOperatorRegistry} from "../../../src/interfaces/IOperatorRegistry.sol";
import {Leavers} from "./Leavers.sol";

/// @dev Operators and who rules over them; their bonds and keys by the handler's own books.
abstract contract Operators is Leavers {
    /// @dev An operator by the handler's own books.
    struct Book {
        uint256 bond;
        uint256 pending;
        uint256 taken;
        uint256 deposited;
        uint256 invalid;
        uint256 exited;
        uint256 reportedExits;
        uint256 stuck;
        uint256 requestedExits;
        uint256 unreportedLoss;
        address recipient;
        bool suspended;
    }

    /// @dev A key by the handler's own books.
    /// @param foreign Whether somebody deposited for it before, with other credentials.
    struct Key {
        uint32 operatorId;
        uint32 index;
        IOperatorRegistry.KeyState state;
        bool foreign;
    }

    uint256 internal constant MOST_KEYS = 24;
    uint256 public constant PRE_DEPOSIT = 1 ether;

    mapping(uint256 operatorId => Book) internal books;
    mapping(uint256 operatorId => uint256[] numbers) internal keysOf;
    Key[] internal keys;
    uint256 public operators;
    uint256 public bondCharged;
    uint256 public serviceCharges;
    uint256 public rewardSharesClaimed;

    function bookOf(uint256 operatorId) external view returns (Book memory) {
        return books[operatorId];
    }

    function keyCount() external view returns (uint256) {
        return keys.length;
    }

    function keyAt(uint256 number) external view returns (Key memory) {
        return keys[number];
    }

    /// @dev The number of an operator's key.
    function keyNumber(uint256 operatorId, uint256 index) external view returns (uint256) {
        return keysOf[operatorId][index];
    }

    function keysSubmitted(uint256 operatorId) external view returns (uint256) {
        return keysOf[operatorId].length;
    }

    function pubkeyOf(uint256 number) public pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encode("pubkey", number)), bytes16(uint128(number)));
    }

    function signatureOf(uint256 number) public pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encode("signature", number)), bytes32(number), bytes32(~number));
    }

    /* OPERATORS AND BONDS */

    function register(uint256 who, uint256 bond) external watched {
        address manager = managerAt(who);
        if (REGISTRY.operatorIdOf(manager) != 0) return;
        bond %= 20 ether;
        _fund(manager, bond);
        VM.prank(manager);
        uint256 id = REGISTRY.registerOperator{value: bond}("operator", stakerAt(who));
        _check(id == ++operators, "ids are consecutive");
        books[id].recipient = stakerAt(who);
        _addToBond(id, bond);
        _count("register");
    }

    function addBond(uint256 who, uint256 amount) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        amount = 1 + amount % 10 ether;
        _fund(DONOR, amount);
        VM.prank(DONOR);
        REGISTRY.addBond{value: amount}(id);
        _addToBond(id, amount);
        _count("addBond");
    }

    function requestBond(uint256 who, uint256 amount) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        uint256 most = REGISTRY.excessBondOf(id);
        if (most == 0) return;
        amount = _within(amount, 1, most);
        VM.prank(managerAt(who));
        REGISTRY.requestBondWithdrawal(id, amount);
        books[id].pending += amount;
        _count("requestBond");
    }

    function withdrawBond(uint256 who, bool wait) external watched {
        uint256 id = _operator(who);
        if (id == 0 || books[id].pending == 0) return;
        uint256 unlock = REGISTRY.operator(id).bondUnlockTime;
        if (time < unlock) {
            if (!wait) return;
            _at(unlock);
        }
        address manager = managerAt(who);
        uint256 balance = manager.balance;
        VM.prank(manager);
        uint256 amount = REGISTRY.withdrawBond(id);
        _check(manager.balance - balance == amount, "the manager gets the bond");
        _check(amount <= books[id].pending, "no more than was asked for");
        books[id].bond -= amount;
        books[id].pending = 0;
        etherOut += amount;
        _count("withdrawBond");
    }

    function setRecipient(uint256 who, uint256 to) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        VM.prank(managerAt(who));
        REGISTRY.setRewardRecipient(id, stakerAt(to));
        books[id].recipient = stakerAt(to);
        _count("setRecipient");
    }

    function claimRewards(uint256 who, uint256 caller) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        uint256 claimable = REGISTRY.claimableRewards(id);
        VM.prank(stakerAt(caller));
        _check(REGISTRY.claimRewards(id) == claimable, "what is claimable is paid");
        rewardSharesClaimed += claimable;
        _moveShares(address(REGISTRY), books[id].recipient, claimable);
        if (claimable != 0) _count("claimRewards");
    }

    /* KEYS */

    function submit(uint256 who, uint256 count) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        Book storage book = books[id];
        uint256 total = keysOf[id].length;
        uint256 covered =
            (book.bond + (book.taken - book.deposited - book.invalid) * PRE_DEPOSIT) / REGISTRY.bondPerKey();
        uint256 room = _less(_min(covered, MOST_KEYS) + book.reportedExits + book.invalid, total);
        if (room == 0) return;
        count = _within(count, 1, _min(room, 6));
        bytes memory pubkeys;
        bytes memory signatures;
        for (uint256 i = 0; i < count; ++i) {
            pubkeys = bytes.concat(pubkeys, pubkeyOf(keys.length));
            signatures = bytes.concat(signatures, signatureOf(keys.length));
            keysOf[id].push(keys.length);
            keys.push(Key(uint32(id), uint32(total + i), IOperatorRegistry.KeyState.Submitted, false));
        }
        VM.prank(managerAt(who));
        REGISTRY.submitValidatorSigs(id, pubkeys, signatures);
        _count("submit");
    }

    function removeKeys(uint256 who, uint256 count) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        uint256 unused = keysOf[id].length - books[id].taken;
        if (unused == 0) return;
        count = _within(count, 1, _min(unused, 4));
        VM.prank(managerAt(who));
        REGISTRY.removeUnusedKeys(id, count);
        for (uint256 i = 0; i < count; ++i) {
            keys[keysOf[id][keysOf[id].length - 1]].state = IOperatorRegistry.KeyState.None;
            keysOf[id].pop();
        }
        _count("removeKeys");
    }

    function vet(uint256 who, uint256 vetted) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        // Mostly all of them, so that there are deposits.
        uint256 total = keysOf[id].length;
        vetted = vetted % 4 == 0 ? _within(vetted >> 2, books[id].taken, total) : total;
        VM.prank(cast.vetter);
        REGISTRY.setVettedKeys(id, vetted);
        _count("vet");
    }

    function setTarget(uint256 who, uint256 target) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        VM.prank(cast.vetter);
        REGISTRY.setTarget(id, target % 3 == 0, (target >> 2) % 10);
        _count("setTarget");
    }

    function setSuspended(uint256 who, uint256 seed) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        bool suspended = seed % 3 == 0;
        VM.prank(suspended && seed % 2 == 0 ? cast.serviceLevel : cast.vetter);
        REGISTRY.setSuspended(id, suspended);
        books[id].suspended = suspended;
        _count(suspended ? "suspend" : "resume");
    }

    function requestExits(uint256 who, uint256 count) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        count %= books[id].deposited + 1;
        VM.prank(cast.vetter);
        REGISTRY.requestExits(id, count);
        books[id].requestedExits = count;
        _count("requestExits");
    }

    /// @dev A limit that is up to date follows from bond, vetting, target and suspension alone.
    function refresh(uint256 who) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        VM.prank(STRANGER);
        REGISTRY.refreshKeyLimit(id);
        IOperatorRegistry.Operator memory o = REGISTRY.operator(id);
        uint256 gone = o.exitedKeys + o.invalidKeys;
        uint256 held = o.bond + (o.takenKeys - o.depositedKeys - o.invalidKeys) * PRE_DEPOSIT;
        uint256 limit = _min(o.vettedKeys, gone + _less(held, o.pendingBondWithdrawal) / REGISTRY.bondPerKey());
        if (o.hasTarget) limit = _min(limit, gone + o.targetKeys);
        limit = o.suspended ? o.takenKeys : _max(limit, o.takenKeys);
        _check(o.keyLimit == limit, "the limit after a refresh");
        _count("refresh");
    }

    /// @dev A charge by the service level module.
    function charge(uint256 who, uint256 amount) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        amount = amount % 5 == 0 ? amount % 100 ether : amount % 0.2 ether;
        uint256 expected = _min(amount, books[id].bond);
        VM.prank(cast.serviceLevel);
        _check(REGISTRY.charge(id, amount) == expected, "what is charged");
        books[id].bond -= expected;
        bondCharged += expected;
        serviceCharges += expected;
        etherOut += expected;
        _count("charge");
    }

    /* INTERNAL */

    /// @dev The operator of a manager; 0 before it registered.
    function _operator(uint256 who) internal view returns (uint256) {
        return REGISTRY.operatorIdOf(managerAt(who));
    }

    function _addToBond(uint256 id, uint256 amount) private {
        books[id].bond += amount;
        etherIn += amount;
    }
}
