import { gzipSync } from "node:zlib";
import { UNKNOWN } from "../model.ts";
import type { Case, RuleCases } from "./cases.ts";
import {
  bundle,
  changed,
  COMMAND,
  DIGEST,
  DROPLET,
  GOOD_SERVICE,
  OTHER_PUBLIC_KEY,
  PUBLIC_KEY,
  resource,
  urnOf,
} from "./resources.ts";

const AT = "stdin: services.besu";
const MNEMONIC = "test test test test test test test test test test test junk";
const good: Case = { title: "the good bundle", resources: [bundle(GOOD_SERVICE)] };
const bad = (title: string, change: Readonly<Record<string, unknown>>, ...violations: string[]): Case => ({
  title,
  resources: [bundle(changed(change))],
  violations: violations.map((violation) => `node-1 ${AT}${violation === "" ? "" : `.${violation}`}`),
});
const fine = (title: string, change: Readonly<Record<string, unknown>>): Case => ({
  title,
  resources: [bundle(changed(change))],
});
const keys = "ethstake:index:ValidatorKeys";
const keymanager = (port: number) => ({ url: `http://127.0.0.1:${port}`, tokenFile: "token" });
const inNode = (node: string, text: string) =>
  resource(
    COMMAND,
    `${node}-files`,
    { stdin: text },
    { parent: `urn:pulumi:test::ethstake::ethstake:index:Node::${node}` },
  );

/** A latest image in each of the ways in which a file may travel. */
const yaml = "services:\n  besu:\n    image: hyperledger/besu:latest\n    mem_limit: 1g\n";
const wrapped: readonly (readonly [title: string, props: Readonly<Record<string, unknown>>, property: string])[] = [
  ["as YAML", { stdin: yaml }, "stdin"],
  ["in a heredoc", { create: `set -e\ncat > compose.yaml <<'EOF'\n${yaml}EOF\ndocker compose up -d\n` }, "create"],
  ["in JSON", { stdin: JSON.stringify({ files: [{ path: "compose.yaml", content: yaml }] }) }, "stdin"],
  ["in base64", { create: `echo ${Buffer.from(yaml).toString("base64")} | base64 -d > compose.yaml` }, "create"],
  ["in gzip", { environment: { BUNDLE: gzipSync(yaml.repeat(1)).toString("base64") } }, "environment.BUNDLE"],
  ["in an asset", { source: { text: yaml }, remotePath: "compose.yaml" }, "source.text"],
];

const RELAY = {
  image: `haproxy:3.2.23-alpine@${DIGEST}`,
  network_mode: "host",
  user: "1000:1000",
  read_only: true,
  cap_drop: ["ALL"],
  ports: undefined,
};

export const BUNDLE_CASES: RuleCases = {
  "images-pinned": [
    good,
    fine("a digest alone", { image: `postgres@${DIGEST}` }),
    fine("a registry with a port", { image: "registry.example:5000/besu:26.8.0" }),
    bad("latest", { image: "hyperledger/besu:latest" }, "image hyperledger/besu:latest"),
    bad("no tag", { image: "registry.example:5000/besu" }, "image registry.example:5000/besu"),
    bad("a variable", { image: "hyperledger/besu:${TAG}" }, "image"),
    bad("built on the host", { image: undefined, build: "." }, "image nothing"),
    ...wrapped.map(([title, props, property]) => ({
      title,
      resources: [resource(COMMAND, "node-1", props)],
      violations: [`node-1 ${property}: services.besu.image hyperledger/besu:latest`],
    })),
  ],
  "image-digests-on-mainnet": [
    good,
    { title: "a testnet", resources: [bundle(changed({ image: "hyperledger/besu:26.8.0" }))], network: "hoodi" },
    bad("a tag alone", { image: "hyperledger/besu:26.8.0" }, "image hyperledger/besu:26.8.0"),
    bad("a broken digest", { image: "hyperledger/besu:26.8.0@sha256:abc" }, "image"),
  ],
  "ports-on-loopback": [
    good,
    fine("metrics on a private network", {
      ports: ["10.0.0.5:9545:9545", { target: 8008, published: 8008, host_ip: "fd00::1" }],
    }),
    fine("p2p in the long form", {
      ports: [
        { target: 9000, published: "9200", protocol: "udp" },
        { target: 9000, published: "9200", protocol: "tcp" },
        "[::1]:5052:5052",
      ],
    }),
    fine("a gateway", { image: `caddy:2.11.7-alpine@${DIGEST}`, ports: ["0.0.0.0:80:8080/tcp", "443:8443"] }),
    bad("another port of a gateway", { image: `caddy:2.11.7-alpine@${DIGEST}`, ports: ["2019:2019"] }, "ports[0]"),
    bad("a web port of something else", { ports: ["443:8545"] }, "ports[0]"),
    bad("an API", { ports: ["8545:8545"] }, "ports[0] 8545:8545"),
    bad("an API on every address", { ports: ["0.0.0.0:15052:5052/tcp"] }, "ports[0]"),
    bad("tcp alone", { ports: ["30303:30303"] }, "ports[0]"),
    bad("an API that has udp beside it", { ports: ["8551:8551", "8551:8551/udp"] }, "ports[0]", "ports[1]"),
    bad("the long form", { ports: [{ target: 7500, published: 7500 }] }, "ports[0] *:7500/tcp"),
    {
      title: "a signer, whose port is like a client's",
      resources: [
        bundle(changed({ image: `consensys/web3signer:26.4.2@${DIGEST}`, ports: ["9000:9000", "9000:9000/udp"] })),
      ],
      violations: [`node-1 ${AT}.ports[0]`, `node-1 ${AT}.ports[1]`],
    },
  ],
  "memory-limited": [
    good,
    fine("the deploy section", { mem_limit: undefined, deploy: { resources: { limits: { memory: "4g" } } } }),
    bad("none", { mem_limit: undefined }, "mem_limit nothing"),
  ],
  "logs-limited": [
    good,
    fine("the journal", { logging: { driver: "journald" } }),
    bad("none", { logging: undefined }, "logging.options.max-size nothing"),
    bad("files without end", { logging: { driver: "json-file" } }, "logging.options.max-size nothing"),
  ],
  "no-privileged-containers": [
    good,
    bad("privileged", { privileged: true }, "privileged true"),
    bad("capabilities", { cap_add: ["NET_BIND_SERVICE", "SYS_ADMIN"] }, "cap_add SYS_ADMIN"),
    bad("no seccomp", { security_opt: ["seccomp:unconfined"] }, "security_opt"),
  ],
  "no-control-socket": [
    good,
    bad("short", { volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"] }, "volumes[0]"),
    bad("long", { volumes: [{ type: "bind", source: "/run/containerd/containerd.sock", target: "/s" }] }, "volumes[0]"),
  ],
  "no-host-namespaces": [
    good,
    { title: "monitoring's relay", resources: [bundle(changed(RELAY), "relay")] },
    bad("network", { network_mode: "host", pid: "host" }, "network_mode host", "pid host"),
    {
      title: "a relay that is root, can more, or is something else",
      resources: [
        bundle(changed({ ...RELAY, user: "0:0" }), "relay"),
        bundle(changed({ ...RELAY, cap_add: ["NET_ADMIN"] }), "relay"),
        bundle(changed({ ...RELAY, image: `evil/haproxy:3.2.23@${DIGEST}` }), "relay"),
        bundle(changed({ ...RELAY, pid: "host" }), "relay"),
        bundle(changed(RELAY), "besu"),
      ],
      violations: ["network_mode host", "network_mode host", "network_mode host", "pid host", "network_mode host"],
    },
  ],
  "no-new-privileges": [good, bad("none", { security_opt: undefined }, "security_opt nothing")],
  "restart-policy": [good, fine("once", { restart: "no" }), bad("none", { restart: undefined }, "restart nothing")],
  "host-key-pinned": [
    good,
    { title: "not known yet", resources: [resource(COMMAND, "c", { connection: UNKNOWN })] },
    { title: "local", resources: [resource("command:local:Command", "c", { create: "true" })] },
    {
      title: "none, also not of the proxy",
      resources: [
        resource("command:remote:CopyToRemote", "a", { connection: { host: "h" } }),
        resource(COMMAND, "b", { connection: { host: "h", hostKey: "ssh-ed25519 AAAA", proxy: { host: "p" } } }),
      ],
      violations: ["a connection.hostKey nothing", "b connection.proxy.hostKey nothing"],
    },
  ],
  "no-plain-secrets": [
    good,
    {
      title: "marked as secrets",
      resources: [resource(COMMAND, "c", { stdin: MNEMONIC, connection: {} }, { secrets: new Set(["stdin"]) })],
    },
    {
      title: "hashes",
      resources: [resource(COMMAND, "c", { triggers: ["ab".repeat(32)], create: `IMAGE=postgres@${DIGEST}` })],
    },
    { title: "a public key", resources: [resource(COMMAND, "c", { environment: { PUBLIC_KEY: PUBLIC_KEY } })] },
    {
      title: "English",
      resources: [
        resource(COMMAND, "c", { create: "# make the folder and start all of the clients again when they stop\ntrue" }),
      ],
    },
    {
      title: "a mnemonic, a private key and a named secret",
      resources: [
        resource(COMMAND, "a", { create: `echo "${MNEMONIC}" > mnemonic` }),
        resource(COMMAND, "b", { stdin: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA" }),
        resource("command:local:Command", "c", { environment: { JWT: "ab".repeat(32) } }),
        resource("ethstake:index:Process", "d", { args: ["--private-key", `private_key=0x${"cd".repeat(32)}`] }),
        resource(DROPLET, "e", { userData: "-----BEGIN PRIVATE KEY-----" }),
      ],
      violations: [
        "a create a mnemonic",
        "b stdin a private key",
        "c environment.JWT",
        "d args[1]",
        "e userData a private key",
      ],
    },
  ],
  "slashing-protection-on": [
    good,
    fine("on", { command: ["eth2", "--slashing-protection-enabled=true", "--slashing-protection-db-url=jdbc:x"] }),
    bad("off", { command: ["eth2", "--slashing-protection-enabled=false"] }, ""),
    bad("off in two words", { command: ["eth2", "--slashing-protection-enabled", "false"] }, ""),
    bad("off by environment", { environment: { WEB3SIGNER_ETH2_SLASHING_PROTECTION_ENABLED: "false" } }, ""),
    bad("lighthouse", { command: "lighthouse vc --disable-slashing-protection-web3signer" }, ""),
    {
      title: "a process",
      resources: [resource("ethstake:index:Process", "p", { args: ["--slashing-protection-enabled=false"] })],
      violations: ["p args"],
    },
  ],
  "keys-unique": [
    {
      title: "each on one node",
      resources: [
        resource(keys, "a", {
          publicKeys: [PUBLIC_KEY],
          keymanager: keymanager(1),
          mnemonicFile: "m",
          startIndex: 0,
          count: 2,
        }),
        resource(keys, "b", {
          publicKeys: UNKNOWN,
          keymanager: keymanager(2),
          mnemonicFile: "m",
          startIndex: 2,
          count: 2,
        }),
        resource(keys, "c", {
          publicKeys: UNKNOWN,
          keymanager: keymanager(3),
          mnemonicFile: "n",
          startIndex: 0,
          count: 2,
        }),
        resource("ethstake:index:FeeRecipient", "a", { publicKeys: [PUBLIC_KEY], keymanager: keymanager(1) }),
        inNode("node-1", `keys: ${OTHER_PUBLIC_KEY}`),
        inNode("node-1", `again: ${OTHER_PUBLIC_KEY}`),
      ],
    },
    {
      title: "the program of two keepers, which has points of the curve",
      resources: ["keeper-1", "keeper-2"].flatMap((name) => [
        resource("ethstake:index:HostKeeper", name),
        resource(
          COMMAND,
          `${name}-program`,
          { stdin: `x=${PUBLIC_KEY}` },
          {
            parent: urnOf("ethstake:index:HostKeeper", name),
          },
        ),
      ]),
    },
    {
      title: "a relay that two nodes use",
      resources: [
        inNode("node-1", `-relays https://${PUBLIC_KEY}@relay`),
        inNode("node-2", `-relays https://${PUBLIC_KEY}@relay`),
      ],
    },
    {
      title: "two keymanagers",
      resources: [
        resource(keys, "a", { publicKeys: [PUBLIC_KEY], keymanager: keymanager(1) }),
        resource("ethstake:index:FeeRecipient", "b", {
          publicKeys: [PUBLIC_KEY.toUpperCase().replace("0X", "0x")],
          keymanager: keymanager(2),
        }),
      ],
      violations: ["b publicKeys"],
    },
    {
      title: "a signer and its validator client, which have one name",
      resources: [
        resource(keys, "a", { publicKeys: [PUBLIC_KEY], keymanager: { ...keymanager(1), name: "hoodi/node-1" } }),
        resource("ethstake:index:RemoteKeys", "a", {
          publicKeys: [PUBLIC_KEY],
          keymanager: { ...keymanager(2), name: "hoodi/node-1" },
        }),
      ],
    },
    {
      title: "the same loopback address on two hosts",
      resources: [
        resource(keys, "a", { publicKeys: [PUBLIC_KEY], keymanager: { ...keymanager(1), name: "hoodi/node-1" } }),
        resource("ethstake:index:RemoteKeys", "b", {
          publicKeys: [PUBLIC_KEY],
          keymanager: { ...keymanager(1), name: "hoodi/node-2" },
        }),
      ],
      violations: ["b publicKeys"],
    },
    {
      title: "two nodes' files",
      resources: [inNode("node-1", PUBLIC_KEY), inNode("node-2", PUBLIC_KEY)],
      violations: ["node-2-files stdin"],
    },
    {
      title: "ranges before the keys are known",
      resources: [
        resource(keys, "a", { publicKeys: UNKNOWN, keymanager: keymanager(1), mnemonicFile: "m", count: 3 }),
        resource(keys, "b", {
          publicKeys: UNKNOWN,
          keymanager: keymanager(2),
          mnemonicFile: "m",
          startIndex: 2,
          count: 2,
        }),
      ],
      violations: ["b startIndex 2 to 3, of which a has 0 to 2"],
    },
  ],
  "keymanager-not-public": [
    {
      title: "loopback, private, TLS or not known",
      resources: ["http://127.0.0.1:7500", "http://10.0.0.4:7500", "https://keys.example", UNKNOWN].map((url, index) =>
        resource(keys, `k${index}`, { keymanager: { url, tokenFile: "t" } }),
      ),
    },
    {
      title: "the open network",
      resources: [resource(keys, "k", { keymanager: { url: "http://203.0.113.9:7500" } })],
      violations: ["k keymanager.url http://203.0.113.9:7500"],
    },
  ],
};
