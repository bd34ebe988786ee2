import { z } from "zod";
import { EthstakeError } from "../../../lib/errors.ts";
import type { KeeperSettings } from "../runtime/settings.ts";
import { uptimeOf } from "./count.ts";
import type { DowntimeReport } from "./breaches.ts";

const answerSchema = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("vector"),
    result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Prometheus does not answer, or not as its API says. */
export class PrometheusError extends EthstakeError<{ url: string }> {
  readonly code = "PROMETHEUS";
  constructor(url: string, problem: string, cause?: unknown) {
    super(`Prometheus at ${url} ${problem}.`, { url }, { cause });
  }
}

/** What the second opinion says of a breach. */
export interface Verdict {
  /** False when Prometheus saw an uptime that lies too far from the beacon chain's. Without data it has no opinion. */
  readonly confirmed: boolean;
  /** Ratios, 0 to 1; undefined without data. */
  readonly uptime: number;
  readonly witnessed: number | undefined;
}

/** When windows begin and end, and what operators are called. */
export interface WitnessContext {
  /** Unix seconds at which a window begins. */
  windowStart(window: number): Promise<number>;
  operatorName(operatorId: number): Promise<string>;
  note(operatorId: number, name: string, difference: number): void;
}

/** A Prometheus with an opinion of its own: what it disagrees with is not charged. */
export class UptimeWitness {
  readonly #settings: NonNullable<KeeperSettings["prometheus"]>;
  readonly #context: WitnessContext;

  constructor(settings: NonNullable<KeeperSettings["prometheus"]>, context: WitnessContext) {
    this.#settings = settings;
    this.#context = context;
  }

  /** Compares a breach with what Prometheus saw in the same window. @throws {@link PrometheusError} */
  async confirm({ operatorId, window, assignedEpochs, missedEpochs }: DowntimeReport): Promise<Verdict> {
    const name = await this.#context.operatorName(operatorId);
    const [start, end] = await Promise.all([this.#context.windowStart(window), this.#context.windowStart(window + 1)]);
    // Operators choose their names: nothing in one is a placeholder, nor a pattern of a replacement.
    const query = this.#settings.query.replaceAll(/\$(operator|id|range)/g, (_, placeholder) =>
      placeholder === "operator"
        ? JSON.stringify(name).slice(1, -1)
        : placeholder === "id"
          ? String(operatorId)
          : `${Math.round(end - start)}s`,
    );
    const witnessed = await this.#ask(query, end);
    const uptime = uptimeOf({ assigned: Number(assignedEpochs), missed: Number(missedEpochs) });
    if (witnessed === undefined) return { confirmed: true, uptime, witnessed };
    const difference = Math.abs(uptime - witnessed);
    this.#context.note(operatorId, name, difference);
    return { confirmed: difference <= this.#settings.tolerance, uptime, witnessed };
  }

  async #ask(query: string, time: number): Promise<number | undefined> {
    const { url } = this.#settings;
    const target = new URL("api/v1/query", url.endsWith("/") ? url : `${url}/`);
    target.search = new URLSearchParams({ query, time: String(time) }).toString();
    const response = await fetch(target, { signal: AbortSignal.timeout(10_000), redirect: "error" }).catch(
      (cause: unknown) => {
        throw new PrometheusError(url, "does not answer", cause);
      },
    );
    const answer = answerSchema.safeParse(await response.json().catch(() => undefined));
    if (!answer.success) throw new PrometheusError(url, `answered ${response.status}, and no vector, to ${query}`);
    const value = Number(answer.data.data.result[0]?.value[1] ?? NaN);
    return Number.isFinite(value) ? value : undefined;
  }
}
