import { Display } from "../engine/display/display.ts";
import { up, type EngineEvent, type RunResult } from "../engine/index.ts";
import { projectRoot } from "../lib/paths.ts";
import { awaitActivation, awaitHead, awaitProposal, type Progress } from "./activity.ts";
import { awaitDeposits, awaitReport, withdraw } from "./cycle.ts";
import { loadNetwork } from "./network.ts";
import { NetworkReader } from "./proofs.ts";
import { allHold, renderReport, report } from "./report.ts";

/** What counts as slow: from the command to a wired network, in seconds (design.md, "Numbers to hold"). */
const WIRED_TARGET_SECONDS = 120;

/** Seconds since the command began at which each phase was over. */
type Phases = Record<string, number>;

/**
 * `npm run devnet`: brings the stack up, waits for the chain to show what was promised, and prints where each proof was read.
 * @returns the exit code: 0 when every proof holds
 */
export async function bringUp(stack: string, json: boolean): Promise<number> {
  const began = performance.now();
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
  const phases: Phases = {};
  const screen = json ? process.stderr : process.stdout;
  const say = (line: string): void => void screen.write(`${line}\n`);

  const result = await bringStackUp(stack, screen, (event) => {
    if (event.kind !== "step-end" || event.step.error !== undefined) return;
    const phase = phaseOf(event.step.type, event.step.name);
    if (phase) phases[phase] = seconds();
  });
  if (!result.ok) return 1;

  const reader = new NetworkReader(await loadNetwork(stack));
  await awaitHead(reader);
  phases["wired"] = seconds();
  const ratio = Math.round((phases["wired"] / WIRED_TARGET_SECONDS) * 100);
  say(
    `The head advances, the protocol is deployed and wired: ${phases["wired"]} s after the command (${ratio} % of the ${WIRED_TARGET_SECONDS} s allowed).`,
  );

  const progress = progressOn(screen);
  await awaitDeposits(reader, progress.say);
  phases["completed"] = seconds();
  const validators = await awaitActivation(reader, progress.say);
  phases["active"] = seconds();
  const { balance, settled } = await reader.rewardsReceived();
  if (balance + settled === 0n) await awaitProposal(reader, validators, progress.say);
  phases["proposed"] = seconds();
  if (settled === 0n) await awaitReport(reader, progress.say);
  phases["rewarded"] = seconds();
  await withdraw(reader, progress.say);
  phases["withdrawn"] = seconds();
  progress.end();

  const status = await report(reader);
  const phaseList = Object.entries(phases).sort(([, left], [, right]) => left - right);
  if (json) process.stdout.write(`${JSON.stringify({ ...status, changes: result.changes, phases })}\n`);
  else {
    say(renderReport(status, stack));
    say("");
    say(`  seconds after the command: ${phaseList.map(([phase, at]) => `${phase} ${at}`).join(", ")}`);
  }
  return allHold(status) ? 0 : 1;
}

async function bringStackUp(
  stack: string,
  screen: NodeJS.WriteStream,
  onStep: (event: EngineEvent) => void,
): Promise<RunResult> {
  const display = new Display(screen);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    return await up({
      projectDir: projectRoot,
      stack,
      signal: interrupted.signal,
      onEvent: (event) => {
        onStep(event);
        // The run's own summary would repeat every message and print outputs that the report shows better.
        if (event.kind === "end" && event.result.ok) display.stop();
        else if (event.kind !== "diagnostic" || event.diagnostic.severity !== "info") display.onEvent(event);
      },
    });
  } finally {
    process.removeListener("SIGINT", interrupt);
    display.stop();
  }
}

function phaseOf(type: string, name: string): string | undefined {
  if (type === "ethstake:index:Genesis") return "genesis";
  if (type === "ethstake:index:Process") return name.endsWith("-validator") ? "clients" : undefined;
  if (type === "ethstake:index:Contract") return "deployed";
  return name === "staking-stake" ? "staked" : undefined;
}

/** One line that is rewritten on a terminal; elsewhere a line whenever the message changes. */
function progressOn(screen: NodeJS.WriteStream): { say: Progress; end: () => void } {
  let last = "";
  return {
    say: (message) => {
      if (screen.isTTY) screen.write(`\r\u001b[K  ${message.slice(0, (screen.columns || 80) - 3)}`);
      else if (withoutNumbers(message) !== last) screen.write(`  ${message}\n`);
      last = withoutNumbers(message);
    },
    end: () => void (screen.isTTY && screen.write("\r\u001b[K")),
  };
}

/** Slots pass quickly: a log needs a new line only when something else changes. */
function withoutNumbers(message: string): string {
  return message.replace(/head at slot \d+/, "");
}
