import type { HostNeed } from "../components/host/faults.ts";
import { CONSENSUS, EXECUTION, VALIDATOR } from "../components/validator-node/bundle/catalogue/index.ts";
import { mevBoost as mevBoostImage } from "../components/validator-node/bundle/catalogue/mev-boost.ts";
import { postgres, web3signer } from "../components/validator-node/bundle/catalogue/web3signer.ts";
import type { BundleSpec, ExecutionClient, PublicNetwork } from "../components/validator-node/bundle/spec.ts";

/** Gibibytes of an execution client's database on mainnet since the merge, with room for a year's growth (about a tenth). */
const EXECUTION_DISK_GIB: Readonly<Record<ExecutionClient, number>> = {
  besu: 930,
  geth: 910,
  nethermind: 810,
  reth: 1_100,
  erigon: 1_100,
};
/** The same of a consensus client. */
const CONSENSUS_DISK_GIB = 200;
/** How much of mainnet's the databases of test networks are: a rule of thumb, on the safe side. */
const DISK_SHARE: Readonly<Record<PublicNetwork, number>> = { mainnet: 1, sepolia: 0.7, hoodi: 0.3 };
/** What else a machine keeps on its volume: images of the next version, logs, PostgreSQL. */
const SPARE_DISK_GIB = 50;
/** Random reads and writes a second with which clients keep up: mainnet's blocks are fuller. */
const IOPS: Readonly<Record<PublicNetwork, number>> = { mainnet: 7_000, sepolia: 3_000, hoodi: 3_000 };
/** The system itself and Docker. */
const SYSTEM_MIB = 1_024;

/**
 * What the nodes of one host need together: their containers' memory limits, their databases, and room.
 * @param otherMiB memory of what else is on it
 * @param otherGiB disk of what else is on it
 */
export function needsOf(nodes: readonly BundleSpec[], otherMiB = 0, otherGiB = 0): HostNeed {
  const network = nodes[0]?.network ?? "hoodi";
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const memoryMiB = nodes.map(({ execution, consensus, validator, mevBoost }) =>
    sum([
      ...execution.map(({ client, memoryMiB: set }) => set ?? EXECUTION[client].memoryMiB[network]),
      ...consensus.map(({ client, memoryMiB: set }) => set ?? CONSENSUS[client].memoryMiB[network]),
      ...(validator ? [validator.memoryMiB ?? VALIDATOR[validator.client].memoryMiB[network]] : []),
      ...(validator?.signer.kind === "web3signer"
        ? [validator.signer.memoryMiB ?? web3signer.memoryMiB[network], postgres.memoryMiB[network]]
        : []),
      ...(mevBoost ? [mevBoost.memoryMiB ?? mevBoostImage.memoryMiB[network]] : []),
    ]),
  );
  const disk = nodes.map(({ execution, consensus }) =>
    sum([...execution.map(({ client }) => EXECUTION_DISK_GIB[client]), consensus.length * CONSENSUS_DISK_GIB]),
  );
  return {
    memoryGiB: Math.ceil((sum(memoryMiB) + otherMiB + SYSTEM_MIB) / 1_024),
    diskGiB: Math.ceil(sum(disk) * DISK_SHARE[network]) + SPARE_DISK_GIB + Math.ceil(otherGiB),
    iops: IOPS[network],
    validatorNodes: nodes.filter(({ validator }) => validator !== undefined).length,
  };
}
