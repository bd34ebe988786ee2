import { createHash } from "node:crypto";
import type { OpenPort } from "../components/host/spec.ts";
import { FRONT_PORT } from "./relay.ts";
import { WITNESS_PORT } from "./witness.ts";

/** UDP port on which the monitoring host takes links. WireGuard answers nobody whose key it does not know. */
export const LINK_PORT = 51_820;
/** Where containers beside a link's end ask for what is behind it. */
export const LINK_PROXY = "socks5://link:1080";

/** What the monitoring host's firewall opens for links. */
export function linkPort(port: number): OpenPort {
  return { port, protocol: "udp", purpose: "monitoring wireguard link" };
}

/** An end of the links between the monitoring host and the hosts that it watches. */
export interface LinkSpec {
  /** Whether this is the end that the others dial. */
  readonly isMonitor: boolean;
  /** The monitoring host's address inside the links. */
  readonly monitor: string;
  /** UDP port of the monitoring host. */
  readonly port: number;
  /** Whether keepers' questions to Prometheus go through: on the monitoring host from any other one, elsewhere from there. */
  readonly questions?: boolean;
}

/** A host at the other end. */
export interface LinkPeer {
  /** Its WireGuard key, 32 bytes in base64. */
  readonly publicKey: string;
  /** Its address inside the links. */
  readonly address: string;
  /** `host:port` that is dialled; undefined for one that dials. */
  readonly endpoint?: string;
}

/**
 * A host's address inside a stack's links: a unique local IPv6 address that follows from the names, so that no other host's moves when one
 * comes or goes.
 */
export function linkAddress(stack: string, host: string): string {
  const hex = (text: string, digits: number): string =>
    createHash("sha256").update(text).digest("hex").slice(0, digits);
  const digits = `fd${hex(stack, 14)}${hex(`${stack}/${host}`, 16)}`;
  return digits.replace(/(.{4})(?=.)/g, "$1:");
}

/**
 * wireproxy's configuration of an end. What goes through is written here: metrics one way, log lines and keepers' questions the other. Keys
 * and peers are in a file of their own, which the host writes.
 */
export function renderLink({ isMonitor, monitor, questions = false }: LinkSpec): string {
  const [port, target] = isMonitor ? [3_100, "loki:3100"] : [FRONT_PORT, `front:${FRONT_PORT}`];
  return [
    "WGConfig = /run/secrets/link.conf",
    "",
    "[Socks5]",
    "BindAddress = 0.0.0.0:1080",
    "",
    "[TCPServerTunnel]",
    `ListenPort = ${port}`,
    `Target = ${target}`,
    "",
    ...(!questions
      ? []
      : isMonitor
        ? ["[TCPServerTunnel]", `ListenPort = ${WITNESS_PORT}`, `Target = witness:${WITNESS_PORT}`, ""]
        : ["[TCPClientTunnel]", `BindAddress = 0.0.0.0:${WITNESS_PORT}`, `Target = [${monitor}]:${WITNESS_PORT}`, ""]),
  ].join("\n");
}

/** The peers of an end as WireGuard's configuration has them. Public: what is secret is the key before it. */
export function renderPeers(peers: readonly LinkPeer[]): string {
  return peers
    .map(({ publicKey, address, endpoint }) =>
      [
        "[Peer]",
        `PublicKey = ${publicKey}`,
        `AllowedIPs = ${address}/128`,
        // Who dials keeps the way open through whatever translates its address.
        ...(endpoint === undefined ? [] : [`Endpoint = ${endpoint}`, "PersistentKeepalive = 25"]),
        "",
      ].join("\n"),
    )
    .join("\n");
}
