/** The state of a simulated cloud: one JSON file for each thing, so that processes, kills and tests share it without locks. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { hex } from "./behaviour.ts";
import type { PropertyMap } from "../../engine/values.ts";

/** A thing in the cloud. */
export interface Thing {
  readonly type: string;
  readonly id: string;
  /** Who made it. */
  readonly urn: string;
  readonly inputs: PropertyMap;
  /** Computed outputs. */
  readonly outputs: PropertyMap;
  /** Whether the engine has used its id: until then a repeated create is the same request again. */
  readonly acknowledged: boolean;
}

/** Things of one package in a folder. */
export class Cloud {
  private readonly root: string;
  private readonly dir: string;

  constructor(root: string, name: string) {
    this.root = root;
    this.dir = join(root, name);
  }

  private path(type: string, id: string): string {
    return join(this.dir, `${encodeURIComponent(type)}~${encodeURIComponent(id)}.json`);
  }

  get(type: string, id: string): Thing | undefined {
    const path = this.path(type, id);
    return readThing(path);
  }

  put(thing: Thing): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const path = this.path(thing.type, thing.id);
    // Renamed into place: a kill leaves the old thing or the new one. Private, for user data holds keys.
    const temporary = `${path}.${hex(8)}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(thing, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  }

  remove(type: string, id: string): void {
    rmSync(this.path(type, id), { force: true });
  }

  /** Every thing there is, of one type or of all. */
  all(type?: string): Thing[] {
    if (!existsSync(this.dir)) return [];
    const prefix = type === undefined ? "" : `${encodeURIComponent(type)}~`;
    return readdirSync(this.dir)
      .filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
      .flatMap((name) => readThing(join(this.dir, name)) ?? []);
  }

  /** Adds a line to the record of what would have been done to machines. */
  record(entry: object): void {
    mkdirSync(this.root, { recursive: true, mode: 0o700 });
    appendFileSync(join(this.root, "commands.jsonl"), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }
}

/** What is in a file; undefined when it is not there, perhaps because another process took it away a moment ago. */
function readThing(path: string): Thing | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Thing;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
