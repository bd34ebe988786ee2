// `npm run preview:verdict -- FILE`: for CI. Judges the result that `npm run --silent preview -- --json` wrote to the file. Exits 0 when the
// preview went well, or failed only because the catalogue of images has no digests yet.
import { readFileSync } from "node:fs";
import { IMAGES_FILE, parseImages } from "../components/validator-node/bundle/images.ts";
import { runCommand } from "../lib/command.ts";
import { judge } from "./verdict.ts";

runCommand(async ([file]) => {
  await Promise.resolve();
  if (file === undefined) {
    process.stderr.write("usage: npm run preview:verdict -- FILE\n");
    return 2;
  }
  const { ok, text } = judge(readFileSync(file, "utf8"), parseImages(readFileSync(IMAGES_FILE, "utf8")));
  process.stdout.write(`${text}\n`);
  return ok ? 0 : 1;
});
