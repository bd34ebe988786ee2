import { existsSync } from "node:fs";
import { output, runtime, secret, type Input, type Output, type Resource } from "@pulumi/pulumi";
import type { Host } from "../components/host/index.ts";
import { DATA_DIRECTORY } from "../components/host/spec.ts";
import {
  HostKeeper,
  KeeperKeyError,
  privateKeyOf,
  type KeeperAccount,
  type KeeperRole,
  type KeeperSpec,
} from "../components/keeper/index.ts";
import type { Protocol } from "../components/protocol/index.ts";
import { projectPath } from "../lib/paths.ts";
import { WITNESS_NETWORK } from "../monitoring/compose.ts";
import { WITNESS_URL } from "../monitoring/witness.ts";
import { readSecret, vaultReference } from "../lib/secret-source.ts";
import type { PublicKeeperSettings } from "./keeper-schema.ts";
import { NETWORKS } from "./networks.ts";
import { HOST_UID } from "./places.ts";
import { PUBLIC_ROLES } from "./public-accounts.ts";
import type { AccountSettings, PublicSettings } from "./public-schema.ts";

/** Stands for a private key in a plan on a machine that does not have it: well-formed, and no account's. */
const NO_KEY = `0x${"00".repeat(32)}`;

/** What keepers' accounts are looked up in. */
type AccountBook = Pick<PublicSettings, "protocol" | "deployment">;

/** The accounts that a keeper signs with, by role, as the settings name them. */
export function accountNames(
  { account, roles }: Pick<PublicKeeperSettings, "account" | "roles">,
  { protocol }: AccountBook,
): ReadonlyMap<KeeperRole, string> {
  const holders = { ...PUBLIC_ROLES, ...protocol?.roles };
  return new Map<KeeperRole, string>([["member", account], ...roles.map((role) => [role, holders[role]] as const)]);
}

/** Accounts by name: of the protocol that this stack deploys, or of the one that it works for. */
export function keeperAccounts({ protocol, deployment }: AccountBook): Readonly<Record<string, AccountSettings>> {
  return protocol?.accounts ?? deployment?.accounts ?? {};
}

/** Whether a keeper asks the stack's own Prometheus, and no other. */
export function asksOwnPrometheus({ prometheus }: Pick<PublicKeeperSettings, "prometheus">): boolean {
  return prometheus !== undefined && prometheus.url === undefined;
}

/**
 * A keeper as its bundle is rendered from.
 * @throws TypeError for an account that is not there: the settings' checks have seen to it
 */
export function keeperSpec(
  settings: PublicKeeperSettings,
  { network, hosts, ...book }: Pick<PublicSettings, "network" | "hosts"> & AccountBook,
): KeeperSpec {
  const known = keeperAccounts(book);
  const account = (name: string): KeeperAccount => {
    const found = known[name];
    if (!found) throw new TypeError(`the settings have no account ${name}`);
    const { address, signerUrl } = found;
    return { name, address, ...(signerUrl === undefined ? {} : { signerUrl }) };
  };
  const names = accountNames(settings, book);
  const target = hosts.find(({ name }) => name === settings.host)?.target;
  const data = (target?.kind === "local" ? target.directory : undefined) ?? DATA_DIRECTORY;
  const { deposits, exits, prometheus, perValidatorLimit, image } = settings;
  return {
    name: settings.name,
    node: settings.node,
    chainId: NETWORKS[network].chainId,
    accounts: {
      ...Object.fromEntries([...names].map(([role, name]) => [role, account(name)])),
      member: account(settings.account),
    },
    fromBlock: settings.fromBlock,
    options: {
      settled: "finalized",
      ...(deposits ? { deposits } : {}),
      ...(exits ? { exits } : {}),
      ...(prometheus ? { prometheus: { ...prometheus, url: prometheus.url ?? WITNESS_URL } } : {}),
      ...(perValidatorLimit === undefined ? {} : { perValidatorLimit }),
    },
    ...(asksOwnPrometheus(settings) ? { networks: [WITNESS_NETWORK] } : {}),
    dryRun: settings.dryRun,
    port: settings.port,
    directory: `${data}/keepers/${settings.name}`,
    uid: HOST_UID,
    gid: HOST_UID,
    memoryMiB: settings.memoryMiB,
    ...(image
      ? {
          image: {
            ...(image.tag === undefined ? {} : { tag: image.tag }),
            ...(image.digest === undefined ? {} : { digest: image.digest }),
          },
        }
      : {}),
  };
}

/** Where keepers are, and what has to be there before them. */
export interface KeeperPlace {
  readonly host: Host;
  /** What the host is to what runs on it; another one is another place. */
  readonly identity: string;
  /** What makes its node's network. */
  readonly node: Resource;
  /** What makes the network of monitoring in which it asks, where it does. */
  readonly monitoring?: Resource | undefined;
}

/**
 * The keepers of a stack, each on its host.
 * @param protocol the one that this stack deploys; else the deployment's contracts are meant
 * @returns the stack's output on them
 */
export async function createKeepers(
  settings: PublicSettings,
  protocol: Protocol | undefined,
  placeOf: (keeper: PublicKeeperSettings) => KeeperPlace,
): Promise<{ readonly name: string; readonly target: Output<string>; readonly services: HostKeeper["services"] }[]> {
  const { depositContract } = NETWORKS[settings.network];
  const contracts: Input<Record<string, string>> = protocol
    ? output({ ...protocol.addresses, DepositContract: depositContract })
    : { ...settings.deployment?.contracts, DepositContract: depositContract };
  // All keys are read before any keeper is made.
  const planned = [];
  for (const keeper of settings.keepers) planned.push({ keeper, keys: await readKeys(keeper, settings) });
  return planned.map(({ keeper, keys }) => {
    const { host, identity, node, monitoring } = placeOf(keeper);
    const made = new HostKeeper(keeper.name, {
      keeper: keeperSpec(keeper, settings),
      contracts,
      privateKeys: keys,
      connection: host.connection,
      host: identity,
      machine: host.machine,
      ready: [...host.ready, node, ...(monitoring ? [monitoring] : []), ...(protocol?.wiring ?? [])],
    });
    return { name: keeper.name, target: made.target, services: made.services };
  });
}

/** The private keys that a keeper signs with, which are secrets from here on. @throws {@link KeeperKeyError} */
async function readKeys(
  keeper: PublicKeeperSettings,
  settings: PublicSettings,
): Promise<Output<Record<string, string>>> {
  const known = keeperAccounts(settings);
  const keys: [string, string][] = [];
  for (const name of new Set(accountNames(keeper, settings).values())) {
    const { address = "", keyFile } = known[name] ?? {};
    if (keyFile === undefined) continue;
    // A preview needs no credentials: a reviewer's machine and CI have none.
    const isAbsent = vaultReference(keyFile) ? !process.env["VAULT_ADDR"] : !existsSync(projectPath(keyFile));
    const read = async (): Promise<string> =>
      privateKeyOf(
        name,
        address,
        await readSecret(keyFile, (problem, cause) => new KeeperKeyError(name, `(${keyFile}) ${problem}`, cause)),
      );
    keys.push([name, runtime.isDryRun() && isAbsent ? NO_KEY : await read()]);
  }
  return secret(Object.fromEntries(keys));
}
