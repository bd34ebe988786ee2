// `npm run test:symbolic`: halmos proves the `check_` functions of contracts/test/symbolic for every input.
//   npm run test:symbolic -- leaving     only the properties whose name matches
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { CONTRACTS } from "../contracts/tools/compiler.ts";
import { forgeEnvironment, pythonTools } from "../contracts/tools/python.ts";
import { run, runSuite, type Summary } from "../contracts/tools/run.ts";

/** Properties of this contract do not hold: a prover that proves them proves nothing. */
const REFUTED = "RefutedProperties";

/** Seconds for one query of the solver; a property has up to some ten, and all take less than a second today. */
const TIMEOUT = 60;

runSuite(prove);

async function prove(): Promise<Summary> {
  const tools = await pythonTools();
  if ("missing" in tools) return { passed: 0, failed: 0, skipped: [`symbolic properties (${tools.missing})`] };
  const { code, output } = await run(
    join(tools.bin, "halmos"),
    [
      ...[
        "--forge-build-out",
        "out/symbolic",
        "--match-contract",
        "Properties$",
        "--match-test",
        process.argv[2] ?? ".",
      ],
      ...["--solver-command", `${join(tools.bin, "python")} ${join(CONTRACTS, "tools", "smt.py")}`],
      ...["--solver-timeout-assertion", `${TIMEOUT}s`, "--solver-threads", "1", "--no-status"],
    ],
    { cwd: CONTRACTS, env: forgeEnvironment("symbolic", "test/symbolic", tools) },
  );

  let contract = "";
  let proven = 0;
  let refutations = 0;
  let failed = 0;
  for (const line of stripVTControlCharacters(output).split("\n")) {
    contract = /^Running \d+ tests for .*:(\w+)$/.exec(line.trim())?.[1] ?? contract;
    const [, verdict, name = "", seconds = ""] = /^\[(\w+)\] (\w+)\(.*time: ([\d.]+)s/.exec(line.trim()) ?? [];
    if (verdict === undefined) continue;
    const refuted = contract === REFUTED;
    const isRight = verdict === (refuted ? "FAIL" : "PASS");
    if (!isRight) failed += 1;
    else if (refuted) refutations += 1;
    else proven += 1;
    const word = isRight ? (refuted ? "refuted" : "proven") : refuted ? "NOT REFUTED" : `NOT PROVEN (${verdict})`;
    process.stdout.write(`${word.padEnd(8)} ${name} ${seconds} s\n`);
  }
  // halmos ends with 1 for the refuted properties; a build that failed leaves no line at all.
  const passed = proven + refutations;
  if (passed === 0 || code > 1 || failed > 0) process.stdout.write(`${output.trim()}\n`);
  process.stdout.write(`${proven} properties proven, ${refutations} refuted that do not hold, ${failed} failed\n`);
  // Without a single line, or after a crash, nothing is known.
  return { passed, failed: failed === 0 && (passed === 0 || code > 1) ? 1 : failed };
}
