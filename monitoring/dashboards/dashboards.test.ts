import { describe, expect, it } from "vitest";
import { KNOWN_METRICS, knownMetrics } from "../known-metrics.ts";
import { metricNames } from "../metric-names.ts";
import { hasTool } from "../promtool.ts";
import { ALERT_FILES, RECORDING_FILES } from "../rules/files.ts";
import { PUBLIC } from "../rules/timing.ts";
import { dashboards } from "./index.ts";
import { queries, queryFaults, readableMetrics } from "./queries.ts";

/** What Grafana's schema asks of a dashboard and its panels, as JSON: the builders' types do not see numbers and repeated ids. */
interface Json {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query?: unknown }[];
  };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly datasource?: { readonly type: string; readonly uid: string };
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly {
      readonly refId: string;
      readonly expr: string;
      readonly datasource: { readonly uid: string };
    }[];
  }[];
}

const boards = [...dashboards()].map(([file, board]) => [file, JSON.parse(JSON.stringify(board)) as Json] as const);

describe.each(boards)("%s", (_, board) => {
  it("can be found by its uid, and asks for its data source", () => {
    expect(board.uid).toMatch(/^ethstake-[a-z-]{1,31}$/);
    expect(board.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(board.templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
    const names = board.templating.list.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("has panels that can be told apart and do not overlap", () => {
    const ids = board.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { gridPos } of board.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (const [index, one] of board.panels.entries())
      for (const other of board.panels.slice(index + 1)) {
        const [a, b] = [one.gridPos, other.gridPos];
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(apart, `${one.title} and ${other.title}`).toBe(true);
      }
  });

  it("asks through the variables alone", () => {
    for (const panel of board.panels.filter(({ type }) => type !== "row")) {
      expect(panel.datasource?.uid, panel.title).toMatch(/^\$\{(datasource|logs)\}$/);
      const refIds = panel.targets?.map(({ refId }) => refId) ?? [];
      expect(refIds.length, panel.title).toBeGreaterThan(0);
      expect(new Set(refIds).size, panel.title).toBe(refIds.length);
      for (const { datasource } of panel.targets ?? []) expect(datasource.uid).toBe(panel.datasource?.uid);
    }
  });

  it("uses only variables that it has", () => {
    const known = new Set(board.templating.list.map(({ name }) => name));
    const used = [...JSON.stringify(board.panels).matchAll(/\$\{?([a-z]\w*)\}?/g)].map(([, name = ""]) => name);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });
});

it("the founders' dashboards are there, each with a uid of its own", () => {
  expect([...dashboards().keys()]).toEqual(
    expect.arrayContaining(["validator_uptime.json", "block_proposals.json", "slashing_risk.json"]),
  );
  expect(new Set(boards.map(([, { uid }]) => uid)).size).toBe(boards.length);
});

describe("what is read exists", () => {
  it("in rules", () => {
    const readable = readableMetrics();
    const rules = [
      ...RECORDING_FILES.flatMap((file) => file.rules(PUBLIC).map(({ record, expr }) => [record, expr] as const)),
      ...ALERT_FILES.flatMap((file) => file.alerts(PUBLIC).map(({ name, expr }) => [name, expr] as const)),
    ];
    for (const [name, expr] of rules)
      expect(
        [...metricNames(expr)].filter((metric) => !readable.has(metric)),
        name,
      ).toEqual([]);
  });

  it.skipIf(!hasTool("promtool"))("in dashboards, whose queries parse (promtool)", () => {
    expect(queries().length).toBeGreaterThan(50);
    expect(queryFaults(queries())).toEqual([]);
  });

  it.skipIf(!hasTool("promtool"))("and what does not is found (promtool)", () => {
    const faults = queryFaults([
      { where: "one", expr: "rate(no_such_metric[5m])" },
      { where: "two", expr: "sum by (up" },
    ]);
    expect(faults.join("\n")).toContain("one: nobody exposes no_such_metric");
    expect(faults.join("\n")).toContain("sum by (up:");
  });

  it("and every known metric of a client is read by something", () => {
    const read = new Set(
      [
        ...RECORDING_FILES.flatMap((file) => file.rules(PUBLIC).map(({ expr }) => expr)),
        ...ALERT_FILES.flatMap((file) => file.alerts(PUBLIC).map(({ expr }) => expr)),
        ...queries().map(({ expr }) => expr),
      ].flatMap((expr) => [...metricNames(expr)]),
    );
    const unread = Object.entries(KNOWN_METRICS)
      .filter(([source]) => source !== "keeper")
      .flatMap(([, names]) => names)
      .filter((name) => !read.has(name));
    expect(unread).toEqual([]);
    expect(knownMetrics().size).toBeGreaterThan(100);
  });
});

describe("metricNames", () => {
  it.each([
    ['sum by (a, b) (rate(x_total{c="d"}[5m])) / on (a) group_left () y > bool 1e9', ["x_total", "y"]],
    ['{__name__=~"(reth_)?process_start|b",c="d"}', ["reth_process_start", "process_start", "b"]],
    ["a offset 1d unless on (z) max_over_time((b)[1d:10m]) or time() - 0x10", ["a", "b"]],
    ['label_replace(v{x="up"}, "key", "$1", "x", "(.+)")', ["v"]],
  ])("%s", (expr, names) => {
    expect([...metricNames(expr)].sort()).toEqual([...names].sort());
  });
});
