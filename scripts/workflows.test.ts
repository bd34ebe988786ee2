import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { z } from "zod";
import { projectPath } from "../lib/paths.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const permissions = z.record(z.string(), z.enum(["read", "write", "none"]));
const stepSchema = z.strictObject({
  name: z.string().optional(),
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  shell: z.literal("bash").optional(),
  with: z.record(z.string(), scalar).optional(),
  env: z.record(z.string(), scalar).optional(),
});
const concurrency = z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() });
/** What of GitHub's syntax is used here: a misspelt key is a fault. */
const workflowSchema = z.strictObject({
  name: z.string(),
  on: z.strictObject({
    pull_request: z.null().optional(),
    push: z.strictObject({ branches: z.array(z.string()) }).optional(),
    schedule: z.array(z.strictObject({ cron: z.string().regex(/^\S+( \S+){4}$/) })).optional(),
    workflow_dispatch: z.null().optional(),
  }),
  permissions,
  concurrency: concurrency.optional(),
  jobs: z.record(
    z.string(),
    z.strictObject({
      if: z.string().optional(),
      "runs-on": z.string(),
      "timeout-minutes": z.number(),
      permissions: permissions.optional(),
      strategy: z.strictObject({
        "fail-fast": z.boolean(),
        matrix: z.strictObject({ stack: z.array(z.string()).min(1) }),
      }),
      environment: z.string().optional(),
      concurrency: concurrency.optional(),
      env: z.record(z.string(), scalar).optional(),
      steps: z.array(stepSchema).min(1),
    }),
  ),
});
type Workflow = z.infer<typeof workflowSchema>;
type Job = Workflow["jobs"][string];

const FOLDER = projectPath(".github/workflows");
const FILES = readdirSync(FOLDER);
const TEXTS = new Map(FILES.map((file) => [file, readFileSync(`${FOLDER}/${file}`, "utf8")]));

/** A workflow by its file's name without the end. */
function load(name: string): Workflow {
  const document = parseDocument(TEXTS.get(`${name}.yml`) ?? "");
  expect(document.errors).toEqual([]);
  return workflowSchema.parse(document.toJS());
}

/** The only job of a workflow. */
function jobOf(name: string): Job {
  const [job, ...others] = Object.values(load(name).jobs);
  if (!job || others.length > 0) throw new Error(`${name} has not one job`);
  return job;
}

function runs(name: string): string {
  return jobOf(name)
    .steps.map(({ run }) => run ?? "")
    .join("\n");
}

const NAMES = FILES.map((file) => file.replace(/\.yml$/, ""));
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(projectPath("package.json"), "utf8")));

it("has the four workflows", () => {
  expect(FILES.sort()).toEqual(["drift.yml", "preview-offline.yml", "preview.yml", "up.yml"]);
});

describe.each(NAMES)("%s", (name) => {
  it("is a workflow as GitHub reads it, named as its file", () => {
    expect(load(name).name).toBe(name);
  });

  it("pins every action to a version or a commit", () => {
    const uses = jobOf(name).steps.flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@(v\d+(\.\d+){0,2}|[0-9a-f]{40})$/);
  });

  it("may by itself only read, and no job is given more than it needs", () => {
    expect(load(name).permissions).toEqual({ contents: "read" });
    const writes = Object.entries(jobOf(name).permissions ?? {}).filter(([, level]) => level === "write");
    expect(writes.map(([permission]) => permission).sort()).toEqual(
      { preview: ["id-token", "pull-requests"], up: ["id-token"], drift: ["id-token", "issues"] }[name] ?? [],
    );
  });

  it("never runs a fork's code with this repository's rights", () => {
    expect(TEXTS.get(`${name}.yml`)).not.toMatch(/pull_request_target|workflow_run/);
    for (const step of jobOf(name).steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")))
      expect(step.with?.["persist-credentials"]).toBe(false);
  });

  it("uses scripts that exist", () => {
    const used = [...runs(name).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script]) => script ?? "");
    for (const script of used) expect(Object.keys(scripts)).toContain(script);
  });

  it("names stacks that have a settings file", () => {
    const named = [...runs(name).matchAll(/--stack ([\w-]+)/g)].map(([, stack]) => stack ?? "");
    for (const stack of [...jobOf(name).strategy.matrix.stack, ...named])
      expect(existsSync(projectPath(`Pulumi.${stack}.yaml`)), stack).toBe(true);
  });

  it("hands values to shells by their environment: text in a script is code", () => {
    expect(runs(name)).not.toContain("${{");
  });

  it("gives secrets to the steps that need them, not to whole jobs", () => {
    expect(JSON.stringify(load(name).jobs)).not.toContain("toJSON(secrets)");
    expect(JSON.stringify(jobOf(name).env ?? {})).not.toContain("secrets.");
    for (const step of jobOf(name).steps.filter(({ run }) => run?.startsWith("npm ci")))
      expect(JSON.stringify(step)).not.toContain("secrets.");
  });

  it("lets no step fail unseen", () => {
    expect(TEXTS.get(`${name}.yml`)).not.toMatch(/^\s*continue-on-error:/m);
  });
});

describe("the offline preview", () => {
  it("knows no secret, no identity and no environment", () => {
    const text = TEXTS.get("preview-offline.yml") ?? "";
    expect(text).not.toMatch(/secrets\.|id-token|github\.token|GITHUB_TOKEN/);
    expect(jobOf("preview-offline").environment).toBeUndefined();
    expect(jobOf("preview-offline").permissions).toBeUndefined();
  });

  it("checks and previews every public stack of the repository", () => {
    const stacks = readdirSync(projectPath("."))
      .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
      .filter((stack) => !/network: devnet/.test(readFileSync(projectPath(`Pulumi.${stack}.yaml`), "utf8")));
    expect(jobOf("preview-offline").strategy.matrix.stack.toSorted()).toEqual(stacks.sort());
    expect(runs("preview-offline")).toMatch(/validate-config[^]*preview -- [^]*preview:verdict/);
  });
});

describe("the workflows with an identity", () => {
  it("previews only branches of this repository, with the policies, as a comment", () => {
    const job = jobOf("preview");
    expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    const action = job.steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"));
    expect(action?.with).toMatchObject({ command: "preview", "comment-on-pr": true, policyPacks: "policy" });
  });

  it("brings up from main alone, each stack behind its environment, one at a time and never cancelled", () => {
    const job = jobOf("up");
    expect(load("up").on).toEqual({ push: { branches: ["main"] }, workflow_dispatch: null });
    expect(job.if).toContain("github.ref == 'refs/heads/main'");
    expect(job.environment).toBe("${{ matrix.stack }}");
    expect(job.concurrency).toEqual({ group: "up-${{ matrix.stack }}", "cancel-in-progress": false });
    const action = job.steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"));
    expect(action?.with).toMatchObject({ command: "up", policyPacks: "policy" });
  });

  it("looks for drift by schedule and changes nothing but an issue", () => {
    expect(load("drift").on.schedule).toHaveLength(1);
    expect(runs("drift")).toMatch(/pulumi preview [^\n]*--refresh --expect-no-changes/);
    expect(runs("drift")).not.toMatch(/pulumi (up|refresh|destroy)/);
    expect(runs("drift")).toMatch(/gh issue edit[^]*gh issue create/);
  });

  it.each(["preview", "up", "drift"])("%s waits until somebody set it up", (name) => {
    expect(jobOf(name).if).toContain("vars.PULUMI_ORGANIZATION != ''");
  });
});

describe("drift's own scripts", () => {
  /** Runs both steps as GitHub does, with a pulumi and a gh that only note what they are asked. */
  function look(plan: { text: string; code: number }, openIssue: string): { code: number | null; calls: string } {
    const folder = mkdtempSync(join(tmpdir(), "ethstake-drift-"));
    try {
      const stub = (name: string, script: string): void =>
        writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      stub("pulumi", `echo "${plan.text}"; exit ${plan.code}`);
      stub("gh", `echo "$1 $2 $3" >> calls; if [ "$2" = list ]; then echo "${openIssue}"; fi`);
      writeFileSync(join(folder, "calls"), "");
      const output = join(folder, "output");
      const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, GITHUB_OUTPUT: output, STACK: "hoodi", RUN: "run" };
      const run = (name: string, more: object = {}): number | null =>
        spawnSync("bash", ["-e", "-c", jobOf("drift").steps.find((step) => step.name === name)?.run ?? "exit 9"], {
          cwd: folder,
          env: { ...env, ...more },
        }).status;
      const looked = run("Look");
      if (looked !== 0) return { code: looked, calls: "" };
      const drift = /drift=(\w+)/.exec(readFileSync(output, "utf8"))?.[1] ?? "";
      const code = run("Report", { DRIFT: drift });
      return { code, calls: readFileSync(join(folder, "calls"), "utf8") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const DRIFT = { text: "error: no changes were expected but changes were proposed", code: 255 };
  const NONE = { text: "Resources: 3 unchanged", code: 0 };

  it.each([
    ["opens an issue when there is none", DRIFT, "", "issue list --state\nissue create --title\n"],
    ["updates the one that is open", DRIFT, "7", "issue list --state\nissue edit 7\n"],
    ["closes it when nothing differs", NONE, "7", "issue list --state\nissue close 7\n"],
    ["says nothing when there is nothing to say", NONE, "", "issue list --state\n"],
  ])("%s", (_, plan, issue, calls) => {
    expect(look(plan, issue)).toEqual({ code: 0, calls });
  });

  it("fails, and reports no drift, when it could not look", () => {
    expect(look({ text: "error: no credentials", code: 255 }, "7")).toEqual({ code: 1, calls: "" });
  });
});
