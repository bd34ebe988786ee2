import {
  all,
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
import { accountsWithKeys, keeperTarget, renderKeeper } from "./bundle.ts";
import { KeeperInvalidError } from "./errors.ts";
import { keeperFaults } from "./faults.ts";
import { keeperProgram, packProgram } from "./program.ts";
import { keysInput, keysRemoval, keysScript, programScript } from "./scripts.ts";
import type { KeeperSpec } from "./spec.ts";

export interface HostKeeperArgs {
  readonly keeper: KeeperSpec;
  /** Addresses by name; the deposit contract's among them. */
  readonly contracts: Input<Readonly<Record<string, string>>>;
  /** Private keys (32 bytes in hex) of its accounts without a signer, by account. Secret from here on, whether they were before or not. */
  readonly privateKeys?: Input<Readonly<Record<string, string>>>;
  /** How the host is reached; undefined for this machine. */
  readonly connection: HostConnection | undefined;
  /** Name of the host: a keeper that moves to another one is stopped where it was before it starts there. */
  readonly host: string;
  /** Identifies the host's machine: another one is given everything anew. */
  readonly machine: Input<string>;
  /** What must be in place before anything is installed or started: the data volume, the node's network, the contracts' wiring. */
  readonly ready: readonly Resource[];
}

/**
 * A keeper as a container beside the node that it asks. Four resources: its files, its program, its keys (none where signers have them) and
 * its service. Its service is started and not waited for: it is healthy once its node has synced.
 */
export class HostKeeper extends ComponentResource {
  /** Where its metrics are on its host: `address:port`. */
  readonly target: Output<string>;
  /** Services by a hash of what they run on. */
  readonly services: Output<Readonly<Record<string, string>>>;

  /** @throws {@link KeeperInvalidError} */
  constructor(name: string, args: HostKeeperArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:HostKeeper", name, {}, options);
    const { keeper, connection } = args;
    // Before anything of it is made, and not in the middle.
    const faults = keeperFaults(keeper);
    if (faults.length > 0) throw new KeeperInvalidError(keeper.name, faults);
    const program = output(keeperProgram());
    const bundle = all([args.contracts, program]).apply(([contracts, { digest }]) =>
      renderKeeper(keeper, { contracts, program: digest }),
    );
    const scripts = bundle.apply((rendered) => applyScripts(keeper.name, keeper.directory, rendered, false));
    // Another machine behind the address is given everything anew.
    const onMachine = (script: Input<string>): Output<string> =>
      all([script, args.machine]).apply(([text, machine]) => `${text}\n# on ${machine.replace(/\s+/g, " ")}\n`);
    const child: CustomResourceOptions = { parent: this };
    const files = runOnHost(
      `${name}-bundle`,
      connection,
      { create: onMachine(scripts.install), stdin: scripts.files },
      { ...child, dependsOn: [...args.ready] },
    );
    const code = runOnHost(
      `${name}-program`,
      connection,
      {
        create: onMachine(program.apply(({ digest }) => programScript(keeper, digest))),
        stdin: program.apply(packProgram),
      },
      { ...child, dependsOn: [files] },
    );
    const keys =
      accountsWithKeys(keeper).length === 0
        ? []
        : [
            runOnHost(
              `${name}-keys`,
              connection,
              {
                create: onMachine(keysScript(keeper)),
                delete: output(keysRemoval(keeper)),
                stdin: secret(output(args.privateKeys ?? {}).apply((given) => keysInput(keeper, given))),
                // A host that it leaves is not to keep them.
                triggers: [args.host],
              },
              { ...child, dependsOn: [files], additionalSecretOutputs: ["stdin"], deleteBeforeReplace: true },
            ),
          ];
    const services = runOnHost(
      `${name}-services`,
      connection,
      {
        create: onMachine(scripts.up),
        delete: scripts.down,
        stdin: scripts.services,
        triggers: [args.host],
      },
      { ...child, dependsOn: [files, code, ...keys], deleteBeforeReplace: true },
    );
    this.target = services.urn.apply(() => keeperTarget(keeper));
    this.services = bundle.apply(({ services: hashes }) => hashes);
    this.registerOutputs({ target: this.target, services: this.services });
  }
}
