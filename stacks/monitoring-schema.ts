import { z } from "zod";
import { MONITORING_SERVICES } from "../monitoring/images.ts";
import { name, secretSource, text, whole } from "./fields.ts";

/** Where a credential is: a file, Vault, or `secret:NAME`, one of the encrypted setting monitoringSecrets. */
const credential = (what: string) =>
  secretSource(`${what}: a file of mode 0600, vault:MOUNT/PATH#FIELD or secret:NAME`);

const mail = text("an e-mail address").regex(/^[^@\s<>]+@[^@\s<>]+$/, "must be an e-mail address");
const https = (what: string) => z.url({ protocol: /^https$/, error: `must be ${what}, https://…` });

/** A way to tell somebody. */
const receiver = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("email"),
      to: mail,
      from: mail,
      smarthost: text("a mail server").regex(
        /^[A-Za-z0-9.-]+:\d{1,5}$/,
        "must be a mail server and its port, e.g. mail.example.org:587",
      ),
      username: text("a user"),
      passwordFile: credential("a password"),
    }),
    z.strictObject({
      kind: z.literal("slack"),
      channel: text("a channel").regex(/^[#@]?[\w.-]+$/, "must be a channel, e.g. #staking"),
      urlFile: credential("the URL of an incoming webhook"),
    }),
    z.strictObject({ kind: z.literal("pagerduty"), routingKeyFile: credential("a routing key") }),
    z.strictObject({
      kind: z.literal("telegram"),
      chatId: z
        .number({ error: "must be the number of a chat, e.g. -1001234567890" })
        .int("must be a whole number")
        .refine((id) => id !== 0, "must be the number of a chat, e.g. -1001234567890"),
      tokenFile: credential("a bot's token"),
    }),
    z
      .strictObject({
        kind: z.literal("webhook"),
        /** Where alerts are posted, when it is no secret. */
        url: https("a URL").optional(),
        urlFile: credential("a URL").optional(),
        /** Bearer token. */
        tokenFile: credential("a token").optional(),
      })
      .refine(
        ({ url, urlFile }) => (url === undefined) !== (urlFile === undefined),
        "must have either a url or, when that is secret, a urlFile",
      ),
  ],
  { error: "must have a kind: email, slack, pagerduty, telegram or webhook" },
);

const receivers = z.array(receiver, { error: "must be a list of receivers" }).default([]);

const image = z
  .strictObject({
    tag: text("a tag").optional(),
    digest: z
      .string({ error: "must be a digest, sha256:…" })
      .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits")
      .optional(),
  })
  .optional();

/** Prometheus, Alertmanager, Grafana and Loki on one host, and what they ask on every host. */
export const monitoringSchema = z.strictObject({
  /** Name of the host that watches. */
  host: name,
  retention: z
    .strictObject({
      /** Days and gibibytes of samples: whichever is reached first. */
      days: whole(1, 3_650, "a number of days").default(90),
      gibibytes: whole(1, 16_384, "a number of gibibytes").default(50),
      /** Days of log lines. */
      logDays: whole(1, 365, "a number of days, up to a year").default(14),
    })
    .prefault({}),
  /** Where samples are kept for longer. */
  remoteWrite: z
    .array(
      z.strictObject({
        name,
        url: https("the URL of a remote-write endpoint"),
        username: text("a user").optional(),
        /** The password, or the bearer token when there is no user. */
        credentialsFile: credential("a password or a token"),
      }),
      { error: "must be a list of { name, url, credentialsFile }" },
    )
    .default([]),
  /** Who hears of what, by severity. */
  receivers: z.strictObject({ page: receivers, warn: receivers, info: receivers }).prefault({}),
  /** What hears from Alertmanager every minute, and calls when it does not. */
  deadMansSwitch: receiver.optional(),
  /** Grafana's public address; the gateway's for Grafana when absent. */
  grafanaUrl: https("Grafana's public address").optional(),
  /** Where the alerts' links to the runbook lead. */
  runbookUrl: https("the runbook's address").optional(),
  /** Where the other hosts dial this one, when it is not the host's public address. */
  endpoint: text("a name or an address")
    .regex(/^[A-Za-z0-9.:-]+$/, "must be a name or an address")
    .optional(),
  images: z
    .strictObject(
      Object.fromEntries(MONITORING_SERVICES.map((service) => [service, image])) as Record<
        (typeof MONITORING_SERVICES)[number],
        typeof image
      >,
    )
    .optional(),
});

/** Credentials of monitoring's receivers in the settings themselves, encrypted: `pulumi config set --secret --path`. */
export const monitoringSecretsSchema = z.record(name, text("a credential"), {
  error: "must be credentials by name, each a text",
});

export type MonitoringSettings = z.infer<typeof monitoringSchema>;
export type ReceiverSettings = z.infer<typeof receiver>;
