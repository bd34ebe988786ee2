/** An `up` in a process of its own, to be killed: options as JSON on standard input, the result's `ok` as the exit code. */
import { readFileSync } from "node:fs";
import { up, type RunOptions } from "../../engine/index.ts";

const result = await up(JSON.parse(readFileSync(0, "utf8")) as RunOptions);
process.exit(result.ok ? 0 : 1);
