import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const targetSchema = z.object({ expr: z.string().optional(), datasource: z.object({ type: z.string() }) });
interface Panel {
  readonly title?: string | undefined;
  readonly targets?: readonly z.infer<typeof targetSchema>[] | undefined;
  readonly panels?: readonly Panel[] | undefined;
}
const panelSchema: z.ZodType<Panel> = z.lazy(() =>
  z.object({
    title: z.string().optional(),
    targets: z.array(targetSchema).optional(),
    panels: z.array(panelSchema).optional(),
  }),
);
const dashboardSchema = z.object({ title: z.string(), panels: z.array(panelSchema) });
const answerSchema = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z
    .object({
      result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
    })
    .optional(),
});

/** Panels of which some may show nothing on a devnet: there are no hosts and no other clients, and most of what they warn of does not happen. */
export const EMPTY_ON_DEVNET: readonly string[] = [
  "APR of seven days",
  "Allowance used",
  "Answers of relays by status",
  "Blocks behind the network",
  "CPU in use",
  "Chain and Prometheus disagree",
  "Clients that do not follow it",
  "Clock offset",
  "Disk busy",
  "Disk free",
  "Duties to come",
  "Earnings of the last day",
  "Failed at the validator clients",
  "Failed at the validator clients, a minute",
  "Fee recipients that are not the protocol's",
  "Free in four days, by the last six hours",
  "Head",
  "Keys at more than one node",
  "Keys loaded",
  "Latency of relays (95th percentile)",
  "Members that vote otherwise",
  "Memory",
  "Memory available",
  "Next fork",
  "Next proposal",
  "Peers",
  "Service level and bonds",
  "Signatures allowed, a second",
  "Time of a check in the database",
  "Validators",
  "Wait of the oldest request",
];

/** What a panel's query shows now. */
export interface RenderedQuery {
  readonly dashboard: string;
  readonly panel: string;
  /** As it was asked, with the variables in their places. */
  readonly query: string;
  /** Prometheus's complaint; undefined when it took the query. */
  readonly error: string | undefined;
  readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

/**
 * Asks a Prometheus every query of the generated dashboards, as Grafana would for a table: where there is no Grafana to make pictures,
 * this is what they would show.
 * @param folder of the dashboards' JSON
 * @param variables of the dashboards, by name
 */
export async function renderDashboards(
  folder: string,
  prometheus: string,
  variables: Readonly<Record<string, string>>,
): Promise<RenderedQuery[]> {
  const rendered: RenderedQuery[] = [];
  for (const file of readdirSync(folder).sort()) {
    const { title, panels } = dashboardSchema.parse(JSON.parse(readFileSync(join(folder, file), "utf8")));
    for (const { title: panel = "", targets = [] } of flatten(panels))
      for (const { expr, datasource } of targets) {
        if (expr === undefined || datasource.type !== "prometheus") continue;
        const query = expr.replaceAll(/\$(\w+)/g, (name, variable: string) => variables[variable] ?? name);
        rendered.push({ dashboard: title, panel, query, ...(await ask(prometheus, query)) });
      }
  }
  return rendered;
}

/** A table of what panels show, for people. */
export function toTable(rendered: readonly RenderedQuery[]): string {
  const rows = rendered.map(({ dashboard, panel, series }) => {
    const [first] = series;
    const example = first && `${Object.values(first.labels).join(" ").slice(0, 60)}: ${first.value}`;
    return `| ${dashboard} | ${panel} | ${series.length} | ${example ?? ""} |`;
  });
  return ["| dashboard | panel | series | for example |", "|---|---|---|---|", ...rows, ""].join("\n");
}

function flatten(panels: readonly Panel[]): Panel[] {
  return panels.flatMap((panel) => [panel, ...flatten(panel.panels ?? [])]);
}

async function ask(prometheus: string, query: string): Promise<Pick<RenderedQuery, "error" | "series">> {
  const response = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
  const { status, error, data } = answerSchema.parse(await response.json());
  return {
    error: status === "success" ? undefined : (error ?? status),
    series: (data?.result ?? []).map(({ metric, value }) => ({ labels: metric, value: value[1] })),
  };
}
