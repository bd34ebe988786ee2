import { join } from "node:path";
import { all, output, type Output, type Resource } from "@pulumi/pulumi";
import { DevnetStaking } from "../components/devnet-staking/index.ts";
import { DEVNET_KEEPER, LocalKeeper } from "../components/keeper/index.ts";
import { findMonitoringPrograms, LocalMonitoring } from "../components/monitoring/local.ts";
import { Operator, type KeyHolder } from "../components/operator/index.ts";
import { Protocol, type AccountArgs } from "../components/protocol/index.ts";
import { buildContracts } from "../components/protocol/artifacts.ts";
import { ValidatorNode } from "../components/validator-node/index.ts";
import { EthstakeError } from "../lib/errors.ts";
import { Genesis } from "../provider/sdk/index.ts";
import {
  accountNames,
  ADMIN_ACCOUNT,
  committees,
  keeperAccounts,
  roleHolders,
  TREASURY_ACCOUNT,
} from "./devnet-accounts.ts";
import { assignKeyRanges } from "./key-ranges.ts";
import type { Settings } from "./settings.ts";

/** Ether that each account of a devnet starts with. */
const ACCOUNT_ETHER = "1000000";

/**
 * A whole network on this machine: genesis, node, protocol, operators with their validators, and a test account that stakes.
 * @returns the stack's outputs
 */
export function createDevnet(settings: Settings, stack: string): Record<string, unknown> {
  const { devnet, protocol: parameters } = settings;
  // Compiling takes as long as starting the clients: both begin now. A failure is reported by what needs the artifacts.
  buildContracts().catch(() => undefined);

  const directory = devnet.directory ?? join(".ethstake", stack);
  const accounts = [...accountNames(), ...settings.operators.map(({ name }) => `operator-${name}`)];
  const genesis = new Genesis("genesis", {
    directory,
    chainId: devnet.chainId,
    secondsPerSlot: devnet.secondsPerSlot,
    slotsPerEpoch: devnet.slotsPerEpoch,
    validatorCount: devnet.genesisValidators,
    delaySeconds: devnet.genesisDelaySeconds,
    accounts: Object.fromEntries(accounts.map((name) => [name, ACCOUNT_ETHER])),
  });
  const account = (name: string): AccountArgs => ({
    address: genesis.accountFiles.apply((accounts) => accounts[name]?.address ?? ""),
    sender: { keyFile: join(directory, "accounts", `${name}.key`) },
  });

  const files = {
    directory,
    executionGenesisFile: join(directory, "genesis", "execution.json"),
    chainFile: join(directory, "genesis", "consensus.json"),
    consensusParametersFile: join(directory, "genesis", "consensus-parameters.json"),
    genesisStateFile: join(directory, "genesis", "genesis.ssz"),
    jwtFile: join(directory, "genesis", "jwt.hex"),
  };
  const nodes = settings.nodes.map(
    (node, index) =>
      new ValidatorNode(node.name, {
        node,
        chainId: devnet.chainId,
        // Everybody knows these keys; two validator clients that had them would slash them all the same.
        interopValidators: index === 0 ? devnet.genesisValidators : 0,
        files,
        defaultFeeRecipient: account("deployer").address,
        genesisBlockHash: genesis.executionBlockHash,
      }),
  );
  const [first] = nodes;
  if (!first) throw new Error("the settings have no node");

  const chain = { rpcUrl: first.executionRpc, chainId: devnet.chainId };
  // The chain goes with its genesis: nothing on it is undone one by one.
  const onChain = { deletedWith: genesis };
  const protocol = new Protocol(
    "protocol",
    {
      chain,
      admin: account(ADMIN_ACCOUNT),
      roles: roleHolders(account),
      committees: committees((name) => account(name).address),
      treasury: account(TREASURY_ACCOUNT).address,
      time: {
        genesisTime: genesis.genesisTime.apply(String),
        secondsPerSlot: devnet.secondsPerSlot,
        slotsPerEpoch: devnet.slotsPerEpoch,
        minEpochsPerFrame: parameters.minEpochsPerFrame,
      },
      serviceLevel: { windowEpochs: parameters.windowEpochs, minAppealSeconds: parameters.minAppealSeconds },
      depositContract: genesis.depositContract,
      parameters,
      verifiers: parameters.verifiers,
      governance: parameters.governance,
    },
    onChain,
  );

  const keyDirectoryOf = (operator: string): string => join(directory, "keys", operator);
  const signingOf = (node: ValidatorNode, name: string): KeyHolder => ({
    holder: node.keymanager.apply((keymanager) => ({ ...keymanager, name: `${stack}/${name}/lodestar` })),
    beacon: { url: node.beaconApi },
  });
  const operators = settings.operators.map(
    (operator) =>
      new Operator(
        operator.name,
        {
          chain,
          protocol,
          manager: account(`operator-${operator.name}`),
          vetter: account("parameters"),
          bond: operator.bond,
          keys: assignKeyRanges(operator.keys).map((range) => {
            const node = nodes[settings.nodes.findIndex(({ name }) => name === range.node)] ?? first;
            return { ...range, client: signingOf(node, range.node) };
          }),
          keyDirectory: keyDirectoryOf(operator.name),
          generateMnemonic: true,
          genesisForkVersion: genesis.genesisForkVersion,
        },
        onChain,
      ),
  );

  new DevnetStaking("staking", { chain, protocol, staker: account("staker"), stake: settings.testStake }, onChain);

  const contracts = { ...protocol.addresses, DepositContract: genesis.depositContract };
  const keepers = settings.keepers.map(
    ({ name, port }, index) =>
      new LocalKeeper(
        name,
        {
          name,
          directory,
          chainId: devnet.chainId,
          executionRpc: first.executionRpc,
          beaconApi: first.beaconApi,
          contracts: all(contracts),
          accounts: keeperAccounts(index, (name) => account(name).sender),
          port,
          options: {
            ...DEVNET_KEEPER,
            ...settings.keeper,
            cacheDirectory: join(directory, "keepers", name),
          },
          genesisBlockHash: genesis.executionBlockHash,
        },
        { dependsOn: [...protocol.wiring] },
      ),
  );

  const monitoring = monitorDevnet(settings, stack, directory, [...nodes, ...keepers]);

  return {
    network: settings.network,
    directory,
    executionRpc: first.executionRpc,
    beaconApi: first.beaconApi,
    nodes: nodes.map((node, index) => ({
      name: settings.nodes[index]?.name,
      executionRpc: node.executionRpc,
      beaconApi: node.beaconApi,
      beaconApis: node.beaconApis,
      keymanager: node.keymanager,
    })),
    signing: nodes.map((node, index) => {
      const name = settings.nodes[index]?.name ?? "";
      return { node: name, ...signingOf(node, name) };
    }),
    accounts: genesis.accountFiles,
    genesisTime: genesis.genesisTime,
    secondsPerSlot: devnet.secondsPerSlot,
    slotsPerEpoch: devnet.slotsPerEpoch,
    contracts,
    keepers: keepers.map(({ url }, index) => ({ name: settings.keepers[index]?.name, url })),
    ...(protocol.timelocks ? { timelocks: protocol.timelocks } : {}),
    ...(monitoring ? { prometheus: monitoring.prometheusUrl, alertmanager: monitoring.alertmanagerUrl } : {}),
    withdrawalCredentials: protocol.withdrawalCredentials,
    operators: operators.map((operator, index) => ({
      name: settings.operators[index]?.name,
      operatorId: operator.operatorId,
      keyDirectory: keyDirectoryOf(settings.operators[index]?.name ?? ""),
      keys: settings.operators[index]?.keys.map(({ node }, range) => ({
        node,
        publicKeys: operator.publicKeys[range] as Output<string[]>,
      })),
    })),
    stakedBy: output(account("staker").address),
  };
}

/** Prometheus and Alertmanager, when the settings ask for them, or say nothing and this machine has both. */
function monitorDevnet(
  { monitoring, nodes, keepers, operators, devnet }: Settings,
  stack: string,
  directory: string,
  ready: readonly Resource[],
): LocalMonitoring | undefined {
  const found = monitoring.enabled === false ? undefined : findMonitoringPrograms();
  if (monitoring.enabled === true && !found) throw new MonitoringMissingError();
  if (!found) return undefined;
  const { scrapeSeconds, prometheusPort, alertmanagerPort, webhook } = monitoring;
  const loopback = (port: number): string => `127.0.0.1:${port}`;
  const path = "/metrics";
  return new LocalMonitoring("monitoring", {
    stack,
    directory,
    programs: found,
    epochSeconds: devnet.secondsPerSlot * devnet.slotsPerEpoch,
    scrapeSeconds,
    ports: { prometheus: prometheusPort, alertmanager: alertmanagerPort },
    targets: [
      ...nodes.flatMap(({ name, consensus, validator }) => {
        const operator = operators.find(({ keys }) => keys.some(({ node }) => node === name))?.name ?? stack;
        const place = { operator, host: "localhost", node: name };
        const beacons = consensus.map(({ client, metricsPort }, index) => ({
          job: "consensus",
          target: loopback(metricsPort),
          path,
          labels: { ...place, client, role: index === 0 ? "primary" : "standby" },
        }));
        const { client, metricsPort } = validator;
        const labels = { ...place, client, role: "primary" };
        return [...beacons, { job: "validator", target: loopback(metricsPort), path, labels }];
      }),
      ...keepers.map(({ name, port }) => ({
        job: "keeper",
        target: loopback(port),
        path,
        labels: { host: "localhost", keeper: name },
      })),
    ],
    receivers: webhook === undefined ? [] : [{ kind: "webhook", url: webhook }],
    ready,
  });
}

/** The settings ask for monitoring, and this machine has none. */
class MonitoringMissingError extends EthstakeError {
  readonly code = "MONITORING_MISSING";
  constructor() {
    super(
      "monitoring.enabled is true and there is no prometheus or no alertmanager on the PATH.",
      {},
      { remedy: "Install both, or leave monitoring.enabled out." },
    );
  }
}
