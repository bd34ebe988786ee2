// `npm run bench`: what the engine costs beside an empty program, what a fleet's preview costs beside as many bare resources, what the
// keeper costs beside reading the same answers and beside a library that hashes states, and where the devnet's time goes.
//   npm run bench -- --sizes 1,1000     fewer sizes      npm run bench -- --no-devnet     without the devnet
import { spawnSync } from "node:child_process";
import { RUNNER } from "../lib/paths.ts";
import { ProjectCopy } from "../tests/devnet/project.ts";

/** From the command to a wired network, in seconds (design.md, "Numbers to hold"). */
const WIRED_SECONDS = 120;

const args = process.argv.slice(2);
/** Each in a process of its own. The first that fails ends the whole. */
const BENCHMARKS: readonly (readonly string[])[] = [
  ["bench-engine", ...args.filter((arg) => arg !== "--no-devnet")],
  ["bench-fleet"],
  ["bench-keeper"],
  ["bench-state"],
];
for (const [name = "", ...options] of BENCHMARKS) {
  const { status } = spawnSync(process.execPath, [RUNNER, `scripts/${name}.ts`, ...options], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
if (!args.includes("--no-devnet")) process.exit(await benchDevnet());

/** One devnet from nothing in a copy of the checkout: when each phase was over. @returns the exit code */
async function benchDevnet(): Promise<number> {
  const project = new ProjectCopy();
  try {
    await project.addStack("bench");
    const { code, value, stderr } = await project.json("devnet", ["--stack", "bench"]);
    const phases = Object.entries((value["phases"] ?? {}) as Record<string, number>).sort(
      ([, left], [, right]) => left - right,
    );
    if (code !== 0 || phases.length === 0) {
      process.stderr.write(stderr);
      return 1;
    }
    const wired = phases.find(([phase]) => phase === "wired")?.[1] ?? Number.NaN;
    process.stdout.write("\ndevnet, seconds after the command (contracts compiled meanwhile)\n");
    let last = 0;
    for (const [phase, at] of phases) {
      process.stdout.write(`  ${phase.padEnd(10)} ${at.toFixed(1).padStart(7)}   +${(at - last).toFixed(1)}\n`);
      last = at;
    }
    process.stdout.write(
      `  wired / allowed = ${(wired / WIRED_SECONDS).toFixed(2)} (${wired} s of ${WIRED_SECONDS} s)\n`,
    );
    return 0;
  } finally {
    await project.dispose();
  }
}
