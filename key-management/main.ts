// `npm run keys -- COMMAND --stack NAME`: an operator's validator keys. docs/RUNBOOK.md, "Moving keys" and "Exits signed beforehand".
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Hex } from "viem";
import { runCommand } from "../lib/command.ts";
import { auditFaults, auditFile, auditLines } from "../provider/keys/audit.ts";
import { KeystoreDirectory } from "../provider/keys/store.ts";
import { KeyRequestError } from "./errors.ts";
import { signExits, submitExits } from "./exits.ts";
import { MoveJournal } from "./move-journal.ts";
import { moveKeys, resumeMove, type MoveContext } from "./move.ts";
import { beaconOf, loadKeyStack, operatorOf, type KeyOperator, type KeyStack } from "./stack.ts";

const USAGE = `usage: npm run keys -- COMMAND --stack NAME [--operator NAME] [--outputs FILE] [--beacon URL] [--json]
  list                                          where each key is
  move   --from NODE --to NODE  KEYS            moves keys to another node's client
         [--without-history]                    though a record of what they signed is missing
         [--source-lost]                        though their client cannot be asked: it is off, for good
  resume [--back] [--without-history] [--source-lost]
                                                goes on with a move that was interrupted, or turns it back
  exit   KEYS [--epoch N] [--submit]            signs voluntary exits, and hands them to the chain
  audit                                         the log of key operations, and whether it is whole
KEYS: --keys 0x…,0x…  or  --count N (the last N keys of the node)  or  --all`;

const OPTIONS = {
  stack: { type: "string" },
  operator: { type: "string" },
  outputs: { type: "string" },
  beacon: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  keys: { type: "string" },
  count: { type: "string" },
  all: { type: "boolean", default: false },
  epoch: { type: "string" },
  submit: { type: "boolean", default: false },
  back: { type: "boolean", default: false },
  "without-history": { type: "boolean", default: false },
  "source-lost": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

const parse = (args: readonly string[]) =>
  parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });

/** What a command works with. */
interface Setting {
  readonly stack: KeyStack;
  readonly operator: KeyOperator;
  readonly keystoreDirectory: string;
  readonly values: Values;
}

const COMMANDS: Readonly<Record<string, (setting: Setting) => Promise<number>>> = { list, move, resume, exit, audit };

runCommand(async (args) => {
  const { values, positionals } = parse(args);
  const [name = ""] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (values.help || !command || positionals.length > 1 || values.stack === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const stack = await loadKeyStack(values.stack, values.outputs);
  const operator = operatorOf(stack, values.operator);
  return await command({ stack, operator, keystoreDirectory: join(operator.keyDirectory, "keystores"), values });
});

async function list({ operator, keystoreDirectory, values }: Setting): Promise<number> {
  const store = new KeystoreDirectory(keystoreDirectory);
  const rows = await Promise.all(
    operator.keys.flatMap(({ node, publicKeys }) =>
      publicKeys.map(async (publicKey) => ({ publicKey, node, client: await store.clientOf(publicKey) })),
    ),
  );
  const open = await new MoveJournal(keystoreDirectory).open();
  print(values, { operator: operator.name, keys: rows, ...(open ? { move: open } : {}) }, [
    ...rows.map(({ publicKey, node, client }) => `${publicKey}  ${node}  ${client ?? "not loaded"}`),
    ...(open
      ? [`a move of ${open.publicKeys.length} key(s) to ${open.to} is open (${open.step}): npm run keys -- resume`]
      : []),
  ]);
  return 0;
}

async function move(setting: Setting): Promise<number> {
  const { values } = setting;
  const from = required("--from", values.from);
  const to = required("--to", values.to);
  const publicKeys = chosenKeys(setting, from);
  const done = await moveKeys({ from, to, publicKeys }, moveContext(setting, to));
  print(values, { moved: done }, [nextStep(setting)]);
  return 0;
}

async function resume(setting: Setting): Promise<number> {
  const { keystoreDirectory, values } = setting;
  const open = await new MoveJournal(keystoreDirectory).open();
  if (!open) {
    print(values, { moved: null }, ["no move is open"]);
    return 0;
  }
  const done = await resumeMove(moveContext(setting, open.toNode), values.back);
  print(values, { moved: done }, [nextStep(setting)]);
  return 0;
}

async function exit(setting: Setting): Promise<number> {
  const { stack, operator, keystoreDirectory, values } = setting;
  const node = values.from ?? operator.keys[0]?.node ?? "";
  const epoch = values.epoch === undefined ? undefined : wholeNumber("--epoch", values.epoch);
  const context = { keystoreDirectory, beacon: beaconOf(stack, node, values.beacon) };
  const exits = await signExits(chosenKeys(setting, values.from), context, epoch);
  if (values.submit) await submitExits(exits, context);
  print(
    values,
    { exits, submitted: values.submit },
    exits.map(
      ({ publicKey, validatorIndex, epoch: first, file }) =>
        `validator ${validatorIndex} (${publicKey.slice(0, 12)}…), good from epoch ${first} on: ${values.submit ? "submitted, " : ""}${file}`,
    ),
  );
  return 0;
}

async function audit({ keystoreDirectory, values }: Setting): Promise<number> {
  const text = await readFile(auditFile(keystoreDirectory), "utf8");
  const faults = auditFaults(text);
  const lines = auditLines(text);
  print(values, { lines, faults }, [
    ...lines.map(
      ({ time, user, operation, publicKeys, client = "", detail = "" }) =>
        `${time}  ${user}  ${operation}  ${publicKeys.length} key(s)  ${client}  ${detail}`,
    ),
    ...(faults.length === 0 ? [`${lines.length} lines, unbroken`] : faults.map((fault) => `FAULT: ${fault}`)),
  ]);
  return faults.length === 0 ? 0 : 1;
}

function moveContext({ stack, operator, keystoreDirectory, values }: Setting, node: string): MoveContext {
  return {
    keystoreDirectory,
    mnemonicFile: operator.mnemonicFile ?? join(operator.keyDirectory, "mnemonic"),
    clients: stack.signing,
    beacon: beaconOf(stack, node, values.beacon),
    say: (line) => process.stderr.write(`${line}\n`),
    withoutHistory: values["without-history"],
    sourceLost: values["source-lost"],
  };
}

/** The keys that the options name, in the operator's order. @throws {@link KeyRequestError} */
function chosenKeys({ operator, values }: Setting, node: string | undefined): Hex[] {
  const own = operator.keys
    .filter((range) => node === undefined || range.node === node)
    .flatMap((range) => range.publicKeys);
  if (values.keys !== undefined) {
    const wanted = values.keys.split(",").map((key) => key.trim().toLowerCase());
    const all = operator.keys.flatMap((range) => range.publicKeys);
    const stranger = wanted.find((key) => !all.some((known) => known === key));
    if (stranger !== undefined) throw new KeyRequestError("--keys", stranger, `It is no key of ${operator.name}.`);
    return all.filter((key) => wanted.includes(key));
  }
  if (values.count !== undefined) {
    const count = wholeNumber("--count", values.count);
    if (count > own.length || count === 0)
      throw new KeyRequestError("--count", values.count, `There are ${own.length} keys to choose from.`);
    return own.slice(-count);
  }
  if (values.all) return own;
  throw new KeyRequestError("--keys", "(none)", "Name keys, a --count of them, or --all.");
}

function nextStep({ operator }: Setting): string {
  return `Now let ethstake:operators (${operator.name}) name the node that has them, and run an up: until then it refuses.`;
}

function required(option: string, value: string | undefined): string {
  if (value === undefined) throw new KeyRequestError(option, "(none)", "Name a node.");
  return value;
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new KeyRequestError(option, text, "Give a whole number.");
  return Number(text);
}

function print({ json }: Values, value: object, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(""));
}
