import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { identifyProcess, isRunning } from "./process.ts";

describe("identifyProcess", () => {
  it("is the same for the same process, each time", () => {
    const identity = identifyProcess(process.pid);
    expect(identity?.pid).toBe(process.pid);
    expect(identifyProcess(process.pid)).toEqual(identity);
  });

  it("knows a process with spaces and brackets in its name", async () => {
    const child = spawn(process.execPath, ["-e", "process.title='a ) b ('; console.log(1); setInterval(()=>{},1000)"]);
    await once(child.stdout, "data");
    const identity = identifyProcess(child.pid ?? 0);
    expect(identity?.startedAt).toMatch(/\d/);
    expect(identity && isRunning(identity)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(identity && isRunning(identity)).toBe(false);
  });

  it("does not take another process of the same pid for the recorded one", () => {
    expect(isRunning({ pid: process.pid, startedAt: "1" })).toBe(false);
    expect(identifyProcess(2 ** 22 + 1)).toBeUndefined();
  });
});
