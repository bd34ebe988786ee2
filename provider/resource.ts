import type { z } from "zod";
import { valueAt } from "../lib/values.ts";
import { containsUnknown, isObject, isUnknown, sameValue, type Properties } from "./values.ts";

/** One fault of a resource's inputs, as the engine shows it. */
export interface CheckFailure {
  /** Path of the property, e.g. `ports.executionRpc`. */
  readonly property: string;
  /** What is wrong, with the value, and how to put it right. */
  readonly reason: string;
}

/** What an operation may use besides its inputs. */
export interface OperationContext {
  readonly urn: string;
  /** Aborted when the engine cancels: long waits end soon after. */
  readonly signal: AbortSignal;
  /** Says something to the user while the operation runs. */
  readonly log: (message: string) => void;
}

/** What the chain, a client or the file system says of a resource. */
export interface Observed<Inputs, Outputs> {
  /** The inputs that would describe what was found: where they differ from the wanted ones, something drifted. */
  readonly inputs: Inputs;
  readonly outputs: Outputs;
}

/**
 * One resource type of the provider. Inputs and outputs are JSON values; outputs repeat all inputs, so that a refresh can put what
 * was found in the place of what was wanted. Every operation can be interrupted at any point and run again: `create` adopts what
 * exists already.
 */
export interface ResourceHandler<Inputs extends object, Outputs extends Inputs> {
  /** Shape and rules of the inputs. Defaults in it are applied by `check`. */
  readonly schema: z.ZodType<Inputs>;
  /** Inputs whose change cannot be made in place. */
  readonly replaceOn: readonly (keyof Inputs & string)[];
  /** Which of the changed inputs need a replacement, where `replaceOn` alone cannot tell. */
  replaces?(changed: readonly string[], inputs: Inputs, old: Outputs): readonly string[];
  /** Whether the old one must be gone before the new one is made (it holds a port, a name, a folder). */
  readonly deleteBeforeReplace?: boolean;
  /** Faults that a schema cannot see: a port in use, a missing file. `old` is absent when the resource does not exist yet. */
  validate?(inputs: Inputs, old: Outputs | undefined): Promise<readonly CheckFailure[]>;
  /** Whether `validate` looks at nothing that may be unknown in a preview, and so runs then too. */
  readonly validatesEarly?: boolean;
  /** Inputs that are computed rather than written (digests of files); runs only when all inputs are known. */
  derive?(inputs: Inputs): Promise<Inputs>;
  /** Outputs that can be told before the resource exists or changes: shown by a preview, and known to what depends on it. */
  predict?(inputs: Inputs, old: Outputs | undefined): Promise<Partial<Outputs>>;
  /** Outputs that differ from what the inputs ask for, for drift that no input shows. */
  drifted?(inputs: Inputs, old: Outputs): readonly string[];
  create(inputs: Inputs, context: OperationContext): Promise<{ readonly id: string; readonly outputs: Outputs }>;
  /** What exists now; undefined when it is gone. */
  read(id: string, last: Outputs, context: OperationContext): Promise<Observed<Inputs, Outputs> | undefined>;
  update(id: string, old: Outputs, inputs: Inputs, context: OperationContext): Promise<Outputs>;
  delete(id: string, last: Outputs, context: OperationContext): Promise<void>;
  /** Last outputs for an import, of which only the id is known (see import-id.ts); `read` then fills them in. */
  locate?(id: string): Promise<Outputs>;
}

/** A handler whose value types are forgotten: what the server works with. */
export type AnyHandler = ResourceHandler<Properties, Properties>;

/** Forgets the value types of a handler; its schema has checked them before any other method sees a value. */
export function erase<Inputs extends object, Outputs extends Inputs>(
  handler: ResourceHandler<Inputs, Outputs>,
): AnyHandler {
  return handler as unknown as AnyHandler;
}

/**
 * Checks inputs against a schema, all faults at once. Faults at places that are not known yet are left for the `up`.
 * @param secrets properties whose values no message may repeat
 * @returns the inputs with the schema's defaults; with the top-level ones only while something in them is unknown
 */
export function checkInputs(
  schema: z.ZodType,
  inputs: Properties,
  secrets: ReadonlySet<string> = new Set(),
): { inputs: Properties; failures: CheckFailure[] } {
  const result = schema.safeParse(inputs);
  if (result.success) return { inputs: isObject(result.data) ? result.data : inputs, failures: [] };
  const failures = result.error.issues
    .filter((issue) => !leadsToUnknown(inputs, issue.path))
    .map((issue) => ({
      property: issue.path.map(String).join("."),
      reason: `${issue.message}; found ${secrets.has(String(issue.path[0])) ? "a secret" : describeValue(valueAt(inputs, issue.path))}`,
    }));
  return { inputs: { ...topLevelDefaults(schema, inputs), ...inputs }, failures };
}

function topLevelDefaults(schema: z.ZodType, inputs: Properties): Properties {
  const { shape = {} } = schema as { shape?: Readonly<Record<string, z.ZodType>> };
  return Object.fromEntries(
    Object.entries(shape)
      .filter(([key]) => inputs[key] === undefined)
      .map(([key, member]) => [key, member.safeParse(undefined).data])
      .filter(([, value]) => value !== undefined),
  ) as Properties;
}

/** What changes between the outputs of a resource and its new inputs. */
export interface ChangeSet {
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
}

/** Compares a resource's outputs with its new inputs, input by input, and adds what the handler knows to have drifted. */
export function diffInputs(handler: AnyHandler, old: Properties, inputs: Properties): ChangeSet {
  const changed = Object.keys(inputs).filter((key) => !sameValue(old[key], inputs[key]));
  const removed = Object.keys(old).filter(
    (key) => isInput(handler, key) && !(key in inputs) && old[key] !== undefined && old[key] !== null,
  );
  const drifted = containsUnknown(inputs) ? [] : (handler.drifted?.(inputs, old) ?? []);
  const all = [...new Set([...changed, ...removed, ...drifted])];
  const replaces =
    handler.replaces && !containsUnknown(inputs)
      ? handler.replaces(all, inputs, old)
      : all.filter((key) => handler.replaceOn.includes(key));
  return { changed: all, replaces };
}

/** Whether a property is an input of the resource, not only an output. */
export function isInput(handler: AnyHandler, key: string): boolean {
  const shape = (handler.schema as unknown as { shape?: object }).shape;
  return shape !== undefined && Object.hasOwn(shape, key);
}

function leadsToUnknown(root: unknown, path: readonly PropertyKey[]): boolean {
  let value: unknown = root;
  if (isUnknown(value)) return true;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return false;
    value = (value as Record<PropertyKey, unknown>)[key];
    if (isUnknown(value)) return true;
  }
  return containsUnknown(value);
}

function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
