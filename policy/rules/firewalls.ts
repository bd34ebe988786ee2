/** What the world can reach. */
import { resourceRule, stackRule, UNKNOWN, type PlannedResource, type Rule } from "../model.ts";
import { at, dependsOn, list, ofTypes, present, scalar, strings } from "../values.ts";

/** One opening of a firewall. */
export interface Opening {
  readonly property: string;
  /** CIDR blocks that may come in; known ones only. */
  readonly sources: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly protocol: string;
  /** Undefined where the provider has no descriptions. */
  readonly description: string | undefined;
}

const HIGHEST_PORT = 65535;
const SSH_PORT = 22;
/** What the description of a peer-to-peer port says. */
const P2P = /\bp2p\b/i;

/** What the description of monitoring's links says: WireGuard answers nobody whose key it does not know. */
const WIREGUARD = /\bwireguard\b/i;

/** Ports of APIs, metrics, databases and remote control: never peer-to-peer, whatever a rule is called. */
export const API_PORTS: ReadonlySet<number> = new Set([
  2375, 2376, 3000, 3100, 3500, 4000, 5051, 5052, 5054, 5062, 5064, 5432, 6060, 7500, 8008, 8009, 8080, 8200, 8545,
  8546, 8551, 9090, 9093, 9100, 9545, 18550,
]);

/** Whether a CIDR block is so large that it is the world, also when it is written in halves. */
export function isWorld(cidr: string): boolean {
  const [address = "", bits] = cidr.trim().split("/");
  if (bits === undefined) return address === "0.0.0.0" || address === "::";
  if (!/^\d{1,3}$/.test(bits)) return false;
  return address.includes(":") ? Number(bits) < 16 : Number(bits) < 8;
}

/** `22`, `8000-9000`, `any`, `all` or `0` as a range; undefined when it is not known. */
function range(text: unknown): { from: number; to: number } | undefined {
  if (text === UNKNOWN) return undefined;
  const parts = /^(\d+)(?:-(\d+))?$/.exec(scalar(text));
  const from = Number(parts?.[1] ?? 0);
  if (from === 0) return { from: 0, to: HIGHEST_PORT };
  return { from, to: Number(parts?.[2] ?? from) };
}

function awsOpening(rule: unknown, property: string): Opening[] {
  const protocol = at(rule, "protocol") ?? at(rule, "ipProtocol");
  const [low, high] = [at(rule, "fromPort"), at(rule, "toPort")];
  if (protocol === UNKNOWN || low === UNKNOWN || high === UNKNOWN) return [];
  const every =
    protocol === "-1" || protocol === "all" || typeof low !== "number" || typeof high !== "number" || low < 0;
  const description = at(rule, "description");
  return [
    {
      property,
      sources: ["cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6"].flatMap((key) => [...strings(at(rule, key))]),
      from: every ? 0 : low,
      to: every ? HIGHEST_PORT : high,
      protocol: typeof protocol === "string" ? protocol : "-1",
      description: description === UNKNOWN ? undefined : typeof description === "string" ? description : "",
    },
  ];
}

/** The openings of a firewall resource. */
export function openings({ type, props }: PlannedResource): Opening[] {
  switch (type) {
    case "aws:ec2/securityGroup:SecurityGroup":
    case "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
      return list(props["ingress"]).flatMap((rule, index) => awsOpening(rule, `ingress[${index}]`));
    case "aws:ec2/securityGroupRule:SecurityGroupRule":
      return props["type"] === "ingress" ? awsOpening(props, "") : [];
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return awsOpening(props, "");
    case "hcloud:index/firewall:Firewall":
      return list(props["rules"]).flatMap((rule, index) =>
        at(rule, "direction") === "in" ? plainOpening(rule, `rules[${index}]`, "port", "sourceIps", true) : [],
      );
    case "digitalocean:index/firewall:Firewall":
      return list(props["inboundRules"]).flatMap((rule, index) =>
        plainOpening(rule, `inboundRules[${index}]`, "portRange", "sourceAddresses", false),
      );
    default:
      return [];
  }
}

function plainOpening(rule: unknown, property: string, port: string, source: string, described: boolean): Opening[] {
  const ports = range(at(rule, port));
  const protocol = at(rule, "protocol");
  if (!ports || protocol === UNKNOWN) return [];
  const description = at(rule, "description");
  return [
    {
      property,
      sources: strings(at(rule, source)),
      ...ports,
      protocol: typeof protocol === "string" ? protocol : "-1",
      description:
        !described || description === UNKNOWN ? undefined : typeof description === "string" ? description : "",
    },
  ];
}

export function shown({ protocol, from, to, sources }: Opening): string {
  const ports = from === to ? String(from) : from === 0 && to === HIGHEST_PORT ? "every port" : `${from}-${to}`;
  return `${protocol} ${ports} from ${sources.join(", ")}`;
}

function isSsh({ protocol, from, to, description }: Opening): boolean {
  const control = !/^(udp|17|icmp.*|1|58)$/.test(protocol);
  return (
    control &&
    ((from <= SSH_PORT && SSH_PORT <= to) || (/\bssh\b/i.test(description ?? "") && !P2P.test(description ?? "")))
  );
}

/** Whether an opening is for a web server. */
export function isWeb({ protocol, from, to }: Opening): boolean {
  return /^(tcp|6)$/.test(protocol) && from === to && (from === 80 || from === 443);
}

/** Whether an opening is a gateway's: whether the stack has one is looked at by a rule of its own. */
function isGateway(opening: Opening): boolean {
  return isWeb(opening) && (opening.description === undefined || /\bgateway\b/i.test(opening.description));
}

/** Why an opening to the world is not for peer-to-peer traffic; undefined when it is. */
function notPeerToPeer({ protocol, from, to, description }: Opening): string | undefined {
  if (/^(icmp.*|1|58)$/.test(protocol)) return undefined;
  if (!/^(tcp|udp|6|17)$/.test(protocol)) return "Open tcp or udp, and only the port that is needed.";
  if (from !== to) return "Open the one port of each client instead of a range.";
  if (from < 1024 || API_PORTS.has(from)) return `Close it: ${from} is no peer-to-peer port. Reach it through SSH.`;
  if (protocol === "udp" && WIREGUARD.test(description ?? "")) return undefined;
  if (description !== undefined && !P2P.test(description))
    return "Close it, or say in its description which client's p2p port it is.";
  return undefined;
}

const SERVER_TYPES = ["hcloud:index/server:Server", "digitalocean:index/droplet:Droplet"] as const;

/** Whether a server is behind a firewall of the stack or names one. */
function isBehindFirewall(server: PlannedResource, resources: readonly PlannedResource[]): boolean {
  if (server.type === SERVER_TYPES[0] && present(server.props["firewallIds"])) return true;
  const tags = strings(server.props["tags"]);
  return resources.some((other) => {
    switch (other.type) {
      case "hcloud:index/firewall:Firewall":
        return (
          dependsOn(other, "applyTos", server) ||
          list(other.props["applyTos"]).some((to) => selects(at(to, "labelSelector"), server))
        );
      case "hcloud:index/firewallAttachment:FirewallAttachment":
        return (
          dependsOn(other, "serverIds", server) ||
          list(other.props["labelSelectors"]).some((selector) => selects(selector, server))
        );
      case "digitalocean:index/firewall:Firewall":
        return (
          dependsOn(other, "dropletIds", server) ||
          strings(other.props["tags"]).some((tag) => tags.includes(tag)) ||
          sharesTag(other, server)
        );
      default:
        return false;
    }
  });
}

/** Whether two resources have the tag that one resource makes, be its name known or not. */
function sharesTag(
  { propertyDependencies: one }: PlannedResource,
  { propertyDependencies: other }: PlannedResource,
): boolean {
  const makers = other["tags"] ?? [];
  return (one["tags"] ?? []).some((urn) => makers.includes(urn));
}

/** Whether a selector of labels (`key`, `key=value`, joined by commas) takes a server. Other operators are not understood. */
function selects(selector: unknown, server: PlannedResource): boolean {
  if (typeof selector !== "string" || selector === "") return false;
  return selector.split(",").every((term) => {
    const [, key = "", value] = /^\s*([\w./-]+)\s*(?:==?\s*([\w./-]*))?\s*$/.exec(term) ?? [];
    const label = at(server.props["labels"], key);
    return value === undefined ? label !== undefined : label === value;
  });
}

export const FIREWALL_RULES: readonly Rule[] = [
  resourceRule({
    name: "no-ssh-from-anywhere",
    description: "SSH is open to an allow-list, never to the world: it is the way to the machines' keys.",
    severity: "mandatory",
    *check(resource) {
      for (const opening of openings(resource)) {
        const world = opening.sources.filter(isWorld);
        if (world.length > 0 && isSsh(opening)) {
          yield {
            property: opening.property,
            value: shown({ ...opening, sources: world }),
            fix: "List the addresses that administer the host in its sshAllow.",
          };
        }
      }
    },
  }),
  resourceRule({
    name: "only-p2p-open",
    description:
      "The world reaches the clients' peer-to-peer ports, a gateway's web ports, a WireGuard link and nothing else: APIs and metrics answer whoever asks.",
    severity: "mandatory",
    *check(resource) {
      for (const opening of openings(resource)) {
        const world = opening.sources.filter(isWorld);
        // What is SSH has a rule of its own.
        if (world.length === 0 || (isSsh(opening) && opening.from === opening.to) || isGateway(opening)) continue;
        const fix = notPeerToPeer(opening);
        if (fix !== undefined) {
          yield { property: opening.property, value: shown({ ...opening, sources: world }), fix };
        }
      }
    },
  }),
  stackRule({
    name: "server-behind-firewall",
    description: "Every server at Hetzner and DigitalOcean is behind a firewall: without one all its ports are open.",
    severity: "mandatory",
    *check(resources) {
      for (const server of ofTypes(resources, ...SERVER_TYPES)) {
        if (isBehindFirewall(server, resources)) continue;
        yield {
          resource: server,
          property: server.type === SERVER_TYPES[0] ? "firewallIds" : "tags",
          value: undefined,
          fix: "Attach a firewall that opens p2p to the world and SSH to the allow-list.",
        };
      }
    },
  }),
];
