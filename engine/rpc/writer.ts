/** Writes protobuf messages. */
import type { Json, PropertyMap } from "../values.ts";
import type { AnyMessage, FieldKind } from "./message.ts";

/** Writes from the end to the front, so that every length is known when its prefix is written. */
export class Writer {
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
    if (typeof kind !== "string") {
      this.nested(number, kind, value);
      return;
    }
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
    if (kind === "message") {
      item(value as object, number);
      return;
    }
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
    if (typeof value === "string") this.string(3, value);
    else if (typeof value === "number") this.double(2, value);
    else if (typeof value === "boolean") {
      this.varint(value ? 1 : 0);
      this.tag(4, 0);
    } else if (value === null) {
      this.varint(0);
      this.tag(1, 0);
    } else {
      const end = this.mark();
      if (Array.isArray(value)) {
        for (let index = value.length - 1; index >= 0; index--) {
          const itemEnd = this.mark();
          this.value(value[index] ?? null);
          this.close(1, itemEnd);
        }
      } else this.struct(value);
      this.close(Array.isArray(value) ? 6 : 5, end);
    }
  }
}
