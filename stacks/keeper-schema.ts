import { z } from "zod";
import { KEEPER_MEMORY_MIB, KEEPER_PORT } from "../components/keeper/spec.ts";
import { UPTIME_QUERY } from "../monitoring/witness.ts";
import { keeperSchema } from "../services/keeper/runtime/settings.ts";
import { flag, name, port, text, whole } from "./fields.ts";

/** Roles that a keeper can act in beside its member's vote: those of services/keeper/runtime/settings.ts. */
export const KEEPER_ROLES = ["depositor", "operatorManager", "exits"] as const;
export type HeldRole = (typeof KEEPER_ROLES)[number];

const { deposits, exits, perValidatorLimit } = keeperSchema.shape;
const witness = keeperSchema.shape.prometheus.unwrap().shape;

/** A keeper of a public network: a container beside a node, which votes with an oracle member's account. */
export const publicKeeperSchema = z.strictObject({
  name,
  /** Name of the host that it runs on. */
  host: name,
  /** Node of that host whose execution client and beacon node it asks. */
  node: name,
  /** Name of its member's account. */
  account: name,
  /** What else it does: with the account that holds the role. */
  roles: z
    .array(z.enum(KEEPER_ROLES, { error: `must be one of: ${KEEPER_ROLES.join(", ")}` }), {
      error: "must be a list of roles",
    })
    .default([]),
  /** Block of the protocol's deployment, or one before it: events are read from there on. */
  fromBlock: whole(0, Number.MAX_SAFE_INTEGER, "a block's number: the deployment's, or one before it"),
  /** Of its metrics and health, on loopback. */
  port: port.default(KEEPER_PORT),
  deposits: deposits.optional(),
  exits: exits.optional(),
  /** A Prometheus that has to confirm breaches: without a URL the stack's own. */
  prometheus: z
    .strictObject({
      url: witness.url.optional(),
      query: witness.query.default(UPTIME_QUERY),
      tolerance: witness.tolerance,
    })
    .optional(),
  /** Above so many validators there are no metrics for each. */
  perValidatorLimit: perValidatorLimit.optional(),
  /** Only says what it would do. */
  dryRun: flag.default(false),
  image: z
    .strictObject({
      tag: text("a tag").optional(),
      digest: z
        .string({ error: "must be a digest, sha256:…" })
        .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits")
        .optional(),
    })
    .optional(),
  memoryMiB: whole(256, 1_048_576, "a number of mebibytes").default(KEEPER_MEMORY_MIB),
});

export type PublicKeeperSettings = z.infer<typeof publicKeeperSchema>;
