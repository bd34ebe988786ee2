/** Shows a run while it goes: in place on a terminal, line by line elsewhere. */
import type { EngineEvent, StepOp } from "../events.ts";
import { formatDiagnostics, formatDuration, formatResource, formatResult, formatStep } from "./format.ts";

/** Where the lines go. */
export interface Screen {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Longest list of running steps shown in place. */
const MAX_RUNNING = 8;

/** Turns events into text. */
export class Display {
  private readonly screen: Screen;
  private readonly live: boolean;
  private readonly running = new Map<string, { readonly op: StepOp; readonly since: number }>();
  private drawn = 0;
  private timer: NodeJS.Timeout | undefined;
  private finished = 0;
  private preview = false;

  constructor(screen: Screen) {
    this.screen = screen;
    this.live = screen.isTTY === true;
  }

  /** Takes one event. */
  readonly onEvent = (event: EngineEvent): void => {
    switch (event.kind) {
      case "begin":
        this.preview = event.preview;
        this.finished = 0;
        this.print([`${event.preview ? "Preview" : event.operation} of ${event.stack}:`]);
        if (this.live) this.timer = setInterval(() => this.redraw(), 200);
        return;
      case "step-start":
        this.running.set(event.urn, { op: event.op, since: Date.now() });
        // Without a terminal a long step is silent until it ends: say that it began.
        if (!this.live && !this.preview) this.print([`    ${formatResource(event.urn)} ${event.op}...`]);
        return;
      case "step-end":
        this.running.delete(event.step.urn);
        this.finished++;
        if (event.step.op !== "same" || event.step.error !== undefined) this.print(formatStep(event.step));
        return;
      case "diagnostic":
        // Warnings and errors are shown again, together, at the end.
        if (event.diagnostic.severity !== "debug") this.print(formatDiagnostics([event.diagnostic]));
        return;
      case "end":
        clearInterval(this.timer);
        this.running.clear();
        this.print(formatResult(event.result));
    }
  };

  /** Stops drawing; for runs that ended by an exception. */
  stop(): void {
    clearInterval(this.timer);
    this.erase();
  }

  private print(lines: readonly string[]): void {
    this.erase();
    this.screen.write(lines.map((line) => `${line}\n`).join(""));
    this.draw();
  }

  private erase(): void {
    if (this.drawn > 0) this.screen.write(`\u001b[${this.drawn}A\u001b[0J`);
    this.drawn = 0;
  }

  private redraw(): void {
    this.erase();
    this.draw();
  }

  private draw(): void {
    if (!this.live || this.running.size === 0) return;
    const width = (this.screen.columns ?? 80) - 1;
    const room = Math.max(1, Math.min(MAX_RUNNING, (this.screen.rows ?? 24) - 3));
    const now = Date.now();
    const lines = [...this.running]
      .slice(0, room)
      .map(([urn, { op, since }]) => `  … ${formatResource(urn)} ${op} ${formatDuration(now - since)}`);
    lines.push(`  ${this.finished} done, ${this.running.size} running`);
    this.screen.write(lines.map((line) => `${line.slice(0, width)}\n`).join(""));
    this.drawn = lines.length;
  }
}
