import { errorMessage } from "../lib/errors.ts";
import { KeystoreDirectory, mnemonicClientOf } from "../provider/keys/store.ts";
import { clientAt } from "./clients.ts";
import type { MoveContext, MoveRequest } from "./move.ts";

/** STACK/NODE of a client's lasting name. */
function stackAndNode(name: string): string {
  return name.split("/").slice(0, 2).join("/");
}

/** Everything that keeps a move from beginning. */
export async function moveFaults(
  { from, to, publicKeys }: MoveRequest,
  { clients, keystoreDirectory, mnemonicFile, beacon, sourceLost = false, withoutHistory = false }: MoveContext,
): Promise<string[]> {
  const source = clientAt(clients, from);
  const target = clientAt(clients, to);
  if (!source || !target) {
    const known = clients.map(({ node }) => node);
    return [from, to]
      .filter((node) => !known.includes(node))
      .map((node) => `there is no node ${node} with a validator client, only ${known.join(", ")}`);
  }
  if (publicKeys.length === 0) return ["no key is named"];
  const faults: string[] = [];
  const store = new KeystoreDirectory(keystoreDirectory);
  for (const key of publicKeys) {
    const holder = await store.clientOf(key);
    // Notes that are lost with their machine are made anew; one that names another place is never overruled.
    if (
      holder === undefined
        ? !sourceLost
        : holder !== source.name && !(sourceLost && holder.startsWith(`${stackAndNode(source.name)}/`))
    )
      faults.push(`key ${key} is noted at ${holder ?? "no client"}, not at ${source.name}`);
    const beside = mnemonicFile === undefined ? undefined : await mnemonicClientOf(mnemonicFile, key);
    if (beside !== undefined && beside !== holder)
      faults.push(
        `key ${key} is noted at ${beside} beside its mnemonic, and at ${holder ?? "no client"} beside its keystore`,
      );
    // A key that could not be loaded again would be lost to its validator.
    await store.unlock(key).catch((error: unknown) => faults.push(errorMessage(error)));
  }
  const attempt = async (what: () => Promise<unknown>): Promise<void> => {
    await what().catch((error: unknown) => faults.push(errorMessage(error)));
  };
  if (sourceLost && !withoutHistory)
    faults.push(`what ${source.name} signed is lost with it, and --without-history does not say that this is meant`);
  if (!sourceLost) await attempt(() => source.loaded(publicKeys));
  await attempt(async () => {
    const there = await target.loaded(publicKeys);
    if (there.length > 0) faults.push(`${target.name} has ${there.length} of them already: ${there.join(", ")}`);
  });
  await attempt(async () => {
    if (!(await beacon.isSynced())) faults.push(`the beacon node at ${beacon.url} is not synced`);
  });
  return faults;
}
