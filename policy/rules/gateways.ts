/** What lets people in from outside. */
import { caddyfiles, proxies, type Caddyfile, type Directive, type Proxied } from "../caddyfile.ts";
import { resourceRule, stackRule, type PlannedResource, type ResourceFinding, type Rule } from "../model.ts";
import { ofTypes } from "../values.ts";
import { openings, isWeb, isWorld, shown } from "./firewalls.ts";

const GATEWAY = "ethstake:index:Gateway";
const AUTHENTICATION: ReadonlySet<string> = new Set(["basic_auth", "basicauth"]);

/** Whether a directive refuses requests of who is not known. Asking the limiter, at `/limit/…`, is not asking who it is. */
function authenticates({ words, body }: Directive): boolean {
  const [name = ""] = words;
  if (AUTHENTICATION.has(name)) return true;
  return (
    name === "forward_auth" && !body.some(({ words: [key, value = ""] }) => key === "uri" && /^\/limit\//.test(value))
  );
}

/** Whether something before the proxy, in its block or one around it, asks who it is: for every request, not for some. */
function isAuthenticated({ around }: Proxied): boolean {
  return around.some(({ body }) =>
    body.some((directive) => authenticates(directive) && !directive.words.slice(1).some((word) => /^[@/*]/.test(word))),
  );
}

/** Whether a limiter is asked before the proxy. */
function isLimited({ around }: Proxied): boolean {
  return around.some(({ body }) =>
    body.some(
      ({ words: [name], body: inner }) =>
        name === "rate_limit" ||
        (name === "forward_auth" &&
          inner.some(({ words: [key, value = ""] }) => key === "uri" && /^\/limit\//.test(value))),
    ),
  );
}

/** Whether a site is served in the clear. */
function isPlain({ words }: Directive): boolean {
  return words.some((word) => word.startsWith("http://") || /^[^/:]*:80,?$/.test(word));
}

/** A rule about each reverse proxy of each Caddyfile. */
function* eachProxy(
  resource: PlannedResource,
  check: (proxy: Proxied, file: Caddyfile) => ResourceFinding | undefined,
): Generator<ResourceFinding> {
  for (const file of caddyfiles(resource))
    for (const proxy of proxies(file.blocks)) {
      const finding = check(proxy, file);
      if (finding) yield finding;
    }
}

const line = ({ directive: { words }, around: [site] }: Proxied): string =>
  `${words.join(" ")} of ${site?.words.join(" ") ?? "no site"}`;

export const GATEWAY_RULES: readonly Rule[] = [
  resourceRule({
    name: "gateway-authenticated",
    description:
      "Whatever a Caddyfile proxies asks who it is: Grafana and the API show what an attacker wants to know.",
    severity: "mandatory",
    check: (resource) =>
      eachProxy(resource, (proxy, { property }) =>
        isAuthenticated(proxy)
          ? undefined
          : {
              property,
              value: line(proxy),
              fix: "Put basic_auth or forward_auth, for every request, before the reverse_proxy.",
            },
      ),
  }),
  resourceRule({
    name: "gateway-https",
    description: "Whatever a Caddyfile proxies is served over HTTPS: passwords would travel in the clear.",
    severity: "mandatory",
    *check(resource) {
      yield* eachProxy(resource, (proxy, { property }) =>
        proxy.around[0] && isPlain(proxy.around[0])
          ? { property, value: line(proxy), fix: "Serve it at https://, and only redirect from http://." }
          : undefined,
      );
      for (const { property, blocks } of caddyfiles(resource))
        for (const { words, body } of blocks)
          for (const option of words.length === 0 ? body : [])
            if (option.words[0] === "auto_https" && option.words.slice(1).some((word) => word !== "disable_redirects"))
              yield { property, value: option.words.join(" "), fix: "Leave auto_https out of the global options." };
    },
  }),
  resourceRule({
    name: "gateway-limited",
    description: "Whatever a Caddyfile proxies has a limit of requests per client: passwords can be guessed otherwise.",
    severity: "mandatory",
    check: (resource) =>
      eachProxy(resource, (proxy, { property }) =>
        isLimited(proxy)
          ? undefined
          : {
              property,
              value: line(proxy),
              fix: "Ask the limiter before the reverse_proxy, as components/gateway does.",
            },
      ),
  }),
  stackRule({
    name: "web-ports-have-gateway",
    description:
      "Ports 80 and 443 are open to the world only in a stack with a gateway: nothing else may answer there.",
    severity: "mandatory",
    *check(resources) {
      if (ofTypes(resources, GATEWAY).length > 0) return;
      for (const resource of resources)
        for (const opening of openings(resource)) {
          const world = opening.sources.filter(isWorld);
          if (world.length === 0 || !isWeb(opening)) continue;
          yield {
            resource,
            property: opening.property,
            value: shown({ ...opening, sources: world }),
            fix: "Close it, or put a gateway there (ethstake:gateway).",
          };
        }
    },
  }),
];
