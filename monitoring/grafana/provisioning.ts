import { renderYaml } from "../yaml.ts";

/** Where Grafana finds what it shows. */
export interface GrafanaSpec {
  readonly prometheusUrl: string;
  readonly lokiUrl: string;
  readonly alertmanagerUrl: string;
  /** Folder of the dashboards' JSON, as Grafana sees it. */
  readonly dashboardsPath: string;
  readonly scrapeSeconds: number;
}

/** Data sources. They cannot be changed in the browser: what is there is what the stack says. */
export function renderDatasources(spec: GrafanaSpec): string {
  const source = (name: string, type: string, url: string, more: Record<string, unknown>): Record<string, unknown> => ({
    name,
    uid: name.toLowerCase(),
    type,
    access: "proxy",
    url,
    editable: false,
    ...more,
  });
  return renderYaml({
    apiVersion: 1,
    prune: true,
    datasources: [
      source("Prometheus", "prometheus", spec.prometheusUrl, {
        isDefault: true,
        jsonData: { timeInterval: `${spec.scrapeSeconds}s`, httpMethod: "POST", manageAlerts: false },
      }),
      source("Loki", "loki", spec.lokiUrl, { jsonData: { maxLines: 1_000 } }),
      source("Alertmanager", "alertmanager", spec.alertmanagerUrl, {
        jsonData: { implementation: "prometheus", handleGrafanaManagedAlerts: false },
      }),
    ],
  });
}

/** Where dashboards are read from. */
export function renderDashboardProvider(spec: GrafanaSpec): string {
  return renderYaml({
    apiVersion: 1,
    providers: [
      {
        name: "ethstake",
        folder: "ethstake",
        type: "file",
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 60,
        options: { path: spec.dashboardsPath, foldersFromFilesStructure: false },
      },
    ],
  });
}

/** How Grafana is reached. */
export interface GrafanaServer {
  readonly address: string;
  readonly port: number;
  /** Public address, behind the gateway; also decides where a login's cookie is valid. */
  readonly rootUrl: string;
  readonly passwordFile: string;
}

/** Grafana's settings, as environment. The gateway ends TLS, so cookies are secure whenever the public address is. */
export function grafanaEnvironment(server: GrafanaServer): Record<string, string> {
  return {
    GF_SERVER_HTTP_ADDR: server.address,
    GF_SERVER_HTTP_PORT: String(server.port),
    GF_SERVER_ROOT_URL: server.rootUrl,
    GF_SECURITY_ADMIN_USER: "admin",
    GF_SECURITY_ADMIN_PASSWORD__FILE: server.passwordFile,
    GF_SECURITY_COOKIE_SECURE: String(server.rootUrl.startsWith("https://")),
    GF_SECURITY_COOKIE_SAMESITE: "strict",
    GF_SECURITY_DISABLE_GRAVATAR: "true",
    GF_USERS_ALLOW_SIGN_UP: "false",
    GF_AUTH_ANONYMOUS_ENABLED: "false",
    GF_ANALYTICS_REPORTING_ENABLED: "false",
    GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
    GF_PLUGINS_PREINSTALL_DISABLED: "true",
    GF_UNIFIED_ALERTING_ENABLED: "false",
    GF_LOG_MODE: "console",
  };
}
