/** The command `npm run stack`. */
import { main } from "./cli.ts";

process.exitCode = await main(process.argv.slice(2));
