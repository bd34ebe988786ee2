/**
 * Benchmark of the proofs that keepers make: hashing a beacon state and taking a branch from it, beside the library that builds the whole
 * tree. Each in a process of its own. `node lib/run.cjs scripts/bench-state.ts [--sizes 20000,100000,1000000]`
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Tree } from "@chainsafe/persistent-merkle-tree";
import { ssz } from "beacon-state-types";
import { bytesToHex, concatHex, type Hex } from "viem";
import { RUNNER } from "../lib/paths.ts";
import { runCommand } from "../lib/command.ts";
import { proveInState } from "../services/keeper/proofs/state.ts";

const SIZES = "20000,100000,1000000";
/** A keeper's container has 1 GiB, of which this may be for a state of a million validators. */
const LIMIT_MIB = 768;

/** What a task came to. */
interface Measured {
  readonly ms: number;
  /** Peak of its process. */
  readonly mib: number;
  /** Of root and branch: the same for both. */
  readonly sum: Hex;
}

const type = ssz.fulu.BeaconState;
const tasks: Record<"keeper" | "library", (bytes: Uint8Array<ArrayBuffer>, index: number) => Hex> = {
  keeper: (bytes, index) => {
    const { root, validators } = proveInState({ fork: "fulu", bytes, indices: [index] });
    return concatHex([root, ...(validators[0]?.proof ?? [])]);
  },
  library: (bytes, index) => {
    const state = type.deserializeToViewDU(bytes);
    const root = bytesToHex(state.hashTreeRoot());
    const branch = new Tree(state.node).getSingleProof(type.getPathInfo(["validators", index]).gindex);
    return concatHex([root, ...branch.map((node) => bytesToHex(node))]);
  },
};

function measure(task: keyof typeof tasks, file: string, index: number): Measured {
  const bytes = new Uint8Array(readFileSync(file).buffer);
  const began = performance.now();
  const sum = tasks[task](bytes, index);
  return { ms: performance.now() - began, mib: process.resourceUsage().maxRSS / 1024, sum };
}

/** Writes a state of so many validators, the lists' bytes one after the other. */
function makeState(file: string, size: number): void {
  const state = type.defaultValue();
  state.slot = 12_000_000;
  for (let index = 0; index < size; index++) {
    state.validators.push({
      pubkey: Buffer.from(index.toString(16).padStart(96, "a"), "hex"),
      withdrawalCredentials: Buffer.alloc(32, index % 251),
      effectiveBalance: 32e9,
      slashed: false,
      activationEligibilityEpoch: index,
      activationEpoch: index,
      exitEpoch: Infinity,
      withdrawableEpoch: Infinity,
    });
    state.balances.push(32e9 + index);
    state.previousEpochParticipation.push(index % 8);
    state.currentEpochParticipation.push(index % 5);
    state.inactivityScores.push(index % 16);
  }
  writeFileSync(file, type.serialize(state));
}

/** A task in a process of its own. */
function apart(args: readonly string[]): Measured | undefined {
  const { stdout, status } = spawnSync(
    process.execPath,
    ["--max-old-space-size=8192", RUNNER, fileURLToPath(import.meta.url), ...args],
    { encoding: "utf8", maxBuffer: 1e8 },
  );
  return status === 0 && stdout.startsWith("{") ? (JSON.parse(stdout) as Measured) : undefined;
}

function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { sizes: { type: "string", default: SIZES } },
  });
  const [task = "", file = "", size = "0"] = positionals;
  if (task === "make") makeState(file, Number(size));
  else if (task === "keeper" || task === "library")
    process.stdout.write(JSON.stringify(measure(task, file, Number(size) - 5)));
  else return Promise.resolve(compare(values.sizes.split(",").map(Number)));
  return Promise.resolve(0);
}

function compare(sizes: readonly number[]): number {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-states-"));
  let failed = false;
  try {
    for (const size of sizes) {
      const file = join(folder, `${size}.ssz`);
      apart(["make", file, String(size)]);
      const [keeper, library] = [apart(["keeper", file, String(size)]), apart(["library", file, String(size)])];
      if (!keeper || !library || keeper.sum !== library.sum) throw new Error("keeper and library do not agree");
      const shown = ({ ms, mib }: Measured): string => `${(ms / 1_000).toFixed(1)} s, ${Math.round(mib)} MiB`;
      process.stdout.write(
        `${size} validators: keeper ${shown(keeper)}; library ${shown(library)}; ratio of times ${(library.ms / keeper.ms).toFixed(1)}, of memory ${(library.mib / keeper.mib).toFixed(1)}\n`,
      );
      failed ||= keeper.mib > LIMIT_MIB;
      rmSync(file);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (failed) process.stdout.write(`a keeper took more than ${LIMIT_MIB} MiB\n`);
  return failed ? 1 : 0;
}

runCommand(main);
