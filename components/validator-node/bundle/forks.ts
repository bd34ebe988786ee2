import { IMAGES, type ForkClient } from "./images.ts";
import type { PublicNetwork } from "./spec.ts";

/** A network upgrade. */
export interface Fork {
  readonly name: string;
  readonly network: PublicNetwork;
  /** Unix seconds. */
  readonly time: number;
  /** Whether the date may still move. */
  readonly tentative: boolean;
  /** First version that follows the fork, by client; undefined while no pinned version does. */
  readonly supportedFrom: Readonly<Record<ForkClient, string>> | undefined;
}

/** Days before a fork from which a client that does not follow it is a fault. */
export const FORK_NOTICE_DAYS = 14;

const DAY = 86_400;

/**
 * Releases for Fusaka on mainnet: https://blog.ethereum.org/2025/11/06/fusaka-mainnet-announcement#client-releases; Web3Signer's from
 * its change log. Test networks forked with earlier ones, which is of no use any more.
 */
const FUSAKA_RELEASES: Readonly<Record<ForkClient, string>> = {
  besu: "25.11.0",
  geth: "1.16.7",
  nethermind: "1.35.2",
  reth: "1.9.1",
  erigon: "3.2.2",
  lighthouse: "8.0.0",
  prysm: "7.0.0",
  "prysm-validator": "7.0.0",
  teku: "25.11.0",
  nimbus: "25.11.0",
  "nimbus-validator": "25.11.0",
  lodestar: "1.36.0",
  "mev-boost": "1.10.0",
  web3signer: "25.11.0",
};

/**
 * The calendar. Fusaka's times are those of go-ethereum's params/config.go. Glamsterdam's on Sepolia is epoch 353024; on Hoodi the day is
 * tentative and counts from its first second; on mainnet there is no date yet. Glamsterdam brings in-protocol builders (EIP-7732),
 * which take mev-boost's place.
 */
export const FORKS: readonly Fork[] = [
  fork("Fusaka", "sepolia", "2025-10-14T07:36:00Z", FUSAKA_RELEASES),
  fork("Fusaka", "hoodi", "2025-10-28T18:53:12Z", FUSAKA_RELEASES),
  fork("Fusaka", "mainnet", "2025-12-03T21:49:11Z", FUSAKA_RELEASES),
  fork("Glamsterdam", "sepolia", "2026-10-06T13:53:36Z", undefined),
  { ...fork("Glamsterdam", "hoodi", "2026-10-27T00:00:00Z", undefined), tentative: true },
];

function fork(name: string, network: PublicNetwork, time: string, supportedFrom: Fork["supportedFrom"]): Fork {
  return { name, network, time: Date.parse(time) / 1000, tentative: false, supportedFrom };
}

/** A client's version, as far as it can be told. */
export type Version = readonly [number, number, number];

/**
 * The version in an image's tag: `v1.17.5`, `26.8.0`, `multiarch-v26.7.0`, `v8.2.2-modern`. Undefined for a tag that is none, such as
 * `latest`. Whether it is a pre-release is not looked at: who runs one has read its notes.
 */
export function versionOf(tag: string): Version | undefined {
  const match = /^(?:multiarch-|amd64-|arm64-)?v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+][0-9A-Za-z.-]+)?$/.exec(tag);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined;
}

/** Negative when the first is older. */
export function compareVersions(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

/** A client of a node, with the tag that it runs. */
export interface RunningClient {
  /** Where the settings name it. */
  readonly path: string;
  readonly client: ForkClient;
  readonly tag: string;
}

export interface ForkFault {
  readonly path: string;
  readonly value: string;
  readonly message: string;
}

/**
 * Faults of clients that do not follow a fork of their network which has passed or comes within {@link FORK_NOTICE_DAYS} days, and of
 * tags that are no version. A client with several forks against it has one fault, about the latest. Where no pinned version follows a
 * fork, a newer tag in the settings is the operator's word that it does.
 * @param now Unix seconds
 * @param acknowledged forks that no pinned version is known to follow, and that the operator has looked after
 */
export function forkFaults(
  network: PublicNetwork,
  clients: readonly RunningClient[],
  now: number,
  acknowledged: readonly string[] = [],
): ForkFault[] {
  const due = FORKS.filter(
    ({ name, supportedFrom, ...entry }) =>
      entry.network === network &&
      entry.time - FORK_NOTICE_DAYS * DAY <= now &&
      (supportedFrom !== undefined || !acknowledged.includes(name)),
  );
  return clients.flatMap(({ path, client, tag }): ForkFault[] => {
    const version = versionOf(tag);
    if (version === undefined)
      return [{ path, value: tag, message: `is not a version: set the tag of a release, e.g. ${IMAGES[client].tag}` }];
    const missed = due.filter((entry) => !follows(version, client, entry)).sort((a, b) => a.time - b.time);
    const latest = missed.at(-1);
    return latest === undefined ? [] : [{ path, value: tag, message: missedMessage(client, latest, now) }];
  });
}

function follows(version: Version, client: ForkClient, { supportedFrom }: Fork): boolean {
  const pinned = versionOf(IMAGES[client].tag);
  if (supportedFrom === undefined) return pinned !== undefined && compareVersions(version, pinned) > 0;
  const first = versionOf(supportedFrom[client]);
  return first !== undefined && compareVersions(version, first) >= 0;
}

/** Whether a tag is of a version that is known to follow a fork; one that is no version is not. */
export function followsFork(tag: string, client: ForkClient, fork: Fork): boolean {
  const version = versionOf(tag);
  return version !== undefined && follows(version, client, fork);
}

function missedMessage(
  client: ForkClient,
  { name, network, time, tentative, supportedFrom }: Fork,
  now: number,
): string {
  const when = new Date(time * 1000).toISOString().replace(".000", "");
  const what = `does not follow ${name}, which ${now < time ? "comes" : "came"} to ${network} at ${when}${tentative ? " (tentative)" : ""}`;
  return supportedFrom === undefined
    ? `${what}: set image.tag to a ${client} release for ${name}, newer than ${IMAGES[client].tag}, or say in acknowledgedForks that the pinned one follows`
    : `${what}: set image.tag to ${client} ${supportedFrom[client]} or newer`;
}
