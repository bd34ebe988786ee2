import { readFile } from "node:fs/promises";
import { isAddress, type Address } from "viem";
import { parse } from "yaml";
import { z } from "zod";
import { PROTOCOL_CONTRACTS } from "../../../components/protocol/contracts.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { senderSchema } from "../../../provider/chain/account.ts";
import { KeeperSettingsError } from "./errors.ts";

/** Names of the keeper's loops. */
export const LOOPS = ["reports", "sla", "deposits", "withdrawals", "exits", "watch"] as const;
export type LoopName = (typeof LOOPS)[number];

const address = z.custom<Address>((value) => typeof value === "string" && isAddress(value), "must be an address");
const seconds = z.number({ error: "must be a number of seconds" }).positive("must be a number of seconds");

/** A keeper's settings: JSON or YAML. Accounts are named by files or signers; no secret is in here. */
export const keeperSchema = z.strictObject({
  /** For people: in logs and metrics. */
  name: z.string().regex(/^[a-z0-9-]+$/, "must be lower-case letters, digits and hyphens"),
  chainId: z.number().int().positive("must be the chain's id"),
  executionRpc: z.url({ protocol: /^https?$/, error: "must be the URL of an execution client's JSON-RPC" }),
  beaconApi: z.url({ protocol: /^https?$/, error: "must be the URL of a beacon node's API" }),
  contracts: z.record(z.enum([...PROTOCOL_CONTRACTS, "DepositContract"]), address),
  /** First block of the deployment, or one before it: events are read from there on. */
  fromBlock: z.number().int().nonnegative().default(0),
  /**
   * Who signs. `member` votes, and does what anyone may. The others hold the role of the same name, where this keeper has one.
   */
  accounts: z.strictObject({
    member: senderSchema,
    depositor: senderSchema.optional(),
    operatorManager: senderSchema.optional(),
    exits: senderSchema.optional(),
  }),
  loops: z
    .array(z.enum(LOOPS))
    .min(1)
    .default([...LOOPS]),
  /**
   * When a slot is taken for settled: once it is final, or so many slots after it. The latter is for devnets, whose only beacon node
   * forgets states before they are final.
   */
  settled: z.union([z.literal("finalized"), z.number().int().min(1).max(64)]).default("finalized"),
  /** Between two looks of a loop; a slot when absent. */
  intervalSeconds: seconds.optional(),
  /** How long others may take for what anyone may do, before this keeper does it. */
  turnSeconds: seconds.optional(),
  /** Metrics and health. Port 0 takes a free one. */
  listen: z.strictObject({ address: z.string(), port: z.number().int().min(0).max(65_535) }),
  /** Folder of what would have to be read again after a restart. */
  cacheDirectory: z.string().min(1).optional(),
  /** Folder of the accounts' locks and journals, where they cannot lie beside the key files. */
  accountsDirectory: z.string().min(1).optional(),
  /** Only says what it would do. */
  dryRun: z.boolean().default(false),
  /** Above so many validators there are no metrics for each. */
  perValidatorLimit: z.number().int().nonnegative().default(2_000),
  /** A Prometheus with an opinion of its own: no breach is reported that it does not confirm. */
  prometheus: z
    .strictObject({
      url: z.url({ protocol: /^https?$/, error: "must be the URL of a Prometheus" }),
      /** The operator's uptime (0 to 1) over a range; $operator (its name), $id and $range are put in. */
      query: z.string().min(1),
      /** How far both may lie apart, as a ratio. */
      tolerance: z.number().positive().max(1).default(0.01),
    })
    .optional(),
  deposits: z
    .strictObject({
      /** Most wei a gas, in gwei, at which ether is moved to validators. */
      maxGasPriceGwei: z.number().positive().default(30),
      /** Fewer keys wait for company. */
      minKeys: z.number().int().min(1).max(100).default(1),
      /** But not longer than this. */
      maxWaitSeconds: seconds.default(86_400),
    })
    .prefault({}),
  exits: z
    .strictObject({
      /** How long an operator has for an exit that it was asked for. All keepers must say the same: it is part of reports. */
      deadlineSeconds: seconds.default(345_600),
      /** Most wei of fee for one request of EIP-7002. */
      maxFeeWei: z.string().regex(/^\d+$/, "must be wei").default("1000000000000000"),
    })
    .prefault({}),
});

export type KeeperSettings = z.infer<typeof keeperSchema>;

/** Reads a keeper's settings from their file. @throws {@link KeeperSettingsError} with every fault */
export async function loadSettings(file: string): Promise<KeeperSettings> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new KeeperSettingsError(file, [`cannot be read: ${errorMessage(cause)}`], cause);
  });
  return parseSettings(file, text);
}

/** Reads a keeper's settings. @param place where they stand, for messages @throws {@link KeeperSettingsError} with every fault */
export function parseSettings(place: string, text: string): KeeperSettings {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new KeeperSettingsError(place, [`is neither YAML nor JSON: ${errorMessage(cause)}`], cause);
  }
  const { data, error } = keeperSchema.safeParse(value);
  if (data) return data;
  throw new KeeperSettingsError(
    place,
    error.issues.map((issue) => `${issue.path.join(".") || "(all)"}: ${issue.message}`),
  );
}
