import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { RECEIVERS } from "../fixtures.ts";
import { hasTool, inFolder, runTool } from "../promtool.ts";
import { ALERT_FILES } from "../rules/files.ts";
import { PUBLIC } from "../rules/timing.ts";
import { credentialFiles, renderAlertmanager } from "./config.ts";
import type { AlertmanagerSpec } from "./config.ts";

interface Config {
  readonly route: {
    readonly receiver: string;
    readonly group_by: string[];
    readonly routes: { receiver: string; matchers: string[] }[];
  };
  readonly receivers: readonly ({ readonly name: string } & Record<string, unknown>)[];
  readonly inhibit_rules: readonly { source_matchers: string[]; target_matchers: string[]; equal: string[] }[];
}

function read(spec: AlertmanagerSpec): Config {
  return parse(renderAlertmanager(spec)) as Config;
}

/** What Alertmanager 0.25, which Debian has, knows: files of telegram's token and of webhooks' URLs came with 0.26. */
const OLD: AlertmanagerSpec = {
  page: RECEIVERS.page.filter(({ kind }) => kind !== "telegram"),
  warn: RECEIVERS.warn,
  info: [{ kind: "webhook", url: "http://127.0.0.1:9000/hook", tokenFile: "/run/secrets/hook" }],
};

describe("alertmanager.yml", () => {
  it("routes by severity and groups by stack, operator and alert", () => {
    const { route } = read(RECEIVERS);
    expect(route.group_by).toEqual(["stack", "operator", "alertname"]);
    expect(route.receiver).toBe("warn");
    expect(route.routes.map(({ receiver, matchers }) => [matchers[0], receiver])).toEqual([
      ['alertname="Watchdog"', "dead-mans-switch"],
      ['severity="page"', "page"],
      ['severity="info"', "info"],
    ]);
  });

  it("keeps Watchdog away from people when there is no switch", () => {
    const { route, receivers } = read(OLD);
    expect(route.routes[0]?.receiver).toBe("nobody");
    expect(receivers.find(({ name }) => name === "nobody")).toEqual({ name: "nobody" });
  });

  it("has every kind of receiver, and no credential", () => {
    const { receivers } = read(RECEIVERS);
    const page = receivers.find(({ name }) => name === "page");
    expect(Object.keys(page ?? {})).toEqual(["name", "pagerduty_configs", "telegram_configs", "slack_configs"]);
    expect(Object.keys(receivers.find(({ name }) => name === "warn") ?? {})).toEqual([
      "name",
      "slack_configs",
      "email_configs",
    ]);
    const text = renderAlertmanager(RECEIVERS);
    for (const key of ["auth_password:", "api_url:", "routing_key:", "bot_token:", "credentials:"])
      expect(text).not.toContain(key);
    expect(credentialFiles(RECEIVERS)).toEqual(
      ["pagerduty", "telegram", "slack-url", "smtp", "watchdog-url"].map((name) => `/run/secrets/${name}`),
    );
  });

  it("holds back what a host that is down explains", () => {
    const [host] = read(RECEIVERS).inhibit_rules;
    expect(host).toMatchObject({ source_matchers: ['alertname="HostDown"'], equal: ["stack", "host"] });
  });

  it("names only alerts that exist", () => {
    const names = new Set(ALERT_FILES.flatMap((file) => file.alerts(PUBLIC).map(({ name }) => name)));
    const named = [...renderAlertmanager(RECEIVERS).matchAll(/alertname=~?"([^"]+)"/g)].flatMap(([, text = ""]) =>
      text.split("|"),
    );
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it.skipIf(!hasTool("amtool"))("is taken by amtool, and routed as meant (amtool)", () => {
    inFolder(new Map([["alertmanager.yml", renderAlertmanager(OLD)]]), (folder) => {
      const { ok, output } = runTool("amtool", ["check-config", "alertmanager.yml"], folder);
      expect(ok, output).toBe(true);
      const route = (...labels: string[]): string =>
        runTool(
          "amtool",
          ["config", "routes", "test", "--config.file=alertmanager.yml", ...labels],
          folder,
        ).output.split("\n")[0] ?? "";
      expect(route("alertname=OperatorUptimeBreach", "severity=page")).toBe("page");
      expect(route("alertname=MissedBlockProposal", "severity=warn")).toBe("warn");
      expect(route("alertname=StakeCapNear", "severity=info")).toBe("info");
      expect(route("alertname=Watchdog", "severity=info")).toBe("nobody");
    });
  });
});
