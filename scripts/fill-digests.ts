// `npm run images:digests`: asks the registries which images the pinned tags are now, and writes their digests beside the tags in
// components/validator-node/bundle/images.json. Look over the difference before it is committed: it is what nodes will run.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { IMAGES_FILE, parseImages } from "../components/validator-node/bundle/images.ts";
import { runCommand } from "../lib/command.ts";
import { writeFileAtomically } from "../lib/files.ts";
import { fillDigests } from "./image-registry.ts";

runCommand(async () => {
  const file = fileURLToPath(IMAGES_FILE);
  const { table, errors } = await fillDigests(parseImages(await readFile(file, "utf8")));
  await writeFileAtomically(file, `${JSON.stringify(table, undefined, 2)}\n`);
  for (const [name, { tag, digest }] of Object.entries(table))
    process.stdout.write(`${name.padEnd(18)} ${tag.padEnd(18)} ${digest ?? "no digest"}\n`);
  for (const error of errors) process.stderr.write(`error: ${error}\n`);
  return errors.length === 0 ? 0 : 1;
});
