/** The whole program on simulated clouds: a stack of its own for a suite, with its state and its clouds in a folder. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as engine from "../../engine/index.ts";
import { policies } from "../../policy/engine.ts";
import { configurationOf, settingsOf } from "../../stacks/namespace.ts";
import { Cloud, type Thing } from "./cloud.ts";
import { simulatedClouds } from "./plugins.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A protocol that exists already takes the place of the one that an example deploys: there is no chain here (tests/devnet deploys it). */
export const DEPLOYMENT = {
  executionRewardsVault: "0x7777777777777777777777777777777777777777",
  withdrawalVault: "0x8888888888888888888888888888888888888888",
};

/** Settings of a stack as its file has them. */
export type Settings = Record<string, unknown>;

/** The settings of an example without what needs a chain or a machine that answers, and without `others`. */
export function exampleOf(stack: string, ...others: string[]): Settings {
  const { config } = parse(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as { config: Settings };
  const settings = Object.entries(settingsOf(config));
  const left = settings.filter(([name]) => !["protocol", "operators", ...others].includes(name));
  return { ...Object.fromEntries(left), deployment: DEPLOYMENT };
}

export class Trial {
  /** A folder for what the suite writes; its name is the suite's. */
  readonly dir: string;

  constructor(name: string) {
    this.dir = mkdtempSync(join(tmpdir(), `ethstake-${name}-`));
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
  }

  private options(settings: Settings): engine.RunOptions {
    return {
      projectDir: ROOT,
      stack: "trial",
      stateDir: join(this.dir, "state"),
      plugins: simulatedClouds(join(this.dir, "clouds")),
      config: configurationOf(settings),
    };
  }

  /** An up that no rule is asked about: those run the program twice, first for the plan that the rules judge. */
  up(settings: Settings): Promise<engine.RunResult> {
    return engine.up(this.options(settings));
  }

  upWithRules(settings: Settings): Promise<engine.RunResult> {
    return engine.up({ ...this.options(settings), policies });
  }

  /** A plan, judged by the rules. */
  preview(settings: Settings): Promise<engine.RunResult> {
    return engine.preview({ ...this.options(settings), policies });
  }

  refresh(settings: Settings): Promise<engine.RunResult> {
    return engine.refresh(this.options(settings));
  }

  /** What there is in a cloud. */
  things(cloud: string): Thing[] {
    return new Cloud(join(this.dir, "clouds"), cloud).all();
  }

  /** Every file of the state. */
  stateFiles(): { readonly file: string; readonly text: string }[] {
    return readdirSync(join(this.dir, "state"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((file) => ({ file, text: readFileSync(file, "utf8") }));
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What a run did or would do, without what stays: `op name`. */
export function done({ steps }: engine.RunResult): string[] {
  return steps
    .filter(({ op }) => op !== "same")
    .map(({ op, name }) => `${op} ${name}`)
    .sort();
}

/** What a run had to say; of errors alone when asked for. */
export function messages({ diagnostics, error }: engine.RunResult, severities?: readonly string[]): string {
  return [
    ...diagnostics.filter(({ severity }) => severities?.includes(severity) ?? true).map(({ message }) => message),
    error ?? "",
  ]
    .join("\n")
    .trim();
}
