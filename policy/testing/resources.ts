/** Resources of the shapes that the SDKs register, for tests. */
import { UNKNOWN, type PlannedResource } from "../model.ts";

type Extra = Partial<Pick<PlannedResource, "protect" | "parent" | "propertyDependencies" | "provider" | "secrets">>;

/** A resource as a program registers it; nothing of it is secret unless said so. */
export function resource(
  type: string,
  name: string,
  props: Readonly<Record<string, unknown>> = {},
  extra: Extra = {},
): PlannedResource {
  return {
    urn: urnOf(type, name),
    type,
    name,
    props,
    protect: false,
    propertyDependencies: {},
    secrets: new Set(),
    ...extra,
  };
}

export function urnOf(type: string, name: string): string {
  return `urn:pulumi:test::ethstake::${type}::${name}`;
}

/** A property that is made of another resource's output, and unknown before that exists. */
export function linked(property: string, to: PlannedResource): Pick<PlannedResource, "propertyDependencies"> {
  return { propertyDependencies: { [property]: [to.urn] } };
}

export const INSTANCE = "aws:ec2/instance:Instance";
export const SERVER = "hcloud:index/server:Server";
export const DROPLET = "digitalocean:index/droplet:Droplet";
export const COMMAND = "command:remote:Command";
export const CONTRACT = "ethstake:index:Contract";
export const SETTING = "ethstake:index:Setting";

export const DIGEST = `sha256:${"ab".repeat(32)}`;
export const ADDRESS = "0x00000000219ab540356cBB839Cbe05303d7705Fa";
export const OTHER_ADDRESS = `0x${"12".repeat(20)}`;
export const PUBLIC_KEY = `0x${"8c".repeat(48)}`;
export const OTHER_PUBLIC_KEY = `0x${"9d".repeat(48)}`;

/** A service that keeps every rule. */
export const GOOD_SERVICE = {
  image: `hyperledger/besu:26.8.0@${DIGEST}`,
  command: ["--network=mainnet", "--engine-rpc-port=8551"],
  ports: ["30303:30303/tcp", "30303:30303/udp", "127.0.0.1:8545:8545", "127.0.0.1:8551:8551"],
  mem_limit: "12g",
  logging: { driver: "json-file", options: { "max-size": "50m", "max-file": "5" } },
  security_opt: ["no-new-privileges:true"],
  restart: "unless-stopped",
  volumes: ["./data/besu:/data"],
};

/** A command that writes a compose file with one service and starts it. */
export function bundle(service: Readonly<Record<string, unknown>>, name = "besu"): PlannedResource {
  return resource(COMMAND, "node-1", {
    connection: { host: UNKNOWN, user: "ethstake", privateKey: "secret", hostKey: "ssh-ed25519 AAAA" },
    create: "cat > compose.yaml && docker compose up --detach --wait",
    stdin: JSON.stringify({ services: { [name]: service } }),
  });
}

/** The good service with some of it changed; undefined takes a key away. */
export function changed(change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const all: Readonly<Record<string, unknown>> = { ...GOOD_SERVICE, ...change };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
