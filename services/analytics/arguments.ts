import { parseArgs } from "node:util";
import { errorMessage } from "../../lib/errors.ts";
import { ReportArgumentError } from "./errors.ts";

export const USAGE = `usage: npm run report -- --stack NAME [--operator NAME] [--days N] [--json | --csv]
       [--outputs FILE] [--rpc URL] [--beacon URL] [--keeper URL] [--from-block N] [--prometheus URL]
`;

/** Days that a report looks back at most: a window of the service level, and its reporting. */
const MOST_DAYS = 62;

export interface ReportArguments {
  readonly stack: string;
  /** Name or number; all when absent. */
  readonly operator: string | undefined;
  readonly days: number;
  readonly format: "text" | "json" | "csv";
  /** File with the stack's outputs, as `pulumi stack output --json` writes them. */
  readonly outputs: string | undefined;
  readonly rpc: string | undefined;
  readonly beacon: string | undefined;
  /** A keeper's metrics and health. */
  readonly keeper: string | undefined;
  readonly fromBlock: number | undefined;
  readonly prometheus: string | undefined;
  readonly help: boolean;
}

/** Reads the arguments. @throws {@link ReportArgumentError} */
export function readArguments(args: readonly string[]): ReportArguments {
  const values = parse(args);
  if (values.json && values.csv)
    throw new ReportArgumentError("--json", "given with --csv", "Choose one of them, or neither for a table.");
  const { stack, operator, outputs } = values;
  if (!/^[A-Za-z0-9_.-]+$/.test(stack))
    throw new ReportArgumentError("--stack", JSON.stringify(stack), "Give the name of a stack, e.g. devnet.");
  if (operator === "") throw new ReportArgumentError("--operator", "empty", "Give an operator's name or number.");
  return {
    stack,
    operator,
    days: daysOf(values.days),
    format: values.json ? "json" : values.csv ? "csv" : "text",
    outputs,
    rpc: urlOf("--rpc", values.rpc),
    beacon: urlOf("--beacon", values.beacon),
    keeper: urlOf("--keeper", values.keeper),
    fromBlock: blockOf(values["from-block"]),
    prometheus: urlOf("--prometheus", values.prometheus),
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        stack: { type: "string", default: "devnet" },
        operator: { type: "string" },
        days: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
        csv: { type: "boolean", default: false },
        outputs: { type: "string" },
        rpc: { type: "string" },
        beacon: { type: "string" },
        keeper: { type: "string" },
        "from-block": { type: "string" },
        prometheus: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new ReportArgumentError("the command line", `not understood: ${errorMessage(error)}`, USAGE.trim());
  }
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || days <= 0 || days > MOST_DAYS)
    throw new ReportArgumentError("--days", JSON.stringify(text), `Give a number above 0, ${MOST_DAYS} at most.`);
  return days;
}

function blockOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new ReportArgumentError("--from-block", JSON.stringify(text), "Give the number of a block.");
  return Number(text);
}

function urlOf(argument: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new ReportArgumentError(argument, JSON.stringify(text), "Give a URL that begins with http:// or https://.");
  return text;
}
