import { z } from "zod";
import { CONSENSUS_CLIENTS, EXECUTION_CLIENTS, VALIDATOR_CLIENTS } from "../components/validator-node/bundle/spec.ts";
import { gatewaySchema } from "./gateway-schema.ts";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { publicKeeperSchema } from "./keeper-schema.ts";
import { monitoringSchema, monitoringSecretsSchema } from "./monitoring-schema.ts";
import { address, cidr, ether, flag, name, port, secretSource, text, whole } from "./fields.ts";
import { protocolSchema } from "./schema.ts";

/** Days and hours of public networks, in seconds. */
const DAY = 86_400;

const clientOf = <const Clients extends readonly [string, ...string[]]>(clients: Clients) =>
  z.enum(clients, { error: `must be one of: ${clients.join(", ")}` });

/** Settings of any client. */
const container = {
  image: z
    .strictObject({
      tag: text("a tag").optional(),
      digest: z
        .string({ error: "must be a digest, sha256:…" })
        .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits")
        .optional(),
    })
    .optional(),
  memoryMiB: whole(256, 1_048_576, "a number of mebibytes").optional(),
  extraArgs: z.array(text("an argument"), { error: "must be a list of arguments" }).optional(),
};

/** Where a machine is and how large. */
const target = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("aws"),
      region: text("a region, e.g. eu-central-1"),
      availabilityZone: text("an availability zone, e.g. eu-central-1a"),
      instanceType: text("an instance type, e.g. r7i.2xlarge"),
    }),
    z.strictObject({
      kind: z.literal("hetzner"),
      location: text("a location, e.g. fsn1"),
      serverType: text("a server type, e.g. ccx43"),
      termsAcknowledged: flag.default(false),
    }),
    z.strictObject({
      kind: z.literal("digitalocean"),
      region: text("a region, e.g. fra1"),
      size: text("a droplet size, e.g. so1_5-8vcpu-64gb"),
    }),
    z.strictObject({
      kind: z.literal("ssh"),
      address: text("a name or an address"),
      port: whole(1, 65_535, "a port number").default(22),
      user: text("a user").default("ethstake"),
      hostKey: text("the machine's public host key, ssh-ed25519 AAAA…"),
      /** File with the private key that logs in, mode 0600. */
      privateKeyFile: secretSource("the path of a private key"),
    }),
    z.strictObject({
      kind: z.literal("local"),
      /** Where its nodes keep their files; /var/lib/ethstake when absent. */
      directory: z
        .string({ error: "must be a folder" })
        .regex(/^\/[A-Za-z0-9._/-]+$/, "must be an absolute path")
        .optional(),
    }),
  ],
  { error: "must have a kind: aws, hetzner, digitalocean, ssh or local" },
);

/** A machine. */
export const hostSchema = z.strictObject({
  name,
  target,
  dataVolume: z
    .strictObject({
      sizeGiB: whole(10, 65_536, "a number of gibibytes"),
      iops: whole(100, 256_000, "a number of operations a second").optional(),
      throughputMBps: whole(100, 4_000, "a number of megabytes a second").optional(),
      /** Name of the schedule that backs it up. */
      backup: name.optional(),
    })
    .default({ sizeGiB: 2_000, iops: 8_000, throughputMBps: 700 }),
  sshAllow: z.array(cidr, { error: "must be a list of CIDR blocks" }).default([]),
  /** Memory of a size that the table does not know, in gibibytes. */
  memoryGiB: whole(1, 24_576, "a number of gibibytes").optional(),
  allowUndersized: flag.default(false),
  /** Another number makes the server anew, with the same volume and address. */
  generation: whole(1, 1_000_000, "a number").optional(),
  /** Whether server and volume are protected; by default a host with validators is. */
  protected: flag.optional(),
});

/** A node on a machine. */
export const publicNodeSchema = z.strictObject({
  name,
  host: name,
  /** The primary first, then a standby. */
  execution: z
    .array(
      z.strictObject({
        client: clientOf(EXECUTION_CLIENTS),
        p2pPort: port.optional(),
        ...container,
      }),
      { error: "must be a list of { client }, the primary first" },
    )
    .min(1, "must name at least one execution client")
    .max(2, "must name a primary and at most one standby")
    .default([{ client: "besu" }]),
  consensus: z
    .array(
      z.strictObject({
        client: clientOf(CONSENSUS_CLIENTS),
        p2pPort: port.optional(),
        quicPort: port.optional(),
        ...container,
      }),
      { error: "must be a list of { client }, the primary first" },
    )
    .min(1, "must name at least one consensus client")
    .max(2, "must name a primary and at most one standby")
    .default([{ client: "lighthouse" }]),
  checkpointSyncUrl: text("a URL").optional(),
  validator: z
    .strictObject({
      client: clientOf(VALIDATOR_CLIENTS).default("lighthouse"),
      signer: z.enum(["web3signer", "local"], { error: "must be web3signer or local" }).default("web3signer"),
      /** Web3Signer's own image and memory. */
      web3signer: z.strictObject({ image: container.image, memoryMiB: container.memoryMiB }).optional(),
      publicKeys: z
        .array(
          z
            .string({ error: "must be a public key, 0x and 96 hex digits" })
            .regex(/^0x[0-9a-fA-F]{96}$/, "must be a public key, 0x and 96 hex digits"),
          { error: "must be a list of public keys" },
        )
        .default([]),
      fallbackBeaconApis: z.array(text("a URL"), { error: "must be a list of URLs" }).default([]),
      doppelgangerProtection: flag.default(true),
      graffiti: z.string({ error: "must be a text" }).default(""),
      /** The network's gas limit that proposals ask for (EIP-7783 talks of its growth). */
      gasLimit: whole(30_000_000, 1_000_000_000, "an amount of gas").default(60_000_000),
      ...container,
    })
    .optional(),
  mevBoost: z
    .strictObject({
      relays: z
        .array(text("a relay, https://0xPUBKEY@host"), { error: "must be a list of relays" })
        .min(1, "must name at least one relay"),
      minBid: ether.default("0.05"),
      ...container,
    })
    .optional(),
  /** First of the loopback ports of its APIs and metrics; nodes of one host need their own. */
  basePort: whole(1_024, 60_000, "a port number").optional(),
});

/** An account: its address, and how it signs. */
export const accountSchema = z
  .strictObject({
    address,
    /** File with its private key, mode 0600. */
    keyFile: secretSource("the path of a key file").optional(),
    /** JSON-RPC signer that holds its key: Clef with a hardware wallet, Web3Signer in eth1 mode. */
    signerUrl: z.url({ protocol: /^https?$/, error: "must be the URL of a signer" }).optional(),
  })
  .refine(
    ({ keyFile, signerUrl }) => (keyFile === undefined) !== (signerUrl === undefined),
    "must have either a keyFile or a signerUrl",
  );

/** The protocol's parameters, with what public networks ask for. */
export const publicProtocolSchema = protocolSchema.extend({
  stakeCap: ether.default("30000"),
  attestCredentials: flag.default(false),
  epochsPerFrame: whole(225, 450, "a number of epochs, a day or two").default(225),
  minEpochsPerFrame: whole(225, 450, "a number of epochs, a day or two").default(225),
  minAppealSeconds: whole(60, DAY, "a number of seconds").default(DAY),
  windowEpochs: whole(6_750, 6_750, "6750 epochs: 30 days").default(6_750),
  governance: z
    .strictObject({
      upgradeDelaySeconds: whole(0, 30 * DAY, "a number of seconds, up to 30 days").default(7 * DAY),
      operationsDelaySeconds: whole(0, 2 * DAY, "a number of seconds, up to 2 days").default(DAY),
    })
    .prefault({}),
});

/** A stack that deploys the protocol: its parameters, and who is who. */
const deployedProtocol = publicProtocolSchema.extend({
  /** Execution client through which contracts are deployed and read. */
  rpcUrl: text("the URL of an execution client"),
  /** Account by name; `deployer` deploys. */
  accounts: z.record(name, accountSchema, {
    error: "must be accounts by name, each { address, keyFile } or { address, signerUrl }",
  }),
  /** Names of the accounts that hold the roles. */
  roles: z.record(z.string(), name, { error: "must be names of accounts by role" }).default({}),
  committees: z.strictObject({
    oracle: z.array(address, { error: "must be a list of addresses" }).min(3, "must have at least 3 members"),
    reviewers: z.array(address, { error: "must be a list of addresses" }).min(3, "must have at least 3 members"),
    guardians: z.array(address, { error: "must be a list of addresses" }).min(3, "must have at least 3 members"),
  }),
  treasury: address,
});

/** A protocol that somebody else has deployed: where fees and withdrawals of its validators go. */
const existingProtocol = z.strictObject({
  executionRewardsVault: address,
  withdrawalVault: address,
  /** With operators: where their keys are registered, and through which execution client. */
  operatorRegistry: address.optional(),
  stakingPool: address.optional(),
  rpcUrl: text("the URL of an execution client").optional(),
  /** With keepers: where all of it is, as the deploying stack's output `contracts` says. */
  contracts: z
    .partialRecord(z.enum([...PROTOCOL_CONTRACTS, "DepositContract"]), address, {
      error: "must be addresses by contract",
    })
    .optional(),
  /** Whether its new validators have 0x02 credentials. */
  compounding: flag.default(false),
  /** Account by name: the operators' managers, the keepers' members. */
  accounts: z
    .record(name, accountSchema, {
      error: "must be accounts by name, each { address, keyFile } or { address, signerUrl }",
    })
    .default({}),
});

/** An operator of the protocol, whose keys this stack makes, loads and registers. */
export const publicOperatorSchema = z.strictObject({
  name,
  /** Name of the account that registers it, posts its bond and submits its keys. */
  manager: name,
  /** Ether that it posts. */
  bond: ether,
  keys: z
    .array(
      z.strictObject({
        node: name,
        count: whole(1, 10_000, "a number of keys"),
        /** Where these keys' proposals differ from their node's. */
        gasLimit: whole(30_000_000, 1_000_000_000, "an amount of gas").optional(),
        graffiti: z.string({ error: "must be a text" }).optional(),
      }),
      { error: "must be a list of { node, count }" },
    )
    .min(1, "must have at least one range of keys"),
  /** Folder with the file `mnemonic`, mode 0600, and the keystores; `keys/STACK/NAME` when absent. */
  keyDirectory: text("a folder").optional(),
  /** Where the mnemonic is; the file `mnemonic` in that folder when absent. */
  mnemonicFile: secretSource("the path of a mnemonic").optional(),
  /** Makes the mnemonic from fresh entropy when there is none: write it down before ether is behind it. */
  generateMnemonic: flag.default(false),
});

/** What a mainnet stack has to say in its settings. */
export const MAINNET_CONFIRMATION = "real ether is at stake and I have read docs/RUNBOOK.md";

/** A stack of a public network (`ethstake:*` in Pulumi.STACK.yaml). */
export const publicSettingsSchema = z.strictObject({
  network: z.enum(["mainnet", "sepolia", "hoodi"], { error: "must be devnet, sepolia, hoodi or mainnet" }),
  hosts: z.array(hostSchema, { error: "must be a list of hosts" }).min(1, "must have at least one host"),
  nodes: z.array(publicNodeSchema, { error: "must be a list of nodes" }).min(1, "must have at least one node"),
  fleet: z
    .strictObject({
      /** Most of the hosts with validators, from 0 to 1, at one provider or in one region. */
      maxProviderShare: z.number({ error: "must be a share from 0 to 1" }).min(0).max(1).default(0.5),
      maxRegionShare: z.number({ error: "must be a share from 0 to 1" }).min(0).max(1).default(0.5),
    })
    .prefault({}),
  /** Forks that no version in the catalogue is known to follow yet, and that the operator has looked after. */
  acknowledgedForks: z.array(text("a fork's name"), { error: "must be a list of forks" }).default([]),
  protocol: deployedProtocol.optional(),
  deployment: existingProtocol.optional(),
  operators: z.array(publicOperatorSchema, { error: "must be a list of operators" }).default([]),
  /** The way in from outside; none by default. */
  gateway: gatewaySchema.optional(),
  /** Members of the oracle at work; none by default. */
  keepers: z.array(publicKeeperSchema, { error: "must be a list of keepers" }).default([]),
  /** What watches the hosts and whom it tells; nothing by default. */
  monitoring: monitoringSchema.optional(),
  /** Credentials of monitoring that the stack file encrypts. */
  monitoringSecrets: monitoringSecretsSchema.optional(),
  /** Mainnet only. */
  confirmation: z.string({ error: "must be a text" }).optional(),
});

export type PublicSettings = z.infer<typeof publicSettingsSchema>;
export type HostSettings = z.infer<typeof hostSchema>;
export type PublicNodeSettings = z.infer<typeof publicNodeSchema>;
export type AccountSettings = z.infer<typeof accountSchema>;
export type ExistingProtocolSettings = z.infer<typeof existingProtocol>;
export type PublicOperatorSettings = z.infer<typeof publicOperatorSchema>;
export type DeployedProtocolSettings = z.infer<typeof deployedProtocol>;
