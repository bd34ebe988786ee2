/** The command line of `npm run stack`. */
import { parseArgs } from "node:util";
import { errorMessage } from "../lib/errors.ts";
import { UsageError } from "./errors.ts";

/** What the command line says. */
export interface Arguments {
  readonly command: string;
  readonly rest: readonly string[];
  readonly stack: string;
  readonly cwd: string;
  readonly stateDir: string | undefined;
  readonly parallel: number | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  readonly refresh: boolean;
  readonly expectNoChanges: boolean;
  readonly showSecrets: boolean;
  readonly secret: boolean;
  readonly file: string | undefined;
  readonly message: string | undefined;
  /** A file of commands that start providers. */
  readonly plugins: string | undefined;
  readonly policyPack: string | undefined;
}

/** The commands there are. */
export const COMMANDS = ["up", "preview", "destroy", "refresh", "output", "export", "import", "config"] as const;

/** What `--help` prints. */
export const HELP = `Usage: npm run stack -- COMMAND --stack NAME [options]

  up        bring the stack to what the program says (--yes skips the preview and the question)
  preview   show what up would do
  refresh   take reality into the state, and show what drifted
  destroy   delete every resource
  output [NAME]           print the outputs (--show-secrets for secret ones)
  export [--file PATH]    print the state as a deployment for \`pulumi stack import\`
  import [--file PATH]    replace the state by a deployment (standard input by default)
  config                  list the configuration
  config get KEY
  config set KEY [VALUE] [--secret]   without VALUE it is read from standard input

Options:
  --stack, -s NAME      the stack
  --yes, -y             do not ask
  --json                human text to standard error; the last line of standard output is a JSON object
  --cwd, -C DIR         the folder of Pulumi.yaml (default: the current one)
  --state-dir DIR       where states are kept (default: .ethstake/engine in the project)
  --parallel, -p N      how many steps at once (default 16)
  --refresh, -r         read what is before comparing (up, destroy)
  --expect-no-changes   fail when anything changes
  --policy-pack DIR     rules that up and preview enforce, e.g. policy
  --message, -m TEXT    accepted as the CLI does; shown, not stored
  --show-secrets        show secret outputs
  --plugins FILE        commands that start providers: JSON, {package: {command, args, env}} (simulated clouds)
`;

/** Reads the command line. Throws {@link UsageError}; gives undefined when help was asked for. */
export function readArguments(argv: readonly string[]): Arguments | undefined {
  const parsed = parse(argv);
  const { values, positionals } = parsed;
  const [command, ...rest] = positionals;
  if (values.help === true || command === undefined || command === "help") return undefined;
  if (!(COMMANDS as readonly string[]).includes(command)) {
    throw new UsageError(`There is no command "${command}".`, `Commands: ${COMMANDS.join(", ")}.`);
  }
  if (values.stack === undefined) throw new UsageError("No stack is named.", "Add --stack NAME.");
  const parallel = values.parallel === undefined ? undefined : Number(values.parallel);
  if (parallel !== undefined && (!Number.isInteger(parallel) || parallel < 1)) {
    throw new UsageError("--parallel must be a whole number of at least 1.");
  }
  return {
    command,
    rest,
    stack: values.stack,
    cwd: values.cwd ?? process.cwd(),
    stateDir: values["state-dir"],
    parallel,
    yes: values.yes ?? false,
    json: values.json ?? false,
    refresh: values.refresh ?? false,
    expectNoChanges: values["expect-no-changes"] ?? false,
    showSecrets: values["show-secrets"] ?? false,
    secret: values.secret ?? false,
    file: values.file,
    message: values.message,
    plugins: values.plugins,
    policyPack: values["policy-pack"],
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        stack: { type: "string", short: "s" },
        cwd: { type: "string", short: "C" },
        "state-dir": { type: "string" },
        parallel: { type: "string", short: "p" },
        yes: { type: "boolean", short: "y" },
        json: { type: "boolean" },
        refresh: { type: "boolean", short: "r" },
        "expect-no-changes": { type: "boolean" },
        "show-secrets": { type: "boolean" },
        secret: { type: "boolean" },
        file: { type: "string" },
        message: { type: "string", short: "m" },
        plugins: { type: "string" },
        "policy-pack": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new UsageError(errorMessage(cause), "See --help.");
  }
}
