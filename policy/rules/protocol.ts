/** The protocol's wiring: where ether goes, and what the contracts may take. */
import { contents } from "../bundle.ts";
import {
  resourceRule,
  stackRule,
  UNKNOWN,
  type Finding,
  type Network,
  type PlannedResource,
  type Rule,
} from "../model.ts";
import { at, dependsOn, integer, ofTypes, sameHex } from "../values.ts";

const CONTRACT = "ethstake:index:Contract";
/** Basis points that either fee may be at most. */
const FEE_CAP_BPS = 1000n;
/** Chain ids and genesis fork versions of the public networks. */
const PUBLIC: Readonly<Partial<Record<Network, { readonly chainId: bigint; readonly forkVersion: string }>>> = {
  mainnet: { chainId: 1n, forkVersion: "0x00000000" },
  sepolia: { chainId: 11155111n, forkVersion: "0x90000069" },
  hoodi: { chainId: 560048n, forkVersion: "0x10000910" },
};
const FEE_RECIPIENT_FLAG =
  /--(?:suggested-fee-recipient|suggestedFeeRecipient|validators-proposer-default-fee-recipient)["',\s=]+(0x[0-9a-fA-F]{40})/g;

/** What a setting reads from its contract; undefined when it is not known. */
export function getterOf({ props }: PlannedResource): string | undefined {
  const signature = at(props, "read", "signature");
  return typeof signature === "string" ? /^function (\w+)\(/.exec(signature)?.[1] : undefined;
}

/** The address of a contract, where it is known. */
export function addressOf(contract: PlannedResource): string | undefined {
  const address = contract.props["address"];
  return typeof address === "string" ? address : undefined;
}

/** A contract of the stack, by its name. */
function contractNamed(resources: readonly PlannedResource[], name: string): PlannedResource | undefined {
  return ofTypes(resources, CONTRACT).find((contract) => contract.name === name);
}

/** Whether a property is a contract's address, or made of it. A literal beside a contract that has no address yet is not. */
function leadsTo(
  resource: PlannedResource,
  property: string,
  contract: PlannedResource,
  address: string | undefined,
): boolean {
  const known = addressOf(contract);
  if (known !== undefined && address !== undefined) return sameHex(known, address);
  return dependsOn(resource, property, contract);
}

/** Fee recipients on the command lines of a node's clients that are not the vault. */
function* clientRecipients(resource: PlannedResource, vault: PlannedResource): Generator<Finding> {
  const known = addressOf(vault);
  if (known === undefined) return;
  const seen = new Set<string>();
  for (const { property, text } of contents(resource)) {
    for (const [, address = ""] of text.matchAll(FEE_RECIPIENT_FLAG)) {
      if (sameHex(known, address) || seen.has(address)) continue;
      seen.add(address);
      yield { resource, property, value: address, fix: "Use the address of the protocol's ExecutionRewardsVault." };
    }
  }
}

export const PROTOCOL_RULES: readonly Rule[] = [
  stackRule({
    name: "fee-recipient-is-vault",
    description:
      "Validators of the protocol pay priority fees and MEV to its ExecutionRewardsVault, and to nobody else.",
    severity: "mandatory",
    *check(resources) {
      const vault = contractNamed(resources, "ExecutionRewardsVault");
      if (!vault) return;
      for (const resource of resources) {
        if (resource.type !== "ethstake:index:FeeRecipient") {
          // A devnet's genesis validators are nobody's: their node may pay whom it likes.
          if (resource.type.startsWith("command:")) yield* clientRecipients(resource, vault);
          continue;
        }
        const value = resource.props["feeRecipient"];
        if (value === UNKNOWN && !Object.hasOwn(resource.propertyDependencies, "feeRecipient")) continue;
        if (leadsTo(resource, "feeRecipient", vault, typeof value === "string" ? value : undefined)) continue;
        yield {
          resource,
          property: "feeRecipient",
          value: value === UNKNOWN ? "the output of another resource" : value,
          fix: "Use the address of the protocol's ExecutionRewardsVault.",
        };
      }
    },
  }),
  stackRule({
    name: "withdrawals-to-vault",
    description: "Deposits have 0x01 or 0x02 credentials of the protocol's WithdrawalVault: they can never be changed.",
    severity: "mandatory",
    *check(resources) {
      const vault = contractNamed(resources, "WithdrawalVault");
      for (const resource of ofTypes(resources, "ethstake:index:Deposit")) {
        const value = resource.props["withdrawalCredentials"];
        const property = "withdrawalCredentials";
        const known = typeof value === "string" ? /^0x0[12](?:00){11}([0-9a-fA-F]{40})$/.exec(value)?.[1] : undefined;
        if (value !== UNKNOWN && known === undefined) {
          yield { resource, property, value, fix: "Use 0x01 or 0x02, 11 zero bytes and the vault's address." };
          continue;
        }
        if (!vault || (value === UNKNOWN && !Object.hasOwn(resource.propertyDependencies, property))) continue;
        if (leadsTo(resource, property, vault, known === undefined ? undefined : `0x${known}`)) continue;
        yield {
          resource,
          property,
          value: value === UNKNOWN ? "the output of another resource" : value,
          fix: "Use the credentials of the protocol's WithdrawalVault.",
        };
      }
    },
  }),
  resourceRule({
    name: "fees-within-caps",
    description: "The protocol and the operators each take at most 10 % of rewards.",
    severity: "mandatory",
    *check(resource) {
      if (resource.type !== "ethstake:index:Setting") return;
      const getter = getterOf(resource);
      if (getter !== "protocolFeeBps" && getter !== "operatorFeeBps") return;
      const value = integer(resource.props["value"]);
      if (value !== undefined && value > FEE_CAP_BPS) {
        yield { property: "value", value: `${value} basis points (${getter})`, fix: `Set at most ${FEE_CAP_BPS}.` };
      }
    },
  }),
  resourceRule({
    name: "chain-of-network",
    description:
      "What is on a chain is on the chain of the stack's network, and a devnet is on none of the public ones.",
    severity: "mandatory",
    *check({ type, props }, { network }) {
      const value = at(props, "chain", "chainId");
      const id = integer(value);
      if (!type.startsWith("ethstake:index:") || id === undefined) return;
      const wanted = PUBLIC[network]?.chainId;
      const wrong = wanted === undefined ? Object.values(PUBLIC).some(({ chainId }) => chainId === id) : id !== wanted;
      if (!wrong) return;
      const fix = wanted === undefined ? "Use a chain id of its own." : `Use ${wanted}, or correct ethstake:network.`;
      yield { property: "chain.chainId", value, fix };
    },
  }),
  resourceRule({
    name: "fork-version-of-network",
    description: "Deposits are signed for the genesis fork version of the stack's network: others are lost.",
    severity: "mandatory",
    *check({ type, props }, { network }) {
      const wanted = PUBLIC[network]?.forkVersion;
      const value = props["genesisForkVersion"];
      if (type !== "ethstake:index:Deposit" || wanted === undefined || value === UNKNOWN) return;
      if (typeof value === "string" && sameHex(value, wanted)) return;
      yield { property: "genesisForkVersion", value, fix: `Use ${wanted}, or correct ethstake:network.` };
    },
  }),
];
