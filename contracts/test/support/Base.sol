// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BeaconDeposits} from "../../src/BeaconDeposits.sol";
import {CoverageFund} from "../../src/CoverageFund.sol";
import {ExecutionRewardsVault} from "../../src/ExecutionRewardsVault.sol";
import {OperatorRegistry} from "../../src/OperatorRegistry.sol";
import {ReportConsensus} from "../../src/ReportConsensus.sol";
import {RewardDistribution} from "../../src/RewardDistribution.sol";
import {ServiceLevel} from "../../src/ServiceLevel.sol";
import {StakingPool} from "../../src/StakingPool.sol";
import {WithdrawalQueue} from "../../src/WithdrawalQueue.sol";
import {WithdrawalVault} from "../../src/WithdrawalVault.sol";
import {IBeaconVerifier} from "../../src/interfaces/IBeaconVerifier.sol";
import {IDepositContract} from "../../src/interfaces/IDepositContract.sol";
import {IOperatorRegistry} from "../../src/interfaces/IOperatorRegistry.sol";
import {IRewardDistribution} from "../../src/interfaces/IRewardDistribution.sol";
import {Lanes} from "../../src/libraries/Lanes.sol";
import {Implementations} from "./Implementations.sol";

/// @dev The protocol as a stack deploys it: proxies, roles granted one by one, the real deposit contract.
abstract contract Base is Implementations {
    uint256 internal constant BOND_PER_KEY = 1.5 ether;
    bytes32 internal constant DEFAULT_ADMIN_ROLE = 0x00;
    /// @dev Mainnet's: https://github.com/ethereum/consensus-specs/blob/master/configs/mainnet.yaml
    uint64 internal constant GENESIS_TIME = 1_606_824_023;
    uint256 internal constant SECONDS_PER_SLOT = 12;
    uint256 internal constant EPOCHS_PER_FRAME = 225;
    uint256 internal constant SLOTS_PER_FRAME = EPOCHS_PER_FRAME * 32;
    uint256 internal constant WINDOW_EPOCHS = 6_750;

    address internal admin = makeAddr("admin");
    address internal upgrader = makeAddr("upgrader");
    address internal pauser = makeAddr("pauser");
    address internal resumer = makeAddr("resumer");
    address internal parameters = makeAddr("parameters");
    address internal depositor = makeAddr("depositor");
    address internal vetter = makeAddr("vetter");
    address internal membership = makeAddr("membership");
    address internal arbiter = makeAddr("arbiter");
    address internal emergency = makeAddr("emergency");
    address internal treasury = makeAddr("treasury");
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal mallory = makeAddr("mallory");
    address internal manager = makeAddr("manager");
    address internal recipient = makeAddr("recipient");
    address[] internal members = [makeAddr("member0"), makeAddr("member1"), makeAddr("member2")];
    address[] internal reviewers = [makeAddr("reviewer0"), makeAddr("reviewer1"), makeAddr("reviewer2")];
    address[] internal guards = [makeAddr("guard0"), makeAddr("guard1"), makeAddr("guard2")];

    IDepositContract internal depositContract;
    OperatorRegistry internal registry;
    WithdrawalVault internal withdrawalVault;
    ExecutionRewardsVault internal rewardsVault;
    CoverageFund internal coverageFund;
    ReportConsensus internal consensus;
    ReportConsensus internal lossReview;
    ReportConsensus internal guardians;
    StakingPool internal pool;
    WithdrawalQueue internal queue;
    BeaconDeposits internal deposits;
    RewardDistribution internal distribution;
    ServiceLevel internal serviceLevel;
    /// @dev Stands for BeaconProofs where a test does not prove anything.
    address internal proofs = makeAddr("proofs");

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        depositContract = etchDepositContract();
        registry = OperatorRegistry(
            proxied("OperatorRegistry", "", abi.encodeCall(OperatorRegistry.initialize, (admin, BOND_PER_KEY)))
        );
        withdrawalVault = WithdrawalVault(
            payable(proxied("WithdrawalVault", "", abi.encodeCall(WithdrawalVault.initialize, (admin))))
        );
        rewardsVault = ExecutionRewardsVault(
            payable(proxied("ExecutionRewardsVault", "", abi.encodeCall(ExecutionRewardsVault.initialize, (admin))))
        );
        coverageFund =
            CoverageFund(payable(proxied("CoverageFund", "", abi.encodeCall(CoverageFund.initialize, (admin)))));
        consensus = newCommittee(members);
        lossReview = newCommittee(reviewers);
        guardians = newCommittee(guards);
        pool = StakingPool(
            payable(proxied(
                    "StakingPool",
                    abi.encode(registry, withdrawalVault, rewardsVault),
                    abi.encodeCall(StakingPool.initialize, (admin))
                ))
        );
        queue = WithdrawalQueue(payable(implementation("WithdrawalQueue", abi.encode(pool, guardians))));
        deposits = BeaconDeposits(
            payable(proxied(
                    "BeaconDeposits",
                    abi.encode(depositContract, pool, registry, withdrawalVault, proofs, consensus),
                    abi.encodeCall(BeaconDeposits.initialize, (admin))
                ))
        );
        distribution = RewardDistribution(
            payable(proxied(
                    "RewardDistribution",
                    abi.encode(
                        pool,
                        registry,
                        coverageFund,
                        consensus,
                        lossReview,
                        GENESIS_TIME,
                        SECONDS_PER_SLOT,
                        32,
                        EPOCHS_PER_FRAME
                    ),
                    abi.encodeCall(RewardDistribution.initialize, (admin, treasury))
                ))
        );
        serviceLevel = ServiceLevel(
            payable(proxied(
                    "ServiceLevel",
                    abi.encode(
                        registry,
                        coverageFund,
                        consensus,
                        proofs,
                        withdrawalVault,
                        GENESIS_TIME,
                        SECONDS_PER_SLOT,
                        32,
                        WINDOW_EPOCHS,
                        1 days
                    ),
                    abi.encodeCall(ServiceLevel.initialize, (admin))
                ))
        );
        grantRoles();
        vm.prank(upgrader);
        deposits.setAttestationAllowed(true);

        vm.deal(alice, 1_000_000 ether);
        vm.deal(bob, 1_000_000 ether);
        vm.deal(mallory, 1_000_000 ether);
        vm.deal(manager, 100_000 ether);
    }

    /* DEPLOYMENT */

    function grantRoles() private {
        vm.startPrank(admin);
        pool.grantRole(pool.UPGRADER_ROLE(), upgrader);
        pool.grantRole(pool.PAUSER_ROLE(), pauser);
        pool.grantRole(pool.RESUMER_ROLE(), resumer);
        pool.grantRole(pool.PARAMETER_ROLE(), parameters);
        pool.grantRole(pool.QUEUE_ROLE(), address(queue));
        pool.grantRole(pool.DEPOSITS_ROLE(), address(deposits));
        pool.grantRole(pool.DISTRIBUTION_ROLE(), address(distribution));
        registry.grantRole(registry.UPGRADER_ROLE(), upgrader);
        registry.grantRole(registry.PARAMETER_ROLE(), parameters);
        registry.grantRole(registry.OPERATOR_MANAGER_ROLE(), vetter);
        registry.grantRole(registry.POOL_ROLE(), address(pool));
        registry.grantRole(registry.DEPOSITS_ROLE(), address(deposits));
        registry.grantRole(registry.DISTRIBUTION_ROLE(), address(distribution));
        registry.grantRole(registry.SERVICE_LEVEL_ROLE(), address(serviceLevel));
        withdrawalVault.grantRole(withdrawalVault.UPGRADER_ROLE(), upgrader);
        withdrawalVault.grantRole(withdrawalVault.POOL_ROLE(), address(pool));
        rewardsVault.grantRole(rewardsVault.UPGRADER_ROLE(), upgrader);
        rewardsVault.grantRole(rewardsVault.POOL_ROLE(), address(pool));
        coverageFund.grantRole(coverageFund.UPGRADER_ROLE(), upgrader);
        coverageFund.grantRole(coverageFund.COVER_ROLE(), address(distribution));
        deposits.grantRole(deposits.UPGRADER_ROLE(), upgrader);
        deposits.grantRole(deposits.DEPOSITOR_ROLE(), depositor);
        deposits.grantRole(deposits.PARAMETER_ROLE(), parameters);
        deposits.grantRole(deposits.PAUSER_ROLE(), pauser);
        deposits.grantRole(deposits.RESUMER_ROLE(), resumer);
        distribution.grantRole(distribution.UPGRADER_ROLE(), upgrader);
        distribution.grantRole(distribution.PARAMETER_ROLE(), parameters);
        distribution.grantRole(distribution.PAUSER_ROLE(), pauser);
        distribution.grantRole(distribution.RESUMER_ROLE(), resumer);
        serviceLevel.grantRole(serviceLevel.UPGRADER_ROLE(), upgrader);
        serviceLevel.grantRole(serviceLevel.PARAMETER_ROLE(), parameters);
        serviceLevel.grantRole(serviceLevel.PAUSER_ROLE(), pauser);
        serviceLevel.grantRole(serviceLevel.RESUMER_ROLE(), resumer);
        serviceLevel.grantRole(serviceLevel.ARBITER_ROLE(), arbiter);
        serviceLevel.grantRole(serviceLevel.EMERGENCY_ROLE(), emergency);
        vm.stopPrank();
    }

    /// @dev A proxy of an implementation, initialised in the same transaction.
    function proxied(string memory name, bytes memory constructorArguments, bytes memory initializer)
        internal
        returns (address)
    {
        return proxy(implementation(name, constructorArguments), initializer);
    }

    /// @dev A committee with these members.
    function newCommittee(address[] memory list) internal returns (ReportConsensus committee) {
        committee = ReportConsensus(proxied("ReportConsensus", "", abi.encodeCall(ReportConsensus.initialize, (admin))));
        vm.startPrank(admin);
        committee.grantRole(committee.MEMBERSHIP_ROLE(), membership);
        committee.grantRole(committee.UPGRADER_ROLE(), upgrader);
        vm.stopPrank();
        vm.startPrank(membership);
        for (uint256 i = 0; i < list.length; ++i) {
            committee.addMember(list[i]);
        }
        vm.stopPrank();
    }

    /// @dev Puts the deposit contract, as the chain has it, at its canonical address.
    function etchDepositContract() internal returns (IDepositContract) {
        string memory json = vm.readFile("test/fixtures/deposit-contract.json");
        address target = vm.parseJsonAddress(json, ".address");
        vm.etch(target, vm.parseJsonBytes(json, ".code"));
        bytes32[] memory slots = vm.parseJsonBytes32Array(json, ".slots");
        bytes32[] memory values = vm.parseJsonBytes32Array(json, ".values");
        for (uint256 i = 0; i < slots.length; ++i) {
            vm.store(target, slots[i], values[i]);
        }
        return IDepositContract(target);
    }

    /* KEYS */

    /// @dev A made-up public key: unique by its number.
    function pubkeyOf(uint256 number) internal pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encode("pubkey", number)), bytes16(uint128(number)));
    }

    /// @dev A made-up signature: unique by its number.
    function signatureOf(uint256 number) internal pure returns (bytes memory) {
        return abi.encodePacked(
            keccak256(abi.encode("signature", number)), keccak256(abi.encode("more", number)), bytes32(number)
        );
    }

    /// @dev Made-up keys `first` to `first + count - 1`, concatenated.
    function makeKeys(uint256 first, uint256 count) internal pure returns (bytes memory pubkeys, bytes memory sigs) {
        for (uint256 i = first; i < first + count; ++i) {
            pubkeys = bytes.concat(pubkeys, pubkeyOf(i));
            sigs = bytes.concat(sigs, signatureOf(i));
        }
    }

    /// @dev Hashes of made-up keys.
    function hashesOf(uint256 first, uint256 count) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = keccak256(pubkeyOf(first + i));
        }
    }

    /* ACTIONS */

    function stakeAs(address staker, uint256 amount) internal returns (uint256 shares) {
        vm.prank(staker);
        return pool.stake{value: amount}(staker, 0, address(0));
    }

    function registerAs(address operatorManager, uint256 bond) internal returns (uint256 operatorId) {
        vm.deal(operatorManager, operatorManager.balance + bond);
        vm.prank(operatorManager);
        return registry.registerOperator{value: bond}("operator", recipient);
    }

    function submitAs(address operatorManager, uint256 first, uint256 count) internal {
        (bytes memory pubkeys, bytes memory sigs) = makeKeys(first, count);
        uint256 operatorId = registry.operatorIdOf(operatorManager);
        vm.prank(operatorManager);
        registry.submitValidatorSigs(operatorId, pubkeys, sigs);
    }

    function vet(uint256 operatorId, uint256 count) internal {
        vm.prank(vetter);
        registry.setVettedKeys(operatorId, count);
    }

    /// @dev An operator with a bond for its keys, all vetted.
    function operatorWithKeys(address operatorManager, uint256 first, uint256 count)
        internal
        returns (uint256 operatorId)
    {
        operatorId = registerAs(operatorManager, count * BOND_PER_KEY);
        submitAs(operatorManager, first, count);
        vet(operatorId, count);
    }

    /// @dev Pre-deposits for the next keys, as the depositor.
    function preDeposit(uint256 count) internal returns (uint256 keys) {
        bytes32 root = depositContract.get_deposit_root();
        uint256 nonce = registry.keysNonce();
        bytes32 credentials = withdrawalVault.withdrawalCredentials();
        vm.prank(depositor);
        return deposits.preDeposit(count, root, nonce, credentials);
    }

    /// @dev Members attest keys' credentials.
    function attest(bytes32[] memory valid, bytes32[] memory invalid) internal {
        agree(Lanes.CREDENTIALS, deposits.attestationDigest(valid, invalid));
        deposits.attestCredentials(valid, invalid);
    }

    /// @dev The whole way of keys `first` on, which must be the next ones: pre-deposit, attestation, deposit.
    function depositKeys(uint256 first, uint256 count) internal {
        preDeposit(count);
        attest(hashesOf(first, count), new bytes32[](0));
        (bytes memory pubkeys,) = makeKeys(first, count);
        deposits.completeDeposits(pubkeys);
    }

    /// @dev All oracle members vote for a digest.
    function agree(uint256 lane, bytes32 digest) internal {
        for (uint256 i = 0; i < members.length; ++i) {
            vm.prank(members[i]);
            consensus.vote(lane, digest);
        }
    }

    /// @dev All reviewers vote for a report's digest.
    function review(bytes32 digest) internal {
        for (uint256 i = 0; i < reviewers.length; ++i) {
            vm.prank(reviewers[i]);
            lossReview.vote(Lanes.REPORT, digest);
        }
    }

    /* REPORTS */

    function slotTime(uint256 slot) internal pure returns (uint256) {
        return GENESIS_TIME + slot * SECONDS_PER_SLOT;
    }

    /// @dev Warps to the end of the next frame that can be settled, and gives its last slot.
    function nextFrame() internal returns (uint64 refSlot) {
        uint256 slot = (block.timestamp - GENESIS_TIME) / SECONDS_PER_SLOT;
        refSlot = uint64((slot / SLOTS_PER_FRAME + 1) * SLOTS_PER_FRAME - 1);
        if (refSlot <= distribution.lastRefSlot()) refSlot += uint64(SLOTS_PER_FRAME);
        vm.warp(slotTime(refSlot) + SECONDS_PER_SLOT);
    }

    /// @dev A true report of the next frame: all deposits credited, validators' balances as given.
    function reportOf(uint256 beaconBalance) internal returns (IRewardDistribution.Report memory) {
        return IRewardDistribution.Report({
            refSlot: nextFrame(),
            beaconBalance: uint128(beaconBalance),
            creditedValidators: uint32(pool.depositedValidators()),
            slashedValidators: uint32(distribution.slashedValidators()),
            withdrawalVaultBalance: uint128(address(withdrawalVault).balance),
            executionVaultBalance: uint128(address(rewardsVault).balance),
            finalizeUpTo: uint32(queue.lastRequestId())
        });
    }

    /// @dev Members agree on a report, and it is settled.
    function settle(IRewardDistribution.Report memory report, IOperatorRegistry.OperatorUpdate[] memory updates)
        internal
        returns (uint256 sharePrice)
    {
        agree(Lanes.REPORT, distribution.reportDigest(report, updates));
        return distribution.settleRewards(report, updates);
    }

    /// @dev A frame without news of operators.
    function settleFrame(uint256 beaconBalance) internal returns (uint256 sharePrice) {
        return settle(reportOf(beaconBalance), noUpdates());
    }

    function noUpdates() internal pure returns (IOperatorRegistry.OperatorUpdate[] memory) {
        return new IOperatorRegistry.OperatorUpdate[](0);
    }

    function oneUpdate(uint256 operatorId, uint256 exited, uint256 stuck, uint256 loss)
        internal
        pure
        returns (IOperatorRegistry.OperatorUpdate[] memory updates)
    {
        updates = new IOperatorRegistry.OperatorUpdate[](1);
        updates[0] = IOperatorRegistry.OperatorUpdate(uint32(operatorId), uint32(exited), uint32(stuck), uint128(loss));
    }

    /// @dev The deposit contract's count, decoded from little endian.
    function depositCount() internal view returns (uint256 count) {
        bytes memory encoded = depositContract.get_deposit_count();
        for (uint256 i = 0; i < 8; ++i) {
            count |= uint256(uint8(encoded[i])) << (8 * i);
        }
    }
}
