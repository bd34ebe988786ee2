import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { applyScripts } from "./apply.ts";
import type { Bundle, BundleFile } from "./spec.ts";

const compose: BundleFile = { path: "compose.yaml", mode: "0640", content: "services: {}\n" };
const config: BundleFile = {
  path: "config/web3signer.yaml",
  mode: "0440",
  content: 'text: "ünïcode $HOME `id` \\n"\n',
};
const bundle = (files: readonly BundleFile[], services: Record<string, string> = { execution: "aa" }): Bundle => ({
  files,
  directories: [{ path: "data/execution", mode: "0700" }],
  secrets: [{ path: "secrets/jwt.hex", mode: "0440", bytes: 32 }],
  metrics: [],
  ports: [],
  services,
  executionRpc: "",
  beaconApis: [],
});

let directory: string;
const read = (path: string): string => readFileSync(join(directory, path), "utf8");
const mode = (path: string): number => statSync(join(directory, path)).mode & 0o777;
const sh = (
  script: string,
  input: string,
  path = process.env["PATH"] ?? "",
): { status: number | null; stderr: string } =>
  spawnSync("sh", ["-c", script], { input, encoding: "utf8", env: { PATH: path } });
const install = (files: readonly BundleFile[]): { status: number | null; stderr: string } => {
  const scripts = applyScripts("node-1", directory, bundle(files));
  return sh(scripts.install, scripts.files);
};

beforeEach(() => {
  // A name that a careless script would trip over.
  directory = join(mkdtempSync(join(tmpdir(), "ethstake-bundle-")), "it's a node");
});

describe("install", () => {
  it("writes files with their content and mode, and makes secrets", () => {
    expect(install([compose, config])).toMatchObject({ status: 0, stderr: "" });
    expect(read("compose.yaml")).toBe(compose.content);
    expect(read("config/web3signer.yaml")).toBe(config.content);
    expect([mode("compose.yaml"), mode("config/web3signer.yaml"), mode("secrets/jwt.hex")]).toEqual([
      0o640, 0o440, 0o440,
    ]);
    expect(read("secrets/jwt.hex")).toMatch(/^[0-9a-f]{64}$/);
    expect(mode("data/execution")).toBe(0o700);
  });

  it("changes nothing in a second run, and keeps secrets when files change", () => {
    install([compose, config]);
    const before = [read("secrets/jwt.hex"), statSync(join(directory, "compose.yaml")).ino];
    install([compose, config]);
    expect([read("secrets/jwt.hex"), statSync(join(directory, "compose.yaml")).ino]).toEqual(before);
    install([{ ...compose, content: "services: { a: {} }\n" }, config]);
    expect(read("compose.yaml")).toBe("services: { a: {} }\n");
    expect(read("secrets/jwt.hex")).toBe(before[0]);
  });

  it("mends a mode, and a secret that a kill left empty", () => {
    install([compose]);
    chmodSync(join(directory, "compose.yaml"), 0o600);
    writeFileSync(join(directory, "compose.yaml.incoming"), "half");
    chmodSync(join(directory, "secrets/jwt.hex"), 0o600);
    writeFileSync(join(directory, "secrets/jwt.hex"), "");
    expect(install([compose]).status).toBe(0);
    expect(mode("compose.yaml")).toBe(0o640);
    expect(read("secrets/jwt.hex")).toHaveLength(64);
    expect(readdirSync(directory).filter((name) => name.endsWith(".incoming"))).toEqual([]);
  });

  it("removes what the last bundle had and this one has not, and nothing else", () => {
    install([compose, config]);
    mkdirSync(join(directory, "validator", "keys"), { recursive: true });
    writeFileSync(join(directory, "validator", "keys", "slashing-protection.sqlite"), "precious");
    install([compose]);
    expect(existsSync(join(directory, "config", "web3signer.yaml"))).toBe(false);
    expect(read("validator/keys/slashing-protection.sqlite")).toBe("precious");
    expect(existsSync(join(directory, "secrets", "jwt.hex"))).toBe(true);
  });

  it("refuses paths that leave the folder", () => {
    for (const path of ["../escape", "/etc/passwd", "a/../../b", "two words", ""])
      expect(() => applyScripts("node-1", directory, bundle([{ ...compose, path }]))).toThrow(TypeError);
  });
});

describe("up and down", () => {
  /** A docker that writes down how it is called. @param then what else it does, as a shell script */
  function fakeDocker(then = ""): { path: string; calls: () => string } {
    const bin = mkdtempSync(join(tmpdir(), "ethstake-docker-"));
    const log = join(bin, "calls");
    writeFileSync(join(bin, "docker"), `#!/bin/sh\nprintf '%s|' "$@" >>'${log}'\necho >>'${log}'\n${then}\n`, {
      mode: 0o755,
    });
    return {
      path: `${bin}:${process.env["PATH"] ?? ""}`,
      calls: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    };
  }

  it("pulls, then starts under the node's own project and waits", () => {
    install([compose]);
    const docker = fakeDocker();
    const { up, services } = applyScripts("node-1", directory, bundle([compose], { beacon: "b1", execution: "a1" }));
    expect(services).toBe("beacon b1\nexecution a1\n");
    expect(sh(up, services, docker.path).status).toBe(0);
    const [stale = "", pull = "", start = ""] = docker.calls().split("\n");
    expect(stale).toContain("|--filter|status=created|--filter|label=com.docker.compose.project=ethstake-node-1|");
    expect(pull).toContain("|pull|--quiet|");
    expect(start).toContain(
      `compose|--project-name|ethstake-node-1|--project-directory|${directory}|up|--detach|--wait|`,
    );
  });

  it("says what compose said, with compose's exit code", () => {
    install([compose]);
    const docker = fakeDocker('case "$*" in *" up "*) echo unhealthy >&2; exit 3 ;; esac');
    const { up, services } = applyScripts("node-1", directory, bundle([compose]));
    expect(sh(up, services, docker.path)).toMatchObject({ status: 3, stderr: "unhealthy\n" });
    expect(mode(".compose.log")).toBe(0o600);
  });

  it("lets one run end before the next begins, also one that nobody listens to any more", async () => {
    install([compose]);
    const docker = fakeDocker(
      'case "$*" in *" up "*) echo begin >>calls; sleep 1; echo message; echo end >>calls ;; esac',
    );
    const { up, services } = applyScripts("node-1", directory, bundle([compose]));
    const first = spawn("sh", ["-c", up], { env: { PATH: docker.path }, stdio: ["pipe", "pipe", "pipe"] });
    const ended = new Promise((resolve) => first.once("exit", resolve));
    first.stdin.end(services);
    while (!existsSync(join(directory, "calls"))) await new Promise((resolve) => setTimeout(resolve, 10));
    first.stdout.destroy();
    first.stderr.destroy();
    expect(sh(up, services, docker.path).status).toBe(0);
    await ended;
    expect(read("calls")).toBe("begin\nend\nbegin\nend\n");
  });

  it("stops containers without removing volumes, also where nothing was installed", () => {
    const docker = fakeDocker();
    const { down } = applyScripts("node-1", directory, bundle([compose]));
    expect(sh(down, "", docker.path).status).toBe(0);
    expect(docker.calls()).toBe("");
    install([compose]);
    expect(sh(down, "", docker.path).status).toBe(0);
    expect(docker.calls()).toContain("|down|--remove-orphans|");
    expect(docker.calls()).not.toMatch(/volumes|-v\|/);
  });
});
