import type { Address, PublicClient } from "viem";
import type { ProtocolContract } from "../../../components/protocol/contracts.ts";
import type { BeaconReader } from "../beacon/reader.ts";
import type { RegistryIndex } from "./registry.ts";

/** Addresses of a deployment, and of the beacon chain's deposit contract. */
export type Contracts = Readonly<Record<ProtocolContract | "DepositContract", Address>>;

/** What the keeper reads from: both layers' nodes, and where the protocol is on them. */
export interface Protocol {
  readonly client: PublicClient;
  readonly beacon: BeaconReader;
  readonly contracts: Contracts;
  /** First block of the deployment, or one before it. */
  readonly fromBlock: bigint;
  readonly registry: RegistryIndex;
}
