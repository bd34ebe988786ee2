import {
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { runOnHost } from "../host/run.ts";
import type { HostConnection } from "../host/spec.ts";
import { applyScripts } from "../validator-node/bundle/apply.ts";
import { renderGateway, withUsers } from "./bundle.ts";
import type { GatewayMetrics, GatewaySpec } from "./spec.ts";
import { usersInput, usersScript } from "./users.ts";

export { gatewayFaults } from "./faults.ts";
export { GATEWAY_MEMORY_MIB, gatewayPorts, renderGateway } from "./bundle.ts";
export { bcryptHash, GatewayPasswordError } from "./users.ts";
export * from "./spec.ts";

export interface GatewayArgs {
  readonly gateway: GatewaySpec;
  /** Bcrypt hashes of passwords, by user. Secret from here on, whether it was before or not. */
  readonly passwordHashes?: Input<Readonly<Record<string, string>>>;
  /** How the host is reached; undefined for this machine. */
  readonly connection: HostConnection | undefined;
  /** Name of the host: a gateway that moves to another one is stopped where it was before it starts there. */
  readonly host: string;
  /** Identifies the host's machine: another one is given everything anew. */
  readonly machine: Input<string>;
  /** What must be in place before anything is installed: the mounted data volume, and whatever makes the upstreams' networks. */
  readonly ready: readonly Resource[];
}

/**
 * The one way in from outside: Caddy with certificates, security headers and authentication, HAProxy that counts requests. Three resources:
 * its files, its users' password hashes (none without users of its own), and its services.
 */
export class Gateway extends ComponentResource {
  /** Where people go, by upstream; known once it runs. */
  readonly urls: Output<Readonly<Record<string, string>>>;
  /** Where metrics can be scraped. */
  readonly metrics: Output<readonly GatewayMetrics[]>;
  /** Services by a hash of what they run on. */
  readonly services: Output<Readonly<Record<string, string>>>;

  constructor(name: string, args: GatewayArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:Gateway", name, {}, options);
    const { gateway, connection } = args;
    const bundle = renderGateway(gateway);
    const scripts = applyScripts(gateway.name, gateway.directory, bundle);
    // Another machine behind the address is given everything anew.
    const onMachine = (script: string): Output<string> =>
      output(args.machine).apply((machine) => `${script}\n# on ${machine.replace(/\s+/g, " ")}\n`);
    const child: CustomResourceOptions = { parent: this };
    const files = runOnHost(
      `${name}-bundle`,
      connection,
      { create: onMachine(scripts.install), stdin: output(scripts.files) },
      { ...child, dependsOn: [...args.ready] },
    );
    const hashes = output(args.passwordHashes ?? {}).apply((given) => usersInput(gateway, given));
    const users =
      withUsers(gateway).length === 0
        ? []
        : [
            runOnHost(
              `${name}-users`,
              connection,
              { create: onMachine(usersScript(gateway)), stdin: secret(hashes) },
              { ...child, dependsOn: [files], additionalSecretOutputs: ["stdin"] },
            ),
          ];
    const services = runOnHost(
      `${name}-services`,
      connection,
      {
        create: onMachine(scripts.up),
        delete: output(scripts.down),
        stdin: output(scripts.services),
        triggers: [args.host],
      },
      { ...child, dependsOn: [files, ...users], deleteBeforeReplace: true },
    );
    this.urls = services.urn.apply(() => urlsOf(gateway));
    this.metrics = output([...bundle.metrics]);
    this.services = output({ ...bundle.services });
    this.registerOutputs({ urls: this.urls, metrics: this.metrics, services: this.services });
  }
}

/** Where each upstream is served. */
function urlsOf({ upstreams, domain, httpsPort }: GatewaySpec): Readonly<Record<string, string>> {
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  return Object.fromEntries(
    upstreams.map(({ name, host = domain, path = "" }) => [name, `https://${host}${port}${path}/`]),
  );
}
