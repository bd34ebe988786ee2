// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {StdUtils} from "forge-std/StdUtils.sol";
import {Vm} from "forge-std/Vm.sol";
import {ExecutionRewardsVault} from "../../src/ExecutionRewardsVault.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IDepositContract} from "../../src/interfaces/IDepositContract.sol";

/// @dev Everyone who uses the protocol, in random order. Every call is one that must succeed: a revert is a failure.
contract Handler is StdUtils {
    uint256 public constant STAKERS = 5;
    uint256 public constant MANAGERS = 5;
    bytes32 private constant DEPOSIT_EVENT = keccak256("DepositEvent(bytes,bytes,bytes,bytes,bytes)");
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    StakingPool private immutable POOL;
    OperatorRegistry private immutable REGISTRY;
    WithdrawalVault private immutable WITHDRAWALS;
    ExecutionRewardsVault private immutable REWARDS;
    IDepositContract private immutable DEPOSITS;
    address private immutable DEPOSITOR;
    address private immutable REPORTER;
    address private immutable VETTER;
    address private immutable PAUSER;
    address private immutable PARAMETERS;

    /// @dev What happened, counted apart from the contracts.
    uint256 public staked;
    uint256 public settled;
    uint256 public donatedToPool;
    uint256 public rewardsReceived;
    uint256 public bondsIn;
    uint256 public bondsOut;
    uint256 public deposits;
    uint256 public keysDepositedTwice;
    uint256 public wrongDeposits;
    uint256 public priceFalls;
    uint256 public nextKey = 1;
    uint256 private lastPrice = 1 ether;
    mapping(bytes32 pubkeyHash => bool) private seen;
    /// @dev Calls that did their work, by name: a campaign that does nothing proves nothing.
    mapping(string name => uint256) public calls;

    constructor(
        StakingPool pool,
        OperatorRegistry registry,
        WithdrawalVault withdrawals,
        ExecutionRewardsVault rewards,
        address[5] memory roles
    ) {
        POOL = pool;
        REGISTRY = registry;
        WITHDRAWALS = withdrawals;
        REWARDS = rewards;
        DEPOSITS = pool.depositContract();
        (DEPOSITOR, REPORTER, VETTER, PAUSER, PARAMETERS) = (roles[0], roles[1], roles[2], roles[3], roles[4]);
    }

    /// @dev Counts the call and watches the share price.
    modifier watched(string memory name) {
        _;
        ++calls[name];
        uint256 price = POOL.sharePrice();
        if (price < lastPrice) ++priceFalls;
        lastPrice = price;
    }

    function stakerAt(uint256 seed) public pure returns (address) {
        return address(uint160(0xa0000 + seed % STAKERS));
    }

    function managerAt(uint256 seed) public pure returns (address) {
        return address(uint160(0xb0000 + seed % MANAGERS));
    }

    /* STAKERS */

    function stake(uint256 who, uint256 amount) external {
        if (POOL.paused()) return;
        uint256 room = POOL.stakeCap() - _min(POOL.stakeCap(), POOL.totalPooledEther());
        uint256 least = POOL.minimumStake();
        if (room < least) return;
        _stake(who, bound(amount, least, _min(room, 100 ether)));
    }

    function _stake(uint256 who, uint256 amount) private watched("stake") {
        address staker = stakerAt(who);
        VM.deal(staker, amount);
        uint256 expected = POOL.convertToShares(amount);
        VM.prank(staker);
        POOL.stake{value: amount}(staker, expected, address(0));
        staked += amount;
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external watched("transfer") {
        amount = bound(amount, 0, POOL.balanceOf(stakerAt(from)));
        VM.prank(stakerAt(from));
        require(POOL.transfer(stakerAt(to), amount));
    }

    /// @dev Ether forced into the pool.
    function donate(uint256 amount) external watched("donate") {
        amount = bound(amount, 0, 100 ether);
        VM.deal(address(POOL), address(POOL).balance + amount);
        donatedToPool += amount;
    }

    /* OPERATORS */

    function register(uint256 who, uint256 bond) external {
        if (REGISTRY.operatorIdOf(managerAt(who)) != 0) return;
        _register(managerAt(who), bound(bond, 0, 10 ether));
    }

    function _register(address manager, uint256 bond) private watched("register") {
        VM.deal(manager, bond);
        VM.prank(manager);
        REGISTRY.registerOperator{value: bond}("operator", manager);
        bondsIn += bond;
    }

    function addBond(uint256 who, uint256 amount) external {
        uint256 id = REGISTRY.operatorIdOf(managerAt(who));
        if (id == 0) return;
        _addBond(id, bound(amount, 1, 5 ether));
    }

    function _addBond(uint256 id, uint256 amount) private watched("addBond") {
        VM.deal(stakerAt(id), amount);
        VM.prank(stakerAt(id));
        REGISTRY.addBond{value: amount}(id);
        bondsIn += amount;
    }

    function withdrawBond(uint256 who, uint256 amount) external {
        uint256 id = REGISTRY.operatorIdOf(managerAt(who));
        if (id == 0 || REGISTRY.excessBondOf(id) == 0) return;
        _withdrawBond(id, managerAt(who), bound(amount, 1, REGISTRY.excessBondOf(id)));
    }

    function _withdrawBond(uint256 id, address manager, uint256 amount) private watched("withdrawBond") {
        VM.prank(manager);
        REGISTRY.withdrawBond(id, amount);
        bondsOut += amount;
    }

    function submit(uint256 who, uint256 count) external {
        uint256 id = REGISTRY.operatorIdOf(managerAt(who));
        if (id == 0) return;
        uint256 most = REGISTRY.excessBondOf(id) / REGISTRY.bondPerKey();
        if (most == 0) return;
        _submit(id, managerAt(who), bound(count, 1, _min(most, 4)));
    }

    function _submit(uint256 id, address manager, uint256 count) private watched("submit") {
        bytes memory pubkeys;
        bytes memory signatures;
        for (uint256 i = 0; i < count; ++i) {
            bytes32 word = keccak256(abi.encode(nextKey++));
            pubkeys = abi.encodePacked(pubkeys, word, bytes16(word));
            signatures = abi.encodePacked(signatures, word, ~word, word);
        }
        VM.prank(manager);
        REGISTRY.submitValidatorSigs(id, pubkeys, signatures);
    }

    function remove(uint256 who, uint256 count) external {
        uint256 id = REGISTRY.operatorIdOf(managerAt(who));
        if (id == 0) return;
        (uint256 total,, uint256 deposited) = REGISTRY.keyCounts(id);
        if (total == deposited) return;
        _remove(id, managerAt(who), bound(count, 1, total - deposited));
    }

    function _remove(uint256 id, address manager, uint256 count) private watched("remove") {
        VM.prank(manager);
        REGISTRY.removeUnusedKeys(id, count);
    }

    function vet(uint256 who, uint256 limit) external {
        uint256 id = REGISTRY.operatorIdOf(managerAt(who));
        if (id == 0) return;
        (uint256 total,, uint256 deposited) = REGISTRY.keyCounts(id);
        // Twice in three times all keys, so that deposits happen.
        _vet(id, limit % 3 == 0 ? bound(limit, deposited, total) : total);
    }

    function _vet(uint256 id, uint256 limit) private watched("vet") {
        VM.prank(VETTER);
        REGISTRY.setKeyLimit(id, limit);
    }

    /* THE PROTOCOL'S OWN */

    function deposit(uint256 count) external {
        if (POOL.paused() || POOL.bufferedEther() < 32 ether || REGISTRY.depositableKeys() == 0) return;
        _deposit(bound(count, 1, 5));
    }

    function _deposit(uint256 count) private watched("deposit") {
        bytes32 root = DEPOSITS.get_deposit_root();
        uint256 nonce = REGISTRY.keysNonce();
        VM.recordLogs();
        VM.prank(DEPOSITOR);
        uint256 made = POOL.depositToBeaconChainAtNonce(count, root, nonce);
        deposits += made;

        Vm.Log[] memory logs = VM.getRecordedLogs();
        uint256 events = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(DEPOSITS) || logs[i].topics[0] != DEPOSIT_EVENT) continue;
            ++events;
            (bytes memory pubkey, bytes memory credentials, bytes memory amount,,) =
                abi.decode(logs[i].data, (bytes, bytes, bytes, bytes, bytes));
            bytes32 key = keccak256(pubkey);
            if (seen[key]) ++keysDepositedTwice;
            seen[key] = true;
            // 32 ether in gwei, little endian.
            if (
                bytes32(credentials) != WITHDRAWALS.withdrawalCredentials()
                    || keccak256(amount) != keccak256(hex"0040597307000000") || !REGISTRY.isKeyDeposited(pubkey)
            ) ++wrongDeposits;
        }
        if (events != made) ++wrongDeposits;
    }

    /// @dev A block's fees and a builder's payment.
    function earn(uint256 amount) external watched("earn") {
        amount = bound(amount, 0, 3 ether);
        VM.deal(address(REWARDS), address(REWARDS).balance + amount / 2);
        VM.deal(address(this), amount - amount / 2);
        (bool ok,) = address(REWARDS).call{value: amount - amount / 2}("");
        require(ok);
        rewardsReceived += amount;
    }

    function settle(uint256 amount) external {
        if (POOL.totalPooledEther() * POOL.maxSettlementBps() < 10_000 || address(REWARDS).balance == 0) return;
        VM.warp(block.timestamp + POOL.settlementInterval());
        _settle(bound(amount, 1, 10 ether));
    }

    function _settle(uint256 amount) private watched("settle") {
        VM.prank(REPORTER);
        (uint256 taken,) = POOL.settleExecutionRewards(amount);
        settled += taken;
    }

    function setParameters(uint256 cap, uint256 minimum, uint256 bps, uint256 interval)
        external
        watched("setParameters")
    {
        VM.startPrank(PARAMETERS);
        POOL.setStakeCap(bound(cap, 100 ether, 10_000 ether));
        POOL.setMinimumStake(bound(minimum, 1 gwei, 1 ether));
        POOL.setMaxSettlementBps(bound(bps, 1, 500));
        POOL.setSettlementInterval(bound(interval, 0, 7 days));
        VM.stopPrank();
    }

    function togglePause(uint256 seed) external watched("togglePause") {
        // Rarely paused, never for long.
        VM.startPrank(PAUSER);
        if (POOL.paused()) POOL.unpause();
        else if (seed % 4 == 0) POOL.pause();
        VM.stopPrank();
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
