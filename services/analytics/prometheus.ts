/** What Prometheus says of a stack's machines, by the recording rules of monitoring/rules. */
import { z } from "zod";
import { PrometheusError } from "../keeper/service-level/witness.ts";
import type { Observation } from "./recommend.ts";

const answerSchema = z.object({
  status: z.literal("success"),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

const TIMEOUT_MS = 10_000;

/** Queries by what they are about, and the labels that name the subject. */
const QUERIES: Readonly<Record<Observation["kind"], { readonly query: string; readonly labels: readonly string[] }>> = {
  "execution-peers": { query: "execution_node_peers", labels: ["node", "client", "role"] },
  "consensus-peers": { query: "consensus_node_peers", labels: ["node", "client", "role"] },
  fork: { query: "ethstake_client_follows_fork", labels: ["node", "client", "role", "fork"] },
  relay: {
    query:
      'sum by (node, relay) (rate(mev_boost_relay_status_code_total{http_status_code!~"2.."}[1h])) / sum by (node, relay) (rate(mev_boost_relay_status_code_total[1h]))',
    labels: ["node", "relay"],
  },
  disk: { query: "host_disk_free_ratio", labels: ["host", "mountpoint"] },
};

/** Asks for what recommendations need. @throws {@link PrometheusError} */
export async function observe(url: string): Promise<Observation[]> {
  const found: Observation[] = [];
  for (const [kind, { query, labels }] of Object.entries(QUERIES) as [Observation["kind"], (typeof QUERIES)["disk"]][])
    for (const { metric, value } of await ask(url, query)) {
      const number = Number(value[1]);
      if (!Number.isFinite(number)) continue;
      const subject = labels.flatMap((label) => metric[label] ?? []).join(" ") || (metric["instance"] ?? "unknown");
      found.push({ kind, subject, value: number });
    }
  return found;
}

async function ask(url: string, query: string): Promise<z.infer<typeof answerSchema>["data"]["result"]> {
  const target = new URL("api/v1/query", url.endsWith("/") ? url : `${url}/`);
  target.search = new URLSearchParams({ query }).toString();
  const response = await fetch(target, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" }).catch(
    (cause: unknown) => {
      throw new PrometheusError(url, "does not answer", cause);
    },
  );
  const answer = answerSchema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success) throw new PrometheusError(url, `answered ${response.status}, and no vector, to ${query}`);
  return answer.data.data.result;
}
