// `npm run test:layout`: the storage of the upgradeable contracts against contracts/storage-layout.json, and their sizes.
// A member that moves, changes its type or vanishes breaks every deployed proxy. Appended ones have to be recorded:
//   npm run test:layout -- --write
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compilerSettings, CONTRACTS } from "../contracts/tools/compiler.ts";
import { TARGETS } from "../contracts/tools/contracts.ts";
import { compareLayouts, erc7201Slot, layoutsOf, type Layouts } from "../contracts/tools/layout.ts";
import { runSuite, type Summary } from "../contracts/tools/run.ts";
import { runtimeSizes, SIZE_LIMIT } from "../contracts/tools/sizes.ts";

const RECORD = join(CONTRACTS, "storage-layout.json");

runSuite(check);

function check(): Summary {
  const settings = compilerSettings();
  const deployed = TARGETS.filter((target) => target.deployed);
  const { layouts, slots, loose } = layoutsOf(
    deployed.filter(({ fixed }) => !fixed),
    settings,
  );
  const recorded = existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, "utf8")) as Layouts) : {};
  const { faults, additions } = compareLayouts(recorded, layouts);
  let passed = Object.keys(layouts).length - new Set(faults.map(({ namespace }) => namespace)).size;
  let failed = faults.length;
  for (const { namespace, what } of faults) process.stdout.write(`${namespace}: ${what}\n`);

  if (process.argv.includes("--write") && faults.length === 0) {
    writeFileSync(RECORD, `${JSON.stringify(layouts, undefined, 2)}\n`);
  } else {
    for (const addition of additions)
      process.stdout.write(`${addition}: not recorded; run npm run test:layout -- --write\n`);
    failed += additions.length;
  }

  for (const namespace of Object.keys(layouts).filter((name) => !name.includes(" > "))) {
    const constants = slots.filter((slot) => slot.namespace === namespace);
    const right = constants.length > 0 && constants.every(({ value }) => value === erc7201Slot(namespace));
    if (right) passed += 1;
    else failed += 1;
    if (!right) process.stdout.write(`${namespace}: the constant must be ${erc7201Slot(namespace)}\n`);
  }
  for (const variable of loose) process.stdout.write(`${variable}: a state variable outside of every namespace\n`);
  failed += loose.length;

  for (const { name, bytes } of runtimeSizes(deployed, settings)) {
    const fits = bytes <= SIZE_LIMIT;
    if (fits) passed += 1;
    else failed += 1;
    process.stdout.write(
      `${name.padEnd(22)} ${String(bytes).padStart(6)} bytes, ${SIZE_LIMIT - bytes} left${fits ? "" : ": too large (EIP-170)"}\n`,
    );
  }
  return { passed, failed };
}
