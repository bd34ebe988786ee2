import { CONSENSUS, EXECUTION, VALIDATOR } from "./catalogue/index.ts";
import { followsFork, FORKS } from "./forks.ts";
import { tagOf, type ForkClient } from "./images.ts";
import type { BundleSpec, ImageOverride, MetricsTarget } from "./spec.ts";

/** Whether a client of a node follows a fork of its network. */
export interface ClientFork {
  readonly job: MetricsTarget["job"];
  readonly client: string;
  readonly role: MetricsTarget["role"];
  /** The consensus layer's name, which beacon nodes have in their configurations. */
  readonly fork: string;
  readonly follows: boolean;
}

/** Names of the consensus layer's upgrades, by those of both layers together. */
const CONSENSUS_NAMES: Readonly<Record<string, string>> = { Fusaka: "fulu", Glamsterdam: "gloas" };

/**
 * What a node's tags say about each fork of the calendar, past ones included: it does not depend on the day, so that a plan stays as it is.
 */
export function clientForks(spec: BundleSpec): ClientFork[] {
  const { execution, consensus, validator, mevBoost } = spec;
  const roleOf = (index: number): MetricsTarget["role"] => (index === 0 ? "primary" : "standby");
  const one = (
    job: MetricsTarget["job"],
    client: string,
    role: MetricsTarget["role"],
    image: ForkClient,
    override: ImageOverride | undefined,
  ) => ({ job, client, role, image, tag: tagOf(image, override) });
  const clients = [
    ...execution.map(({ client, image }, index) =>
      one("execution", client, roleOf(index), EXECUTION[client].image, image),
    ),
    ...consensus.map(({ client, image }, index) =>
      one("consensus", client, roleOf(index), CONSENSUS[client].image, image),
    ),
    ...(validator
      ? [one("validator", validator.client, "primary", VALIDATOR[validator.client].image, validator.image)]
      : []),
    ...(validator?.signer.kind === "web3signer"
      ? [one("web3signer", "web3signer", "primary", "web3signer", validator.signer.image)]
      : []),
    ...(mevBoost ? [one("mev-boost", "mev-boost", "primary", "mev-boost", mevBoost.image)] : []),
  ];
  return FORKS.filter(({ network }) => network === spec.network).flatMap((fork) =>
    clients.map(({ image, tag, ...labels }) => ({
      ...labels,
      fork: CONSENSUS_NAMES[fork.name] ?? fork.name.toLowerCase(),
      follows: followsFork(tag, image, fork),
    })),
  );
}
