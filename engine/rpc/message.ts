/**
 * A small protobuf codec driven by field tables. The generated classes of the SDK turn a `Struct` into a tree of objects
 * before it becomes a plain value; on stacks with thousands of resources that copying is most of an engine's work, so
 * messages are read from and written to bytes directly here. `wire.test.ts` checks it against the generated classes.
 */

/** How a field is laid out. Tuples are nested messages, repeated messages and maps with message or string values. */
export type FieldKind =
  | "string"
  | "bool"
  | "int"
  | "double"
  | "bytes"
  | "struct"
  | "value"
  | "strings"
  | "ints"
  | "stringMap"
  | readonly ["message" | "messages" | "messageMap", () => AnyMessage];

/** One field: its number and how it is laid out. */
export type Field = readonly [number: number, kind: FieldKind];

/** A message with its fields by name. */
export interface Message<T> {
  readonly fields: { readonly [K in keyof T]-?: Field };
  readonly byNumber: ReadonlyMap<number, readonly [name: string, kind: FieldKind]>;
  /** Field names in reverse order of writing: the writer works backwards. */
  readonly reversed: readonly (readonly [name: string, number: number, kind: FieldKind])[];
}

/** A message whose fields are not known to the caller. */
export type AnyMessage = Message<object>;

/** Defines a message from its fields. Absent fields decode to the protobuf defaults (structs and messages to undefined). */
export function message<T extends object>(fields: { readonly [K in keyof T]-?: Field }): Message<T> {
  const entries = Object.entries<Field>(fields).map(([name, [number, kind]]) => [name, number, kind] as const);
  return {
    fields,
    byNumber: new Map(entries.map(([name, number, kind]) => [number, [name, kind] as const])),
    reversed: entries.toReversed(),
  };
}
