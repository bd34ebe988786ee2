import { renderYaml } from "../yaml.ts";

/** A way to tell somebody. Credentials are in files, never in the configuration. */
export type Receiver =
  | {
      readonly kind: "email";
      readonly to: string;
      readonly from: string;
      /** `host:port`; TLS is demanded. */
      readonly smarthost: string;
      readonly username: string;
      readonly passwordFile: string;
    }
  | { readonly kind: "slack"; readonly channel: string; readonly urlFile: string }
  | { readonly kind: "pagerduty"; readonly routingKeyFile: string }
  | { readonly kind: "telegram"; readonly chatId: number; readonly tokenFile: string }
  /** A URL that is no secret, or a file that has one (Alertmanager 0.26 and newer), and a token for it. */
  | { readonly kind: "webhook"; readonly url: string; readonly tokenFile?: string }
  | { readonly kind: "webhook"; readonly urlFile: string; readonly tokenFile?: string };

/** What alertmanager.yml is written from. */
export interface AlertmanagerSpec {
  /** Who hears of what, by severity. An empty list is silence. */
  readonly page: readonly Receiver[];
  readonly warn: readonly Receiver[];
  readonly info: readonly Receiver[];
  /** What gets Watchdog every minute and calls when it hears nothing. */
  readonly deadMansSwitch?: Receiver;
  /** Shorter times for devnets. */
  readonly timing?: { readonly groupWait: string; readonly groupInterval: string; readonly repeat: string };
}

const PUBLIC = { groupWait: "30s", groupInterval: "5m", repeat: "4h" };

const SUBJECT =
  '[{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.alertname }} {{ .CommonLabels.stack }}';
const TEXT =
  "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n\n{{ end }}";

function webhook(receiver: Extract<Receiver, { kind: "webhook" }>): Record<string, unknown> {
  return {
    ...("url" in receiver ? { url: receiver.url } : { url_file: receiver.urlFile }),
    ...(receiver.tokenFile === undefined
      ? {}
      : { http_config: { authorization: { type: "Bearer", credentials_file: receiver.tokenFile } } }),
    send_resolved: true,
  };
}

/** A receiver's settings under the key that Alertmanager has for its kind. */
function settingsOf(receiver: Receiver): readonly [string, Record<string, unknown>] {
  switch (receiver.kind) {
    case "email":
      return [
        "email_configs",
        {
          to: receiver.to,
          from: receiver.from,
          smarthost: receiver.smarthost,
          auth_username: receiver.username,
          auth_password_file: receiver.passwordFile,
          require_tls: true,
          headers: { Subject: SUBJECT },
          text: TEXT,
          html: "",
          send_resolved: true,
        },
      ];
    case "slack":
      return [
        "slack_configs",
        { channel: receiver.channel, api_url_file: receiver.urlFile, title: SUBJECT, text: TEXT, send_resolved: true },
      ];
    case "pagerduty":
      return [
        "pagerduty_configs",
        { routing_key_file: receiver.routingKeyFile, description: SUBJECT, send_resolved: true },
      ];
    case "telegram":
      return [
        "telegram_configs",
        {
          chat_id: receiver.chatId,
          bot_token_file: receiver.tokenFile,
          message: `${SUBJECT}\n${TEXT}`,
          // Values of alerts may have characters that its markup gives a meaning to.
          parse_mode: "",
          send_resolved: true,
        },
      ];
    case "webhook":
      return ["webhook_configs", webhook(receiver)];
  }
}

function receiver(name: string, receivers: readonly Receiver[]): Record<string, unknown> {
  const settings: Record<string, Record<string, unknown>[]> = {};
  for (const [key, value] of receivers.map(settingsOf)) settings[key] = [...(settings[key] ?? []), value];
  return { name, ...settings };
}

/**
 * alertmanager.yml. Alerts of one kind, stack and operator come together. A host that is down says so once: what runs on it is silent
 * meanwhile, and so is a beacon node that cannot follow because its execution client is down.
 */
export function renderAlertmanager(spec: AlertmanagerSpec): string {
  const { groupWait, groupInterval, repeat } = spec.timing ?? PUBLIC;
  const dead = spec.deadMansSwitch;
  return renderYaml({
    route: {
      receiver: "warn",
      group_by: ["stack", "operator", "alertname"],
      group_wait: groupWait,
      group_interval: groupInterval,
      repeat_interval: repeat,
      routes: [
        {
          matchers: ['alertname="Watchdog"'],
          receiver: dead === undefined ? "nobody" : "dead-mans-switch",
          group_wait: "0s",
          group_interval: "1m",
          repeat_interval: "1m",
        },
        { matchers: ['severity="page"'], receiver: "page" },
        { matchers: ['severity="info"'], receiver: "info" },
      ],
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="HostDown"'],
        target_matchers: ['job=~"execution|consensus|validator|web3signer|mev-boost"'],
        equal: ["stack", "host"],
      },
      {
        source_matchers: ['alertname="ExecutionClientDown"'],
        target_matchers: ['alertname=~"ConsensusNodeNotSynced|ExecutionNodeLagging"'],
        equal: ["stack", "node"],
      },
      {
        source_matchers: ['alertname="Web3SignerDown"'],
        target_matchers: ['alertname="ValidatorClientNotAttesting"'],
        equal: ["stack", "node"],
      },
      {
        source_matchers: ['alertname="OperatorOffline"'],
        target_matchers: ['alertname=~"AttestationEffectivenessLow|ValidatorEarningsNegative"'],
        equal: ["stack", "operator"],
      },
      {
        source_matchers: ['alertname="WithdrawalQueueOverdue"'],
        target_matchers: ['alertname="WithdrawalQueueSlow"'],
        equal: ["stack"],
      },
    ],
    receivers: [
      { name: "nobody" },
      receiver("page", spec.page),
      receiver("warn", spec.warn),
      receiver("info", spec.info),
      ...(dead === undefined ? [] : [receiver("dead-mans-switch", [dead])]),
    ],
  });
}

/** The files that a configuration reads credentials from. */
export function credentialFiles(spec: AlertmanagerSpec): string[] {
  const all = [...spec.page, ...spec.warn, ...spec.info, ...(spec.deadMansSwitch ? [spec.deadMansSwitch] : [])];
  const files = all.flatMap((one) =>
    Object.entries(one).flatMap(([key, value]) => (key.endsWith("File") && typeof value === "string" ? [value] : [])),
  );
  return [...new Set(files)];
}
