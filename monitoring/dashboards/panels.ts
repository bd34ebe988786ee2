import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
} from "@grafana/grafana-foundation-sdk/common";
import {
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { VizTooltipOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { QueryVariableBuilder, RowBuilder, ThresholdsConfigBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ThresholdsMode, VariableRefresh, VariableSort } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard, Panel, Threshold, VariableModel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as LogsBuilder } from "@grafana/grafana-foundation-sdk/logs";
import { DataqueryBuilder as LokiQuery } from "@grafana/grafana-foundation-sdk/loki";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** Chosen on the dashboard, so that one JSON serves every Grafana. */
const PROMETHEUS = { type: "prometheus", uid: "${datasource}" };
const LOKI = { type: "loki", uid: "${logs}" };

/** A query and how its series are called. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

/** What a panel shows, and how large it is on a grid of 24 columns. */
export interface PanelSpec {
  readonly title: string;
  /** What a reader must know to judge the numbers. */
  readonly description?: string;
  readonly queries: readonly Query[];
  readonly unit?: string;
  readonly decimals?: number;
  readonly span?: number;
  readonly height?: number;
  readonly thresholds?: readonly Threshold[];
}

/** Green to a value, red from it on. */
export function redFrom(value: number): Threshold[] {
  return [
    { value: null, color: "green" },
    { value, color: "red" },
  ];
}

/** Red to a value, green from it on. */
export function greenFrom(value: number): Threshold[] {
  return [
    { value: null, color: "red" },
    { value, color: "green" },
  ];
}

function target({ expr, legend }: Query, index: number, kind: "range" | "instant" | "table"): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(PROMETHEUS)
    .expr(expr);
  if (legend !== undefined) query.legendFormat(legend);
  if (kind === "range") return query.range();
  return kind === "table" ? query.instant().format(PromQueryFormat.Table) : query.instant();
}

function thresholdsOf(steps: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]);
}

/** Lines over time. */
export function lines(spec: PanelSpec): Builder<Panel> {
  const panel = new TimeseriesBuilder()
    .title(spec.title)
    .datasource(PROMETHEUS)
    .span(spec.span ?? 12)
    .height(spec.height ?? 8)
    .fillOpacity(8)
    .lineWidth(1)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(spec.queries.map((query, index) => target(query, index, "range")));
  if (spec.description !== undefined) panel.description(spec.description);
  if (spec.unit !== undefined) panel.unit(spec.unit);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  return panel;
}

/** A number for each series, now. */
export function numbers(spec: PanelSpec): Builder<Panel> {
  const panel = new StatBuilder()
    .title(spec.title)
    .datasource(PROMETHEUS)
    .span(spec.span ?? 6)
    .height(spec.height ?? 4)
    .graphMode(BigValueGraphMode.None)
    .colorMode(spec.thresholds === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .targets(spec.queries.map((query, index) => target(query, index, "instant")));
  if (spec.description !== undefined) panel.description(spec.description);
  if (spec.unit !== undefined) panel.unit(spec.unit);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  if (spec.thresholds !== undefined) panel.thresholds(thresholdsOf(spec.thresholds));
  return panel;
}

/** A table of series by their labels, now. Several queries become columns. */
export function table(spec: PanelSpec): Builder<Panel> {
  const panel = new TableBuilder()
    .title(spec.title)
    .datasource(PROMETHEUS)
    .span(spec.span ?? 24)
    .height(spec.height ?? 8)
    .targets(spec.queries.map((query, index) => target(query, index, "table")))
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true, __name__: true },
        renameByName: Object.fromEntries(
          spec.queries.map(({ legend }, index) => [
            spec.queries.length === 1 ? "Value" : `Value #${String.fromCharCode(65 + index)}`,
            legend ?? "value",
          ]),
        ),
      },
    });
  if (spec.description !== undefined) panel.description(spec.description);
  if (spec.unit !== undefined) panel.unit(spec.unit);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  return panel;
}

/** Log lines. */
export function logs(title: string, expr: string): Builder<Panel> {
  return new LogsBuilder()
    .title(title)
    .datasource(LOKI)
    .span(24)
    .height(14)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .targets([new LokiQuery().refId("A").datasource(LOKI).expr(expr)]);
}

/** A heading and its panels. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

/** A variable whose values are those of a label. */
export function labelVariable(name: string, query: string): Builder<VariableModel> {
  return new QueryVariableBuilder(name)
    .datasource(PROMETHEUS)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*");
}

/** What a dashboard is made of. */
export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Builder<VariableModel>[];
  readonly rows: readonly Row[];
  /** Whether it shows logs, and so asks for a Loki. */
  readonly logs?: boolean;
}

/** A dashboard as Grafana reads it. */
// Version 2 of the schema, which the SDK prefers, cannot be provisioned from files by the Grafana that is pinned.
// eslint-disable-next-line @typescript-eslint/no-deprecated
export type Board = Dashboard;

/** A dashboard as Grafana reads it. Panels are numbered in their order. */
export function dashboard(spec: DashboardSpec): Board {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see Board
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(["ethstake"])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh("1m")
    .time({ from: "now-24h", to: "now" })
    .timezone("utc")
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"));
  if (spec.logs === true) builder.withVariable(new DatasourceVariableBuilder("logs").label("Loki").type("loki"));
  for (const variable of spec.variables) builder.withVariable(variable);
  for (const { title, panels } of spec.rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  return { ...built, panels: (built.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 })) };
}
