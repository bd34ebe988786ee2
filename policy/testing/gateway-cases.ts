import { GATEWAY } from "../../components/gateway/fixtures.ts";
import { renderGateway } from "../../components/gateway/bundle.ts";
import type { PlannedResource } from "../model.ts";
import type { Case, RuleCases } from "./cases.ts";
import { COMMAND, resource } from "./resources.ts";

const OURS = renderGateway(GATEWAY).files.find(({ path }) => path === "config/Caddyfile")?.content ?? "";

/** A command that carries a Caddyfile as bundles do. */
const carrying = (caddyfile: string): PlannedResource =>
  resource(COMMAND, "gateway-bundle", {
    stdin: `file 0440 config/Caddyfile ${Buffer.from(caddyfile).toString("base64")}\n`,
  });
const good: Case = { title: "the gateway's own", resources: [carrying(OURS)] };
const without = (text: string | RegExp): string => {
  const changed = OURS.replace(text, "");
  if (changed === OURS) throw new Error(`the Caddyfile has no ${String(text)}`);
  return changed;
};
const GRAFANA = "gateway-bundle stdin reverse_proxy http://grafana:3000 of https://dash.example.org";
const site = (address: string, ...lines: readonly string[]): string =>
  `${address} {\n${lines.map((text) => `\t${text}\n`).join("")}\treverse_proxy grafana:3000\n}\n# ${"-".repeat(40)}\n`;
const LIMIT = "forward_auth limiter:8100 {\n\turi /limit/x\n\t}";
const AUTH = 'basic_auth {\n\talice "$2a$14$x" # a hash\n\t}';

const web = (port: string, description: string) => ({
  direction: "in",
  protocol: "tcp",
  port,
  sourceIps: ["0.0.0.0/0", "::/0"],
  description,
});
const firewall = (...rules: readonly object[]): PlannedResource =>
  resource("hcloud:index/firewall:Firewall", "ams-1-firewall", { rules });

export const GATEWAY_CASES: RuleCases = {
  "gateway-authenticated": [
    good,
    { title: "another's, in the open", resources: [carrying(site("dash.example.org", LIMIT, AUTH))] },
    {
      title: "around a block",
      resources: [carrying(site("a.org", AUTH, LIMIT, "handle {\n\treverse_proxy b:1\n\t}"))],
    },
    { title: "no Caddyfile", resources: [resource(COMMAND, "c", { create: "reverse_proxy is a directive {\n" })] },
    {
      title: "the users taken out",
      resources: [carrying(without(/\t*basicauth[^}]*\}\n/))],
      violations: [GRAFANA],
    },
    {
      title: "for some paths only",
      resources: [carrying(site("dash.example.org", "basic_auth /admin/* {\n\ta b\n\t}"))],
      violations: ["gateway-bundle stdin reverse_proxy grafana:3000 of dash.example.org"],
    },
    {
      title: "in a comment",
      resources: [carrying(site("dash.example.org", "# basic_auth"))],
      violations: ["gateway-bundle stdin"],
    },
  ],
  "gateway-https": [
    good,
    { title: "a site without a scheme", resources: [carrying(site("dash.example.org", AUTH))] },
    { title: "redirects turned off", resources: [carrying(`{\n\tauto_https disable_redirects\n}\n${site("a.org")}`)] },
    {
      title: "a site in the clear",
      resources: [carrying(OURS.replace("https://dash.example.org {", "http://dash.example.org {"))],
      violations: [
        "gateway-bundle stdin reverse_proxy http://10.42.1.10:8080 of http://dash.example.org",
        "gateway-bundle stdin reverse_proxy http://grafana:3000 of http://dash.example.org",
      ],
    },
    {
      title: "port 80, and HTTPS turned off",
      resources: [carrying(`{\n\tauto_https off\n}\n${site(":80", AUTH)}`)],
      violations: ["gateway-bundle stdin reverse_proxy grafana:3000 of :80", "gateway-bundle stdin auto_https off"],
    },
  ],
  "gateway-limited": [
    good,
    { title: "a plugin", resources: [carrying(site("a.org", "rate_limit {\n\tzone x {\n\tevents 5\n\t}\n\t}"))] },
    {
      title: "the limiter taken out",
      resources: [carrying(without(/\t*forward_auth limiter:8100 \{\n\t*uri \/limit\/grafana[^}]*\}[^}]*\}\n/))],
      violations: [GRAFANA],
    },
  ],
  "web-ports-have-gateway": [
    {
      title: "a stack with one",
      resources: [
        firewall(web("80", "gateway http"), web("443", "gateway https")),
        resource("ethstake:index:Gateway", "gateway"),
      ],
    },
    { title: "p2p", resources: [firewall(web("30303", "node-1 execution p2p"))] },
    {
      title: "a stack without",
      resources: [firewall(web("443", "gateway https"))],
      violations: ["ams-1-firewall rules[0] tcp 443"],
    },
    {
      title: "DigitalOcean, which has no descriptions",
      resources: [
        resource("digitalocean:index/firewall:Firewall", "fra", {
          inboundRules: [{ protocol: "tcp", portRange: "80", sourceAddresses: ["::/0"] }],
        }),
      ],
      violations: ["fra inboundRules[0] tcp 80 from ::/0"],
    },
  ],
};
