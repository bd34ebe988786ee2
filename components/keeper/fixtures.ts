/** A keeper that has no fault, for tests. */
import { PROTOCOL_CONTRACTS } from "../protocol/contracts.ts";
import type { KeeperFacts } from "./bundle.ts";
import { KEEPER_MEMORY_MIB, KEEPER_PORT, type KeeperSpec } from "./spec.ts";

/** The first keeper, which moves deposits too. */
export const KEEPER: KeeperSpec = {
  name: "keeper-1",
  node: "node-1",
  chainId: 560_048,
  accounts: {
    member: { name: "member-1", address: "0x5100000000000000000000000000000000000001" },
    depositor: { name: "depositor", address: "0x4444444444444444444444444444444444444444" },
    exits: {
      name: "leaver",
      address: "0x4545454545454545454545454545454545454545",
      signerUrl: "http://10.42.1.20:9000",
    },
  },
  fromBlock: 1_500_000,
  options: { settled: "finalized" },
  dryRun: false,
  port: KEEPER_PORT,
  directory: "/var/lib/ethstake/keepers/keeper-1",
  uid: 1_000,
  gid: 1_000,
  memoryMiB: KEEPER_MEMORY_MIB,
};

/** Where the protocol is, and what the keeper runs. */
export const KEEPER_FACTS: KeeperFacts = {
  contracts: Object.fromEntries(
    [...PROTOCOL_CONTRACTS, "DepositContract"].map((name, index) => [
      name,
      `0x${(index + 16).toString(16).repeat(20)}`,
    ]),
  ),
  program: "ab".repeat(32),
};
