/** Finds compose files in whatever way a command carries them to a host. */
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import type { PlannedResource } from "./model.ts";
import { isMap, scalar, texts } from "./values.ts";

/** A service of a compose file. */
export interface Service {
  readonly name: string;
  /** Where it was found, e.g. `stdin`. */
  readonly property: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Types of resources that bring files to a host or run there. */
export function isCommand(type: string): boolean {
  return type.startsWith("command:") || type === "ethstake:index:Process";
}

/** Properties of a command that are about reaching the host, and what came back from it. */
const NOT_CONTENT: ReadonlySet<string> = new Set(["connection", "stdout", "stderr"]);
/** Wrappings inside wrappings that are followed. */
const MAX_DEPTH = 4;
const MAX_BYTES = 16 * 1024 * 1024;
/** Below this a text is no file. */
const MIN_ENCODED = 64;

/** A text that a command carries. */
export interface Content {
  readonly property: string;
  readonly text: string;
}

/** Every text that a command carries, also inside heredocs, JSON, base64, gzip and tar. */
export function* contents(resource: PlannedResource): Generator<Content> {
  if (!isCommand(resource.type)) return;
  for (const [key, value] of Object.entries(resource.props)) {
    if (NOT_CONTENT.has(key)) continue;
    for (const { property, text } of texts(value, key)) {
      for (const inner of unwrap(text, MAX_DEPTH)) yield { property, text: inner };
    }
  }
}

function* unwrap(text: string, depth: number): Generator<string> {
  yield text;
  if (depth === 0) return;
  for (const [, , , body = ""] of text.matchAll(/<<-?\s*(['"]?)(\w+)\1[^\n]*\n([\s\S]*?)\n[ \t]*\2[ \t]*(?:\n|$)/g)) {
    yield* unwrap(body, depth - 1);
  }
  if (/^\s*[[{]/.test(text)) {
    for (const { text: inner } of texts(json(text), "")) yield* unwrap(inner, depth - 1);
  }
  for (const [encoded] of text.matchAll(/[A-Za-z0-9+/]{64,}={0,2}/g)) {
    if (encoded.length < MIN_ENCODED || encoded.length > MAX_BYTES || /^[0-9a-fA-F]+$/.test(encoded)) continue;
    for (const file of files(Buffer.from(encoded, "base64"))) yield* unwrap(file, depth - 1);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The texts in some bytes: a gzip's content, a tar's files, or the bytes themselves when they are a text. */
function files(bytes: Buffer): string[] {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      return files(gunzipSync(bytes, { maxOutputLength: MAX_BYTES }));
    } catch {
      return [];
    }
  }
  if (bytes.subarray(257, 262).toString("latin1") === "ustar") return tarFiles(bytes);
  // Random bytes are rarely free of zeros and of what is no UTF-8.
  const text = bytes.toString("utf8");
  return text.includes("\0") || text.includes("\uFFFD") ? [] : [text];
}

function tarFiles(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let offset = 0; offset + 512 <= bytes.length; ) {
    const size = Number.parseInt(
      bytes
        .subarray(offset + 124, offset + 136)
        .toString("latin1")
        .replace(/\0.*$/, ""),
      8,
    );
    if (!Number.isSafeInteger(size) || size < 0) break;
    found.push(bytes.subarray(offset + 512, offset + 512 + size).toString("utf8"));
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

/** Services of resources that were looked at: every rule on bundles asks for them. */
const KNOWN = new WeakMap<PlannedResource, readonly Service[]>();

/** The services of every compose file that a command carries. */
export function services(resource: PlannedResource): readonly Service[] {
  let found = KNOWN.get(resource);
  if (!found) KNOWN.set(resource, (found = findServices(resource)));
  return found;
}

function findServices(resource: PlannedResource): Service[] {
  const found: Service[] = [];
  const seen = new Set<string>();
  for (const { property, text } of contents(resource)) {
    if (seen.has(text) || !/(?:^|[{,])\s*["']?services["']?\s*:/m.test(text)) continue;
    seen.add(text);
    const compose = composeFile(text);
    if (!isMap(compose) || !isMap(compose["services"])) continue;
    for (const [name, body] of Object.entries(compose["services"])) {
      if (isMap(body)) found.push({ name, property: `${property}: services.${name}`, body });
    }
  }
  return found;
}

function composeFile(text: string): unknown {
  try {
    return parse(text, { merge: true, logLevel: "silent" }) as unknown;
  } catch {
    // A script around a file: the file itself is among the contents.
    return undefined;
  }
}

/** The words of a service's command and entry point, as one text. */
export function commandLine({ body }: Service): string {
  const words = [body["entrypoint"], body["command"]].flatMap((part) => [...texts(part, "")].map(({ text }) => text));
  return words.join(" ");
}

/** The environment of a service as `NAME=value`, whichever way it is written. */
export function environment({ body }: Service): string[] {
  const given = body["environment"];
  if (Array.isArray(given)) return given.filter((item) => typeof item === "string");
  return isMap(given) ? Object.entries(given).map(([name, value]) => `${name}=${scalar(value)}`) : [];
}
