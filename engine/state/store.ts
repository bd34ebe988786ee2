/** A stack's state on disk: the checkpoint, the journal beside it, and the order in which they are written. */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../lib/errors.ts";
import { StateError } from "../errors.ts";
import type { Crypter, Passphrase } from "../secrets.ts";
import { Journal, lastSequence, readJournal, replay } from "./journal.ts";
import { StateModel } from "./model.ts";
import { holdsSecret, needsKey, openState, sealState } from "./seal.ts";
import { hasSecret, type PropertyMap } from "../values.ts";
import type { Deployment, DeploymentFile, Effect, OperationKind, ResourceState } from "./types.ts";

/** The version in a checkpoint's manifest: of the SDK whose protocol and format this engine speaks. */
export const FORMAT_VERSION = "v3.248.0";

/** A stack's files. */
export interface StackPaths {
  readonly dir: string;
  readonly checkpoint: string;
  readonly journal: string;
  readonly lock: string;
}

/** Where the files of a stack are. */
export function stackPaths(stateDir: string, stack: string): StackPaths {
  const dir = join(stateDir, stack);
  return {
    dir,
    checkpoint: join(dir, "checkpoint.json"),
    journal: join(dir, "journal.jsonl"),
    lock: join(dir, "lock"),
  };
}

/** The state as it is on disk, secrets encrypted: checkpoint and journal together. Writes nothing, needs no passphrase. */
export function readSealed(paths: StackPaths): { readonly model: StateModel; readonly salt: string | undefined } {
  const model = new StateModel();
  let salt: string | undefined;
  if (existsSync(paths.checkpoint)) {
    const deployment = parseDeployment(readFileSync(paths.checkpoint, "utf8"), paths.checkpoint);
    model.load(deployment.resources ?? [], deployment.pending_operations ?? []);
    salt = deployment.secrets_providers?.state?.salt;
  }
  return { model, salt: replay(readJournal(paths.journal), model) ?? salt };
}

/** Reads a deployment file's text. Throws {@link StateError} when it is none of version 3. */
export function parseDeployment(text: string, path: string): Deployment {
  let file: Partial<DeploymentFile> & { readonly checkpoint?: { readonly latest?: Deployment } };
  try {
    file = JSON.parse(text) as typeof file;
  } catch (cause) {
    throw new StateError(`${path} is not JSON: ${errorMessage(cause)}.`, { path }, { cause });
  }
  // The CLI's own files of a local backend hold the deployment one level deeper.
  const deployment = file.deployment ?? file.checkpoint?.latest;
  if (file.version !== 3 || typeof deployment !== "object") {
    throw new StateError(`${path} is not a deployment of version 3.`, { path });
  }
  const provider = deployment.secrets_providers?.type;
  if (provider !== undefined && provider !== "" && provider !== "passphrase") {
    throw new StateError(`${path} has secrets of the provider "${provider}"; only "passphrase" is supported.`, {
      path,
    });
  }
  return deployment;
}

/** Makes a deployment of a model whose secrets are encrypted. */
export function toDeployment(model: StateModel, salt: string | undefined): DeploymentFile {
  return {
    version: 3,
    deployment: {
      manifest: {
        time: new Date().toISOString(),
        magic: createHash("sha256").update(FORMAT_VERSION).digest("hex"),
        version: FORMAT_VERSION,
      },
      ...(salt === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt } } }),
      resources: model.ordered(),
      ...(model.pending.size === 0 ? {} : { pending_operations: [...model.pending.values()] }),
      metadata: {},
    },
  };
}

/** Writes a file so that a crash leaves the old or the new content, readable by its owner only. */
export function writeAtomically(path: string, parts: Iterable<string>): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    for (const part of parts) writeSync(fd, part);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}

/** Writes a deployment in pieces: a large state never stands in memory as one text. */
export function* serialize(file: DeploymentFile): Generator<string> {
  const { resources = [], ...rest } = file.deployment;
  const head = JSON.stringify({ version: file.version, deployment: rest }, undefined, 1);
  yield `${head.slice(0, -4)},\n  "resources": [`;
  let batch = "";
  for (const [index, state] of resources.entries()) {
    batch += `${index === 0 ? "\n" : ",\n"}   ${JSON.stringify(state)}`;
    if (batch.length > 1 << 20) {
      yield batch;
      batch = "";
    }
  }
  yield `${batch}\n  ]\n }\n}\n`;
}

/** The state of a stack during a run. The caller holds the lock, or opened it read-only. */
export class StateStore {
  /** The state with secrets open. */
  readonly model: StateModel;
  /** Operations that an earlier run was killed in. */
  readonly interrupted: readonly { readonly urn: string; readonly type: OperationKind }[];
  private readonly paths: StackPaths;
  private readonly passphrase: Passphrase;
  private readonly journal: Journal | undefined;
  private readonly preferredSalt: string | undefined;
  private salt: string | undefined;
  private crypter: Crypter | undefined;
  private opening: Promise<Crypter> | undefined;
  private sequence: number;
  private dirty: boolean;

  private constructor(
    paths: StackPaths,
    passphrase: Passphrase,
    model: StateModel,
    options: {
      salt: string | undefined;
      preferredSalt: string | undefined;
      dirty: boolean;
      sequence: number;
      readOnly: boolean;
    },
  ) {
    this.paths = paths;
    this.passphrase = passphrase;
    this.model = model;
    this.salt = options.salt;
    this.preferredSalt = options.preferredSalt;
    this.sequence = options.sequence;
    this.dirty = options.dirty;
    this.interrupted = [...model.pending.values()].map(({ resource, type }) => ({ urn: resource.urn, type }));
    this.journal = options.readOnly ? undefined : new Journal(paths.journal);
  }

  /**
   * Opens a stack's state, replaying what a killed run left in the journal. `preferredSalt` (of the stack's configuration) is used
   * when the state has none of its own.
   */
  static async open(
    paths: StackPaths,
    passphrase: Passphrase,
    options: { readonly preferredSalt?: string | undefined; readonly readOnly?: boolean } = {},
  ): Promise<StateStore> {
    const readOnly = options.readOnly ?? false;
    if (!readOnly) mkdirSync(paths.dir, { recursive: true, mode: 0o700 });
    const { model, salt } = readSealed(paths);
    const records = readJournal(paths.journal);
    const states = [...model.live.values(), ...model.condemned.values()];
    if (states.some(needsKey)) {
      if (salt === undefined) throw new StateError("The state has secrets but no salt.", { path: paths.checkpoint });
      const crypter = await passphrase.crypter(salt, "The state holds secrets");
      for (const map of [model.live, model.condemned]) {
        for (const [key, state] of map) map.set(key, openState(state, crypter));
      }
      for (const [key, operation] of model.pending) {
        model.pending.set(key, { ...operation, resource: openState(operation.resource, crypter) });
      }
    }
    return new StateStore(paths, passphrase, model, {
      salt,
      preferredSalt: options.preferredSalt,
      dirty: records.length > 0,
      sequence: lastSequence(records),
      readOnly,
    });
  }

  /** Records that a step begins. Resolves when that is on disk; gives the number that {@link end} takes. */
  async begin(op: OperationKind, state: ResourceState): Promise<number> {
    const sequence = ++this.sequence;
    await this.append({ begin: sequence, op, resource: await this.seal(state) });
    return sequence;
  }

  /** Records how a step ended and changes the state. Resolves when that is on disk. */
  async end(sequence: number | undefined, effects: readonly Effect[]): Promise<void> {
    const sealed: Effect[] = [];
    const kept: Effect[] = [];
    let failure: unknown;
    for (const effect of effects) {
      const state = "put" in effect ? effect.put : "condemn" in effect ? effect.condemn : undefined;
      let [open, closed] = [effect, effect];
      if (state) {
        try {
          closed = withState(effect, await this.seal(state));
        } catch (error) {
          // The resource exists, so its record must not be lost with its secrets: it is kept without them, and updated next time.
          failure = error;
          open = closed = withState(effect, withoutSecrets(state, errorMessage(error)));
        }
      }
      kept.push(open);
      sealed.push(closed);
    }
    for (const effect of kept) {
      this.model.apply(effect);
      if ("put" in effect) this.model.pending.delete(effect.put.urn);
      else if ("remove" in effect) this.model.pending.delete(effect.remove);
    }
    await this.append({ ...(sequence === undefined ? {} : { end: sequence }), effects: sealed });
    if (failure !== undefined) throw failure as Error;
  }

  /** Forgets an interrupted operation. */
  async settle(urn: string): Promise<void> {
    if (this.model.pending.delete(urn)) await this.append({ settled: urn });
  }

  /** Writes the checkpoint, if anything changed since it was written, and empties the journal. */
  async close(): Promise<void> {
    if (!this.journal) return;
    await this.journal.close();
    if (!this.dirty && existsSync(this.paths.checkpoint)) {
      rmSync(this.paths.journal, { force: true });
      return;
    }
    const sealed = new StateModel();
    const seal = async (state: ResourceState): Promise<ResourceState> => this.seal(state);
    for (const state of this.model.ordered()) {
      sealed.load([holdsSecret(state) ? await seal(state) : state], []);
    }
    for (const [key, operation] of this.model.pending) {
      sealed.pending.set(key, { ...operation, resource: await seal(operation.resource) });
    }
    writeAtomically(this.paths.checkpoint, serialize(toDeployment(sealed, this.salt)));
    rmSync(this.paths.journal, { force: true });
  }

  private async append(record: Parameters<Journal["append"]>[0]): Promise<void> {
    if (!this.journal) throw new StateError("The state was opened for reading only.", { path: this.paths.checkpoint });
    this.dirty = true;
    await this.journal.append(record);
  }

  private async seal(state: ResourceState): Promise<ResourceState> {
    if (!holdsSecret(state)) return state;
    if (!this.crypter) {
      this.opening ??= this.openCrypter();
      this.crypter = await this.opening;
    }
    return sealState(state, this.crypter);
  }

  private async openCrypter(): Promise<Crypter> {
    const why = "A secret must be kept in the state";
    if (this.salt === undefined) {
      if (this.preferredSalt === undefined) this.salt = (await this.passphrase.create(why)).salt;
      else this.salt = this.preferredSalt;
      const crypter = await this.passphrase.crypter(this.salt, why);
      await this.append({ salt: this.salt });
      return crypter;
    }
    return this.passphrase.crypter(this.salt, why);
  }
}

function withState(effect: Effect, state: ResourceState): Effect {
  return "put" in effect ? { put: state } : { condemn: state };
}

function withoutSecrets(state: ResourceState, reason: string): ResourceState {
  const open = (values: PropertyMap | undefined): PropertyMap =>
    Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => !hasSecret(value)));
  return { ...state, inputs: open(state.inputs), outputs: open(state.outputs), initErrors: [reason] };
}
