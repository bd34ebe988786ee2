import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Project } from "../project.ts";
import { projectRoot } from "../../lib/paths.ts";
import { locateProvider, readPlugins } from "./locate.ts";
import { NO_COMPILER } from "./process.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "plugins-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const project = (): Project => ({
  dir,
  name: "p",
  workDir: dir,
  entry: ".",
  nodeArgs: [],
  typescript: true,
  config: {},
  providers: {},
});
const file = (text: string): string => {
  const path = join(dir, "plugins.json");
  writeFileSync(path, text);
  return path;
};

describe("commands for plugins", () => {
  it("come before the project's folders and the PATH", () => {
    const plugins = { aws: { command: "/bin/sim", args: ["aws"] } };
    expect(locateProvider("aws", project(), plugins, "")).toEqual({
      name: "aws",
      command: "/bin/sim",
      args: ["aws"],
      cwd: dir,
    });
    expect(() => locateProvider("gcp", project(), plugins, "")).toThrow(/No provider "gcp"/);
  });

  it("load no compiler into the host of a plugin that brings its own loader, and leave others theirs", () => {
    const own = { ...project(), dir: projectRoot, providers: { own: dir } };
    const argsOf = (manifest: string): readonly string[] => {
      writeFileSync(join(dir, "PulumiPlugin.yaml"), manifest);
      return locateProvider("own", own, {}, "").args;
    };
    expect(argsOf("runtime: nodejs\n")).not.toContain(NO_COMPILER);
    expect(argsOf("runtime: {name: nodejs, options: {typescript: true}}\n")).not.toContain(NO_COMPILER);
    expect(argsOf("runtime: {name: nodejs, options: {typescript: false}}\n")).toContain(NO_COMPILER);
  });

  it("are read from a file and run in its folder", () => {
    const path = file('{"aws": {"command": "node", "args": ["x.ts", "aws"], "env": {"A": "1"}}}');
    expect(readPlugins(path)).toEqual({
      aws: { command: process.execPath, args: ["x.ts", "aws"], env: { A: "1" }, cwd: dir },
    });
  });

  it("are refused with every fault", () => {
    const path = file('{"a": {}, "b": {"command": "x", "args": [1]}, "c": {"command": "x", "more": 1}}');
    expect(() => readPlugins(path)).toThrow(
      /a\.command must be text; b\.args must be a list of texts; c has unknown keys \(more\)/,
    );
    expect(() => readPlugins(file("[]"))).toThrow(/must be an object/);
    expect(() => readPlugins(join(dir, "none.json"))).toThrow(/cannot be read/);
  });
});
