// What Pulumi.yaml names: the program of index.ts, loaded as one file.
import { load } from "./lib/typescript.cjs";

/** The program that `pulumi up` runs. */
export default async function program() {
  const { default: run } = await load("index.ts");
  return await run();
}
