import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { COMBINATIONS, testKey, testNode } from "./fixtures.ts";
import { renderBundle } from "./render.ts";
import { CONSENSUS_CLIENTS, EXECUTION_CLIENTS, VALIDATOR_CLIENTS, type Bundle, type BundleSpec } from "./spec.ts";

interface Volume {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly bind: { readonly create_host_path: boolean };
}

interface ParsedService {
  readonly image: string;
  readonly user: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly Volume[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart: string;
  readonly read_only?: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly stop_grace_period: string;
}

interface ParsedCompose {
  readonly name: string;
  readonly services: Readonly<Record<string, ParsedService>>;
}

function compose(bundle: Bundle): ParsedCompose {
  return parse(bundle.files[0]?.content ?? "", { version: "1.1" }) as ParsedCompose;
}

function service(bundle: Bundle, name: string): ParsedService {
  const found = compose(bundle).services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

const command = (bundle: Bundle, name: string): string => (service(bundle, name).command ?? []).join(" ");

/** What holds for every bundle. */
function expectSound(spec: BundleSpec): void {
  const bundle = renderBundle(spec);
  const { services } = compose(bundle);
  const names = Object.keys(services);
  const present = new Set([...bundle.files, ...bundle.directories, ...bundle.secrets].map(({ path }) => path));
  const open = new Set(bundle.ports.map(({ port, protocol }) => `${port}:${port}/${protocol}`));
  const published: string[] = [];
  expect(Object.keys(bundle.services)).toEqual(names);
  for (const [name, definition] of Object.entries(services)) {
    expect(definition.user, name).toBe("1000:1000");
    expect(definition.cap_drop, name).toEqual(["ALL"]);
    expect(definition.security_opt, name).toEqual(["no-new-privileges:true"]);
    expect(definition.mem_limit, name).toMatch(/^[1-9]\d*m$/);
    expect(definition.restart, name).toMatch(/^(no|unless-stopped)$/);
    if (definition.restart !== "no") expect(definition.healthcheck?.test[0], name).toBe("CMD");
    for (const dependency of Object.keys(definition.depends_on ?? {})) expect(names, name).toContain(dependency);
    for (const [dependency, { condition }] of Object.entries(definition.depends_on ?? {}))
      expect(services[dependency]?.restart === "no", `${name} on ${dependency}`).toBe(
        condition === "service_completed_successfully",
      );
    // Compose may make a service anew with what it depends on: a validator client does not restart for its beacon node.
    for (const [dependency, { condition }] of Object.entries(definition.depends_on ?? {}))
      if (condition !== "service_completed_successfully")
        expect(["postgres", "web3signer"], name).toContain(dependency);
    for (const volume of definition.volumes ?? []) {
      expect(volume.type).toBe("bind");
      expect(volume.bind.create_host_path).toBe(false);
      expect(present, `${name} mounts ${volume.source}`).toContain(volume.source.replace(/^\.\//, ""));
    }
    for (const port of definition.ports ?? []) {
      published.push(port.startsWith("127.0.0.1:") ? (port.split(":")[1] ?? "") : port);
      expect(port.startsWith("127.0.0.1:") || open.has(port), `${name} publishes ${port}`).toBe(true);
    }
  }
  expect(new Set(published).size).toBe(published.length);
  const text = JSON.stringify(bundle);
  // Public keys are 48 bytes; anything of 32 bytes is a secret or a hash. The hashes of services are left out.
  expect(JSON.stringify({ ...bundle, services: {} }).match(/(?<![0-9a-f])(0x)?[0-9a-f]{64}(?![0-9a-f])/gi)).toBeNull();
  expect(text).not.toMatch(/-password[= ][^"]|POSTGRES_PASSWORD"|PGPASSWORD/);
  for (const { path, mode } of bundle.secrets) {
    expect(path).toMatch(/^secrets\//);
    expect(mode).toMatch(/^04[04]0$/);
  }
}

describe("renderBundle", () => {
  it.each(COMBINATIONS)("is sound with and without mev-boost: %s, %s, %s", (execution, consensus, validator) => {
    for (const mevBoost of [true, false])
      expectSound(testNode({ execution: [execution], consensus: [consensus], validator, mevBoost }));
  });

  it.each(VALIDATOR_CLIENTS)("is sound with local keys: %s", (validator) => {
    expectSound(testNode({ validator, signer: "local" }));
  });

  it.each(["mainnet", "sepolia", "hoodi"] as const)("is sound on %s with a standby of everything", (network) => {
    expectSound(
      testNode({
        execution: ["besu", "geth"],
        consensus: ["lighthouse", "nimbus"],
        validator: "teku",
        mevBoost: true,
        settings: { network },
      }),
    );
  });

  it("is sound without a validator client", () => {
    const { validator: _, ...rest } = testNode();
    expectSound(rest);
    expect(renderBundle(rest).keymanager).toBeUndefined();
    expect(renderBundle(rest).signerUrl).toBeUndefined();
  });

  it("never has more than one validator client", () => {
    const bundle = renderBundle(testNode({ execution: ["besu", "geth"], consensus: ["lighthouse", "prysm"] }));
    expect(Object.keys(bundle.services).filter((name) => name.startsWith("validator"))).toEqual(["validator"]);
  });

  it("pairs each consensus client with an execution client of its own", () => {
    const bundle = renderBundle(testNode({ execution: ["besu", "geth"], consensus: ["lighthouse", "prysm"] }));
    expect(command(bundle, "consensus")).toContain("--execution-endpoint=http://execution:8551");
    expect(command(bundle, "consensus-standby")).toContain("--execution-endpoint=http://execution-standby:8551");
    const shared = renderBundle(testNode({ execution: ["besu"], consensus: ["lighthouse", "prysm"] }));
    expect(command(shared, "consensus-standby")).toContain("--execution-endpoint=http://execution:8551");
  });

  it.each(VALIDATOR_CLIENTS)("gives the validator client all beacon nodes, its own first: %s", (validator) => {
    const bundle = renderBundle(
      testNode({
        consensus: ["lighthouse", "teku"],
        validator,
        validatorSettings: { fallbackBeaconApis: ["http://10.0.0.2:20002"] },
      }),
    );
    const urls = command(bundle, "validator").match(/http:\/\/(consensus|consensus-standby|10\.0\.0\.2):\d+/g);
    expect(urls).toEqual(["http://consensus:5052", "http://consensus-standby:5052", "http://10.0.0.2:20002"]);
  });

  it.each(CONSENSUS_CLIENTS)("tells the consensus client of the builder only when there is one: %s", (client) => {
    const without = renderBundle(testNode({ consensus: [client], validator: client }));
    const with_ = renderBundle(testNode({ consensus: [client], validator: client, mevBoost: true }));
    expect(command(without, "consensus")).not.toContain("18550");
    expect(command(with_, "consensus")).toContain("http://mev-boost:18550");
    expect(command(without, "validator")).not.toMatch(/builder-proposals|enable-builder|default-enabled|builder=true/);
    expect(command(with_, "validator")).toMatch(/builder-proposals|enable-builder|default-enabled=true|builder=true/);
  });

  it.each(VALIDATOR_CLIENTS)("turns doppelganger protection on and off: %s", (validator) => {
    const on = renderBundle(testNode({ validator, validatorSettings: { doppelgangerProtection: true } }));
    const off = renderBundle(testNode({ validator, validatorSettings: { doppelgangerProtection: false } }));
    expect(command(on, "validator")).toMatch(/doppelganger/i);
    expect(command(off, "validator")).toMatch(
      validator === "nimbus" ? /--doppelganger-detection=false/ : /^((?!doppel).)*$/i,
    );
  });

  it("names each key in an argument of its own to the clients that need a list", () => {
    for (const validator of ["prysm", "teku"] as const) {
      const args = service(renderBundle(testNode({ validator })), "validator").command ?? [];
      expect(args.filter((arg) => arg.startsWith("--validators-external-signer-public-keys="))).toEqual(
        [1, 2].map((index) => `--validators-external-signer-public-keys=${testKey(index)}`),
      );
    }
  });

  it("waits for Web3Signer, and Web3Signer for its database and migrations", () => {
    const { services } = compose(renderBundle(testNode()));
    expect(services.validator?.depends_on?.web3signer).toEqual({ condition: "service_healthy" });
    expect(services.web3signer?.depends_on).toEqual({
      postgres: { condition: "service_healthy" },
      "web3signer-migrate": { condition: "service_completed_successfully" },
    });
    expect(renderBundle(testNode()).files.map(({ path }) => path)).toEqual([
      "compose.yaml",
      "config/web3signer.yaml",
      "config/web3signer.sh",
      "config/web3signer-migrate.sh",
    ]);
  });

  it("publishes metrics on the metrics address, and nothing else there", () => {
    const bundle = renderBundle(testNode({ mevBoost: true, settings: { metricsAddress: "10.8.0.3" } }));
    const published = Object.values(compose(bundle).services).flatMap(({ ports = [] }) => ports);
    const metrics = published.filter((port) => port.startsWith("10.8.0.3:"));
    expect(metrics.map((port) => port.split(":").slice(0, 2).join(":")).sort()).toEqual(
      bundle.metrics.map(({ target }) => target).sort(),
    );
    expect(metrics).toHaveLength(5);
  });

  it("says where its APIs are", () => {
    const bundle = renderBundle(testNode({ consensus: ["lighthouse", "teku"], validator: "lighthouse" }));
    expect(bundle.executionRpc).toBe("http://127.0.0.1:20000");
    expect(bundle.beaconApis).toEqual(["http://127.0.0.1:20002", "http://127.0.0.1:20003"]);
    expect(bundle.keymanager).toEqual({
      url: "http://127.0.0.1:20004",
      tokenFile: "/var/lib/ethstake/nodes/node-1/data/validator-lighthouse/validators/api-token.txt",
    });
    expect(bundle.signerUrl).toBe("http://127.0.0.1:20005");
  });

  it("stops clients as they want it, and gives them time", () => {
    for (const execution of EXECUTION_CLIENTS)
      expect(service(renderBundle(testNode({ execution: [execution] })), "execution").stop_grace_period).toBe("300s");
    expect(service(renderBundle(testNode()), "consensus").stop_grace_period).toBe("60s");
  });

  it("runs overridden images, by digest when there is one", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const spec = testNode();
    const override = (image: { tag?: string; digest?: string }): string =>
      service(renderBundle({ ...spec, execution: [{ client: "geth", p2pPort: 1, image }] }), "execution").image;
    expect(override({ tag: "v9.9.9" })).toBe("ethereum/client-go:v9.9.9");
    expect(override({ tag: "v9.9.9", digest })).toBe(`ethereum/client-go:v9.9.9@${digest}`);
  });

  it("keeps the checkpoint's URL out of the shell script that uses it", () => {
    const url = "https://checkpoint.example.org/?a=1&b=$(id)";
    const bundle = renderBundle(testNode({ settings: { checkpointSyncUrl: url } }));
    const [, , script, ...rest] = service(bundle, "consensus-checkpoint").entrypoint ?? [];
    expect(script).not.toContain("checkpoint.example.org");
    expect(rest).toEqual(["sh", "mainnet", "https://checkpoint.example.org/?a=1&b=$$(id)"]);
  });

  it("hands dollars through compose as they are", () => {
    const bundle = renderBundle(testNode({ validator: "lighthouse", validatorSettings: { graffiti: "a $HOME b" } }));
    expect(command(bundle, "validator")).toContain("--graffiti=a $$HOME b");
  });

  it("changes exactly the hash of the service whose image changes", () => {
    const spec = testNode({
      execution: ["besu", "geth"],
      consensus: ["lighthouse", "prysm"],
      validator: "teku",
      mevBoost: true,
    });
    const changed = (other: BundleSpec): string[] => {
      const [before, after] = [renderBundle(spec).services, renderBundle(other).services];
      return Object.keys(before).filter((name) => before[name] !== after[name]);
    };
    const image = { tag: "99.0.0" };
    const [besu, geth] = spec.execution;
    const { validator, mevBoost } = spec;
    if (!besu || !geth || !validator || !mevBoost) throw new Error("incomplete node");
    expect(changed({ ...spec, execution: [{ ...besu, image }, geth] })).toEqual(["execution"]);
    expect(changed({ ...spec, execution: [besu, { ...geth, image }] })).toEqual(["execution-standby"]);
    expect(changed({ ...spec, validator: { ...validator, image } })).toEqual(["validator"]);
    expect(changed({ ...spec, mevBoost: { ...mevBoost, image } })).toEqual(["mev-boost"]);
    // The run that hands over the schema is of the same image.
    expect(changed({ ...spec, validator: { ...validator, signer: { kind: "web3signer", image } } })).toEqual([
      "web3signer-schema",
      "web3signer",
    ]);
  });

  it("hashes the content of the files that a service mounts", () => {
    const services = (network: BundleSpec["network"]): Readonly<Record<string, string>> =>
      renderBundle(testNode({ settings: { network } })).services;
    expect(services("hoodi").web3signer).not.toBe(services("mainnet").web3signer);
    expect(services("hoodi").postgres).toBe(services("mainnet").postgres);
  });

  it("is pure and deterministic", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...COMBINATIONS),
        fc.boolean(),
        fc.constantFrom("web3signer" as const, "local" as const),
        fc.string({ maxLength: 32 }),
        fc.integer({ min: 1024, max: 60_000 }),
        ([execution, consensus, validator], mevBoost, signer, graffiti, basePort) => {
          const shape = { execution: [execution], consensus: [consensus], validator, mevBoost, signer };
          const spec = testNode({ ...shape, settings: { basePort }, validatorSettings: { graffiti } });
          const copy = structuredClone(spec);
          const bundle = renderBundle(spec);
          expect(spec).toEqual(copy);
          expect(renderBundle(copy)).toEqual(bundle);
          expect(() => compose(bundle)).not.toThrow();
        },
      ),
      { numRuns: 100 },
    );
  });
});
