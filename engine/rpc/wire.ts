/** Encodes and decodes whole messages. */
import type { AnyMessage, Message } from "./message.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

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
