import { runtime, type Input, type Output } from "@pulumi/pulumi";
import { Operator, type KeyHolder, type OperatorProtocol } from "../components/operator/index.ts";
import { artifactPath, builtArtifact } from "../components/protocol/artifacts.ts";
import type { AccountArgs, Protocol } from "../components/protocol/index.ts";
import type { MachineNode } from "../components/validator-node/machine-node.ts";
import type { ChainArgs } from "../provider/sdk/index.ts";
import { assignKeyRanges } from "./key-ranges.ts";
import { NETWORKS } from "./networks.ts";
import { accountOf, PUBLIC_ROLES } from "./public-accounts.ts";
import type { PublicSettings } from "./public-schema.ts";

/** What operators work for: the chain and the protocol, of this stack or one that exists. */
interface Workplace {
  readonly chain: ChainArgs;
  readonly protocol: OperatorProtocol;
  readonly account: (name: string) => AccountArgs;
  /** Vets keys; absent where that is not this stack's to do. */
  readonly vetter?: AccountArgs;
}

/**
 * The operators of a public network with their keys: made, loaded into the nodes' signers, registered.
 * @returns the stack's outputs on keys; the private keys that log in to hosts are secret
 */
export function createOperators(
  settings: PublicSettings,
  stack: string,
  deployed: Protocol | undefined,
  nodes: ReadonlyMap<string, MachineNode>,
): Record<string, unknown> {
  if (settings.operators.length === 0) return {};
  const { chain, protocol, account, vetter } = workplaceOf(settings, deployed);
  const keyDirectoryOf = ({ name, keyDirectory }: PublicSettings["operators"][number]): string =>
    keyDirectory ?? `keys/${stack}/${name}`;
  const operators = settings.operators.map((operator) => {
    const ranges = assignKeyRanges(operator.keys);
    return new Operator(operator.name, {
      chain,
      protocol,
      manager: account(operator.manager),
      vetter,
      bond: operator.bond,
      keys: ranges.map((range, index) => {
        const { gasLimit, graffiti } = operator.keys[index] ?? {};
        return { ...range, gasLimit, graffiti, client: holderOf(nodes, range.node) };
      }),
      keyDirectory: keyDirectoryOf(operator),
      mnemonicFile: operator.mnemonicFile,
      generateMnemonic: operator.generateMnemonic,
      genesisForkVersion: NETWORKS[settings.network].genesisForkVersion,
    });
  });
  return {
    signing: [...nodes].flatMap(([node, { keys, beacon }]) =>
      keys
        ? [
            {
              node,
              holder: keys.holder,
              beacon,
              ...(keys.validator ? { validator: keys.validator.keymanager, signerUrl: keys.validator.signerUrl } : {}),
            },
          ]
        : [],
    ),
    operators: operators.map((operator, index) => ({
      name: settings.operators[index]?.name,
      operatorId: operator.operatorId,
      keyDirectory: settings.operators[index] && keyDirectoryOf(settings.operators[index]),
      mnemonicFile: settings.operators[index]?.mnemonicFile,
      keys: settings.operators[index]?.keys.map(({ node }, range) => ({
        node,
        publicKeys: operator.publicKeys[range] as Output<string[]>,
      })),
    })),
  };
}

function workplaceOf(
  { network, protocol: parameters, deployment }: PublicSettings,
  deployed: Protocol | undefined,
): Workplace {
  const { chainId } = NETWORKS[network];
  if (deployed && parameters) {
    const account = (name: string): AccountArgs => accountOf(parameters.accounts, name);
    const { operatorManager } = { ...PUBLIC_ROLES, ...parameters.roles };
    return {
      chain: { rpcUrl: parameters.rpcUrl, chainId },
      protocol: deployed,
      account,
      vetter: account(operatorManager),
    };
  }
  const { rpcUrl, operatorRegistry, stakingPool, accounts = {} } = deployment ?? {};
  if (!deployment || rpcUrl === undefined || operatorRegistry === undefined || stakingPool === undefined)
    throw new TypeError("operators have no protocol to work for");
  const type = deployment.compounding ? "0x02" : "0x01";
  return {
    chain: { rpcUrl, chainId },
    protocol: {
      operatorRegistry,
      stakingPool,
      executionRewardsVault: deployment.executionRewardsVault,
      withdrawalCredentials: `${type}${"00".repeat(11)}${deployment.withdrawalVault.slice(2).toLowerCase()}`,
      wiring: [],
      registryArtifact: registryArtifact(),
    },
    account: (name) => accountOf(accounts, name),
  };
}

/** Known before it is there: a plan need not compile contracts that somebody else has deployed. */
function registryArtifact(): Input<string> {
  const name = ["OperatorRegistry.sol", "OperatorRegistry"] as const;
  return runtime.isDryRun() ? artifactPath(...name) : builtArtifact(...name);
}

function holderOf(nodes: ReadonlyMap<string, MachineNode>, name: string): KeyHolder {
  const node = nodes.get(name);
  if (!node?.keys) throw new TypeError(`node ${name} has no validator client`);
  return { holder: node.keys.holder, validator: node.keys.validator, beacon: node.beacon };
}
