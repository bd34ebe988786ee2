import { isAddressEqual, zeroAddress } from "viem";
import { gatewaySettingsFaults } from "./gateway.ts";
import { protocolFaults } from "./cross-checks.ts";
import { publicKeeperFaults } from "./keeper-checks.ts";
import { publicKeeperSchema } from "./keeper-schema.ts";
import { monitoringSettingsFaults } from "./monitoring-checks.ts";
import { monitoringSchema } from "./monitoring-schema.ts";
import { repeatedNames, wellFormed, type Entry } from "./entries.ts";
import {
  hostSchema,
  MAINNET_CONFIRMATION,
  publicNodeSchema,
  publicOperatorSchema,
  publicSettingsSchema,
  type DeployedProtocolSettings,
  type PublicNodeSettings,
} from "./public-schema.ts";
import { NETWORKS } from "./networks.ts";
import { DEPLOYER_ACCOUNT, PUBLIC_ROLES } from "./public-accounts.ts";
import { publicOperatorFaults } from "./operator-checks.ts";
import type { SettingsFault } from "./settings.ts";

/** Least delays of mainnet's timelocks, in seconds: 7 days for upgrades, 1 day for parameters. */
const MAINNET_UPGRADE_DELAY = 604_800;
const MAINNET_OPERATIONS_DELAY = 86_400;

/**
 * Faults between the settings of a public network. Looks only at entries that are well-formed by themselves, so that they are found in
 * the same run as the others.
 */
export function publicCrossChecks(raw: Readonly<Record<string, unknown>>): SettingsFault[] {
  const hosts = wellFormed(raw["hosts"], hostSchema);
  const nodes = wellFormed(raw["nodes"], publicNodeSchema);
  const faults = [
    ...repeatedNames("hosts", hosts),
    ...repeatedNames("nodes", nodes),
    ...hostless(nodes, hosts),
    ...sharedPorts(nodes),
  ];
  if ((raw["protocol"] === undefined) === (raw["deployment"] === undefined)) {
    faults.push({
      path: raw["protocol"] === undefined ? "protocol" : "deployment",
      value: raw["deployment"],
      remedy:
        "exactly one of protocol (this stack deploys it) and deployment (addresses of one that exists) must be set",
    });
  }
  const network = publicSettingsSchema.shape.network.safeParse(raw["network"]).data;
  if (network && NETWORKS[network].gatedDeposits) {
    for (const { index, value } of nodes)
      if (value.validator) {
        faults.push({
          path: `nodes[${index}].validator`,
          value: value.validator.client,
          remedy: `must be absent: a deposit on ${network} burns a token that only permissioned parties hold; hoodi is open`,
        });
      }
  }
  const mainnet = raw["network"] === "mainnet";
  if (mainnet && raw["confirmation"] !== MAINNET_CONFIRMATION) {
    faults.push({
      path: "confirmation",
      value: raw["confirmation"],
      remedy: `must be "${MAINNET_CONFIRMATION}" on mainnet`,
    });
  }
  const protocol = publicSettingsSchema.shape.protocol.safeParse(raw["protocol"]);
  const deployment = publicSettingsSchema.shape.deployment.safeParse(raw["deployment"]);
  const gateway = publicSettingsSchema.shape.gateway.safeParse(raw["gateway"]).data;
  if (gateway)
    faults.push(
      ...gatewaySettingsFaults(
        gateway,
        hosts.map(({ value }) => value),
        nodes,
      ),
    );
  const keepers = wellFormed(raw["keepers"], publicKeeperSchema);
  const retentionDays = monitoringSchema.optional().safeParse(raw["monitoring"]).data?.retention.days;
  const around = {
    network,
    hosts,
    nodes,
    gateway,
    retentionDays,
    protocol: protocol.data,
    deployment: deployment.data,
  };
  faults.push(...publicKeeperFaults(keepers, around));
  faults.push(
    ...monitoringSettingsFaults(
      raw,
      hosts.map(({ value }) => value),
      gateway,
    ),
  );
  const operators = wellFormed(raw["operators"], publicOperatorSchema);
  faults.push(...publicOperatorFaults(operators, nodes, protocol.data, deployment.data));
  if (protocol.data) faults.push(...protocolFaults(protocol.data, raw["protocol"]), ...roleFaults(protocol.data));
  if (protocol.data && mainnet) faults.push(...delayFaults(protocol.data), ...signerFaults(protocol.data));
  return faults;
}

function hostless(
  nodes: readonly Entry<PublicNodeSettings>[],
  hosts: readonly Entry<{ name: string }>[],
): SettingsFault[] {
  const known = hosts.map(({ value }) => value.name);
  if (known.length === 0) return [];
  return nodes
    .filter(({ value }) => !known.includes(value.host))
    .map(({ index, value }) => ({
      path: `nodes[${index}].host`,
      value: value.host,
      remedy: `must name one of the hosts: ${known.join(", ")}`,
    }));
}

/** Nodes that share a host name their ports: defaults follow a node's place in the list, and would move with it. */
function sharedPorts(nodes: readonly Entry<PublicNodeSettings>[]): SettingsFault[] {
  return nodes.flatMap(({ index, value }) => {
    if (nodes.filter((other) => other.value.host === value.host).length < 2) return [];
    const remedy = `must be set: other nodes are on ${value.host} too, and a port must stay when one of them goes`;
    const missing = (path: string, port: number | undefined): SettingsFault[] =>
      port === undefined ? [{ path: `nodes[${index}].${path}`, value: undefined, remedy }] : [];
    return [
      ...missing("basePort", value.basePort),
      ...value.execution.flatMap(({ p2pPort }, place) => missing(`execution[${place}].p2pPort`, p2pPort)),
      ...value.consensus.flatMap(({ p2pPort, quicPort }, place) => [
        ...missing(`consensus[${place}].p2pPort`, p2pPort),
        ...missing(`consensus[${place}].quicPort`, quicPort),
      ]),
    ];
  });
}

/** Accounts that the roles name but that do not exist, and members that are nobody. */
function roleFaults({ accounts, roles, committees, treasury }: DeployedProtocolSettings): SettingsFault[] {
  const faults: SettingsFault[] = [];
  const known = Object.keys(accounts);
  const names = Object.keys(PUBLIC_ROLES);
  for (const [role, account] of Object.entries(roles)) {
    if (!names.includes(role))
      faults.push({
        path: `protocol.roles.${role}`,
        value: account,
        remedy: `is not a role; use one of: ${names.join(", ")}`,
      });
  }
  const holders = { deployer: DEPLOYER_ACCOUNT, ...PUBLIC_ROLES, ...roles };
  for (const account of new Set(Object.values(holders))) {
    if (known.includes(account)) continue;
    const wanted = Object.entries(holders).filter(([, holder]) => holder === account);
    faults.push({
      path: `protocol.accounts.${account}`,
      value: undefined,
      remedy: `must exist, for ${wanted.map(([role]) => role).join(", ")}; or name other accounts in protocol.roles`,
    });
  }
  for (const [committee, members] of Object.entries(committees)) {
    members.forEach((member, index) => {
      if (members.findIndex((other) => same(other, member)) < index)
        faults.push({
          path: `protocol.committees.${committee}[${index}]`,
          value: member,
          remedy: "is a member twice; each member has one vote",
        });
    });
  }
  if (same(treasury, zeroAddress))
    faults.push({
      path: "protocol.treasury",
      value: treasury,
      remedy: "must not be the zero address: fees would be burnt",
    });
  return faults;
}

/** Deployment on mainnet is signed by hardware or a remote signer: its account is the admin until the timelocks take over. */
function signerFaults({ accounts }: DeployedProtocolSettings): SettingsFault[] {
  const deployer = accounts[DEPLOYER_ACCOUNT];
  if (deployer?.keyFile === undefined) return [];
  return [
    {
      path: `protocol.accounts.${DEPLOYER_ACCOUNT}.keyFile`,
      value: deployer.keyFile,
      remedy: "must be a signerUrl on mainnet: Clef with a hardware wallet, or another signer with eth_signTransaction",
    },
  ];
}

function delayFaults({ governance }: DeployedProtocolSettings): SettingsFault[] {
  const least = (setting: keyof typeof governance, seconds: number): SettingsFault[] =>
    governance[setting] >= seconds
      ? []
      : [
          {
            path: `protocol.governance.${setting}`,
            value: governance[setting],
            remedy: `must be at least ${seconds} on mainnet`,
          },
        ];
  return [
    ...least("upgradeDelaySeconds", MAINNET_UPGRADE_DELAY),
    ...least("operationsDelaySeconds", MAINNET_OPERATIONS_DELAY),
  ];
}

function same(left: string, right: string): boolean {
  return isAddressEqual(left as `0x${string}`, right as `0x${string}`);
}
