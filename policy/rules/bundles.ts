/** What runs on hosts: the services of compose files. */
import { services, type Service } from "../bundle.ts";
import { resourceRule, type PolicyContext, type ResourceFinding, type Rule, type RuleSeverity } from "../model.ts";
import { at, isMap, list, present, scalar, strings } from "../values.ts";
import { API_PORTS } from "./firewalls.ts";

/** A rule about each service of a bundle. */
function serviceRule(rule: {
  readonly name: string;
  readonly description: string;
  readonly severity: RuleSeverity;
  readonly check: (service: Service, context: PolicyContext) => Iterable<ResourceFinding>;
}): Rule {
  return resourceRule({
    name: rule.name,
    description: rule.description,
    severity: rule.severity,
    *check(resource, context) {
      for (const service of services(resource)) yield* rule.check(service, context);
    },
  });
}

/** The reference of an image, taken apart. */
function imageParts(image: string): { readonly tag: string | undefined; readonly digest: string | undefined } {
  const [reference = "", digest] = image.split("@");
  const tag = /:([\w][\w.-]{0,127})$/.exec(reference.slice(reference.lastIndexOf("/") + 1))?.[1];
  return { tag, digest: digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined };
}

/** A port that a service publishes. */
export interface Publication {
  readonly address: string;
  /** Text, as it may be a range. */
  readonly host: string;
  readonly container: string;
  readonly protocol: string;
  readonly shown: string;
}

export function publications({ body }: Service): Publication[] {
  return list(body["ports"]).map((port) => {
    if (isMap(port)) {
      const text = (key: string): string => scalar(port[key]);
      const published = { address: text("host_ip"), host: text("published"), container: text("target") };
      const protocol = text("protocol") || "tcp";
      return { ...published, protocol, shown: `${published.address || "*"}:${published.host}/${protocol}` };
    }
    const shown = scalar(port);
    const [mapping = "", protocol = "tcp"] = shown.split("/");
    const [, address = "", host = "", container = mapping] =
      /^(?:(\[.*\]|[^:]*):)??(?:([\d-]*):)?([\d-]+)$/.exec(mapping) ?? [];
    return { address: address.replace(/^\[|\]$/g, ""), host, container, protocol, shown };
  });
}

/** Addresses that the world does not reach: loopback, and private networks on which metrics are scraped. */
export function isInside(address: string): boolean {
  return (
    /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)[\d.]+$/.test(address) ||
    /^(::1|localhost|f[cd][0-9a-f]{2}:[0-9a-f:]*)$/i.test(address)
  );
}

/** Peer-to-peer traffic is UDP, or TCP on a port that UDP has too. No API is. */
function isPeerToPeer(port: Publication, all: readonly Publication[]): boolean {
  if (port.host === "" || port.host.includes("-")) return false;
  if (API_PORTS.has(Number(port.host)) || API_PORTS.has(Number(port.container))) return false;
  if (port.protocol === "udp") return true;
  return all.some((other) => other.protocol === "udp" && other.host === port.host && !isInside(other.address));
}

/** The ports of a gateway, which is there to be reached: Caddy, on 80 and 443. */
function isGateway({ body }: Service, port: Publication): boolean {
  return (
    port.protocol === "tcp" &&
    (port.host === "80" || port.host === "443") &&
    /^(docker\.io\/(library\/)?)?caddy:/.test(scalar(body["image"]))
  );
}

/**
 * Monitoring's relay: HAProxy on a socket file, which lets GET of metrics through. Somebody has to be where the clients' metrics are, and it is
 * the one that can do least there.
 */
function isRelay({ name, body }: Service): boolean {
  return (
    name === "relay" &&
    /^(docker\.io\/(library\/)?)?haproxy:/.test(scalar(body["image"])) &&
    body["read_only"] === true &&
    strings(body["cap_drop"]).includes("ALL") &&
    !present(body["cap_add"]) &&
    /^[1-9]\d*(:|$)/.test(scalar(body["user"]))
  );
}

const CONTROL_SOCKETS = /(docker|containerd|podman|crio)\.sock\b/;

export const BUNDLE_RULES: readonly Rule[] = [
  serviceRule({
    name: "images-pinned",
    description: "Images have a tag, and not latest: a restart must not be an upgrade.",
    severity: "mandatory",
    *check({ property, body }) {
      const image = body["image"];
      if (typeof image !== "string") {
        if (image !== undefined || body["build"] !== undefined) {
          yield { property: `${property}.image`, value: image, fix: "Run a published image by its tag." };
        }
        return;
      }
      const { tag, digest } = imageParts(image);
      if ((tag === undefined && digest === undefined) || tag === "latest" || image.includes("$")) {
        yield { property: `${property}.image`, value: image, fix: "Write out the tag of a release." };
      }
    },
  }),
  serviceRule({
    name: "image-digests-on-mainnet",
    description: "On mainnet images are pinned by digest: a tag can be moved to other code.",
    severity: "mandatory",
    *check({ property, body }, { network }) {
      const image = body["image"];
      if (network !== "mainnet" || typeof image !== "string" || imageParts(image).digest !== undefined) return;
      yield { property: `${property}.image`, value: image, fix: "Add @sha256: and the digest of the release." };
    },
  }),
  serviceRule({
    name: "ports-on-loopback",
    description:
      "Bundles publish p2p and a gateway's web ports to the world, everything else on loopback or a private network: Docker publishes past ufw.",
    severity: "mandatory",
    *check(service) {
      const all = publications(service);
      for (const [index, port] of all.entries()) {
        const isSigner = /web3signer/.test(`${service.name} ${scalar(service.body["image"])}`);
        if (isInside(port.address) || (!isSigner && isPeerToPeer(port, all)) || isGateway(service, port)) continue;
        yield {
          property: `${service.property}.ports[${index}]`,
          value: port.shown,
          fix: "Publish it on 127.0.0.1, or on the host's private address.",
        };
      }
    },
  }),
  serviceRule({
    name: "memory-limited",
    description: "Each service has a memory limit: one client that grows must not take the others with it.",
    severity: "mandatory",
    *check({ property, body }) {
      const value = body["mem_limit"] ?? at(body, "deploy", "resources", "limits", "memory");
      if (value === undefined || value === 0 || value === "0") {
        yield {
          property: `${property}.mem_limit`,
          value,
          fix: "Set mem_limit from the catalogue's figure for the client.",
        };
      }
    },
  }),
  serviceRule({
    name: "logs-limited",
    description: "Container logs have a size limit: a chatty client must not fill the disk.",
    severity: "mandatory",
    *check({ property, body }) {
      const driver = at(body, "logging", "driver");
      const size = at(body, "logging", "options", "max-size");
      // These keep nothing on the disk that grows without bound.
      if (driver !== undefined && driver !== "json-file") return;
      if (size === undefined || size === "-1") {
        yield { property: `${property}.logging.options.max-size`, value: size, fix: "Set max-size and max-file." };
      }
    },
  }),
  serviceRule({
    name: "no-privileged-containers",
    description:
      "No container is privileged or gets capabilities over the host: what breaks out of a client must not own the keys.",
    severity: "mandatory",
    *check({ property, body }) {
      if (body["privileged"] === true || body["privileged"] === "true") {
        yield { property: `${property}.privileged`, value: body["privileged"], fix: "Leave it out." };
      }
      for (const capability of strings(body["cap_add"])) {
        if (/^(CAP_)?(ALL|SYS_ADMIN|SYS_PTRACE|SYS_MODULE|NET_ADMIN|DAC_READ_SEARCH)$/i.test(capability)) {
          yield { property: `${property}.cap_add`, value: capability, fix: "Leave it out." };
        }
      }
      for (const option of strings(body["security_opt"])) {
        if (/unconfined/.test(option))
          yield { property: `${property}.security_opt`, value: option, fix: "Leave it out." };
      }
    },
  }),
  serviceRule({
    name: "no-control-socket",
    description: "No container has the container engine's socket: who has it is root on the host.",
    severity: "mandatory",
    *check({ property, body }) {
      for (const [index, volume] of list(body["volumes"]).entries()) {
        const source = typeof volume === "string" ? volume : at(volume, "source");
        if (typeof source === "string" && CONTROL_SOCKETS.test(source)) {
          yield {
            property: `${property}.volumes[${index}]`,
            value: source,
            fix: "Leave it out; collect metrics with an exporter that needs no socket.",
          };
        }
      }
    },
  }),
  serviceRule({
    name: "no-host-namespaces",
    description:
      "Containers have a network, process and IPC namespace of their own, monitoring's confined relay aside: in the host's network every port is open.",
    severity: "mandatory",
    *check(service) {
      const { property, body } = service;
      for (const key of ["network_mode", "pid", "ipc", "userns_mode"]) {
        if (body[key] === "host" && !(key === "network_mode" && isRelay(service))) {
          yield {
            property: `${property}.${key}`,
            value: "host",
            fix: "Leave it out and publish the ports that are needed.",
          };
        }
      }
    },
  }),
  serviceRule({
    name: "no-new-privileges",
    description: "Containers cannot gain privileges by set-uid programs.",
    severity: "advisory",
    *check({ property, body }) {
      if (strings(body["security_opt"]).some((option) => /^no-new-privileges(:true)?$/.test(option))) return;
      yield {
        property: `${property}.security_opt`,
        value: body["security_opt"],
        fix: "Add no-new-privileges:true.",
      };
    },
  }),
  serviceRule({
    name: "restart-policy",
    description: "Each service says whether it is started again: a rebooted host must validate again by itself.",
    severity: "advisory",
    *check({ property, body }) {
      if (present(body["restart"]) || present(at(body, "deploy", "restart_policy"))) return;
      yield { property: `${property}.restart`, value: undefined, fix: "Set restart to unless-stopped." };
    },
  }),
];
