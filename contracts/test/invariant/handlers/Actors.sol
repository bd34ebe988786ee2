// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";
import {BeaconDeposits} from "../../../src/BeaconDeposits.sol";
import {CoverageFund} from "../../../src/CoverageFund.sol";
import {ExecutionRewardsVault} from "../../../src/ExecutionRewardsVault.sol";
import {OperatorRegistry} from "../../../src/OperatorRegistry.sol";
import {ReportConsensus} from "../../../src/ReportConsensus.sol";
import {RewardDistribution} from "../../../src/RewardDistribution.sol";
import {StakingPool} from "../../../src/StakingPool.sol";
import {WithdrawalQueue} from "../../../src/WithdrawalQueue.sol";
import {WithdrawalVault} from "../../../src/WithdrawalVault.sol";
import {IDepositContract} from "../../../src/interfaces/IDepositContract.sol";

/// @dev The contracts under test.
struct Contracts {
    IDepositContract depositContract;
    OperatorRegistry registry;
    WithdrawalVault withdrawalVault;
    ExecutionRewardsVault rewardsVault;
    CoverageFund coverageFund;
    ReportConsensus consensus;
    ReportConsensus lossReview;
    ReportConsensus guardians;
    StakingPool pool;
    WithdrawalQueue queue;
    BeaconDeposits deposits;
    RewardDistribution distribution;
}

/// @dev Who holds the roles.
struct Cast {
    address admin;
    address upgrader;
    address pauser;
    address resumer;
    address parameters;
    address depositor;
    address vetter;
    address membership;
    address serviceLevel;
    address treasury;
    address arbiter;
    address emergency;
}

/// @dev What all handlers share: the contracts, who plays, the clock, and the watch over the rate. Every call that a handler
/// makes must succeed, and every `_check` must hold: a revert is a finding.
abstract contract Actors {
    uint256 public constant STAKERS = 5;
    uint256 public constant MANAGERS = 4;
    uint256 public constant VIRTUAL = 1 gwei;
    uint256 public constant RAY = 1e27;
    uint256 internal constant BASIS_POINTS = 10_000;
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    /// @dev Front-runs keys and calls what it may not.
    address public constant STRANGER = address(0xd0000);
    /// @dev Gives ether away.
    address internal constant DONOR = address(0xd0001);
    /// @dev The second treasury.
    address public constant OTHER_TREASURY = address(0xd0002);

    IDepositContract internal immutable DEPOSIT_CONTRACT;
    OperatorRegistry internal immutable REGISTRY;
    WithdrawalVault internal immutable WITHDRAWALS;
    ExecutionRewardsVault internal immutable REWARDS;
    CoverageFund internal immutable FUND;
    StakingPool internal immutable POOL;
    WithdrawalQueue internal immutable QUEUE;
    BeaconDeposits internal immutable DEPOSITS;
    RewardDistribution internal immutable DISTRIBUTION;
    /// @dev Oracle members, reviewers of losses, guardians.
    ReportConsensus[3] internal committees;
    Cast internal cast;

    /// @dev The time of the last call. Each call sets it anew, so that nothing hangs on what a test runner keeps of it.
    uint256 public time;
    /// @dev Calls that did their work, by name: a campaign that does nothing proves nothing.
    mapping(string name => uint256) public calls;
    /// @dev All of them.
    uint256 public allCalls;
    /// @dev Wei that came to a contract without its doing.
    mapping(address target => uint256) public forced;
    /// @dev Shares that were transferred to a contract by mistake.
    mapping(address target => uint256) public misplaced;
    /// @dev Shares by the handler's own books.
    mapping(address account => uint256) public sharesOf;
    /// @dev Wei that entered the protocol, and left it.
    uint256 public etherIn;
    uint256 public etherOut;
    /// @dev Times that the rate fell without a loss, or rose outside a frame by more than rounding.
    uint256 public rateFalls;
    uint256 public undueRises;
    /// @dev Times that keysNonce or a request, a frame or a time fell.
    uint256 public countersFell;
    uint256 private lastKeysNonce;
    uint256 internal pooledBefore;
    uint256 internal supplyBefore;

    constructor(Contracts memory c, Cast memory who) {
        DEPOSIT_CONTRACT = c.depositContract;
        REGISTRY = c.registry;
        WITHDRAWALS = c.withdrawalVault;
        REWARDS = c.rewardsVault;
        FUND = c.coverageFund;
        POOL = c.pool;
        QUEUE = c.queue;
        DEPOSITS = c.deposits;
        DISTRIBUTION = c.distribution;
        committees = [c.consensus, c.lossReview, c.guardians];
        cast = who;
        time = block.timestamp;
    }

    /// @dev An ordinary call: the rate stays but for rounding, which goes to the holders.
    modifier watched() {
        _begin();
        _;
        _end();
        if (_compareRate() > _worthOfOneShare()) ++undueRises;
    }

    /// @dev A frame: the rate may rise. Whether it may fall is for the handler to say.
    modifier watchedFrame() {
        _begin();
        _;
        _end();
    }

    function stakerAt(uint256 seed) public pure returns (address) {
        return address(uint160(0xa0000 + seed % STAKERS));
    }

    function managerAt(uint256 seed) public pure returns (address) {
        return address(uint160(0xb0000 + seed % MANAGERS));
    }

    function committeeAt(uint256 index) external view returns (ReportConsensus) {
        return committees[index];
    }

    /// @dev A rate as the pool should have it, in rays: rounded down, and never more than all shares have.
    function rateOf(uint256 pooled, uint256 supply) public pure returns (uint256 rate) {
        rate = RAY * (pooled + VIRTUAL) / (supply + VIRTUAL);
        if (supply != 0 && RAY * pooled / supply < rate) rate = RAY * pooled / supply;
    }

    /* HELPERS */

    function _begin() private {
        VM.warp(time);
        pooledBefore = POOL.totalPooledEther();
        supplyBefore = POOL.totalSupply();
    }

    function _end() private {
        uint256 nonce = REGISTRY.keysNonce();
        if (nonce < lastKeysNonce) ++countersFell;
        lastKeysNonce = nonce;
    }

    /// @dev Counts a fall of the rate, and gives its rise as (pooled + V)(supply before + V) less the same the other way.
    function _compareRate() internal returns (uint256 rise) {
        uint256 present = (POOL.totalPooledEther() + VIRTUAL) * (supplyBefore + VIRTUAL);
        uint256 before = (pooledBefore + VIRTUAL) * (POOL.totalSupply() + VIRTUAL);
        if (present < before) ++rateFalls;
        else rise = present - before;
    }

    /// @dev What one rounding by less than a share is, in the same measure.
    function _worthOfOneShare() private view returns (uint256) {
        return pooledBefore + VIRTUAL;
    }

    function _count(string memory name) internal {
        ++calls[name];
        ++allCalls;
    }

    /// @dev Sets the clock.
    function _at(uint256 newTime) internal {
        if (newTime < time) ++countersFell;
        time = newTime;
        VM.warp(newTime);
    }

    /// @dev Gives an account ether that comes from outside.
    function _fund(address account, uint256 amount) internal {
        VM.deal(account, account.balance + amount);
    }

    /// @dev Wei that arrive without a call.
    function _force(address target, uint256 amount) internal {
        VM.deal(target, target.balance + amount);
        etherIn += amount;
    }

    function _moveShares(address from, address to, uint256 amount) internal {
        sharesOf[from] -= amount;
        sharesOf[to] += amount;
    }

    function _within(uint256 seed, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + seed % (most - least + 1);
    }

    /// @dev Another number of a seed.
    function _next(uint256 seed) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    function _min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a : b;
    }

    function _less(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    function _check(bool holds, string memory what) internal pure {
        require(holds, what);
    }
}
