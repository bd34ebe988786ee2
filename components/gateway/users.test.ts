import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GATEWAY, HASH } from "./fixtures.ts";
import type { GatewaySpec } from "./spec.ts";
import { bcryptHash, GatewayPasswordError, usersInput, usersScript } from "./users.ts";

const OTHER = HASH.replace("$2b$10$", "$2y$12$");

describe("a bcrypt hash", () => {
  it("is taken without the space around it, from htpasswd and from Caddy", () => {
    expect(bcryptHash("alice", ` ${HASH}\n`)).toBe(HASH);
    expect(bcryptHash("alice", OTHER)).toBe(OTHER);
  });

  it.each([
    ["nothing", ""],
    ["a password", "correct horse"],
    ["another kind", "$6$salt$abcdef"],
    ["two lines", `${HASH}\n${HASH}`],
    ["a cheap one", HASH.replace("$10$", "$04$")],
    ["an expensive one", HASH.replace("$10$", "$20$")],
  ])("is not %s, and a message never has it", (_title, text) => {
    try {
      bcryptHash("alice", text);
      expect.fail("was taken");
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayPasswordError);
      if (text !== "") expect((error as Error).message).not.toContain(text);
    }
  });

  it("is there for each user", () => {
    expect(() => usersInput(GATEWAY, { alice: HASH })).toThrow(/user bob is missing/);
    expect(usersInput(GATEWAY, { alice: HASH, bob: OTHER, carol: HASH })).toBe(
      `grafana ${Buffer.from(`alice ${HASH}\nbob ${OTHER}\n`).toString("base64")}\n`,
    );
  });
});

describe("the script that writes users", () => {
  let dir: string;
  let spec: GatewaySpec;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ethstake-users-"));
    spec = { ...GATEWAY, directory: join(dir, "gateway") };
    // Docker that has one container of Caddy, and notes what it is asked.
    writeFileSync(
      join(dir, "docker"),
      `#!/bin/sh\necho "$*" >>${dir}/asked\n[ "$1" = ps ] && echo c0ffee\n[ "$1" = restart ] && ls ${dir}/gateway/secrets >${dir}/mounted\nexit 0\n`,
    );
    chmodSync(join(dir, "docker"), 0o755);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const run = (input: string): number | null =>
    spawnSync("sh", ["-c", usersScript(spec)], {
      input,
      env: { PATH: `${dir}:${process.env["PATH"] ?? ""}` },
    }).status;
  const restarts = (): number =>
    existsSync(join(dir, "asked"))
      ? readFileSync(join(dir, "asked"), "utf8")
          .split("\n")
          .filter((line) => line === "restart c0ffee").length
      : 0;
  const file = (): string => join(spec.directory, "secrets/users-grafana");

  it("writes them for their owner only, and has Caddy read them", () => {
    expect(run(usersInput(spec, { alice: HASH, bob: OTHER }))).toBe(0);
    expect(readFileSync(file(), "utf8")).toBe(`alice ${HASH}\nbob ${OTHER}\n`);
    expect(statSync(file()).mode & 0o777).toBe(0o440);
    expect(statSync(join(spec.directory, "secrets")).mode & 0o777).toBe(0o700);
    expect(restarts()).toBe(1);
  });

  it("restarts nothing when nothing changed, and again when something did", () => {
    const input = usersInput(spec, { alice: HASH, bob: OTHER });
    run(input);
    run(input);
    expect(restarts()).toBe(1);
    run(usersInput(spec, { alice: OTHER, bob: OTHER }));
    expect(restarts()).toBe(2);
    expect(readdirSync(join(spec.directory, "secrets"))).toEqual(["users-grafana"]);
  });

  it("restarts Caddy after a run that was killed before it could", () => {
    const input = usersInput(spec, { alice: HASH, bob: OTHER });
    run(input);
    writeFileSync(join(spec.directory, "secrets/.users-changed"), "");
    run(input);
    expect(restarts()).toBe(2);
  });

  it("takes away the files of upstreams that are gone", () => {
    run(usersInput(spec, { alice: HASH, bob: OTHER }));
    spec = { ...spec, upstreams: spec.upstreams.map((upstream) => ({ ...upstream, name: `${upstream.name}-2` })) };
    expect(run(usersInput(spec, { alice: HASH, bob: OTHER }))).toBe(0);
    expect(readdirSync(join(spec.directory, "secrets"))).toEqual(["users-grafana-2"]);
    // Not before the container that had them was restarted: it does not start without.
    expect(readFileSync(join(dir, "mounted"), "utf8")).toBe("users-grafana\nusers-grafana-2\n");
  });
});
