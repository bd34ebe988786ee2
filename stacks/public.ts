import { existsSync, readFileSync } from "node:fs";
import { runtime, secret, type Output } from "@pulumi/pulumi";
import { renderCloudInit } from "../cloud-init/render.ts";
import { awsRegions, createHost, type Host } from "../components/host/index.ts";
import { Protocol, type AccountArgs } from "../components/protocol/index.ts";
import { buildContracts } from "../components/protocol/artifacts.ts";
import { renderBundle } from "../components/validator-node/bundle/render.ts";
import { MachineNode } from "../components/validator-node/machine-node.ts";
import { projectPath } from "../lib/paths.ts";
import { NETWORKS, verifiersOf } from "./networks.ts";
import { DEPLOYER_ACCOUNT, holdersOf } from "./public-accounts.ts";
import type { DeployedProtocolSettings, HostSettings, PublicSettings } from "./public-schema.ts";
import { bundleSpecs, hostSpecs } from "./public-specs.ts";

/**
 * Machines, the nodes on them, and the protocol that their validators work for: deployed by this stack, or one that exists.
 * @returns the stack's outputs
 */
export function createPublicStack(settings: PublicSettings): Record<string, unknown> {
  const { network } = settings;
  const protocol = settings.protocol && deployProtocol(settings, settings.protocol);
  const feeRecipient = protocol?.executionRewardsVault ?? settings.deployment?.executionRewardsVault;

  const awsProvider = awsRegions();
  const hosts = new Map<string, Host>(
    hostSpecs(settings, (node) => renderBundle(node).ports).map((spec, index) => [
      spec.name,
      createHost(spec, {
        renderUserData: renderCloudInit,
        awsProvider,
        ...loginOf(settings.hosts[index]),
      }),
    ]),
  );
  const nodes = bundleSpecs(settings).map((node, index) => {
    const host = hosts.get(settings.nodes[index]?.host ?? "");
    if (!host) throw new TypeError(`node ${node.name} has no host`);
    return {
      name: node.name,
      host,
      machine: new MachineNode(node.name, {
        node,
        connection: host.connection,
        ready: host.ready,
        ...(feeRecipient === undefined ? {} : { feeRecipient }),
      }),
    };
  });
  return {
    network,
    hosts: [...hosts.values()].map(({ name, kind, publicAddress, privateAddress, dataDirectory }) => ({
      name,
      kind,
      publicAddress,
      privateAddress,
      dataDirectory,
    })),
    nodes: nodes.map(({ name, host, machine }) => ({
      name,
      host: host.name,
      services: machine.services,
      metrics: machine.metrics,
    })),
    ...(protocol ? protocolOutputs(protocol, NETWORKS[network].depositContract) : {}),
    ...(feeRecipient === undefined ? {} : { feeRecipient }),
  };
}

function deployProtocol({ network }: PublicSettings, parameters: DeployedProtocolSettings): Protocol {
  // Compiling takes a minute, in which machines are made. A failure is reported by what needs the artifacts.
  buildContracts().catch(() => undefined);
  const facts = NETWORKS[network];
  const account = (name: string): AccountArgs => {
    const settings = parameters.accounts[name];
    if (!settings) throw new TypeError(`the settings have no account ${name}`);
    const { address, keyFile = "", signerUrl } = settings;
    return { address, sender: signerUrl === undefined ? { keyFile } : { signerUrl, address } };
  };
  return new Protocol("protocol", {
    chain: { rpcUrl: parameters.rpcUrl, chainId: facts.chainId },
    admin: account(DEPLOYER_ACCOUNT),
    roles: holdersOf(parameters.roles, account),
    committees: parameters.committees,
    treasury: parameters.treasury,
    depositContract: facts.depositContract,
    time: {
      genesisTime: String(facts.genesisTime),
      secondsPerSlot: facts.secondsPerSlot,
      slotsPerEpoch: facts.slotsPerEpoch,
      minEpochsPerFrame: parameters.minEpochsPerFrame,
    },
    serviceLevel: { windowEpochs: parameters.windowEpochs, minAppealSeconds: parameters.minAppealSeconds },
    parameters,
    verifiers: verifiersOf(network, parameters.verifiers),
    governance: parameters.governance,
  });
}

function protocolOutputs(protocol: Protocol, depositContract: string): Record<string, unknown> {
  return {
    contracts: { ...protocol.addresses, DepositContract: depositContract } satisfies Record<
      string,
      Output<string> | string
    >,
    ...(protocol.timelocks ? { timelocks: protocol.timelocks } : {}),
    withdrawalCredentials: protocol.withdrawalCredentials,
  };
}

/** How a machine that exists already is logged in to. The key is read here and is a secret from then on. */
function loginOf(host: HostSettings | undefined): { readonly secrets?: { readonly privateKey: Output<string> } } {
  if (host?.target.kind !== "ssh") return {};
  const file = projectPath(host.target.privateKeyFile);
  // A preview needs no credentials: a reviewer's machine and CI have none.
  if (runtime.isDryRun() && !existsSync(file)) return { secrets: { privateKey: secret("") } };
  return { secrets: { privateKey: secret(readFileSync(file, "utf8")) } };
}
