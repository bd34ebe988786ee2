import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { IdleGroup } from "./idle-group.ts";

const group = IdleGroup.create();
afterAll(() => group?.remove());

describe.skipIf(group === undefined)("an idle group (Linux cgroups, as root)", () => {
  it("holds a command and what it starts, gives its output and its exit code, and is empty afterwards", async () => {
    const command = group?.command([
      "/bin/sh",
      "-c",
      'sleep 60 & echo "$1 $!"; read line; kill $!; exit 3',
      "sh",
      "a b",
    ]);
    const child = spawn(command?.[0] ?? "", command?.slice(1) ?? [], { stdio: ["pipe", "pipe", "inherit"] });
    const [printed] = (await once(child.stdout, "data")) as [Buffer];
    const [, started = ""] = /^a b (\d+)$/.exec(printed.toString().trim()) ?? [];
    expect(group?.members().sort()).toEqual([child.pid, Number(started)].sort());
    child.stdin.end("\n");
    expect((await once(child, "close"))[0]).toBe(3);
    await expect.poll(() => group?.members()).toEqual([]);
  });
});
