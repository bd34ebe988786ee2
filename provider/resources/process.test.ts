import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { identifyProcess } from "../../lib/process.ts";
import { freePort } from "../../tests/free-ports.ts";
import { isPortFree } from "../process/launch.ts";
import { processFiles, type SupervisorStatus } from "../process/status.ts";
import { checkInputs } from "../resource.ts";
import { testContext } from "../testing/context.ts";
import { processHandler } from "./process.ts";

const context = testContext();
type Inputs = Parameters<typeof processHandler.create>[0];

/** Answers HTTP on a port, and notes what environment it got. */
const PROGRAM = `
  const [port, file] = process.argv.slice(2);
  require("node:fs").writeFileSync(file, JSON.stringify(process.env));
  require("node:http").createServer((request, response) => response.end("up")).listen(Number(port), "127.0.0.1");
  console.log("listening on " + port);
`;

let directory: string;
let port: number;
let started: Inputs[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "ethstake-process-"));
  writeFileSync(join(directory, "program.cjs"), PROGRAM);
  port = await freePort();
  started = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const inputs of started)
    await processHandler.delete("", { ...inputs, pid: 0, startedAt: "", logFile: "" }, context);
});

function inputsOf(part: object = {}): Inputs {
  const raw = {
    name: "client",
    directory,
    command: "node",
    args: [join(directory, "program.cjs"), String(port), join(directory, "environment.json")],
    ports: { "execution.rpcPort": port },
    readiness: { url: `http://127.0.0.1:${port}`, kind: "http", timeoutSeconds: 15 },
    stopGraceSeconds: 2,
    ...part,
  };
  const { inputs, failures } = checkInputs(processHandler.schema, raw);
  expect(failures).toEqual([]);
  started.push(inputs as unknown as Inputs);
  return inputs as unknown as Inputs;
}

function status(): SupervisorStatus {
  return JSON.parse(readFileSync(processFiles(directory, "client").status, "utf8")) as SupervisorStatus;
}

const gone = (pid: number | undefined): boolean => pid !== undefined && identifyProcess(pid) === undefined;

describe("Process", () => {
  it("starts, is found running, is adopted by another run, and leaves nothing when deleted", async () => {
    const inputs = inputsOf();
    const { id, outputs } = await processHandler.create(inputs, context);
    expect(await (await fetch(inputs.readiness.url)).text()).toBe("up");
    expect(outputs.pid).toBe(status().supervisor.pid);
    const child = status().child?.pid;

    expect((await processHandler.read(id, outputs, context))?.outputs).toEqual(outputs);
    const adopted = await processHandler.create(inputs, context);
    expect(adopted.outputs.pid).toBe(outputs.pid);
    expect(status().child?.pid).toBe(child);

    await processHandler.delete(id, outputs, context);
    expect(gone(outputs.pid) && gone(child)).toBe(true);
    expect(await isPortFree(port)).toBe(true);
    expect(await processHandler.read(id, outputs, context)).toBeUndefined();
  });

  it("passes on no secret of the run's environment, and keeps its files to its user", async () => {
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "hunter2");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "hunter3");
    await processHandler.create(inputsOf({ environment: { MODE: "dev" } }), context);
    const environment = readFileSync(join(directory, "environment.json"), "utf8");
    expect(environment).not.toMatch(/hunter/);
    expect(JSON.parse(environment)).toMatchObject({ MODE: "dev", PATH: process.env["PATH"] });
    if (process.platform === "linux")
      expect(readFileSync(`/proc/${status().supervisor.pid}/environ`, "utf8")).not.toMatch(/hunter/);
    const { folder } = processFiles(directory, "client");
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    expect(statSync(join(directory, "logs", "client.log")).mode & 0o077).toBe(0);
  });

  it("is restarted by a changed argument", async () => {
    const { id, outputs } = await processHandler.create(inputsOf(), context);
    const changed = inputsOf({ args: [...inputsOf().args, "--verbose"] });
    const updated = await processHandler.update(id, outputs, changed, context);
    expect(updated.pid).not.toBe(outputs.pid);
    expect(gone(outputs.pid)).toBe(true);
  });

  it("replaces a process whose supervisor was killed", async () => {
    const inputs = inputsOf();
    const { id, outputs } = await processHandler.create(inputs, context);
    const orphan = status().child?.pid;
    expect(processHandler.drifted?.(inputs, outputs)).toEqual([]);
    process.kill(outputs.pid, "SIGKILL");
    await vi.waitFor(() => expect(gone(outputs.pid)).toBe(true), 8_000);
    expect(processHandler.drifted?.(inputs, outputs)).toEqual(["pid"]);
    expect(await processHandler.read(id, outputs, context)).toBeUndefined();
    // The orphan holds the port; that must not keep the next run from putting things right.
    expect(await processHandler.validate?.(inputs, undefined)).toEqual([]);
    await processHandler.create(inputs, context);
    expect(gone(orphan)).toBe(true);
    expect(status().child?.pid).not.toBe(orphan);
  });

  it("is started again by its supervisor when it ends by itself", async () => {
    await processHandler.create(inputsOf(), context);
    const first = status().child?.pid ?? 0;
    process.kill(first, "SIGKILL");
    await vi.waitFor(() => expect([undefined, first]).not.toContain(status().child?.pid), {
      timeout: 8_000,
      interval: 100,
    });
    expect(status()).toMatchObject({ restarts: 1, lastExit: "signal SIGKILL" });
  });

  it("names the setting of a port in use, and a missing program, at once", async () => {
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    const failures = await processHandler.validate?.(inputsOf({ command: "no-such-client" }), undefined);
    expect(failures?.map(({ property }) => property)).toEqual(["command", "ports.execution.rpcPort"]);
    expect(failures?.[0]?.reason).toContain('"no-such-client"');
    expect(failures?.[1]?.reason).toContain(`port ${port} is in use`);
    other.close();
  });

  it("says with the end of its log why a process did not come up", async () => {
    writeFileSync(join(directory, "broken.cjs"), 'console.error("\\u001b[31mno database\\u001b[0m"); process.exit(3);');
    const broken = inputsOf({
      args: [join(directory, "broken.cjs")],
      readiness: { url: `http://127.0.0.1:${port}`, kind: "http", timeoutSeconds: 1.5 },
    });
    await expect(processHandler.create(broken, context)).rejects.toMatchObject({
      code: "PROCESS_NOT_READY",
      message: /Its log ends with: .*no database/,
    });
  });
});
