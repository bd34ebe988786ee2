/** What a type of a simulated cloud does beyond what its SDK says. */
import { randomBytes } from "node:crypto";
import type { Json, PropertyMap } from "../../engine/values.ts";
import type { Thing } from "./cloud.ts";

/** What a resource is made from. */
export interface Making {
  readonly id: string;
  /** Inputs without secrets and unknowns. */
  readonly inputs: PropertyMap;
  /** The provider's configuration. */
  readonly config: PropertyMap;
  /** Computed outputs that it has already; empty for a new one. */
  readonly before: PropertyMap;
  /** Things of other types that it refers to. */
  readonly find: (type: string, id: Json | undefined) => Thing | undefined;
}

/** A property that names another thing. */
export interface Reference {
  readonly type: string;
  /** Whether the other thing cannot be deleted while this one is there. */
  readonly blocks?: boolean;
}

/** Behaviour of a type. Inputs that are not named in `replace` are updated in place. */
export interface Behaviour {
  readonly id: (making: Omit<Making, "id">) => string;
  /** Computed outputs; called for each create and update. */
  readonly outputs?: (making: Making) => PropertyMap;
  /** The input that gets a name of its own when the program gives none. */
  readonly autoName?: string;
  /** Inputs whose change makes a new thing. */
  readonly replace?: readonly string[];
  /** Inputs that the cloud fills in when the program does not. */
  readonly fills?: readonly string[];
  /** Outputs that an update of an input may change: unknown in previews. */
  readonly unsettles?: Readonly<Record<string, readonly string[]>>;
  /** Things that inputs name, by path; `[]` goes through lists. They must exist. */
  readonly refers?: Readonly<Record<string, Reference>>;
  /** What may be there only once, e.g. a name. */
  readonly unique?: (inputs: PropertyMap) => string | undefined;
  /** An input that forbids deletion while it is true. */
  readonly guard?: string;
  /** Why a change in place is refused. */
  readonly refuse?: (olds: PropertyMap, news: PropertyMap) => string | undefined;
  /** Faults of inputs that the cloud itself would find. */
  readonly faults?: (inputs: PropertyMap) => readonly { readonly property: string; readonly reason: string }[];
  /** Told of what happens, e.g. commands that would be run. */
  readonly notify?: (operation: "create" | "update" | "delete", making: Making) => void;
}

/** Random hexadecimal digits. */
export function hex(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString("hex")
    .slice(0, digits);
}

/** A number as clouds number their things. */
export function serial(): string {
  return String(10_000_000 + (randomBytes(4).readUInt32BE() % 89_000_000));
}

/** A public address out of the ranges for documentation (RFC 5737), stable for the thing. */
export function publicAddress({ before }: Making, key: string): Json {
  const [host = 1] = randomBytes(1);
  return before[key] ?? `${host % 2 === 0 ? "198.51.100" : "203.0.113"}.${1 + (host % 254)}`;
}

/** A text, or empty. */
export function text(value: Json | undefined): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** The fault of a text beyond a cloud's limit. */
export function tooLong(property: string, bytes: number, limitKiB: number): { property: string; reason: string }[] {
  return bytes <= limitKiB * 1024
    ? []
    : [{ property, reason: `it has ${bytes} bytes; at most ${limitKiB} KiB are taken` }];
}

/** A fault when volumes would shrink: no cloud does that, none replaces the volume for it. */
export function noShrinking(key: string): NonNullable<Behaviour["refuse"]> {
  return (olds, news) =>
    Number(news[key]) < Number(olds[key])
      ? `a volume cannot shrink from ${text(olds[key])} to ${text(news[key])} GiB`
      : undefined;
}
