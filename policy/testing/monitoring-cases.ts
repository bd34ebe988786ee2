import { renderMonitoring } from "../../monitoring/compose.ts";
import { testMonitoring } from "../../monitoring/fixtures.ts";
import type { PlannedResource } from "../model.ts";
import type { RuleCases } from "./cases.ts";
import { bundle, changed, COMMAND, resource } from "./resources.ts";

/** A command that carries monitoring's files as bundles do. */
const carrying = (changes: Parameters<typeof testMonitoring>[0] = {}): PlannedResource =>
  resource(COMMAND, "monitoring-fra-1-bundle", {
    stdin: renderMonitoring(testMonitoring(changes))
      .files.map(({ mode, path, content }) => `file ${mode} ${path} ${Buffer.from(content).toString("base64")}\n`)
      .join(""),
  });
const NODE = resource("ethstake:index:MachineNode", "node-1");
const SILENT = { ...testMonitoring().alertmanager, page: [] };
const own = { title: "the stack's own", resources: [carrying()] };

export const MONITORING_CASES: RuleCases = {
  "monitoring-on-mainnet": [
    { title: "with it", resources: [NODE, resource("ethstake:index:MonitoringStack", "monitoring")] },
    { title: "a test network", resources: [NODE], network: "hoodi" },
    { title: "a stack without nodes", resources: [resource(COMMAND, "c")] },
    { title: "without it", resources: [NODE], violations: ["node-1 the rule nothing"] },
  ],
  "page-receiver-on-mainnet": [
    own,
    { title: "a test network", resources: [carrying({ alertmanager: SILENT })], network: "hoodi" },
    {
      title: "nobody to wake",
      resources: [carrying({ alertmanager: SILENT })],
      violations: ["monitoring-fra-1-bundle stdin: receivers.page nothing"],
    },
  ],
  "monitoring-on-loopback": [
    own,
    {
      title: "on a private network, and on every address",
      resources: [
        bundle(changed({ image: "prom/node-exporter:v1.9.1", ports: ["10.0.0.1:9100:9100"] }), "exporter"),
        bundle(changed({ image: "grafana/grafana:12.1.1", ports: ["3000:3000"] }), "grafana"),
      ],
      violations: ["services.exporter.ports[0] 10.0.0.1:9100:9100", "services.grafana.ports[0] 3000:3000"],
    },
  ],
};
