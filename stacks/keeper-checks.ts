import { keeperFaults } from "../components/keeper/faults.ts";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { TIMELOCKED } from "../components/protocol/roles.ts";
import { PORTS_PER_NODE } from "../components/validator-node/bundle/ports.ts";
import { GATEWAY_PORTS } from "../components/gateway/spec.ts";
import { WITNESS_DAYS } from "../monitoring/witness.ts";
import { repeatedNames, type Entry } from "./entries.ts";
import { KEEPER_ROLES, type HeldRole, type PublicKeeperSettings } from "./keeper-schema.ts";
import { accountNames, asksOwnPrometheus, keeperAccounts, keeperSpec } from "./keepers.ts";
import { BASE_PORT } from "./places.ts";
import { PUBLIC_ROLES } from "./public-accounts.ts";
import type { HostSettings, PublicNodeSettings, PublicSettings } from "./public-schema.ts";
import type { SettingsFault } from "./settings.ts";

/** Roles that may be with an account whose key is on a host: what they can do is bounded by the contracts. */
const BOUNDED_ROLES: readonly string[] = [...KEEPER_ROLES, "consolidations"];

/** What keepers are checked against. Lists hold what is well-formed; none while all of it has faults of its own. */
export interface KeeperSurroundings {
  readonly network: PublicSettings["network"] | undefined;
  readonly hosts: readonly Entry<HostSettings>[];
  readonly nodes: readonly Entry<PublicNodeSettings>[];
  readonly gateway: PublicSettings["gateway"];
  /** For how many days the stack's own Prometheus keeps what it has; undefined without one. */
  readonly retentionDays: number | undefined;
  readonly protocol: PublicSettings["protocol"];
  readonly deployment: PublicSettings["deployment"];
}

/** What is wrong with a stack's keepers: by themselves, with one another, and with what is around them. */
export function publicKeeperFaults(
  keepers: readonly Entry<PublicKeeperSettings>[],
  around: KeeperSurroundings,
): SettingsFault[] {
  return [
    ...repeatedNames("keepers", keepers),
    ...keepers.flatMap((keeper) => [
      ...placeFaults(keeper, around),
      ...portFaults(keeper, keepers, around),
      ...accountFaults(keeper, around),
      ...witnessFaults(keeper, around),
      ...specFaults(keeper, around),
    ]),
    ...sharedAccounts(keepers, around),
    ...(keepers.length > 0 ? contractFaults(around) : []),
  ];
}

/** A host that is not there, a node that is not on it, and names that containers of others have. */
function placeFaults({ index, value }: Entry<PublicKeeperSettings>, around: KeeperSurroundings): SettingsFault[] {
  const faults: SettingsFault[] = [];
  const hosts = around.hosts.map((host) => host.value.name);
  if (hosts.length > 0 && !hosts.includes(value.host))
    faults.push({
      path: `keepers[${index}].host`,
      value: value.host,
      remedy: `must name one of the hosts: ${hosts.join(", ")}`,
    });
  const nodes = around.nodes.map((node) => node.value);
  const beside = nodes.filter(({ host }) => host === value.host).map((node) => node.name);
  if (nodes.length > 0 && !beside.includes(value.node))
    faults.push({
      path: `keepers[${index}].node`,
      value: value.node,
      remedy:
        beside.length > 0
          ? `must name a node of ${value.host}, whose APIs no other host reaches: ${beside.join(", ")}`
          : `must name a node of ${value.host}, and none is there: put the keeper where a node is`,
    });
  if (nodes.some((node) => node.name === value.name))
    faults.push({
      path: `keepers[${index}].name`,
      value: value.name,
      remedy: "is a node's name; choose another: both name containers",
    });
  return faults;
}

/** Without a URL the stack's own Prometheus is meant. */
function witnessFaults(
  { index, value }: Entry<PublicKeeperSettings>,
  { retentionDays }: KeeperSurroundings,
): SettingsFault[] {
  if (!asksOwnPrometheus(value) || (retentionDays ?? 0) >= WITNESS_DAYS) return [];
  if (retentionDays !== undefined)
    return [
      {
        path: "monitoring.retention.days",
        value: retentionDays,
        remedy: `must be at least ${WITNESS_DAYS} while keepers ask about windows of 30 days (keepers[${index}].prometheus)`,
      },
    ];
  return [
    {
      path: `keepers[${index}].prometheus.url`,
      value: undefined,
      remedy: "must be the URL of a Prometheus: this stack has none of its own, which monitoring would be",
    },
  ];
}

function portFaults(
  { index, value }: Entry<PublicKeeperSettings>,
  keepers: readonly Entry<PublicKeeperSettings>[],
  { nodes, gateway }: KeeperSurroundings,
): SettingsFault[] {
  const { host, port } = value;
  const path = `keepers[${index}].port`;
  const faults: SettingsFault[] = [];
  if (keepers.some((other) => other.index < index && other.value.host === host && other.value.port === port))
    faults.push({ path, value: port, remedy: `is another keeper's of ${host} already; give each its own port` });
  for (const node of nodes) {
    const first = node.value.basePort ?? BASE_PORT;
    if (node.value.host !== host || port < first || port >= first + PORTS_PER_NODE) continue;
    faults.push({
      path,
      value: port,
      remedy: `must leave ${first} to ${first + PORTS_PER_NODE - 1} to a node of ${host}`,
    });
  }
  if (gateway?.host === host && port >= gateway.basePort && port < gateway.basePort + GATEWAY_PORTS)
    faults.push({ path, value: port, remedy: `is one of the gateway's metrics; choose another` });
  return faults;
}

/** Accounts that are not there, that are no members, and that could do more than a keeper is to do. */
function accountFaults({ index, value }: Entry<PublicKeeperSettings>, around: KeeperSurroundings): SettingsFault[] {
  const { protocol, deployment } = around;
  if (!protocol && !deployment) return [];
  const accounts = keeperAccounts(around);
  const place = protocol ? "protocol.accounts" : "deployment.accounts";
  const faults: SettingsFault[] = [];
  for (const [role, name] of accountNames(value, around)) {
    const path = pathOf(index, value, role);
    const account = accounts[name];
    if (!account) faults.push({ path, value: name, remedy: `must be in ${place}: { address, keyFile | signerUrl }` });
    const others = protocol ? graverRoles(name, protocol) : [];
    if (others.length > 0)
      faults.push({
        path,
        value: name,
        remedy: `must be an account of its own, whose key may be on a host: ${name} is ${others.join(", ")} too${
          role === "member" ? "" : `; name another in protocol.roles.${role}`
        }`,
      });
    const oracle = protocol?.committees.oracle;
    if (role === "member" && account && oracle && !value.dryRun && !oracle.some((one) => same(one, account.address)))
      faults.push({
        path,
        value: name,
        remedy: `must be a member: ${account.address} is not in protocol.committees.oracle; add it, or set dryRun`,
      });
  }
  value.roles.forEach((role, position) => {
    if (value.roles.indexOf(role) < position)
      faults.push({ path: `keepers[${index}].roles[${position}]`, value: role, remedy: "is named twice" });
  });
  return faults;
}

/** What an account holds, or proposes to a timelock, beside what a keeper's may. */
function graverRoles(account: string, { roles }: NonNullable<PublicSettings["protocol"]>): string[] {
  const holders: Readonly<Record<string, string>> = { ...PUBLIC_ROLES, ...roles };
  // On public networks timelocks hold these, and the account that is named for them has nothing.
  const held = Object.entries(holders).filter(([role]) => !(role in TIMELOCKED) && !BOUNDED_ROLES.includes(role));
  return ["deployer", ...held.filter(([, holder]) => holder === account).map(([role]) => role)].filter(
    (role) => role !== "deployer" || account === "deployer",
  );
}

/** One account at two keepers: each has a lock of its own, and they would take each other's nonces. */
function sharedAccounts(keepers: readonly Entry<PublicKeeperSettings>[], around: KeeperSurroundings): SettingsFault[] {
  const accounts = keeperAccounts(around);
  const seen = new Map<string, { index: number; name: string }>();
  const faults: SettingsFault[] = [];
  for (const { index, value } of keepers)
    for (const [role, name] of accountNames(value, around)) {
      const address = accounts[name]?.address.toLowerCase();
      const first = address === undefined ? undefined : seen.get(address);
      if (address === undefined) continue;
      if (first === undefined) seen.set(address, { index, name: value.name });
      else if (first.index !== index)
        faults.push({
          path: pathOf(index, value, role),
          value: role === "member" ? name : role,
          remedy: `is ${first.name}'s already (${address}): one account belongs to one keeper`,
        });
    }
  return faults;
}

/** With a protocol of somebody else's, keepers have to be told where all of it is. */
function contractFaults({ protocol, deployment }: KeeperSurroundings): SettingsFault[] {
  if (protocol || !deployment) return [];
  const missing = PROTOCOL_CONTRACTS.filter((contract) => deployment.contracts?.[contract] === undefined);
  if (missing.length === 0) return [];
  return [
    {
      path: "deployment.contracts",
      value: deployment.contracts,
      remedy: `must have the addresses of ${missing.join(", ")}: the output contracts of the stack that deployed them`,
    },
  ];
}

/** Faults that the keeper's own description has, once its accounts are there. */
function specFaults({ index, value }: Entry<PublicKeeperSettings>, around: KeeperSurroundings): SettingsFault[] {
  const { network, hosts, ...book } = around;
  const known = keeperAccounts(book);
  if (!network || [...accountNames(value, book).values()].some((name) => !known[name])) return [];
  const spec = keeperSpec(value, { network, hosts: hosts.map((host) => host.value), ...book });
  return keeperFaults(spec).flatMap(({ path, value: found, message }) => {
    const [, role = "", field] = /^accounts\.(\w+)\.(\w+)$/.exec(path) ?? [];
    const account = spec.accounts[role as keyof typeof spec.accounts]?.name;
    if (account !== undefined)
      return [
        {
          path: `${book.protocol ? "protocol" : "deployment"}.accounts.${account}.${field ?? ""}`,
          value: found,
          remedy: `${message} (for keepers[${index}])`,
        },
      ];
    return [{ path: `keepers[${index}].${path.replace(/^options\./, "")}`, value: found, remedy: message }];
  });
}

function pathOf(index: number, { roles }: PublicKeeperSettings, role: string): string {
  return role === "member"
    ? `keepers[${index}].account`
    : `keepers[${index}].roles[${roles.indexOf(role as HeldRole)}]`;
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
