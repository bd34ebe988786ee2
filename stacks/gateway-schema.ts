import { z } from "zod";
import { cidr, flag, name, secretSource, text, whole } from "./fields.ts";

const rate = z.strictObject({
  requests: whole(1, 100_000, "a number of requests"),
  seconds: whole(1, 3_600, "a number of seconds, up to an hour"),
});

const image = z
  .strictObject({
    tag: text("a tag").optional(),
    digest: z
      .string({ error: "must be a digest, sha256:…" })
      .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits")
      .optional(),
  })
  .optional();

const authentication = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("basic"),
      /** Names of `gateway.users`. */
      users: z.array(text("a user"), { error: "must be a list of users" }),
      /** Header that tells the upstream who it is. */
      userHeader: text("a header, e.g. X-WEBAUTH-USER").optional(),
    }),
    z.strictObject({
      kind: z.literal("forward"),
      url: text("a URL, e.g. http://authelia:9091"),
      path: text("a path, e.g. /api/verify"),
      network: text("a Docker network").optional(),
      copyHeaders: z.array(text("a header"), { error: "must be a list of headers" }).default([]),
    }),
  ],
  { error: "must have a kind: basic or forward" },
);

/** The way in from outside: Grafana and an API behind Caddy. */
export const gatewaySchema = z.strictObject({
  /** Name of the host that it runs on. */
  host: name,
  domain: text("a domain, e.g. dash.example.org"),
  certificates: z
    .enum(["acme", "acme-staging", "internal"], { error: "must be acme, acme-staging or internal" })
    .default("acme"),
  /** With acme: where the authority writes to. */
  acmeEmail: text("an e-mail address").optional(),
  /** Who may reach it; everyone when empty. */
  allow: z.array(cidr, { error: "must be a list of CIDR blocks" }).default([]),
  users: z
    .array(
      z.strictObject({
        name: text("a name"),
        /** File with the bcrypt hash of the password, mode 0600. */
        passwordHashFile: secretSource("the path of a password hash"),
      }),
      { error: "must be a list of { name, passwordHashFile }" },
    )
    .default([]),
  loginFailures: rate.optional(),
  /** First of the loopback ports of its metrics. */
  basePort: whole(1_024, 65_534, "a port number").default(19_000),
  images: z.strictObject({ caddy: image, haproxy: image }).optional(),
  upstreams: z
    .array(
      z.strictObject({
        name,
        kind: z.enum(["grafana", "api"], { error: "must be grafana or api" }),
        /** The domain, or a name below it. */
        host: text("a name").optional(),
        path: text("a path, e.g. /api").optional(),
        stripPath: flag.default(false),
        url: text("a URL, e.g. http://grafana:3000"),
        /** Docker network of the upstream's container. */
        network: text("a Docker network").optional(),
        authentication,
        allow: z.array(cidr, { error: "must be a list of CIDR blocks" }).optional(),
        rateLimit: rate.optional(),
        maxBodyBytes: whole(1, 1_073_741_824, "a number of bytes").optional(),
      }),
      { error: "must be a list of upstreams" },
    )
    .min(1, "must have at least one upstream"),
});

export type GatewaySettings = z.infer<typeof gatewaySchema>;
