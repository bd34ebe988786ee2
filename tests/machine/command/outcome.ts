/** What a command gets and gives, wherever it runs. */

/** What to run. */
export interface Work {
  readonly command: string;
  readonly stdin: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted when the engine gives up. */
  readonly signal: AbortSignal;
}

/** What a command that succeeded has said, without the line break at the end. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Gathers what a command says. */
export class Recorder {
  private readonly parts: { readonly stream: keyof Output; readonly chunk: Buffer }[] = [];

  add(stream: keyof Output, chunk: Buffer): void {
    this.parts.push({ stream, chunk });
  }

  /** The output of a command that ended well. */
  output(): Output {
    return { stdout: this.text("stdout").replace(/\n$/, ""), stderr: this.text("stderr").replace(/\n$/, "") };
  }

  /** An error with all that the command said. @param how e.g. `exit status 1` */
  failure(how: string, command: string): Error {
    return new Error(`${how}: running ${JSON.stringify(command)}:\n${this.text()}`);
  }

  private text(stream?: keyof Output): string {
    const parts = this.parts.filter((part) => stream === undefined || part.stream === stream);
    return Buffer.concat(parts.map(({ chunk }) => chunk)).toString("utf8");
  }
}
