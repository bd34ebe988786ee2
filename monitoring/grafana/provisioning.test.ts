import { expect, it } from "vitest";
import { parse } from "yaml";
import { grafanaEnvironment, renderDashboardProvider, renderDatasources } from "./provisioning.ts";

const SPEC = {
  prometheusUrl: "http://127.0.0.1:9090",
  lokiUrl: "http://127.0.0.1:3100",
  alertmanagerUrl: "http://127.0.0.1:9093",
  dashboardsPath: "/etc/grafana/dashboards",
  scrapeSeconds: 15,
};

it("data sources are what the stack says, and one is the default", () => {
  const { datasources } = parse(renderDatasources(SPEC)) as {
    datasources: { uid: string; type: string; url: string; editable: boolean; isDefault?: boolean }[];
  };
  expect(datasources.map(({ uid, type, url }) => [uid, type, url])).toEqual([
    ["prometheus", "prometheus", "http://127.0.0.1:9090"],
    ["loki", "loki", "http://127.0.0.1:3100"],
    ["alertmanager", "alertmanager", "http://127.0.0.1:9093"],
  ]);
  expect(datasources.filter(({ isDefault }) => isDefault === true)).toHaveLength(1);
  expect(datasources.every(({ editable }) => !editable)).toBe(true);
});

it("dashboards come from files and stay as they are", () => {
  expect(parse(renderDashboardProvider(SPEC))).toMatchObject({
    providers: [{ type: "file", allowUiUpdates: false, options: { path: "/etc/grafana/dashboards" } }],
  });
});

it("nobody comes in without a password, which is in a file", () => {
  const server = {
    address: "127.0.0.1",
    port: 3000,
    rootUrl: "https://grafana.example.org",
    passwordFile: "/run/secrets/grafana-admin",
  };
  const environment = grafanaEnvironment(server);
  expect(environment).toMatchObject({
    GF_SECURITY_ADMIN_PASSWORD__FILE: "/run/secrets/grafana-admin",
    GF_AUTH_ANONYMOUS_ENABLED: "false",
    GF_USERS_ALLOW_SIGN_UP: "false",
    GF_SECURITY_COOKIE_SECURE: "true",
  });
  expect(environment).not.toHaveProperty("GF_SECURITY_ADMIN_PASSWORD");
  expect(grafanaEnvironment({ ...server, rootUrl: "http://127.0.0.1:3000" })["GF_SECURITY_COOKIE_SECURE"]).toBe(
    "false",
  );
});
