import { z } from "zod";
import type { NodeSpec } from "../components/validator-node/spec.ts";
import { ether, name, port, whole } from "./fields.ts";
import { keeperSchema as keeperSettings } from "../services/keeper/runtime/settings.ts";
import { withKeeperPort, withPorts } from "./ports.ts";

/** The embedded network of a devnet stack. */
export const devnetSchema = z.strictObject({
  /** Folder of the network's files; `.ethstake/STACK` when absent. */
  directory: z.string({ error: "must be a folder" }).min(1, "must be a folder").optional(),
  chainId: whole(1, 2 ** 31, "a chain id")
    .refine((id) => ![1, 17_000, 560_048, 11_155_111].includes(id), "is the id of a public network; choose another")
    .default(32_382),
  secondsPerSlot: whole(2, 12, "a number of seconds").default(2),
  slotsPerEpoch: whole(4, 32, "a number of slots").default(4),
  genesisValidators: whole(4, 1_024, "a number of validators").default(16),
  genesisDelaySeconds: whole(1, 600, "a number of seconds").default(8),
});

/** One node: execution clients, consensus clients (each list the primary first, then a standby at most) and a validator client. */
export const nodeSchema = z.strictObject({
  name,
  execution: z
    .array(
      z.strictObject({
        client: z.enum(["ethereumjs", "geth"], { error: "must be ethereumjs or geth" }).default("ethereumjs"),
        rpcPort: port.optional(),
        enginePort: port.optional(),
        p2pPort: port.optional(),
      }),
      { error: "must be a list of { client }, the primary first" },
    )
    .min(1, "must name at least one execution client")
    .max(2, "must name a primary and at most one standby")
    .prefault([{}]),
  consensus: z
    .array(
      z.strictObject({
        client: z.enum(["lodestar"], { error: "must be lodestar" }).default("lodestar"),
        restPort: port.optional(),
        p2pPort: port.optional(),
        metricsPort: port.optional(),
      }),
      { error: "must be a list of { client }, the primary first" },
    )
    .min(1, "must name at least one consensus client")
    .max(2, "must name a primary and at most one standby")
    .prefault([{}]),
  validator: z
    .strictObject({
      client: z.enum(["lodestar"], { error: "must be lodestar" }).default("lodestar"),
      keymanagerPort: port.optional(),
      metricsPort: port.optional(),
    })
    .prefault({}),
});

/** A node as it is written, before its ports have their defaults. */
export type NodeInput = z.infer<typeof nodeSchema>;
/** A node as its components take it. */
export type NodeSettings = NodeSpec;

/** Parameters of the staking protocol; amounts in ether. Bounds as in the contracts. */
export const protocolSchema = z.strictObject({
  /** Most ether that the pool takes; on the chain it rises at most five times a step. */
  stakeCap: ether.default("1000"),
  /** Least ether of one stake. */
  minimumStake: ether.default("0.01"),
  /** Most ether that can be staked in a day. */
  stakeRateLimit: ether.default("400000"),
  /** Ether kept back from deposits for withdrawals. */
  reserve: ether.default("0"),
  /** Frames between the close of a batch of withdrawal requests and its finalisation. */
  withdrawalDelayFrames: whole(1, 7, "a number of frames").default(1),
  /** Seconds without a report after which anyone may process a frame. */
  staleAfterSeconds: whole(432_000, 2_592_000, "a number of seconds, 5 to 30 days").default(604_800),
  /** Bond that an operator posts for each key. */
  bondPerKey: ether.default("2"),
  /** Seconds between asking for bond and taking it. */
  bondCooldownSeconds: whole(86_400, 2_592_000, "a number of seconds, 1 to 30 days").default(604_800),
  /** Requests of exits, partial withdrawals and consolidations a day. */
  exitLimit: whole(1, 10_000, "a number of requests").default(100),
  /** Whether new validators get 0x02 credentials. */
  compounding: z.boolean({ error: "must be true or false" }).default(false),
  /** Most basis points of the pool by which one report raises it. */
  maxIncreaseBps: whole(1, 100, "a number of basis points").default(10),
  /** Basis points of the pool above which a loss needs the reviewers. */
  maxLossBps: whole(1, 500, "a number of basis points").default(100),
  /** Basis points of rewards for the treasury. */
  protocolFeeBps: whole(0, 1_000, "a number of basis points").default(500),
  /** Basis points of rewards for the operators. */
  operatorFeeBps: whole(0, 1_000, "a number of basis points").default(200),
  /** Epochs of a reporting frame. */
  epochsPerFrame: whole(1, 450, "a number of epochs").default(4),
  /** The shortest frame that can ever be set; fixed at deployment. */
  minEpochsPerFrame: whole(1, 450, "a number of epochs").default(1),
  /** Whether a quorum may attest credentials: for chains without EIP-4788. */
  attestCredentials: z.boolean({ error: "must be true or false" }).default(true),
  /** Downtime that costs nothing, in basis points of a window: 30 are an uptime of 99.7 %. */
  allowedDowntimeBps: whole(10, 100, "a number of basis points").default(30),
  /** Gwei that a missed epoch beyond it costs. */
  penaltyPerMissedEpoch: whole(1_000, 350_000, "a number of gwei").default(35_000),
  /** Most that a window costs, in basis points of the bond that its keys require. */
  maxPenaltyBps: whole(1, 5_000, "a number of basis points").default(1_000),
  /** Seconds in which a reported penalty can be dismissed. */
  appealSeconds: whole(60, 1_209_600, "a number of seconds, up to 14 days").default(259_200),
  /** Least seconds that can ever be set for it; fixed at deployment. */
  minAppealSeconds: whole(60, 86_400, "a number of seconds").default(60),
  /** Windows with a breach, of the last twelve, that suspend an operator. */
  breachLimit: whole(2, 10, "a number of windows").default(3),
  /** Epochs of a window; fixed at deployment. 6,750 are the 30 days of public networks. */
  windowEpochs: whole(1, 6_750, "a number of epochs").default(6_750),
  /** Votes that oracle members need at least; more than half of them always. */
  oracleQuorum: whole(0, 32, "a number of votes").default(2),
  reviewerQuorum: whole(0, 32, "a number of votes").default(2),
  guardianQuorum: whole(0, 32, "a number of votes").default(2),
  /** Which layout of the beacon state proofs are checked against from which slot on (EIP-4788), by rising slot. */
  verifiers: z
    .array(
      z.strictObject({
        layout: z.enum(["electra", "gloas"], { error: "must be electra (also for fulu) or gloas" }),
        fromSlot: whole(0, Number.MAX_SAFE_INTEGER, "a slot"),
      }),
      { error: "must be a list of { layout, fromSlot }" },
    )
    .refine(
      (list) => list.every(({ fromSlot }, index) => index === 0 || fromSlot > (list[index - 1]?.fromSlot ?? 0)),
      "must be ordered by rising fromSlot",
    )
    .default([]),
  /** Timelocks that hold the admin's, upgrades' and parameters' roles; without them the accounts do. */
  governance: z
    .strictObject({
      /** Seconds between scheduling and making an upgrade or a grant; 7 days on public networks. */
      upgradeDelaySeconds: whole(0, 2_592_000, "a number of seconds, up to 30 days"),
      /**
       * Seconds between scheduling and making a change of parameters or members; 1 day on public networks. Penalties are dismissed
       * through this timelock, and an emergency's can be executed after 2 days: it must not be longer.
       */
      operationsDelaySeconds: whole(0, 172_800, "a number of seconds, up to 2 days"),
    })
    .optional(),
});

/** A keeper of a devnet: a process that votes with an oracle member's account, the first with that of oracle-1. */
export const keeperSchema = z.strictObject({
  name: name.optional(),
  /** Metrics and health, on loopback. */
  port: port.optional(),
});

/** What all keepers of a devnet share: see services/keeper/runtime/settings.ts. */
export const keeperOptionsSchema = keeperSettings
  .pick({ prometheus: true, deposits: true, exits: true, perValidatorLimit: true })
  .partial();

/** Prometheus and Alertmanager beside a devnet. */
export const devnetMonitoringSchema = z.strictObject({
  /** When absent: whether both programs are on the PATH. */
  enabled: z.boolean({ error: "must be true or false" }).optional(),
  prometheusPort: port.default(9090),
  alertmanagerPort: port.default(9093),
  scrapeSeconds: whole(1, 60, "a number of seconds").default(2),
  /** Where alerts are sent. */
  webhook: z.url({ protocol: /^https?$/, error: "must be the URL of a webhook" }).optional(),
});

/** An operator and the ranges of its keys. */
export const operatorSchema = z.strictObject({
  name,
  /** Ether that the operator posts. */
  bond: ether,
  keys: z
    .array(z.strictObject({ node: name, count: whole(1, 10_000, "a number of keys") }), {
      error: "must be a list of { node, count }",
    })
    .min(1, "must have at least one range of keys"),
});

/** A stack's configuration (`ethstake:*` in Pulumi.STACK.yaml). */
export const settingsSchema = z.strictObject({
  network: z.enum(["devnet"], { error: "must be devnet, sepolia, hoodi or mainnet" }),
  devnet: devnetSchema.prefault({}),
  nodes: z
    .array(nodeSchema, { error: "must be a list of nodes" })
    .min(1, "must have at least one node")
    .max(8, "must have 8 nodes at most: they share one machine")
    .transform((nodes) => nodes.map(withPorts)),
  protocol: protocolSchema.prefault({}),
  operators: z
    .array(operatorSchema, { error: "must be a list of operators" })
    .min(1, "must have at least one operator"),
  /** Members of the oracle at work: at least as many as make a quorum. */
  keepers: z
    .array(keeperSchema, { error: "must be a list of keepers" })
    .max(3, "must have 3 keepers at most: one for each member of the oracle")
    .default([{}, {}, {}])
    .transform((keepers) => keepers.map(withKeeperPort)),
  keeper: keeperOptionsSchema.prefault({}),
  monitoring: devnetMonitoringSchema.prefault({}),
  /** What a test account stakes, in ether (devnet only). */
  testStake: ether.default("72"),
});

export type Settings = z.infer<typeof settingsSchema>;
export type OperatorSettings = z.infer<typeof operatorSchema>;
export type ProtocolSettings = z.infer<typeof protocolSchema>;
export type DevnetSettings = z.infer<typeof devnetSchema>;
