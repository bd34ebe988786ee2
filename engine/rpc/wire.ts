/**
 * A small protobuf codec driven by field tables. The generated classes of the SDK turn a `Struct` into a tree of objects
 * before it becomes a plain value; on stacks with thousands of resources that copying is most of an engine's work, so
 * messages are read from and written to bytes directly here. `wire.test.ts` checks it against the generated classes.
 */
import type { Json, PropertyMap } from "../values.ts";

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

type AnyMessage = Message<object>;

/** Defines a message from its fields. Absent fields decode to the protobuf defaults (structs and messages to undefined). */
export function message<T extends object>(fields: { readonly [K in keyof T]-?: Field }): Message<T> {
  const entries = Object.entries<Field>(fields).map(([name, [number, kind]]) => [name, number, kind] as const);
  return {
    fields,
    byNumber: new Map(entries.map(([name, number, kind]) => [number, [name, kind] as const])),
    reversed: entries.toReversed(),
  };
}

/** Encodes `value` as `type`. Fields that are undefined or hold the protobuf default are left out. */
export function encode<T extends object>(type: Message<T>, value: Partial<T>): Buffer {
  const writer = new Writer();
  writer.message(type as unknown as AnyMessage, value as Record<string, unknown>);
  return writer.finish();
}

/** Decodes a whole buffer as `type`; unknown fields are skipped. Throws RangeError on a truncated buffer. */
export function decode<T extends object>(type: Message<T>, buffer: Uint8Array): T {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return new Reader(bytes).message(type as unknown as AnyMessage, bytes.length) as T;
}

/** Writes from the end to the front, so that every length is known when its prefix is written. */
class Writer {
  private buffer = Buffer.allocUnsafe(1024);
  private at = 1024;

  finish(): Buffer {
    return this.buffer.subarray(this.at);
  }

  private reserve(size: number): number {
    if (this.at < size) {
      const used = this.buffer.length - this.at;
      const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, used + size + 1024));
      this.buffer.copy(grown, grown.length - used, this.at);
      this.at = grown.length - used;
      this.buffer = grown;
    }
    this.at -= size;
    return this.at;
  }

  private varint(value: number): void {
    // Negative int32 values take ten bytes on the wire; none of the messages here has one.
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    let at = this.reserve(size);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.buffer[at++] = rest % 128 | 128;
    this.buffer[at] = rest;
  }

  private tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** Closes a length-delimited field whose body was written since `end`. */
  private close(number: number, end: number): void {
    this.varint(this.mark() - end);
    this.tag(number, 2);
  }

  /** Bytes written so far: marks the end of a body. */
  private mark(): number {
    return this.buffer.length - this.at;
  }

  private string(number: number, text: string): void {
    const size = Buffer.byteLength(text);
    const at = this.reserve(size);
    this.buffer.write(text, at, size, "utf8");
    this.varint(size);
    this.tag(number, 2);
  }

  private double(number: number, value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleLE(value, at);
    this.tag(number, 1);
  }

  message(type: AnyMessage, value: Record<string, unknown>): void {
    for (const [name, number, kind] of type.reversed) {
      const field = value[name];
      if (field !== undefined) this.field(number, kind, field);
    }
  }

  private field(number: number, kind: FieldKind, value: unknown): void {
    if (typeof kind !== "string") return this.nested(number, kind, value);
    switch (kind) {
      case "string":
        if (value !== "") this.string(number, value as string);
        return;
      case "bool":
        if (value === true) {
          this.varint(1);
          this.tag(number, 0);
        }
        return;
      case "int":
        if (value !== 0) {
          this.varint(value as number);
          this.tag(number, 0);
        }
        return;
      case "double":
        if (value !== 0) this.double(number, value as number);
        return;
      case "bytes": {
        const bytes = value as Uint8Array;
        if (bytes.length === 0) return;
        const at = this.reserve(bytes.length);
        this.buffer.set(bytes, at);
        this.varint(bytes.length);
        this.tag(number, 2);
        return;
      }
      case "strings":
        for (const text of (value as readonly string[]).toReversed()) this.string(number, text);
        return;
      case "ints": {
        const numbers = value as readonly number[];
        if (numbers.length === 0) return;
        const end = this.mark();
        for (const item of numbers.toReversed()) this.varint(item);
        this.close(number, end);
        return;
      }
      case "stringMap":
        for (const [key, text] of Object.entries(value as Record<string, string>).reverse()) {
          const end = this.mark();
          this.string(2, text);
          this.string(1, key);
          this.close(number, end);
        }
        return;
      case "struct": {
        const end = this.mark();
        this.struct(value as PropertyMap);
        this.close(number, end);
        return;
      }
      case "value": {
        const end = this.mark();
        this.value(value as Json);
        this.close(number, end);
      }
    }
  }

  private nested(number: number, [kind, type]: Exclude<FieldKind, string>, value: unknown): void {
    const item = (body: object, at: number): void => {
      const end = this.mark();
      this.message(type(), body as Record<string, unknown>);
      this.close(at, end);
    };
    if (kind === "message") return item(value as object, number);
    if (kind === "messages") {
      for (const body of (value as readonly object[]).toReversed()) item(body, number);
      return;
    }
    for (const [key, body] of Object.entries(value as Record<string, object>).reverse()) {
      const end = this.mark();
      item(body, 2);
      this.string(1, key);
      this.close(number, end);
    }
  }

  /** google.protobuf.Struct: one map entry a key. Keys whose value is undefined are left out, as JSON does. */
  private struct(map: PropertyMap): void {
    const keys = Object.keys(map);
    for (let index = keys.length - 1; index >= 0; index--) {
      const key = keys[index] as string;
      const value = map[key];
      if (value === undefined) continue;
      const entryEnd = this.mark();
      const end = this.mark();
      this.value(value);
      this.close(2, end);
      this.string(1, key);
      this.close(1, entryEnd);
    }
  }

  /** google.protobuf.Value: a oneof, so defaults are written too. */
  private value(value: Json): void {
    switch (typeof value) {
      case "string":
        return this.string(3, value);
      case "number":
        return this.double(2, value);
      case "boolean":
        this.varint(value ? 1 : 0);
        return this.tag(4, 0);
      default: {
        if (value === null) {
          this.varint(0);
          return this.tag(1, 0);
        }
        const end = this.mark();
        if (Array.isArray(value)) {
          for (let index = value.length - 1; index >= 0; index--) {
            const itemEnd = this.mark();
            this.value(value[index] ?? null);
            this.close(1, itemEnd);
          }
          return this.close(6, end);
        }
        this.struct(value);
        return this.close(5, end);
      }
    }
  }
}

class Reader {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  private varint(): number {
    let result = 0;
    let factor = 1;
    for (;;) {
      const byte = this.buffer[this.at++];
      if (byte === undefined) throw new RangeError("A protobuf message ends in the middle of a number.");
      result += (byte & 127) * factor;
      if (byte < 128) return result;
      factor *= 128;
    }
  }

  private end(): number {
    const end = this.varint() + this.at;
    if (end > this.buffer.length) throw new RangeError("A protobuf message is shorter than it says.");
    return end;
  }

  private string(): string {
    const end = this.end();
    const text = this.buffer.toString("utf8", this.at, end);
    this.at = end;
    return text;
  }

  private double(): number {
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  private skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.at += 8;
    else if (wireType === 2) this.at = this.end();
    else if (wireType === 5) this.at += 4;
    else throw new RangeError(`A protobuf message has a field of the unknown wire type ${wireType}.`);
  }

  message(type: AnyMessage, end: number): object {
    const result = blank(type);
    while (this.at < end) {
      const tag = this.varint();
      const known = type.byNumber.get(Math.floor(tag / 8));
      if (known) this.field(result, known[0], known[1], tag % 8);
      else this.skip(tag % 8);
    }
    return result;
  }

  private field(into: Record<string, unknown>, name: string, kind: FieldKind, wireType: number): void {
    if (typeof kind !== "string") {
      const end = this.end();
      if (kind[0] === "message") into[name] = this.message(kind[1](), end);
      else if (kind[0] === "messages") (into[name] as unknown[]).push(this.message(kind[1](), end));
      else {
        const [key, body] = this.entry(end, () => this.message(kind[1](), this.end()));
        put(into[name] as Record<string, unknown>, key, body ?? blank(kind[1]()));
      }
      return;
    }
    switch (kind) {
      case "string":
        into[name] = this.string();
        return;
      case "bool":
        into[name] = this.varint() !== 0;
        return;
      case "int":
        into[name] = this.varint();
        return;
      case "double":
        into[name] = this.double();
        return;
      case "bytes": {
        const end = this.end();
        into[name] = this.buffer.subarray(this.at, end);
        this.at = end;
        return;
      }
      case "strings":
        (into[name] as string[]).push(this.string());
        return;
      case "ints": {
        const list = into[name] as number[];
        if (wireType === 0) list.push(this.varint());
        else for (const end = this.end(); this.at < end; ) list.push(this.varint());
        return;
      }
      case "stringMap": {
        const [key, text] = this.entry(this.end(), () => this.string());
        put(into[name] as Record<string, unknown>, key, text ?? "");
        return;
      }
      case "struct":
        into[name] = this.struct(this.end());
        return;
      case "value":
        into[name] = this.value(this.end());
    }
  }

  private entry<T>(end: number, read: () => T): [string, T | undefined] {
    let key = "";
    let value: T | undefined;
    while (this.at < end) {
      const tag = this.varint();
      if (tag === 10) key = this.string();
      else if (tag === 18) value = read();
      else this.skip(tag % 8);
    }
    return [key, value];
  }

  private struct(end: number): PropertyMap {
    const result: PropertyMap = {};
    while (this.at < end) {
      const tag = this.varint();
      if (tag !== 10) {
        this.skip(tag % 8);
        continue;
      }
      const entryEnd = this.end();
      let key = "";
      let value: Json = null;
      while (this.at < entryEnd) {
        const part = this.varint();
        if (part === 10) key = this.string();
        else if (part === 18) value = this.value(this.end());
        else this.skip(part % 8);
      }
      put(result, key, value);
    }
    return result;
  }

  private value(end: number): Json {
    let result: Json = null;
    while (this.at < end) {
      const tag = this.varint();
      if (tag === 26) result = this.string();
      else if (tag === 17) result = this.double();
      else if (tag === 32) result = this.varint() !== 0;
      else if (tag === 42) result = this.struct(this.end());
      else if (tag === 50) {
        const listEnd = this.end();
        const list: Json[] = [];
        while (this.at < listEnd) {
          const part = this.varint();
          if (part === 10) list.push(this.value(this.end()));
          else this.skip(part % 8);
        }
        result = list;
      } else this.skip(tag % 8);
    }
    return result;
  }
}

/** Assigns even a key called `__proto__` as an own property. */
function put(into: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
  else into[key] = value;
}

function blank(type: AnyMessage): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, , kind] of type.reversed) {
    if (typeof kind !== "string") {
      if (kind[0] === "messages") result[name] = [];
      else if (kind[0] === "messageMap") result[name] = {};
      continue;
    }
    if (kind === "string") result[name] = "";
    else if (kind === "bool") result[name] = false;
    else if (kind === "int" || kind === "double") result[name] = 0;
    else if (kind === "strings" || kind === "ints") result[name] = [];
    else if (kind === "stringMap") result[name] = {};
  }
  return result;
}
