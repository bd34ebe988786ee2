// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IOperatorRegistry} from "../../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../../src/interfaces/IRewardDistribution.sol";
import {IStakingPool} from "../../../src/interfaces/IStakingPool.sol";
import {Lanes} from "../../../src/libraries/Lanes.sol";
import {Wardens} from "./Wardens.sol";

/// @dev Calls that must be refused. One that is not is counted, and changes what other invariants watch.
abstract contract Intruders is Wardens {
    uint256 public admitted;
    bytes public lastAdmitted;

    /// @dev A stranger plays the modules.
    function intrudeAsModule(uint256 amount) external watched {
        amount %= 100 ether;
        IStakingPool.Settlement memory settlement;
        settlement.beaconEther = amount;
        IOperatorRegistry.OperatorUpdate[] memory none;
        bytes32[] memory hashes = new bytes32[](1);
        if (keys.length != 0) hashes[0] = _hashOf(amount % keys.length);
        _refused(STRANGER, address(POOL), abi.encodeCall(POOL.takeForDeposits, (1)));
        _refused(
            STRANGER, address(POOL), abi.encodeCall(POOL.lockForWithdrawal, (stakerAt(amount), amount, STRANGER, 1))
        );
        _refused(STRANGER, address(POOL), abi.encodeCall(POOL.settle, (settlement)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.takeKeys, (1)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.resolveKey, (hashes[0], true)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.completeKeys, (hashes)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.charge, (1, amount)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.applyReport, (none)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.distributeRewards, (amount)));
        _refused(STRANGER, address(WITHDRAWALS), abi.encodeCall(WITHDRAWALS.withdrawEther, (amount)));
        _refused(STRANGER, address(REWARDS), abi.encodeCall(REWARDS.withdrawRewards, (amount)));
        _refused(STRANGER, address(FUND), abi.encodeCall(FUND.cover, (amount)));
        _refused(STRANGER, address(QUEUE), abi.encodeCall(QUEUE.processFrame, (RAY, RAY, 1, type(uint32).max)));
        _count("intrudeAsModule");
    }

    /// @dev A stranger plays those who govern.
    function intrudeAsGovernor(uint256 who) external watched {
        (address role, uint256 id) = (who % 2 == 0 ? STRANGER : cast.admin, 1);
        _refused(role, address(REGISTRY), abi.encodeCall(REGISTRY.setVettedKeys, (id, 1)));
        _refused(role, address(REGISTRY), abi.encodeCall(REGISTRY.setTarget, (id, false, 0)));
        _refused(role, address(REGISTRY), abi.encodeCall(REGISTRY.setSuspended, (id, true)));
        _refused(cast.serviceLevel, address(REGISTRY), abi.encodeCall(REGISTRY.setSuspended, (id, false)));
        _refused(role, address(REGISTRY), abi.encodeCall(REGISTRY.requestExits, (id, 0)));
        _refused(role, address(REGISTRY), abi.encodeCall(REGISTRY.setBondPerKey, (1 ether)));
        _refused(role, address(POOL), abi.encodeCall(POOL.setStakeCap, (0)));
        _refused(role, address(POOL), abi.encodeCall(POOL.pause, ()));
        _refused(cast.pauser, address(POOL), abi.encodeCall(POOL.unpause, ()));
        _refused(role, address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setTreasury, (STRANGER)));
        _refused(role, address(DEPOSITS), abi.encodeCall(DEPOSITS.setAttestationAllowed, (true)));
        _refused(cast.parameters, address(DEPOSITS), abi.encodeCall(DEPOSITS.setAttestationAllowed, (true)));
        _refused(role, address(DEPOSITS), abi.encodeCall(DEPOSITS.abandonKeys, (new bytes32[](0))));
        _refused(role, address(committees[who % 3]), abi.encodeCall(committees[0].addMember, (STRANGER)));
        _refused(role, address(committees[who % 3]), abi.encodeCall(committees[0].vote, (0, bytes32("mine"))));
        for (uint256 i = 0; i < 11; ++i) {
            address target = governedAt(i);
            _refused(STRANGER, target, abi.encodeCall(AccessControlUpgradeable.grantRole, (0x00, STRANGER)));
            _refused(role, target, abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(REWARDS), "")));
            _refused(role, target, abi.encodeWithSignature("initialize(address)", STRANGER));
        }
        _count("intrudeAsGovernor");
    }

    /// @dev The admin gives a module's role to somebody else.
    function intrudeAsAdmin(uint256 who) external watched {
        address account = who % 2 == 0 ? cast.admin : STRANGER;
        for (uint256 i = 0; i < BOUND_ROLES; ++i) {
            (address target, bytes32 role,) = boundAt(i);
            _refused(cast.admin, target, abi.encodeCall(AccessControlUpgradeable.grantRole, (role, account)));
        }
        _count("intrudeAsAdmin");
    }

    /// @dev Values out of bounds.
    function intrudeParameters(uint256 above) external watched {
        above = 1 + above % 1e30;
        uint256 highest = _max(POOL.stakeCap(), 6_400 ether) * 5;
        _set(address(POOL), abi.encodeCall(POOL.setStakeCap, (_min(highest, 10_000_000 ether) + above)));
        _set(address(POOL), abi.encodeCall(POOL.setMinimumStake, (32 ether + above)));
        _set(address(POOL), abi.encodeCall(POOL.setMinimumStake, (above % 0.001 ether)));
        _set(address(POOL), abi.encodeCall(POOL.setStakeRateLimit, (400_000 ether + above)));
        _set(address(POOL), abi.encodeCall(POOL.setReserve, (100_000 ether + above)));
        _set(address(POOL), abi.encodeCall(POOL.setWithdrawalDelay, (7 + above)));
        _set(address(POOL), abi.encodeCall(POOL.setWithdrawalDelay, (0)));
        _set(address(POOL), abi.encodeCall(POOL.setStaleAfter, (30 days + above)));
        _set(address(POOL), abi.encodeCall(POOL.setStaleAfter, (above % 5 days)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setMaxIncreaseBps, (100 + above)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setMaxIncreaseBps, (0)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setMaxLossBps, (500 + above)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setProtocolFeeBps, (1_000 + above)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setOperatorFeeBps, (1_000 + above)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setEpochsPerFrame, (above % 225)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setEpochsPerFrame, (450 + above)));
        _set(address(DISTRIBUTION), abi.encodeCall(DISTRIBUTION.setTreasury, (address(0))));
        _set(address(REGISTRY), abi.encodeCall(REGISTRY.setBondPerKey, (above % 1 ether)));
        _set(address(REGISTRY), abi.encodeCall(REGISTRY.setBondCooldown, (30 days + above)));
        _count("intrudeParameters");
    }

    /// @dev Claims of others, too early, a second time, with a wrong hint, or while claims are held.
    function intrudeClaims(uint256 seed) external watched {
        if (_requests() == 0) return;
        uint256 id = seed % 2 == 0 ? _claimable(seed) : 0;
        if (id == 0) id = 1 + seed % _requests();
        _refused(STRANGER, address(QUEUE), abi.encodeWithSignature("claim(uint256)", id));
        Position memory position = this.positionOf(id);
        bytes memory claim = abi.encodeWithSignature("claim(uint256)", id);
        if (position.claimed || position.finalized == 0 || time < QUEUE.claimsHeldUntil()) {
            _refused(position.owner, address(QUEUE), claim);
            if (position.claimed) {
                _refused(
                    position.owner, address(QUEUE), abi.encodeCall(QUEUE.transferFrom, (position.owner, STRANGER, id))
                );
                _count("intrudeReceipts");
            }
            _count("intrudeClaims");
        } else {
            uint256 hint = QUEUE.findHint(id) + 1 + seed % 3;
            claim = abi.encodeWithSignature("claim(uint256,uint256,address)", id, hint, STRANGER);
            _refused(position.owner, address(QUEUE), claim);
            hint = QUEUE.findHint(id);
            claim = abi.encodeWithSignature("claim(uint256,uint256,address)", id, hint, address(0));
            _refused(position.owner, address(QUEUE), claim);
            claim = abi.encodeWithSignature("claim(uint256,uint256,address)", id, hint, address(POOL));
            _refused(position.owner, address(QUEUE), claim);
            _count("intrudeHints");
        }
    }

    /// @dev Requests and transfers of what one does not have, stakes below the minimum.
    function intrudeRequests(uint256 who, uint256 shares) external watched {
        uint256 balance = POOL.balanceOf(stakerAt(who));
        shares = 1 + shares % 1e24;
        _refused(stakerAt(who), address(QUEUE), abi.encodeCall(QUEUE.requestWithdrawal, (balance + shares, STRANGER)));
        _refused(
            stakerAt(who), address(QUEUE), abi.encodeCall(QUEUE.requestWithdrawal, (shares % 0.0001 ether, STRANGER))
        );
        _refused(stakerAt(who), address(POOL), abi.encodeCall(POOL.transfer, (STRANGER, balance + shares)));
        _refused(STRANGER, address(POOL), abi.encodeCall(POOL.transferFrom, (stakerAt(who), STRANGER, shares)));
        _refused(STRANGER, address(POOL), abi.encodeCall(POOL.stake, (STRANGER, 0, STRANGER)));
        _count("intrudeRequests");
    }

    /// @dev Keys and bonds against the rules.
    function intrudeKeys(uint256 who, uint256 seed) external watched {
        uint256 id = _operator(who);
        if (id == 0) return;
        address manager = managerAt(who);
        bytes memory pubkey = pubkeyOf(keys.length);
        bytes memory signature = signatureOf(0);
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.submitValidatorSigs, (id, pubkey, signature)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.removeUnusedKeys, (id, 1)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.requestBondWithdrawal, (id, 1)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.withdrawBond, (id)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.proposeManager, (id, STRANGER)));
        _refused(STRANGER, address(REGISTRY), abi.encodeCall(REGISTRY.acceptManager, (id)));
        _refused(manager, address(REGISTRY), abi.encodeCall(REGISTRY.registerOperator, ("again", manager)));
        uint256 unused = keysOf[id].length - books[id].taken;
        _refused(manager, address(REGISTRY), abi.encodeCall(REGISTRY.removeUnusedKeys, (id, unused + 1)));
        uint256 most = REGISTRY.excessBondOf(id) + 1 + seed % 1 ether;
        _refused(manager, address(REGISTRY), abi.encodeCall(REGISTRY.requestBondWithdrawal, (id, most)));
        if (keysOf[id].length != 0) {
            pubkey = pubkeyOf(keysOf[id][seed % keysOf[id].length]);
            _refused(manager, address(REGISTRY), abi.encodeCall(REGISTRY.submitValidatorSigs, (id, pubkey, signature)));
        }
        if (books[id].taken != 0) {
            _refused(cast.vetter, address(REGISTRY), abi.encodeCall(REGISTRY.setVettedKeys, (id, books[id].taken - 1)));
        }
        if (time < REGISTRY.operator(id).bondUnlockTime || books[id].pending == 0) {
            _refused(manager, address(REGISTRY), abi.encodeCall(REGISTRY.withdrawBond, (id)));
        }
        _count("intrudeKeys");
    }

    /// @dev Deposits that are not due: wrong views of the world, keys that are not proven, words without a quorum.
    function intrudeDeposits(uint256 seed) external watched {
        bytes32 root = DEPOSIT_CONTRACT.get_deposit_root();
        uint256 nonce = REGISTRY.keysNonce();
        bytes32 credentials = WITHDRAWALS.withdrawalCredentials();
        address to = address(DEPOSITS);
        _refused(STRANGER, to, abi.encodeCall(DEPOSITS.preDeposit, (1, root, nonce, credentials)));
        _refused(cast.depositor, to, abi.encodeCall(DEPOSITS.preDeposit, (1, ~root, nonce, credentials)));
        _refused(cast.depositor, to, abi.encodeCall(DEPOSITS.preDeposit, (1, root, nonce + 1, credentials)));
        _refused(cast.depositor, to, abi.encodeCall(DEPOSITS.preDeposit, (1, root, nonce, ~credentials)));
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = keccak256(abi.encode(seed));
        _refused(STRANGER, to, abi.encodeCall(DEPOSITS.attestCredentials, (hashes, new bytes32[](0))));
        if (keys.length != 0) {
            uint256 number = seed % keys.length;
            if (keys[number].state != IOperatorRegistry.KeyState.Proven) {
                _refused(STRANGER, to, abi.encodeCall(DEPOSITS.completeDeposits, (pubkeyOf(number))));
            }
        }
        _count("intrudeDeposits");
    }

    /// @dev Ether to contracts that take none but their own.
    function intrudeEther(uint256 amount) external watched {
        amount = 1 + amount % 1 ether;
        address[4] memory targets = [address(POOL), address(QUEUE), address(DEPOSITS), address(DISTRIBUTION)];
        for (uint256 i = 0; i < 4; ++i) {
            VM.deal(DONOR, amount);
            VM.prank(DONOR);
            (bool ok,) = targets[i].call{value: amount}("");
            if (ok) ++admitted;
        }
        VM.deal(DONOR, 0);
        _count("intrudeEther");
    }

    /// @dev Frames, pauses and stops before their time; reports that no quorum stands behind.
    function intrudeFrames(uint256 seed) external watched {
        if (time < POOL.lastFrameTime() + POOL.staleAfter()) {
            _refused(STRANGER, address(POOL), abi.encodeCall(POOL.processStaleFrame, ()));
        }
        if (time < pausableAt(seed).nextPauseFrom()) {
            _refused(cast.pauser, address(pausableAt(seed)), abi.encodeCall(POOL.pause, ()));
        }
        if (agreedOn[GUARDIANS][Lanes.EMERGENCY] != QUEUE.holdDigest() || time < holdsUntil + 14 days) {
            _refused(STRANGER, address(QUEUE), abi.encodeCall(QUEUE.holdClaims, ()));
        }
        IRewardDistribution.Report memory made = IRewardDistribution.Report({
            refSlot: uint64(lastRefSlot + 7_200),
            beaconBalance: uint128(activeBalance * 2),
            creditedValidators: uint32(credited),
            slashedValidators: uint32(slashings),
            withdrawalVaultBalance: uint128(address(WITHDRAWALS).balance),
            executionVaultBalance: uint128(address(REWARDS).balance),
            finalizeUpTo: type(uint32).max
        });
        bytes memory data =
            abi.encodeCall(DISTRIBUTION.settleRewards, (made, new IOperatorRegistry.OperatorUpdate[](0)));
        _refused(STRANGER, address(DISTRIBUTION), data);
        _refused(memberList[CONSENSUS][0], address(DISTRIBUTION), data);
        _count("intrudeFrames");
    }

    /* WHAT IS GOVERNED */

    uint256 public constant BOUND_ROLES = 10;

    /// @dev All proxies.
    function governedAt(uint256 index) public view returns (address) {
        return [
            address(POOL),
            address(REGISTRY),
            address(WITHDRAWALS),
            address(REWARDS),
            address(FUND),
            address(DEPOSITS),
            address(DISTRIBUTION),
            address(committees[0]),
            address(committees[1]),
            address(committees[2]),
            cast.serviceLevel
        ][index];
    }

    /// @dev All roles of modules, and who must hold them for ever.
    function boundAt(uint256 index) public view returns (address target, bytes32 role, address account) {
        if (index == 0) return (address(POOL), POOL.QUEUE_ROLE(), address(QUEUE));
        if (index == 1) return (address(POOL), POOL.DEPOSITS_ROLE(), address(DEPOSITS));
        if (index == 2) return (address(POOL), POOL.DISTRIBUTION_ROLE(), address(DISTRIBUTION));
        if (index == 3) return (address(REGISTRY), REGISTRY.POOL_ROLE(), address(POOL));
        if (index == 4) return (address(REGISTRY), REGISTRY.DEPOSITS_ROLE(), address(DEPOSITS));
        if (index == 5) return (address(REGISTRY), REGISTRY.DISTRIBUTION_ROLE(), address(DISTRIBUTION));
        if (index == 6) return (address(REGISTRY), REGISTRY.SERVICE_LEVEL_ROLE(), cast.serviceLevel);
        if (index == 7) return (address(WITHDRAWALS), WITHDRAWALS.POOL_ROLE(), address(POOL));
        if (index == 8) return (address(REWARDS), REWARDS.POOL_ROLE(), address(POOL));
        return (address(FUND), FUND.COVER_ROLE(), address(DISTRIBUTION));
    }

    /* INTERNAL */

    function _requests() private view returns (uint256) {
        return this.positionCount();
    }

    function _set(address target, bytes memory data) private {
        _refused(cast.parameters, target, data);
    }

    function _refused(address caller, address target, bytes memory data) private {
        VM.prank(caller);
        (bool ok,) = target.call(data);
        if (!ok) return;
        ++admitted;
        lastAdmitted = data;
    }
}
