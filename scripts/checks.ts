import { errorMessage } from "../lib/errors.ts";

/** What a check read; `skipped` says why it could not ask at all. */
export type Reading = string | { readonly skipped: string };

/** One question to something that runs elsewhere. It throws when the answer is not as it must be. */
export interface Check {
  /** What must be so. */
  readonly what: string;
  /** What to do when it is not: one imperative sentence. */
  readonly fix: string;
  /** @param signal aborts when the time of the check is over */
  readonly read: (signal: AbortSignal) => Promise<Reading>;
}

/** The outcome of a {@link Check}. */
export interface Outcome {
  readonly status: "ok" | "failed" | "skipped";
  readonly what: string;
  /** What was read, or why nothing was. */
  readonly figure: string;
  /** Only when it failed. */
  readonly fix?: string;
}

/** An answer came, and is not as it must be. */
export class CheckFailure extends Error {}

/** Asks everything in parallel, each within its time. A check that fails, hangs or throws does not stop the others. */
export async function runChecks(checks: readonly Check[], timeoutMs: number): Promise<Outcome[]> {
  return await Promise.all(checks.map((check) => runCheck(check, timeoutMs)));
}

async function runCheck({ what, fix, read }: Check, timeoutMs: number): Promise<Outcome> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // First the outcome, then the abort: what the aborted request throws comes too late to be told instead.
      reject(new CheckFailure(`no answer within ${timeoutMs / 1_000} s`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    const reading = await Promise.race([read(controller.signal), late]);
    return typeof reading === "string"
      ? { status: "ok", what, figure: reading }
      : { status: "skipped", what, figure: reading.skipped };
  } catch (error) {
    // Further lines of a client's error repeat the request, whose URL may hold a key.
    return { status: "failed", what, figure: errorMessage(error).split("\n")[0] ?? "", fix };
  } finally {
    clearTimeout(timer);
  }
}

/** Whether nothing failed. What was skipped did not fail. */
export function allHold(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(({ status }) => status !== "failed");
}

const MARKS = { ok: "ok     ", failed: "FAIL   ", skipped: "skipped" } as const;

/** One line for each outcome, with a figure and, where it failed, the fix; then the count. */
export function renderOutcomes(outcomes: readonly Outcome[]): string {
  const width = Math.max(0, ...outcomes.map(({ what }) => what.length));
  const count = (status: Outcome["status"]): number => outcomes.filter((outcome) => outcome.status === status).length;
  return [
    ...outcomes.map(
      ({ status, what, figure, fix }) =>
        `  ${MARKS[status]}  ${what.padEnd(width)}  ${figure}${fix === undefined ? "" : `  -> ${fix}`}`,
    ),
    `${count("ok")} ok, ${count("failed")} failed, ${count("skipped")} skipped`,
  ].join("\n");
}
