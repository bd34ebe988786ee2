import { getAddress, isAddress, isHex, type Address, type Hex } from "viem";
import { z } from "zod";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { accountOf, type Network } from "../devnet/network.ts";
import { EthstakeError } from "../lib/errors.ts";
import { ADMIN_ACCOUNT, committees, roleHolders, TREASURY_ACCOUNT } from "../stacks/devnet-accounts.ts";
import { NETWORKS, verifiersOf } from "../stacks/networks.ts";
import { DEPLOYER_ACCOUNT, holdersOf } from "../stacks/public-accounts.ts";
import type { PublicSettings, Settings } from "../stacks/settings.ts";
import type { Deployment } from "./expected.ts";

type Timelocks = NonNullable<Network["timelocks"]>;

const addressSchema = z.custom<Address>((value) => typeof value === "string" && isAddress(value));

/** A stack has no protocol of its own to compare with. */
export class NoProtocolError extends EthstakeError<{ stack: string }> {
  readonly code = "NO_PROTOCOL";
  constructor(stack: string) {
    super(`Stack ${stack} deploys no protocol.`, { stack }, { remedy: "Verify the stack that deploys it." });
  }
}

/** What the settings and outputs of a devnet say. */
export function devnetDeployment(settings: Settings, network: Network): Deployment {
  const account = (name: string): Address => accountOf(network, name).address;
  return {
    addresses: network.contracts,
    ...timelocksOf(settings.protocol.governance, network.timelocks),
    admin: account(ADMIN_ACCOUNT),
    treasury: account(TREASURY_ACCOUNT),
    roles: roleHolders(account),
    committees: committees(account),
    time: {
      genesisTime: network.genesisTime,
      secondsPerSlot: network.secondsPerSlot,
      slotsPerEpoch: network.slotsPerEpoch,
    },
    parameters: settings.protocol,
    verifiers: settings.protocol.verifiers,
    withdrawalCredentials: network.withdrawalCredentials,
  };
}

/** Outputs of a public stack that name what is on the chain. */
const outputsSchema = z.object({
  contracts: z.record(z.enum([...PROTOCOL_CONTRACTS, "DepositContract"]), addressSchema),
  timelocks: z.object({ UpgradeTimelock: addressSchema, OperationsTimelock: addressSchema }).optional(),
  withdrawalCredentials: z.custom<Hex>((value) => typeof value === "string" && isHex(value)),
});

/**
 * What the settings and outputs of a public network's stack say.
 * @throws {@link NoProtocolError} when it deploys none, or has not deployed it yet
 */
export function publicDeployment(stack: string, settings: PublicSettings, outputs: unknown): Deployment {
  const { protocol, network } = settings;
  const parsed = outputsSchema.safeParse(outputs);
  if (!protocol || !parsed.success) throw new NoProtocolError(stack);
  const { contracts, timelocks, withdrawalCredentials } = parsed.data;
  const account = (name: string): Address => getAddress(protocol.accounts[name]?.address ?? "");
  const { oracle, reviewers, guardians } = protocol.committees;
  return {
    addresses: contracts,
    ...timelocksOf(protocol.governance, timelocks),
    admin: account(DEPLOYER_ACCOUNT),
    treasury: getAddress(protocol.treasury),
    roles: holdersOf(protocol.roles, account),
    committees: {
      oracle: oracle.map((member) => getAddress(member)),
      reviewers: reviewers.map((member) => getAddress(member)),
      guardians: guardians.map((member) => getAddress(member)),
    },
    time: NETWORKS[network],
    parameters: protocol,
    verifiers: verifiersOf(network, protocol.verifiers),
    withdrawalCredentials,
  };
}

interface Delays {
  readonly upgradeDelaySeconds: number;
  readonly operationsDelaySeconds: number;
}

function timelocksOf(governance: Delays | undefined, addresses: Timelocks | undefined): Pick<Deployment, "timelocks"> {
  if (!governance || !addresses) return {};
  return {
    timelocks: {
      UpgradeTimelock: { address: addresses.UpgradeTimelock, delaySeconds: governance.upgradeDelaySeconds },
      OperationsTimelock: { address: addresses.OperationsTimelock, delaySeconds: governance.operationsDelaySeconds },
    },
  };
}
