import { isAddress, isAddressEqual } from "viem";
import { z } from "zod";
import { ownValidators, type Network } from "../devnet/network.ts";
import { KeymanagerClient } from "../provider/beacon/keymanager.ts";
import { NETWORKS, type NetworkFacts } from "../stacks/networks.ts";
import type { DeployedProtocolSettings } from "../stacks/public-schema.ts";
import type { PublicSettings, Settings } from "../stacks/settings.ts";
import { CheckFailure, type Check } from "./checks.ts";
import { get, getJson, isSuccess, MethodMissing, rpc, shownUrl } from "./probe.ts";
import { presentedKeys } from "./ssh-keys.ts";

/** A head older than this is no head on a public network: seconds. */
const MAX_HEAD_AGE = 600;
/** A checkpoint older than this makes a long and less safe sync: seconds, a day. */
const MAX_CHECKPOINT_AGE = 86_400;

const hex = z.string().regex(/^0x[0-9a-f]+$/i);
const genesisSchema = z.object({
  data: z.object({ genesis_time: z.coerce.number(), genesis_fork_version: z.string() }),
});
const headerSchema = z.object({
  data: z.object({ header: z.object({ message: z.object({ slot: z.coerce.number() }) }) }),
});
const checkpointsSchema = z.object({ data: z.object({ finalized: z.object({ epoch: z.coerce.number() }) }) });
const syncingSchema = z.object({ data: z.object({ head_slot: z.coerce.number(), is_syncing: z.boolean() }) });

/** What a check may be told about this machine and this time. */
export interface Surroundings {
  /** Unix seconds. */
  readonly now?: () => number;
  /** The program that asks for host keys. */
  readonly keyscan?: string;
  readonly networks?: typeof NETWORKS;
}

/** What the settings of a public stack count on: its execution client, checkpoints, relays, signers and machines. */
export function publicChecks(settings: PublicSettings, surroundings: Surroundings = {}): Check[] {
  const { now = () => Date.now() / 1_000, keyscan = "ssh-keyscan", networks = NETWORKS } = surroundings;
  const { network, nodes, hosts, protocol } = settings;
  const facts = networks[network];
  const checkpoints = unique(nodes.map(({ checkpointSyncUrl }) => checkpointSyncUrl ?? facts.checkpointSyncUrl));
  return [
    ...(protocol ? executionChecks(protocol.rpcUrl, network, facts.chainId, { now, maxAge: MAX_HEAD_AGE }) : []),
    ...checkpoints.flatMap((url) => checkpointChecks(url, network, facts, now)),
    ...unique(nodes.flatMap(({ mevBoost }) => mevBoost?.relays ?? [])).map(relayCheck),
    ...(protocol ? signerChecks(protocol) : []),
    ...hosts.flatMap(({ name, target }) =>
      target.kind === "ssh" ? [hostKeyCheck(name, target.address, target.port, target.hostKey, keyscan)] : [],
    ),
  ];
}

/** A devnet's execution client, beacon node and validator clients, where its stack's outputs say that they are. */
export function devnetChecks(settings: Settings, network: Network): Check[] {
  const { beaconApi } = network;
  const restart = "Look at `npm run devnet:status` and the client's log; start it again with `npm run devnet`.";
  const beacon = `beacon node ${shownUrl(beaconApi)}`;
  return [
    ...executionChecks(network.executionRpc, "the devnet", settings.devnet.chainId),
    {
      what: `${beacon} has the devnet's genesis`,
      fix: restart,
      read: async (signal) => {
        const { data } = await getJson(beaconApi, "/eth/v1/beacon/genesis", genesisSchema, signal);
        return same("genesis time", data.genesis_time, network.genesisTime);
      },
    },
    {
      what: `${beacon} is synced`,
      fix: restart,
      read: async (signal) => {
        const { data } = await getJson(beaconApi, "/eth/v1/node/syncing", syncingSchema, signal);
        if (data.is_syncing) throw new CheckFailure(`syncing, at slot ${data.head_slot}`);
        return `slot ${data.head_slot}`;
      },
    },
    ...network.nodes.map(({ name, keymanager }): Check => {
      const wanted = ownValidators(network).filter(({ node }) => node === name);
      return {
        what: `keymanager ${shownUrl(keymanager.url)} of ${name} has the node's keys`,
        fix: restart,
        read: async () => {
          const loaded = new Set(await new KeymanagerClient(keymanager).listKeystores());
          const found = wanted.filter(({ publicKey }) => loaded.has(publicKey.toLowerCase() as `0x${string}`)).length;
          const figure = `${found} of ${wanted.length} keys`;
          if (found < wanted.length) throw new CheckFailure(figure);
          return figure;
        },
      };
    }),
  ];
}

/** Whether an execution client is on the chain, and at its head. @param age where the head's age counts */
function executionChecks(
  url: string,
  network: string,
  chainId: number,
  age?: { readonly now: () => number; readonly maxAge: number },
): Check[] {
  const client = `execution client ${shownUrl(url)}`;
  return [
    {
      what: `${client} is on ${network}`,
      fix: `Set protocol.rpcUrl to an execution client of ${network}, or start the one that is meant.`,
      read: async (signal) => {
        const id = hex.safeParse(await rpc(url, "eth_chainId", [], signal));
        if (!id.data) throw new CheckFailure("answered eth_chainId with something else");
        return same("chain id", Number(id.data), chainId);
      },
    },
    {
      what: `${client} is synced`,
      fix: "Wait until it is, or set protocol.rpcUrl to a client that is.",
      read: async (signal) => {
        const syncing = await rpc(url, "eth_syncing", [], signal);
        const blockSchema = z.object({ number: hex, timestamp: hex });
        const block = blockSchema.safeParse(await rpc(url, "eth_getBlockByNumber", ["latest", false], signal));
        if (!block.data) throw new CheckFailure("has no blocks");
        const head = `block ${Number(block.data.number)}`;
        if (syncing !== false) throw new CheckFailure(`syncing, at ${head}`);
        if (!age) return head;
        const seconds = Math.max(0, Math.round(age.now() - Number(block.data.timestamp)));
        if (seconds > age.maxAge) throw new CheckFailure(`${head} is ${duration(seconds)} old`);
        return `${head}, ${duration(seconds)} old`;
      },
    },
  ];
}

function checkpointChecks(url: string, network: string, facts: NetworkFacts, now: () => number): Check[] {
  const source = `checkpoint source ${shownUrl(url)}`;
  const fix = `Set the node's checkpointSyncUrl to another source of ${network}.`;
  return [
    {
      what: `${source} is of ${network}`,
      fix,
      read: async (signal) => {
        const { data } = await getJson(url, "/eth/v1/beacon/genesis", genesisSchema, signal);
        const version = same("fork version", data.genesis_fork_version.toLowerCase(), facts.genesisForkVersion);
        return `${version}, ${same("genesis time", data.genesis_time, facts.genesisTime)}`;
      },
    },
    {
      what: `${source} has a finalised block`,
      fix,
      read: async (signal) => {
        const slot = await finalisedSlot(url, facts, signal);
        const seconds = Math.max(0, Math.round(now() - facts.genesisTime - slot * facts.secondsPerSlot));
        const figure = `slot ${slot}, ${duration(seconds)} old`;
        if (slot === 0 || seconds > MAX_CHECKPOINT_AGE) throw new CheckFailure(figure);
        return figure;
      },
    },
  ];
}

/** Beacon nodes have headers. Checkpointz, which many sources run, has checkpoints instead. */
async function finalisedSlot(url: string, facts: NetworkFacts, signal: AbortSignal): Promise<number> {
  const { status, text } = await get(url, "/eth/v1/beacon/headers/finalized", signal);
  if (isSuccess(status)) {
    const header = headerSchema.safeParse(safeJson(text));
    if (header.data) return header.data.data.header.message.slot;
  }
  const path = "/eth/v1/beacon/states/head/finality_checkpoints";
  const { data } = await getJson(url, path, checkpointsSchema, signal);
  return data.finalized.epoch * facts.slotsPerEpoch;
}

function relayCheck(relay: string): Check {
  return {
    what: `relay ${shownUrl(relay)} answers`,
    fix: "Remove it from mevBoost.relays, or wait until it is back: without relays a node builds its own blocks.",
    read: async (signal) => {
      const { status } = await get(relay, "/eth/v1/builder/status", signal);
      if (!isSuccess(status)) throw new CheckFailure(`HTTP ${status}`);
      return `HTTP ${status}`;
    },
  };
}

function signerChecks({ accounts }: DeployedProtocolSettings): Check[] {
  return Object.entries(accounts).flatMap(([name, { address, signerUrl }]): Check[] =>
    signerUrl === undefined
      ? []
      : [
          {
            what: `signer ${shownUrl(signerUrl)} knows account ${name}`,
            fix: `Start the signer, and load the key of ${address} into it.`,
            read: async (signal) => {
              const accounts = await listAccounts(signerUrl, signal);
              if (!accounts) return { skipped: "answers, but does not list its accounts" };
              const known = accounts.some((account) => isAddressEqual(account, address as `0x${string}`));
              if (!known) throw new CheckFailure(`${accounts.length} accounts, without ${address}`);
              return address;
            },
          },
        ],
  );
}

/** The accounts of a signer: Web3Signer's eth_accounts, Clef's account_list; undefined when it has neither but is up. */
async function listAccounts(url: string, signal: AbortSignal): Promise<`0x${string}`[] | undefined> {
  for (const method of ["eth_accounts", "account_list"]) {
    try {
      const listed = z.array(z.string()).safeParse(await rpc(url, method, [], signal));
      if (!listed.data) throw new CheckFailure(`answered ${method} with something else`);
      return listed.data.filter((account) => isAddress(account, { strict: false }));
    } catch (error) {
      if (!(error instanceof MethodMissing)) throw error;
    }
  }
  // A JSON-RPC server that knows neither method has answered: it is up.
  return undefined;
}

function hostKeyCheck(name: string, address: string, port: number, pinned: string, keyscan: string): Check {
  const [type = "", key = ""] = pinned.trim().split(/\s+/);
  return {
    what: `host ${name} (${address}:${port}) has the pinned key`,
    fix: "Find out on the machine's console which key is its own. Correct hostKey only when you know: another key may be another machine.",
    read: async (signal) => {
      const keys = await presentedKeys(address, port, keyscan, signal);
      if (!keys) return { skipped: `${keyscan} is not installed` };
      if (keys.length === 0) throw new CheckFailure("presents no key: it does not answer, or not with SSH");
      if (keys.some((found) => found.type === type && found.key === key)) return type;
      throw new CheckFailure(`presents other keys: ${keys.map((found) => found.fingerprint).join(", ")}`);
    },
  };
}

function same(what: string, found: string | number, wanted: string | number): string {
  if (found !== wanted) throw new CheckFailure(`${what} ${found}, not ${wanted}`);
  return `${what} ${found}`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A length of time in its two largest units at most: `3 h`, `42 s`. */
function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
