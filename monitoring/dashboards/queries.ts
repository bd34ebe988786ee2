import { knownMetrics } from "../known-metrics.ts";
import { metricNames } from "../metric-names.ts";
import { refusedExpressions } from "../promtool.ts";
import { RECORDING_FILES } from "../rules/files.ts";
import { PUBLIC } from "../rules/timing.ts";
import { dashboards } from "./index.ts";

/** A query of a dashboard. */
export interface PanelQuery {
  readonly where: string;
  readonly expr: string;
}

interface Target {
  readonly expr?: string;
  readonly datasource?: { readonly type?: string };
}

interface PanelLike {
  readonly title?: string;
  readonly targets?: readonly Target[];
}

/** What Grafana puts into a query before it sends it, for a range of an hour. */
function interpolated(expr: string): string {
  return expr.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1h").replaceAll("$__interval", "1m");
}

/** Every query that the dashboards send to Prometheus, as Prometheus gets it. */
export function queries(): PanelQuery[] {
  return [...dashboards()].flatMap(([file, board]) =>
    ((board.panels ?? []) as readonly PanelLike[]).flatMap(({ title = "", targets = [] }) =>
      targets.flatMap(({ expr, datasource }) =>
        expr === undefined || datasource?.type !== "prometheus"
          ? []
          : [{ where: `${file}: ${title}`, expr: interpolated(expr) }],
      ),
    ),
  );
}

/** Everything that a rule or a dashboard may read. */
export function readableMetrics(): Set<string> {
  const recorded = RECORDING_FILES.flatMap((file) => file.rules(PUBLIC).map(({ record }) => record));
  return new Set([...knownMetrics(), ...recorded]);
}

/** Queries that promtool refuses, and those that read what does not exist. */
export function queryFaults(asked: readonly PanelQuery[]): string[] {
  const readable = readableMetrics();
  const unknown = asked.flatMap(({ where, expr }) =>
    [...metricNames(expr)].filter((name) => !readable.has(name)).map((name) => `${where}: nobody exposes ${name}`),
  );
  const refused = new Set(refusedExpressions(asked.map(({ expr }) => expr)));
  return [...unknown, ...refused];
}
