/** Bounds how many operations run at once. */
export class Limiter {
  private readonly limit: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = Math.max(1, limit);
  }

  /** Runs `work` as soon as there is a place for it, in the order of calls. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line; nobody can take it in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
