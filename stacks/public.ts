import { existsSync } from "node:fs";
import { runtime, secret, type Output, type Resource } from "@pulumi/pulumi";
import { renderCloudInit } from "../cloud-init/render.ts";
import type { Gateway } from "../components/gateway/index.ts";
import { awsRegions, createHost, HostKeyFileError, type Host } from "../components/host/index.ts";
import { Protocol, type AccountArgs } from "../components/protocol/index.ts";
import { buildContracts } from "../components/protocol/artifacts.ts";
import { renderBundle } from "../components/validator-node/bundle/render.ts";
import { MachineNode } from "../components/validator-node/machine-node.ts";
import { projectPath } from "../lib/paths.ts";
import { readSecret, vaultReference } from "../lib/secret-source.ts";
import { asksOwnPrometheus, createKeepers } from "./keepers.ts";
import { GRAFANA_NETWORK } from "../monitoring/compose.ts";
import { createGateway } from "./gateway.ts";
import type { GatewaySettings } from "./gateway-schema.ts";
import { createMonitoring } from "./monitoring.ts";
import { NETWORKS, verifiersOf } from "./networks.ts";
import { accountOf, DEPLOYER_ACCOUNT, holdersOf } from "./public-accounts.ts";
import type { DeployedProtocolSettings, HostSettings, PublicSettings } from "./public-schema.ts";
import { createOperators } from "./public-operators.ts";
import { bundleSpecs, hostSpecs } from "./public-specs.ts";

/**
 * Machines, the nodes on them, and the protocol that their validators work for: deployed by this stack, or one that exists.
 * @returns the stack's outputs
 */
export async function createPublicStack(settings: PublicSettings, stack: string): Promise<Record<string, unknown>> {
  const { network } = settings;
  const logins = await readLogins(settings.hosts);
  const protocol = settings.protocol && deployProtocol(settings, settings.protocol);
  const feeRecipient = protocol?.executionRewardsVault ?? settings.deployment?.executionRewardsVault;

  const awsProvider = awsRegions();
  const hosts = new Map<string, Host>(
    hostSpecs(settings, (node) => renderBundle(node).ports).map((spec) => {
      const privateKey = logins.get(spec.name);
      return [
        spec.name,
        createHost(spec, {
          renderUserData: renderCloudInit,
          awsProvider,
          ...(privateKey ? { secrets: { privateKey } } : {}),
        }),
      ];
    }),
  );
  const nodes = bundleSpecs(settings).map((node, index) => {
    const place = settings.hosts.find(({ name }) => name === settings.nodes[index]?.host);
    const host = place && hosts.get(place.name);
    if (!host) throw new TypeError(`node ${node.name} has no host`);
    return {
      name: node.name,
      host,
      machine: new MachineNode(node.name, {
        node,
        connection: host.connection,
        machine: host.machine,
        host: hostIdentity(place),
        protect: node.validator !== undefined && place.protected !== false,
        clientName: `${stack}/${node.name}`,
        ready: host.ready,
        ...(feeRecipient === undefined ? {} : { feeRecipient }),
      }),
    };
  });
  const operators = createOperators(
    settings,
    stack,
    protocol,
    new Map(nodes.map(({ name, machine }) => [name, machine])),
  );
  const monitoring =
    settings.monitoring &&
    (await createMonitoring(
      settings,
      settings.monitoring,
      stack,
      hosts,
      nodes.map(({ name, host, machine }) => ({ name, host: host.name, metrics: machine.metrics })),
      hostIdentity,
      settings.keepers.map((keeper) => ({
        name: keeper.name,
        host: keeper.host,
        target: `127.0.0.1:${keeper.port}`,
        asks: asksOwnPrometheus(keeper),
      })),
    ));
  const keepers = await createKeepers(settings, protocol, (keeper) => {
    const place = settings.hosts.find(({ name }) => name === keeper.host);
    const node = nodes.find(({ name }) => name === keeper.node);
    if (!place || !node) throw new TypeError(`keeper ${keeper.name} has no place`);
    return {
      ...{ host: node.host, identity: hostIdentity(place), node: node.machine },
      ...(asksOwnPrometheus(keeper) ? { monitoring: monitoring?.runningOn.get(keeper.host) } : {}),
    };
  });
  const gateway =
    settings.gateway && (await placeGateway(settings, settings.gateway, hosts, monitoring ? [monitoring.running] : []));
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
    ...operators,
    ...(monitoring
      ? { monitoring: { urls: monitoring.urls, targets: monitoring.targets, services: monitoring.services } }
      : {}),
    ...(gateway ? { gateway: { urls: gateway.urls, services: gateway.services, metrics: gateway.metrics } } : {}),
    ...(keepers.length > 0 ? { keepers } : {}),
    ...(protocol ? protocolOutputs(protocol, NETWORKS[network].depositContract) : {}),
    ...(feeRecipient === undefined ? {} : { feeRecipient }),
  };
}

/** The gateway on the host that its settings name. */
async function placeGateway(
  settings: PublicSettings,
  gateway: GatewaySettings,
  hosts: ReadonlyMap<string, Host>,
  monitoring: readonly Resource[],
): Promise<Gateway> {
  const place = settings.hosts.find(({ name }) => name === gateway.host);
  const host = place && hosts.get(place.name);
  if (!host) throw new TypeError("the gateway has no host");
  const joins = gateway.upstreams.some(({ network }) => network === GRAFANA_NETWORK);
  return await createGateway(gateway, settings.hosts, host, hostIdentity(place), joins ? monitoring : []);
}

/** What a host is to its nodes: its name, and for a machine that exists its address too, which may come to mean another one. */
function hostIdentity({ name, target }: HostSettings): string {
  return target.kind === "ssh" ? `${name} ${target.address}` : name;
}

function deployProtocol({ network }: PublicSettings, parameters: DeployedProtocolSettings): Protocol {
  // Compiling takes a minute, in which machines are made. A failure is reported by what needs the artifacts.
  buildContracts().catch(() => undefined);
  const facts = NETWORKS[network];
  const account = (name: string): AccountArgs => accountOf(parameters.accounts, name);
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

/**
 * The private keys that log in to machines which exist already, by host. They are read before anything is made, and are secrets from then
 * on.
 * @throws {@link HostKeyFileError}
 */
async function readLogins(hosts: readonly HostSettings[]): Promise<ReadonlyMap<string, Output<string>>> {
  const logins = new Map<string, Output<string>>();
  for (const { name, target } of hosts) {
    if (target.kind !== "ssh") continue;
    const { privateKeyFile: file } = target;
    // A preview needs no credentials: a reviewer's machine and CI have none.
    const isAbsent = vaultReference(file) ? !process.env["VAULT_ADDR"] : !existsSync(projectPath(file));
    const key =
      runtime.isDryRun() && isAbsent
        ? ""
        : await readSecret(file, (problem, cause) => new HostKeyFileError(name, file, problem, cause));
    logins.set(name, secret(`${key}\n`));
  }
  return logins;
}
