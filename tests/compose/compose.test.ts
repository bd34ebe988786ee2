import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderGateway } from "../../components/gateway/bundle.ts";
import { GATEWAY } from "../../components/gateway/fixtures.ts";
import { renderKeeper } from "../../components/keeper/bundle.ts";
import { KEEPER, KEEPER_FACTS } from "../../components/keeper/fixtures.ts";
import type { AppliedBundle } from "../../components/validator-node/bundle/apply.ts";
import { COMBINATIONS, testNode, type NodeShape } from "../../components/validator-node/bundle/fixtures.ts";
import { renderBundle } from "../../components/validator-node/bundle/render.ts";
import { VALIDATOR_CLIENTS } from "../../components/validator-node/bundle/spec.ts";
import { projectPath } from "../../lib/paths.ts";

const run = promisify(execFile);

/** Docker Compose: the one that DOCKER_COMPOSE names, Docker's plugin, or the one that scripts/build-compose.ts built. */
function findCompose(): readonly string[] | undefined {
  const named = process.env.DOCKER_COMPOSE;
  const built = projectPath(".ethstake/tools/docker-compose");
  const candidates = [
    ...(named ? [named.split(" ")] : []),
    ["docker", "compose"],
    ...(existsSync(built) ? [[built]] : []),
  ];
  return candidates.find(([command = "", ...args]) => spawnSync(command, [...args, "version"]).status === 0);
}

const compose = findCompose();

/** What `docker compose config` makes of a port. */
interface ResolvedPort {
  readonly host_ip?: string;
  readonly published: string;
  readonly protocol: string;
}

interface Resolved {
  readonly name: string;
  readonly services: Readonly<
    Record<string, { readonly command?: readonly string[] | null; readonly ports?: readonly ResolvedPort[] }>
  >;
}

describe.skipIf(compose === undefined)("docker compose config", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ethstake-compose-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes a bundle and runs `config` on it. */
  async function config(name: string, bundle: AppliedBundle, ...args: string[]): Promise<string> {
    const root = join(folder, name);
    for (const { path, content } of bundle.files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    const [command = "", ...prefix] = compose ?? [];
    const { stdout, stderr } = await run(command, [...prefix, "-f", join(root, "compose.yaml"), "config", ...args]);
    // Compose warns of variables that are not set, of keys that are out of use.
    expect(stderr).toBe("");
    return stdout;
  }

  it.each(COMBINATIONS)("accepts %s, %s, %s", async (execution, consensus, validator) => {
    const bundle = renderBundle(
      testNode({ execution: [execution], consensus: [consensus], validator, mevBoost: true }),
    );
    await config(`${execution}-${consensus}-${validator}`, bundle, "--quiet");
  });

  it.each(VALIDATOR_CLIENTS)("accepts local keys: %s", async (validator) => {
    await config(`local-${validator}`, renderBundle(testNode({ validator, signer: "local" })), "--quiet");
  });

  it("accepts a gateway", async () => {
    const resolved = await config("gateway", renderGateway(GATEWAY), "--format", "json", "--no-path-resolution");
    expect(JSON.parse(resolved)).toMatchObject({
      services: { caddy: { cap_add: ["NET_BIND_SERVICE"], read_only: true }, limiter: { read_only: true } },
      networks: { "ethstake-monitoring_default": { external: true } },
    });
  });

  it("accepts a keeper", async () => {
    const resolved = await config(
      "keeper",
      renderKeeper(KEEPER, KEEPER_FACTS),
      "--format",
      "json",
      "--no-path-resolution",
    );
    expect(JSON.parse(resolved)).toMatchObject({
      services: { keeper: { read_only: true, user: "1000:1000" } },
      networks: { "ethstake-node-1_default": { external: true } },
    });
  });

  it("resolves to the services, arguments and ports that were meant", async () => {
    const shape: NodeShape = {
      execution: ["besu", "geth"],
      consensus: ["lighthouse", "prysm"],
      validator: "lighthouse",
      mevBoost: true,
      validatorSettings: { graffiti: "$HOME ${PATH} `x` 'y'" },
    };
    const bundle = renderBundle(testNode(shape));
    const resolved = JSON.parse(
      await config("failover", bundle, "--format", "json", "--no-path-resolution"),
    ) as Resolved;
    expect(resolved.name).toBe("ethstake-node-1");
    expect(Object.keys(resolved.services).sort()).toEqual(Object.keys(bundle.services).sort());
    // `config` writes dollars as compose wants to read them.
    expect(resolved.services.validator?.command).toContain("--graffiti=$$HOME $${PATH} `x` 'y'");
    const open = Object.values(resolved.services)
      .flatMap(({ ports = [] }) => ports)
      .filter(({ host_ip: address }) => address !== "127.0.0.1")
      .map(({ published, protocol }) => `${published}/${protocol}`);
    expect(open.sort()).toEqual(bundle.ports.map(({ port, protocol }) => `${port}/${protocol}`).sort());
  });
});
