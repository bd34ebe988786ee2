/** Who watches, and whom it tells. */
import { parse } from "yaml";
import { contents, services } from "../bundle.ts";
import { resourceRule, stackRule, type PlannedResource, type Rule } from "../model.ts";
import { isMap, list, ofTypes, scalar } from "../values.ts";
import { publications } from "./bundles.ts";

const NODE = "ethstake:index:MachineNode";
const MONITORING = "ethstake:index:MonitoringStack";

/** Images of what has metrics, logs or alerts and asks nobody who it is. */
const OPEN_IMAGES =
  /^(docker\.io\/)?(prom\/(prometheus|alertmanager|node-exporter|blackbox-exporter)|grafana\/(grafana|loki|alloy))[:@]/;
const LOOPBACK = /^(127\.[\d.]+|::1|localhost)$/;

/** The receivers of Alertmanager configurations that a command carries, by name. */
function* alertmanagers(resource: PlannedResource): Generator<{ property: string; receivers: readonly unknown[] }> {
  const seen = new Set<string>();
  for (const { property, text } of contents(resource)) {
    if (seen.has(text) || !/^receivers:/m.test(text) || !/^route:/m.test(text)) continue;
    seen.add(text);
    const config = yaml(text);
    if (isMap(config)) yield { property, receivers: list(config["receivers"]) };
  }
}

function yaml(text: string): unknown {
  try {
    return parse(text, { logLevel: "silent" }) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a receiver tells somebody. */
function tells(receiver: unknown): boolean {
  return (
    isMap(receiver) &&
    Object.entries(receiver).some(([key, value]) => key.endsWith("_configs") && list(value).length > 0)
  );
}

export const MONITORING_RULES: readonly Rule[] = [
  stackRule({
    name: "monitoring-on-mainnet",
    description: "On mainnet somebody watches the nodes: missed duties and full disks cost ether until they are seen.",
    severity: "advisory",
    *check(resources, { network }) {
      if (network !== "mainnet" || ofTypes(resources, MONITORING).length > 0) return;
      const [node] = ofTypes(resources, NODE);
      if (node)
        yield {
          resource: node,
          property: "",
          value: undefined,
          fix: "Set ethstake:monitoring, or watch it otherwise.",
        };
    },
  }),
  resourceRule({
    name: "page-receiver-on-mainnet",
    description:
      "On mainnet alerts that cannot wait reach somebody: an Alertmanager without a page receiver is silent.",
    severity: "mandatory",
    *check(resource, { network }) {
      if (network !== "mainnet") return;
      for (const { property, receivers } of alertmanagers(resource)) {
        const page = receivers.find((one) => isMap(one) && one["name"] === "page");
        if (tells(page)) continue;
        yield {
          property: `${property}: receivers.page`,
          value: undefined,
          fix: "Name a receiver in ethstake:monitoring.receivers.page.",
        };
      }
    },
  }),
  resourceRule({
    name: "monitoring-on-loopback",
    description:
      "Metrics, logs and alerts are published on loopback only: whoever reaches them reads what an attacker wants to know.",
    severity: "mandatory",
    *check(resource) {
      for (const service of services(resource)) {
        if (!OPEN_IMAGES.test(scalar(service.body["image"]))) continue;
        for (const [index, { address, shown }] of publications(service).entries()) {
          if (LOOPBACK.test(address)) continue;
          yield {
            property: `${service.property}.ports[${index}]`,
            value: shown,
            fix: "Publish it on 127.0.0.1, and reach it through SSH, the gateway or a link.",
          };
        }
      }
    },
  }),
];
