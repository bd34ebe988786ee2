import { createHash } from "node:crypto";
import { getAddress } from "viem";
import { PORTS } from "../validator-node/bundle/catalogue/types.ts";
import { hashServices, renderCompose, type Service } from "../validator-node/bundle/compose.ts";
import { imageReference } from "../validator-node/bundle/images.ts";
import type { BundleFile } from "../validator-node/bundle/spec.ts";
import { KeeperInvalidError } from "./errors.ts";
import { keeperFaults } from "./faults.ts";
import type { KeeperAccount, KeeperBundle, KeeperSpec } from "./spec.ts";

/** Inside the container. */
const PORT = 7_380;
const SETTINGS = "/etc/keeper/keeper.json";
const PROGRAM = "/opt/keeper/keeper.mjs";
const KEYS = "/run/secrets";
const DATA = "/data";

/** Where the program and the keys lie, relative to a keeper's folder. */
export const PROGRAM_FILE = "program/keeper.mjs";
export const KEYS_DIRECTORY = "secrets";

/** Of the container's memory, for what JavaScript keeps: the rest is Node's own, buffers and stacks. */
const HEAP_SHARE = 0.75;
/** A transaction that was sent is waited for, or found again by its journal at the next start. */
const GRACE_SECONDS = 30;

/** Docker network of a node's clients. Web3Signer is in another one. */
export function nodeNetwork(node: string): string {
  return `ethstake-${node}_default`;
}

function networksOf({ node, networks = [] }: KeeperSpec): readonly string[] {
  return [nodeNetwork(node), ...networks];
}

/** What a keeper's files follow from, beside its spec. */
export interface KeeperFacts {
  /** Addresses by name; the deposit contract's among them. */
  readonly contracts: Readonly<Record<string, string>>;
  /** SHA-256 of its program. */
  readonly program: string;
}

/**
 * What a keeper's host needs to run it, without its program and its keys. Pure: the same spec, the same bundle.
 * @throws {@link KeeperInvalidError}
 */
export function renderKeeper(spec: KeeperSpec, { contracts, program }: KeeperFacts): KeeperBundle {
  const faults = keeperFaults(spec);
  if (faults.length > 0) throw new KeeperInvalidError(spec.name, faults);
  const settings = renderSettings(spec, contracts);
  const files: readonly BundleFile[] = [{ path: "config/keeper.json", mode: "0440", content: settings }];
  const { uid, gid } = spec;
  const service = keeperService(spec, settings, program);
  const networks = networksOf(spec);
  return {
    directories: [
      { path: "data/accounts", mode: "0700" },
      { path: "data/cache", mode: "0700" },
      // Also where no key is brought: it is mounted.
      { path: KEYS_DIRECTORY, mode: "0700" },
    ],
    files: [
      {
        path: "compose.yaml",
        mode: "0640",
        content: renderCompose(`ethstake-${spec.name}`, [service], { uid, gid }, networks),
      },
      ...files,
    ],
    secrets: [],
    services: hashServices([service], files, { uid, gid }),
    target: keeperTarget(spec),
  };
}

/** Where a keeper's metrics are scraped: `address:port`. */
export function keeperTarget({ metricsAddress, port }: Pick<KeeperSpec, "metricsAddress" | "port">): string {
  return `${metricsAddress ?? "127.0.0.1"}:${port}`;
}

/** The accounts whose keys are brought to the host, each once. */
export function accountsWithKeys({ accounts }: Pick<KeeperSpec, "accounts">): KeeperAccount[] {
  const withKeys = Object.values(accounts).filter(({ signerUrl }) => signerUrl === undefined);
  return [...new Map(withKeys.map((account) => [account.name, account])).values()];
}

/** Its settings (services/keeper/runtime/settings.ts). No secret is in them. */
function renderSettings(spec: KeeperSpec, contracts: Readonly<Record<string, string>>): string {
  const { name, chainId, fromBlock, options, dryRun, accounts } = spec;
  const sender = ({ name: account, address, signerUrl }: KeeperAccount): Record<string, string> =>
    signerUrl === undefined ? { keyFile: `${KEYS}/${account}.key` } : { signerUrl, address };
  const settings = {
    name,
    chainId,
    executionRpc: `http://execution:${PORTS.executionRpc}`,
    beaconApi: `http://consensus:${PORTS.beaconApi}`,
    contracts: Object.fromEntries(Object.entries(contracts).sort(([left], [right]) => (left < right ? -1 : 1))),
    fromBlock,
    accounts: Object.fromEntries(Object.entries(accounts).map(([role, account]) => [role, sender(account)])),
    ...options,
    settled: options.settled ?? "finalized",
    listen: { address: "0.0.0.0", port: PORT },
    cacheDirectory: `${DATA}/cache`,
    accountsDirectory: `${DATA}/accounts`,
    dryRun,
  };
  return `${JSON.stringify(settings, undefined, 2)}\n`;
}

function keeperService(spec: KeeperSpec, settings: string, program: string): Service {
  const { accounts, image, memoryMiB } = spec;
  return {
    name: "keeper",
    image: imageReference("node", image),
    // Not the image's own entry point: it is a script that a shell runs.
    entrypoint: ["node", `--max-old-space-size=${Math.floor(memoryMiB * HEAP_SHARE)}`, PROGRAM, "--settings", SETTINGS],
    environment: { HOME: "/tmp", NODE_ENV: "production", CONFIG_HASH: configHash(settings, program, accounts) },
    mounts: [
      { source: "config/keeper.json", target: SETTINGS, readOnly: true },
      { source: PROGRAM_FILE, target: PROGRAM, readOnly: true },
      // The folder, not the files: a file that takes another's place is seen.
      { source: KEYS_DIRECTORY, target: KEYS, readOnly: true },
      { source: "data", target: DATA, readOnly: false },
    ],
    tmpfs: ["/tmp:mode=1777,size=16777216"],
    ports: [`${keeperTarget(spec)}:${PORT}/tcp`],
    // Its node's clients by name, and whom it is told to ask. Nothing else: Web3Signer shares a network with the validator client only.
    networks: networksOf(spec),
    dependsOn: {},
    healthCheck: [
      "CMD",
      "node",
      "--eval",
      `fetch("http://127.0.0.1:${PORT}/health").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`,
    ],
    readOnly: true,
    oneShot: false,
    stopSignal: "SIGTERM",
    stopGraceSeconds: GRACE_SECONDS,
    memoryMiB,
  };
}

/** Compose makes a container anew when its definition changes, and does not look into mounted files: this tells it. */
function configHash(settings: string, program: string, accounts: KeeperSpec["accounts"]): string {
  const addresses = Object.entries(accounts).map(([role, { address }]) => [role, getAddress(address)]);
  return createHash("sha256")
    .update(JSON.stringify([settings, program, addresses]))
    .digest("hex");
}
