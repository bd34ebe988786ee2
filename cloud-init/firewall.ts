import { isIPv6 } from "node:net";
import type { CloudInitSpec } from "./spec.ts";

/** Where addresses of private networks are; 169.254/16 holds the clouds' metadata services. */
export const PRIVATE_RANGES_V4 = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
] as const;
export const PRIVATE_RANGES_V6 = ["fc00::/7"] as const;

type FirewallSpec = Pick<CloudInitSpec, "ports" | "privateNetworks" | "sshAllow" | "sshPort">;

/**
 * The machine's nftables table. It is a table of its own, so Docker's rules, which Docker rewrites at each start, neither replace nor
 * bypass it: a packet that any table drops is dropped. `wan`, `resolver4` and `resolver6` are filled at boot by files/firewall.sh.
 */
export function firewallRules(spec: FirewallSpec): string {
  const v4 = (blocks: readonly string[]) => blocks.filter((block) => !isV6(block));
  const v6 = (blocks: readonly string[]) => blocks.filter(isV6);
  const ports = (protocol: "tcp" | "udp") =>
    spec.ports.filter((open) => open.protocol === protocol).map(({ port }) => String(port));
  return `table inet ethstake
delete table inet ethstake
table inet ethstake {
${[
  set("wan", "ifname", []),
  set("resolver4", "ipv4_addr", []),
  set("resolver6", "ipv6_addr", []),
  set("ssh4", "ipv4_addr", v4(spec.sshAllow)),
  set("ssh6", "ipv6_addr", v6(spec.sshAllow)),
  set("net4", "ipv4_addr", v4(spec.privateNetworks)),
  set("net6", "ipv6_addr", v6(spec.privateNetworks)),
  set("tcp_open", "inet_service", ports("tcp")),
  set("udp_open", "inet_service", ports("udp")),
  set("private4", "ipv4_addr", PRIVATE_RANGES_V4),
  set("private6", "ipv6_addr", PRIVATE_RANGES_V6),
].join("\n")}
  # Docker makes ports on 127.0.0.1 routable: a neighbour on the same wire could ask for them.
  chain martians {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    icmp type echo-request limit rate 10/second accept
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    icmpv6 type echo-request limit rate 10/second accept
    udp sport 67 udp dport 68 accept
    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
    tcp dport ${spec.sshPort} ip saddr @ssh4 accept
    tcp dport ${spec.sshPort} ip6 saddr @ssh6 accept
    tcp dport ${spec.sshPort} drop
    ip saddr @net4 accept
    ip6 saddr @net6 accept
    tcp dport @tcp_open accept
    udp dport @udp_open accept
    counter
  }
  # Before Docker's own chains. To accept here only means that Docker decides next; to drop is final.
  chain forward {
    type filter hook forward priority filter - 10; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "docker0" goto containers
    iifname "br-*" goto containers
    ip saddr @net4 accept
    ip6 saddr @net6 accept
    # The port that was asked for on the machine, not the container's own.
    meta l4proto tcp ct status dnat ct original proto-dst @tcp_open accept
    meta l4proto udp ct status dnat ct original proto-dst @udp_open accept
    counter drop
  }
  chain containers {
    oifname @wan jump egress
    accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname @wan jump machine
  }
  # What the machine itself needs from its cloud. Metadata holds user data and may hold credentials: root only, no container.
  chain machine {
    ip daddr 169.254.169.254 tcp dport 80 meta skuid 0 accept
    ip6 daddr fd00:ec2::254 tcp dport 80 meta skuid 0 accept
    ip daddr 169.254.169.123 udp dport 123 accept
    udp sport 68 udp dport 67 accept
    jump egress
  }
  # Peers gossip private addresses; dialling them looks like a scan of the hoster's network.
  chain egress {
    ct state established,related accept
    ip daddr @net4 accept
    ip6 daddr @net6 accept
    ip daddr @resolver4 meta l4proto { tcp, udp } th dport 53 accept
    ip6 daddr @resolver6 meta l4proto { tcp, udp } th dport 53 accept
    ip daddr @private4 counter drop
    ip6 daddr @private6 counter drop
  }
}
`;
}

function set(name: string, type: string, elements: readonly string[]): string {
  const interval = type === "ifname" ? "" : " flags interval; auto-merge;";
  const filled = elements.length > 0 ? ` elements = { ${[...new Set(elements)].join(", ")} }` : "";
  return `  set ${name} { type ${type};${interval}${filled} }`;
}

function isV6(block: string): boolean {
  return isIPv6(block.split("/")[0] ?? "");
}

/** Script that gives a running machine the rules on its standard input. Rules with a fault leave those that hold. */
export const LOAD_FIREWALL = `set -eu
rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
cat >"$rules"
sudo nft --check --file "$rules"
sudo install -m 0600 "$rules" /etc/ethstake/firewall.nft.incoming
sudo mv -f /etc/ethstake/firewall.nft.incoming /etc/ethstake/firewall.nft
sudo systemctl reload ethstake-firewall.service
`;
