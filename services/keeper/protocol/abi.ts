import { parseAbi, type Abi } from "viem";

/** What the keeper reads and calls of each contract (contracts/src/interfaces). */
export const POOL_ABI = parseAbi([
  "function totalPooledEther() view returns (uint256)",
  "function totalSupply() view returns (uint256)",
  "function sharePrice() view returns (uint256)",
  "function convertToAssets(uint256 shares) view returns (uint256)",
  "function bufferedEther() view returns (uint256)",
  "function beaconEther() view returns (uint256)",
  "function depositableEther() view returns (uint256)",
  "function depositedValidators() view returns (uint256)",
  "function stakeCap() view returns (uint256)",
  "function staleAfter() view returns (uint256)",
  "function lastFrameTime() view returns (uint256)",
  "function paused() view returns (bool)",
  "function processStaleFrame()",
]);

export const QUEUE_ABI = parseAbi([
  "struct Request { address owner; uint256 shares; bool finalized; bool claimed; uint256 assets; }",
  "function lastRequestId() view returns (uint256)",
  "function lastFinalizedId() view returns (uint256)",
  "function queuedShares() view returns (uint256)",
  "function requestOf(uint256 requestId) view returns (Request)",
  "event WithdrawalRequested(uint256 indexed requestId, address indexed owner, uint256 shares)",
]);

/** RewardDistribution's reports. viem's types do not follow tuples as arguments: these are typed by FrameReport and OperatorUpdate. */
export const REPORT_ABI: Abi = parseAbi([
  "struct Report { uint64 refSlot; uint128 beaconBalance; uint32 creditedValidators; uint32 slashedValidators; uint128 withdrawalVaultBalance; uint128 executionVaultBalance; uint32 finalizeUpTo; }",
  "struct OperatorUpdate { uint32 operatorId; uint32 exitedKeys; uint32 stuckKeys; uint128 loss; }",
  "function reportDigest(Report report, OperatorUpdate[] updates) view returns (bytes32)",
  "function settleRewards(Report report, OperatorUpdate[] updates) returns (uint256 sharePrice)",
]);

export const DISTRIBUTION_ABI = parseAbi([
  "function lastRefSlot() view returns (uint256)",
  "function epochsPerFrame() view returns (uint256)",
  "function minEpochsPerFrame() view returns (uint256)",
  "function creditedValidators() view returns (uint256)",
  "function slashedValidators() view returns (uint256)",
  "function protocolFeeBps() view returns (uint256)",
  "function operatorFeeBps() view returns (uint256)",
  "function paused() view returns (bool)",
]);

export const CONSENSUS_ABI = parseAbi([
  "function vote(uint256 lane, bytes32 digest)",
  "function voteOf(uint256 lane, address member) view returns (bytes32)",
  "function agreed(uint256 lane) view returns (bytes32)",
  "function members() view returns (address[])",
  "function isMember(address account) view returns (bool)",
  "function quorum() view returns (uint256)",
  "event Voted(uint256 indexed lane, address indexed member, bytes32 digest)",
]);

/** ServiceLevel's reports, typed by DowntimeReport. */
export const DOWNTIME_ABI: Abi = parseAbi([
  "struct DowntimeReport { uint32 operatorId; uint32 window; uint64 assignedEpochs; uint64 missedEpochs; }",
  "function reportDowntime(DowntimeReport report) returns (uint256 penaltyId)",
]);

export const SERVICE_LEVEL_ABI = parseAbi([
  "struct PendingPenalty { uint32 operatorId; uint32 window; uint8 kind; uint8 state; uint40 executableFrom; uint96 amount; uint64 assignedEpochs; uint64 missedEpochs; }",
  "struct Terms { uint256 allowedDowntimeBps; uint256 perMissedEpoch; uint256 maxPenaltyBps; }",
  "function termsOf(uint256 window) view returns (Terms)",
  "function executePenalty(uint256 penaltyId) returns (uint256 charged)",
  "function currentWindow() view returns (uint256)",
  "function windowEpochs() view returns (uint256)",
  "function charged(uint256 operatorId, uint256 window) view returns (uint256)",
  "function pendingReport(uint256 operatorId, uint256 window) view returns (uint256)",
  "function reportNonce(uint256 operatorId, uint256 window) view returns (uint256)",
  "function maxAssignedEpochs(uint256 operatorId, uint256 window) view returns (uint256)",
  "function penalty(uint256 penaltyId) view returns (PendingPenalty)",
  "function penaltyCount() view returns (uint256)",
  "function breachesOf(uint256 operatorId) view returns (uint256)",
  "function isSlashingProven(bytes32 pubkeyHash) view returns (bool)",
  "function paused() view returns (bool)",
]);

export const DEPOSITS_ABI = parseAbi([
  "function preDeposit(uint256 maxKeys, bytes32 expectedDepositRoot, uint256 expectedKeysNonce, bytes32 expectedCredentials) returns (uint256 keys)",
  "function completeDeposits(bytes pubkeys)",
  "function attestCredentials(bytes32[] valid, bytes32[] invalid)",
  "function attestationDigest(bytes32[] valid, bytes32[] invalid) view returns (bytes32)",
  "function attestationAllowed() view returns (bool)",
  "function waitingKeys() view returns (uint256)",
  "function hasRole(bytes32 role, address account) view returns (bool)",
  "function paused() view returns (bool)",
  "event PreDeposited(uint256 keys, bytes32 withdrawalCredentials, uint256 waitingKeys)",
]);

/** Proofs against the beacon state (IBeaconVerifier), typed by StateAnchor and ValidatorProof. */
export const PROOF_ABI: Abi = parseAbi([
  "struct BlockHeader { uint64 slot; uint64 proposerIndex; bytes32 parentRoot; bytes32 stateRoot; bytes32 bodyRoot; }",
  "struct StateAnchor { uint64 timestamp; BlockHeader header; uint64 historicalSlot; bytes32 historicalStateRoot; bytes32[] historicalProof; }",
  "struct Validator { bytes pubkey; bytes32 withdrawalCredentials; uint64 effectiveBalance; bool slashed; uint64 activationEligibilityEpoch; uint64 activationEpoch; uint64 exitEpoch; uint64 withdrawableEpoch; }",
  "struct ValidatorProof { uint64 index; Validator validator; bytes32[] proof; }",
  "function proveCredentials(StateAnchor anchor, ValidatorProof proof) returns (bool valid)",
  "function proveSlashed(StateAnchor anchor, ValidatorProof validator)",
]);

export const BEACON_PROOFS_ABI = parseAbi(["function verifierAt(uint64 slot) view returns (address)"]);

export const REGISTRY_ABI = parseAbi([
  "struct Operator { address manager; address rewardRecipient; string name; uint256 bond; uint256 pendingBondWithdrawal; uint256 bondUnlockTime; uint256 totalKeys; uint256 vettedKeys; uint256 keyLimit; uint256 takenKeys; uint256 depositedKeys; uint256 invalidKeys; uint256 exitedKeys; uint256 stuckKeys; uint256 requestedExits; bool hasTarget; uint256 targetKeys; bool suspended; }",
  "function operator(uint256 operatorId) view returns (Operator)",
  "function operatorCount() view returns (uint256)",
  "function activeKeysOf(uint256 operatorId) view returns (uint256)",
  "function claimableRewards(uint256 operatorId) view returns (uint256)",
  "function bondPerKey() view returns (uint256)",
  "function depositableKeys() view returns (uint256)",
  "function keysNonce() view returns (uint256)",
  "function keyOf(bytes32 pubkeyHash) view returns (uint256 operatorId, uint256 index, uint8 state)",
  "function takeKeys(uint256 count) returns (bytes pubkeys, bytes signatures, uint256[] operatorIds)",
  "function requestExits(uint256 operatorId, uint256 requestedExits)",
  "function hasRole(bytes32 role, address account) view returns (bool)",
  "event KeyTaken(uint256 indexed operatorId, uint256 index, bytes pubkey)",
  "event KeyStateChanged(uint256 indexed operatorId, uint256 index, bytes32 indexed pubkeyHash, uint8 state)",
  "event ExitsRequested(uint256 indexed operatorId, uint256 requestedExits)",
  "event BondCharged(uint256 indexed operatorId, address indexed by, uint256 asked, uint256 charged)",
]);

export const WITHDRAWAL_VAULT_ABI = parseAbi([
  "function requestExits(bytes pubkeys, uint256 maxFeePerRequest) payable",
  "function isOwnCredentials(bytes32 credentials) view returns (bool)",
  "function withdrawalCredentials() view returns (bytes32)",
  "function withdrawalRequestFee() view returns (uint256)",
  "function availableRequests() view returns (uint256)",
  "function hasRole(bytes32 role, address account) view returns (bool)",
]);

export const DEPOSIT_CONTRACT_ABI = parseAbi([
  "function get_deposit_root() view returns (bytes32)",
  "event DepositEvent(bytes pubkey, bytes withdrawal_credentials, bytes amount, bytes signature, bytes index)",
]);

/** Lanes of a ReportConsensus (contracts/src/libraries/Lanes.sol). */
export const LANES = { report: 0n, service_level: 1n, credentials: 2n } as const;
export type Lane = keyof typeof LANES;

/** IOperatorRegistry.KeyState. */
export const KEY_STATE = { taken: 2, proven: 3, deposited: 4, invalid: 5 } as const;

/** IServiceLevel.PenaltyState. */
export const PENALTY_PENDING = 1;
