import type { ConsensusClient, ExecutionClient, ValidatorClient } from "../spec.ts";
import { besu } from "./besu.ts";
import { erigon } from "./erigon.ts";
import { geth } from "./geth.ts";
import { lighthouse, lighthouseValidator } from "./lighthouse.ts";
import { lodestar, lodestarValidator } from "./lodestar.ts";
import { nethermind } from "./nethermind.ts";
import { nimbus, nimbusValidator } from "./nimbus.ts";
import { prysm, prysmValidator } from "./prysm.ts";
import { reth } from "./reth.ts";
import { teku, tekuValidator } from "./teku.ts";
import type { ConsensusDefinition, ExecutionDefinition, ValidatorDefinition } from "./types.ts";

/** Execution clients by name. */
export const EXECUTION: Readonly<Record<ExecutionClient, ExecutionDefinition>> = {
  besu,
  geth,
  nethermind,
  reth,
  erigon,
};

/** Beacon nodes by name. */
export const CONSENSUS: Readonly<Record<ConsensusClient, ConsensusDefinition>> = {
  lighthouse,
  prysm,
  teku,
  nimbus,
  lodestar,
};

/** Validator clients by name. */
export const VALIDATOR: Readonly<Record<ValidatorClient, ValidatorDefinition>> = {
  lighthouse: lighthouseValidator,
  prysm: prysmValidator,
  teku: tekuValidator,
  nimbus: nimbusValidator,
  lodestar: lodestarValidator,
};
