import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { EthstakeError } from "../lib/errors.ts";
import { projectRoot } from "../lib/paths.ts";
import { settingsOf } from "./namespace.ts";

/** Stands for a value that the stack file encrypts and that nobody decrypted. */
export const ENCRYPTED = "[secret]";

/** There is no settings file for the stack. */
export class StackFileMissingError extends EthstakeError<{ file: string }> {
  readonly code = "STACK_FILE_MISSING";
  constructor(file: string) {
    super(`There is no ${file}.`, { file }, { remedy: "Name a stack that has one, with -- --stack NAME." });
  }
}

/** A stack's settings file is not what a settings file is. */
export class StackFileInvalidError extends EthstakeError<{ file: string; problems: readonly string[] }> {
  readonly code = "STACK_FILE_INVALID";
  constructor(file: string, problems: readonly string[]) {
    super(`${file} cannot be read: ${problems.join("; ")}.`, { file, problems }, { remedy: "Correct the file." });
  }
}

/** A stack's settings as its file has them. */
export interface StackFile {
  /** Without the namespace; {@link ENCRYPTED} where a value is encrypted. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Paths of the encrypted values, as settings are named in faults: `protocol.accounts.deployer.keyFile`. */
  readonly encrypted: readonly string[];
}

/**
 * Reads Pulumi.STACK.yaml and decrypts nothing.
 * @throws {@link StackFileMissingError} and {@link StackFileInvalidError}
 */
export function readStackFile(stack: string, root: string = projectRoot): StackFile {
  const file = `Pulumi.${stack}.yaml`;
  // The name becomes a path: one that leaves the folder names no stack.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(stack) || !existsSync(join(root, file)))
    throw new StackFileMissingError(file);
  const lines = new LineCounter();
  // Pretty errors quote lines of the file, and a line may be a secret.
  const document = parseDocument(readFileSync(join(root, file), "utf8"), { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0)
    throw new StackFileInvalidError(
      file,
      document.errors.map(({ code, pos: [start] }) => `line ${lines.linePos(start).line}: ${code}`),
    );
  const content: unknown = document.toJS() ?? {};
  if (!isMap(content)) throw new StackFileInvalidError(file, ["it is not a mapping"]);
  const config = content["config"] ?? {};
  if (!isMap(config)) throw new StackFileInvalidError(file, ["config is not a mapping"]);
  const encrypted: string[] = [];
  const masked = Object.entries(settingsOf(config)).map(([key, value]): [string, unknown] => [
    key,
    mask(value, key, encrypted),
  ]);
  return { config: Object.fromEntries(masked), encrypted };
}

/** The stacks that have a settings file, by name. */
export function stackNames(root: string = projectRoot): string[] {
  return readdirSync(root)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The value with {@link ENCRYPTED} wherever it is encrypted; those places are added to the list. */
function mask(value: unknown, path: string, encrypted: string[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, index) => mask(item, `${path}[${index}]`, encrypted));
  if (!isMap(value)) return value;
  if (Object.keys(value).length === 1 && typeof value["secure"] === "string") {
    encrypted.push(path);
    return ENCRYPTED;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mask(item, `${path}.${key}`, encrypted)] as const),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
