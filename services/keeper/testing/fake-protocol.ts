import {
  encodeAbiParameters,
  getAddress,
  keccak256,
  zeroHash,
  type Abi,
  type AbiFunction,
  type Address,
  type Hex,
} from "viem";
import { PROTOCOL_CONTRACTS } from "../../../components/protocol/contracts.ts";
import { FIRST_TERMS, penaltyDue } from "../../../lib/penalty.ts";
import type { FrameReport } from "../frame/compose.ts";
import type { ValidatorProof } from "../proofs/state.ts";
import {
  BEACON_PROOFS_ABI,
  CONSENSUS_ABI,
  DISTRIBUTION_ABI,
  DOWNTIME_ABI,
  KEY_STATE,
  POOL_ABI,
  PROOF_ABI,
  QUEUE_ABI,
  REGISTRY_ABI,
  REPORT_ABI,
  SERVICE_LEVEL_ABI,
} from "../protocol/abi.ts";
import type { Contracts } from "../protocol/protocol.ts";
import { SECONDS_PER_SLOT, SLOTS_PER_EPOCH, type FakeBeacon } from "./fake-beacon.ts";
import type { FakeExecution, MemoryContract } from "./fake-execution.ts";

const BOND_PER_KEY = 15n * 10n ** 17n;
const REPORTS = 0n;
const SERVICE = 1n;

/** IServiceLevel.PendingPenalty, as far as tests look. */
interface Penalty {
  readonly operatorId: number;
  readonly window: number;
  state: number;
  readonly executableFrom: number;
  readonly amount: bigint;
  readonly assignedEpochs: bigint;
  readonly missedEpochs: bigint;
}
interface DowntimeArgs {
  readonly operatorId: number;
  readonly window: number;
  readonly assignedEpochs: bigint;
  readonly missedEpochs: bigint;
}

/** The protocol's contracts in memory, as far as reports of frames and of service levels go through them (contracts/src). */
export class FakeProtocol {
  readonly addresses: Contracts;
  readonly epochsPerFrame = 1;
  readonly windowEpochs = 8;
  appealSeconds = 60;
  readonly members: Address[] = [];
  quorum = 2;
  /** Reports that were settled, in their order. */
  readonly settled: FrameReport[] = [];
  readonly penalties: Penalty[] = [];
  readonly charged = new Map<string, bigint>();
  readonly operatorNames: string[] = [];
  /** Whether a verifier serves the chain's fork. */
  hasVerifier = true;
  /** Hashes of keys whose slashing was proven. */
  readonly slashings: Hex[] = [];
  readonly #execution: FakeExecution;
  readonly #votes = new Map<string, Hex>();
  readonly #agreed = new Map<bigint, Hex>();
  #lastFrameTime = 0;

  constructor(execution: FakeExecution) {
    this.#execution = execution;
    const names = [...PROTOCOL_CONTRACTS, "DepositContract"] as const;
    this.addresses = Object.fromEntries(
      names.map((name, index) => [name, getAddress(`0x${(index + 1).toString(16).padStart(40, "0")}`)]),
    ) as Contracts;
    const contracts: Partial<Record<keyof Contracts, MemoryContract>> = {
      ReportConsensus: this.#consensus(),
      RewardDistribution: this.#distribution(),
      ServiceLevel: this.#serviceLevel(),
      OperatorRegistry: this.#registry(),
      BeaconProofs: reader(BEACON_PROOFS_ABI, {
        verifierAt: () => {
          if (!this.hasVerifier) throw new Error("no verifier");
          return this.addresses.BeaconProofs;
        },
      }),
      StakingPool: reader(POOL_ABI, { lastFrameTime: () => BigInt(this.#lastFrameTime) }),
      WithdrawalQueue: reader(QUEUE_ABI, { lastRequestId: (_, block) => BigInt(Math.floor(block / 3)) }),
    };
    for (const [name, contract] of Object.entries(contracts))
      execution.contracts.set(this.addresses[name as keyof Contracts].toLowerCase(), contract);
  }

  /** Makes validators of the beacon chain an operator's: deposited as of a block. */
  addKeys(beacon: FakeBeacon, operatorId: number, indices: readonly number[], block = 0): void {
    const registry = this.addresses.OperatorRegistry;
    for (const index of indices) {
      const pubkey = beacon.validators[index]?.publicKey ?? "0x";
      const pubkeyHash = keccak256(pubkey);
      const key = { operatorId: BigInt(operatorId), index: BigInt(index) };
      this.#execution.emit(registry, REGISTRY_ABI, "KeyTaken", { ...key, pubkey }, 0);
      const moved = { ...key, pubkeyHash, state: KEY_STATE.deposited };
      this.#execution.emit(registry, REGISTRY_ABI, "KeyStateChanged", moved, block);
    }
  }

  /** Votes in the place of a member, for anything. */
  voteAs(member: number, lane: bigint, digest: Hex): void {
    const from = this.members[member];
    if (from) this.#vote(lane, digest, from);
  }

  /** What a quorum agreed on in a lane. */
  agreedOn(lane: bigint): Hex | undefined {
    return this.#agreed.get(lane);
  }

  /** The arbiter dismisses a penalty. */
  dismiss(id: number): void {
    const penalty = this.penalties[id - 1];
    if (penalty) penalty.state = 3;
  }

  /** ServiceLevel.reportNonce. */
  reportsOf(operatorId: number, window: number): number {
    return this.penalties.filter((each) => each.operatorId === operatorId && each.window === window).length;
  }

  get #now(): number {
    return this.#execution.genesisTime + this.#execution.head * SECONDS_PER_SLOT;
  }

  get #currentWindow(): number {
    return Math.floor(this.#execution.head / SLOTS_PER_EPOCH / this.windowEpochs);
  }

  #consensus(): MemoryContract {
    return {
      ...reader(CONSENSUS_ABI, {
        members: () => this.members,
        quorum: () => BigInt(this.quorum),
        agreed: ([lane]) => this.#agreed.get(lane as bigint) ?? zeroHash,
      }),
      write: (_, args, from) => this.#vote(args[0] as bigint, args[1] as Hex, from),
    };
  }

  #vote(lane: bigint, digest: Hex, from: Address): void {
    if (!this.members.includes(from)) throw new Error("not a member");
    this.#votes.set(`${lane} ${from}`, digest);
    this.#execution.emit(this.addresses.ReportConsensus, CONSENSUS_ABI, "Voted", { lane, member: from, digest });
    const votes = this.members.filter((member) => this.#votes.get(`${lane} ${member}`) === digest).length;
    if (votes >= this.quorum) this.#agreed.set(lane, digest);
  }

  #distribution(): MemoryContract {
    const digest = (args: readonly unknown[]): Hex => digestOf(REPORT_ABI, "reportDigest", args);
    const lastRefSlot = (): bigint => this.settled.at(-1)?.refSlot ?? 0n;
    return {
      ...reader([...REPORT_ABI, ...DISTRIBUTION_ABI], {
        reportDigest: digest,
        lastRefSlot,
        epochsPerFrame: () => BigInt(this.epochsPerFrame),
        minEpochsPerFrame: () => BigInt(this.epochsPerFrame),
        "check:settleRewards": (args) => {
          const { refSlot } = args[0] as FrameReport;
          if (this.#agreed.get(REPORTS) !== digest(args)) throw new Error("not agreed");
          if ((Number(refSlot) + 1) % (this.epochsPerFrame * SLOTS_PER_EPOCH) !== 0) throw new Error("invalid slot");
          if (refSlot <= lastRefSlot() || this.#timeOf(Number(refSlot)) < this.#lastFrameTime)
            throw new Error("frame too old");
        },
      }),
      write: (_, args) => {
        this.settled.push(args[0] as FrameReport);
        // As if the pool's clock stood still: frames follow each other faster here than they finalise.
        this.#lastFrameTime = this.#timeOf(Number((args[0] as FrameReport).refSlot));
      },
    };
  }

  #timeOf(slot: number): number {
    return this.#execution.genesisTime + slot * SECONDS_PER_SLOT;
  }

  #registry(): MemoryContract {
    return reader(REGISTRY_ABI, {
      operatorCount: () => BigInt(this.operatorNames.length),
      bondPerKey: () => BOND_PER_KEY,
      operator: ([id]) => ({
        ...NOTHING,
        name: this.operatorNames[Number(id) - 1] ?? "",
        bond: 10n ** 20n,
      }),
    });
  }

  #serviceLevel(): MemoryContract {
    const key = (operatorId: unknown, window: unknown): string => `${Number(operatorId)} ${Number(window)}`;
    const due = ({ missedEpochs, assignedEpochs }: DowntimeArgs): bigint =>
      penaltyDue(missedEpochs, assignedEpochs, BigInt(this.windowEpochs), BOND_PER_KEY, FIRST_TERMS);
    const pending = (id: bigint): Penalty => {
      const penalty = this.penalties[Number(id) - 1];
      if (penalty?.state !== 1) throw new Error("not pending");
      if (this.#now < penalty.executableFrom) throw new Error("too early");
      return penalty;
    };
    return {
      ...reader([...DOWNTIME_ABI, ...SERVICE_LEVEL_ABI, ...PROOF_ABI], {
        isSlashingProven: ([hash]) => this.slashings.includes(hash as Hex),
        "check:proveSlashed": ([, proof]) => {
          const { slashed, pubkey } = (proof as ValidatorProof).validator;
          if (!slashed || this.slashings.includes(keccak256(pubkey))) throw new Error("not slashed, or proven already");
        },
        currentWindow: () => BigInt(this.#currentWindow),
        windowEpochs: () => BigInt(this.windowEpochs),
        termsOf: () => FIRST_TERMS,
        charged: ([operatorId, window]) => this.charged.get(key(operatorId, window)) ?? 0n,
        reportNonce: ([operatorId, window]) => BigInt(this.reportsOf(Number(operatorId), Number(window))),
        penaltyCount: () => BigInt(this.penalties.length),
        penalty: ([id]) => ({ kind: 1, ...this.penalties[Number(id) - 1] }),
        "check:executePenalty": ([id]) => pending(id as bigint),
        "check:reportDowntime": ([report]) => {
          const { operatorId, window } = report as DowntimeArgs;
          const nonce = BigInt(this.reportsOf(operatorId, window));
          if (this.#agreed.get(SERVICE) !== this.#downtimeDigest(report as DowntimeArgs, nonce))
            throw new Error("not agreed");
          if (window + 1 !== this.#currentWindow) throw new Error("window not reportable");
          if (
            this.penalties.some((each) => each.operatorId === operatorId && each.window === window && each.state === 1)
          )
            throw new Error("already pending");
          if (due(report as DowntimeArgs) <= (this.charged.get(key(operatorId, window)) ?? 0n))
            throw new Error("nothing due");
        },
      }),
      write: (name, [argument, proof]) => {
        if (name === "proveSlashed") {
          this.slashings.push(keccak256((proof as ValidatorProof).validator.pubkey));
          return;
        }
        if (name === "reportDowntime") {
          const report = argument as DowntimeArgs;
          const executableFrom = this.#now + this.appealSeconds;
          this.penalties.push({ ...report, state: 1, executableFrom, amount: due(report) });
          return;
        }
        const penalty = pending(argument as bigint);
        penalty.state = 2;
        const at = key(penalty.operatorId, penalty.window);
        this.charged.set(at, (this.charged.get(at) ?? 0n) + penalty.amount);
      },
    };
  }

  /** ServiceLevel.downtimeDigest, by the contract's own order of encoding. */
  #downtimeDigest(report: DowntimeArgs, nonce: bigint): Hex {
    const [input] = functionOf(DOWNTIME_ABI, "reportDowntime").inputs;
    return keccak256(
      encodeAbiParameters(
        [{ type: "string" }, { type: "uint256" }, { type: "address" }, { type: "uint256" }, input ?? { type: "bool" }],
        ["reportDowntime", BigInt(this.#execution.chainId), this.addresses.ServiceLevel, nonce, report] as never,
      ),
    );
  }
}

/** An operator without keys, exits or targets. */
const NOTHING = {
  manager: getAddress(`0x${"11".repeat(20)}`),
  rewardRecipient: getAddress(`0x${"11".repeat(20)}`),
  pendingBondWithdrawal: 0n,
  bondUnlockTime: 0n,
  totalKeys: 0n,
  vettedKeys: 0n,
  keyLimit: 0n,
  takenKeys: 0n,
  depositedKeys: 0n,
  invalidKeys: 0n,
  exitedKeys: 0n,
  stuckKeys: 0n,
  requestedExits: 0n,
  hasTarget: false,
  targetKeys: 0n,
  suspended: false,
};

type Reads = Readonly<Record<string, (args: readonly unknown[], block: number) => unknown>>;

/** A contract that only answers. Who wants a function to be refused gives a `check:` of it. */
export function reader(abi: Abi, reads: Reads): MemoryContract {
  return {
    abi,
    read: (name, args, block) => {
      const read = reads[name];
      if (!read && !name.startsWith("check:")) throw new Error(`nothing reads ${name}`);
      return read?.(args, block);
    },
  };
}

function functionOf(abi: Abi, name: string): AbiFunction {
  const found = abi.find((item): item is AbiFunction => item.type === "function" && item.name === name);
  if (!found) throw new Error(`no function ${name}`);
  return found;
}

function digestOf(abi: Abi, name: string, args: readonly unknown[]): Hex {
  return keccak256(encodeAbiParameters(functionOf(abi, name).inputs, args as never));
}
