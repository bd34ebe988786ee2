/** `config get` and `config set`: the values in Pulumi.<stack>.yaml, comments kept. */
import { existsSync, readFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";
import { ProjectError, UsageError } from "./errors.ts";
import type { StackOptions } from "./index.ts";
import { fullKey, readProject, readStackConfig, stackFile } from "./project.ts";
import { Passphrase } from "./secrets.ts";
import { writeAtomically } from "./state/store.ts";
import { MASK } from "./values.ts";

/** All values of the configuration, defaults included. */
export async function listConfig(options: StackOptions, showSecrets: boolean): Promise<[key: string, value: string][]> {
  const { values, secretKeys } = await readStackConfig(
    readProject(options.projectDir),
    options.stack,
    new Passphrase(),
  );
  return Object.entries(values).map(([key, value]) => [key, secretKeys.includes(key) && !showSecrets ? MASK : value]);
}

/** One value, secrets in the open. Throws {@link UsageError} when it is not set. */
export async function getConfig(options: StackOptions, key: string): Promise<string> {
  const project = readProject(options.projectDir);
  const { values } = await readStackConfig(project, options.stack, new Passphrase());
  const value = values[fullKey(project, key)];
  if (value === undefined) throw new UsageError(`The configuration value ${key} is not set.`);
  return value;
}

/** Sets one value; a secret one is encrypted with the file's salt, which is made when there is none. */
export async function setConfig(options: StackOptions, key: string, value: string, isSecret: boolean): Promise<void> {
  const project = readProject(options.projectDir);
  const path = stackFile(project, options.stack);
  const document = parseDocument(existsSync(path) ? readFileSync(path, "utf8") : "");
  if (document.errors.length > 0) throw new ProjectError(document.errors.map((error) => `${path}: ${error.message}`));
  if (document.contents !== null && !isMap(document.contents)) throw new ProjectError([`${path} must be a mapping.`]);
  let stored: unknown = value;
  if (isSecret) {
    const passphrase = new Passphrase();
    const why = "A secret must be kept in the configuration";
    let salt = document.get("encryptionsalt") as string | undefined;
    if (salt === undefined) {
      ({ salt } = await passphrase.create(why));
      document.set("encryptionsalt", salt);
    }
    stored = { secure: (await passphrase.crypter(salt, why)).encrypt(value) };
  }
  document.setIn(["config", fullKey(project, key)], document.createNode(stored));
  writeAtomically(path, [document.toString()]);
}
