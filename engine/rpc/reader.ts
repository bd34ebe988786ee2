/** Reads protobuf messages. */
import type { Json, PropertyMap } from "../values.ts";
import type { AnyMessage, FieldKind } from "./message.ts";

/** Reads a buffer once, from front to back. */
export class Reader {
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

  /** Moves past the value of a field that is not wanted; the low three bits of a tag are its wire type. */
  private passOver(tag: number): void {
    const wireType = tag % 8;
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
      else this.passOver(tag);
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
      else this.passOver(tag);
    }
    return [key, value];
  }

  private struct(end: number): PropertyMap {
    const result: PropertyMap = {};
    while (this.at < end) {
      const tag = this.varint();
      if (tag !== 10) {
        this.passOver(tag);
        continue;
      }
      const entryEnd = this.end();
      let key = "";
      let value: Json = null;
      while (this.at < entryEnd) {
        const part = this.varint();
        if (part === 10) key = this.string();
        else if (part === 18) value = this.value(this.end());
        else this.passOver(part);
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
          else this.passOver(part);
        }
        result = list;
      } else this.passOver(tag);
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
