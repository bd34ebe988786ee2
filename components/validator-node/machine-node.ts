import {
  all,
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { Command as LocalCommand } from "@pulumi/command/local/command.js";
import { Command as RemoteCommand } from "@pulumi/command/remote/command.js";
import { isAddress, zeroAddress } from "viem";
import type { HostConnection } from "../host/spec.ts";
import { applyScripts, type ApplyScripts } from "./bundle/apply.ts";
import { SIGNER_URL } from "./bundle/catalogue/types.ts";
import { renderBundle } from "./bundle/render.ts";
import type { BundleSpec, MetricsTarget } from "./bundle/spec.ts";

export interface MachineNodeArgs {
  /**
   * Clients and settings. The fee recipient may be known only once the protocol is deployed; whatever names resources must be known
   * before.
   */
  readonly node: BundleSpec;
  /** Execution address of keys that have none of their own: the protocol's ExecutionRewardsVault. */
  readonly feeRecipient?: Input<string>;
  /** How the host is reached; undefined for this machine. */
  readonly connection: Input<HostConnection> | undefined;
  /** Name of the host: a node that moves to another one is stopped where it was before it starts there. */
  readonly host: string;
  /** Whether its validator client may be taken away or moved: not until this is lifted. */
  readonly protect: boolean;
  /** Identifies the host's machine: another one is given the bundle anew and started. */
  readonly machine: Input<string>;
  /** Lasting name of its client, which its keys are noted to be at: the stack's and the node's. */
  readonly clientName: string;
  /** What must be in place before anything is installed: the mounted data volume. */
  readonly ready: readonly Resource[];
}

/**
 * A node on a machine: its bundle as one resource, its services as another. A change of a client's image plans an update of both and of
 * nothing else; the difference of `services` names what restarts.
 */
export class MachineNode extends ComponentResource {
  /** Where metrics can be scraped. */
  readonly metrics: Output<readonly MetricsTarget[]>;
  /** Services by a hash of what they run on. */
  readonly services: Output<Readonly<Record<string, string>>>;
  /** Where its beacon node is, known once it runs. Secret: it says how the host is reached. */
  readonly beacon: Output<{ readonly url: string; readonly ssh?: HostConnection }>;
  /** Where its keys are, known once its services run; undefined without a validator client. */
  readonly keys: NodeKeys | undefined;

  constructor(name: string, args: MachineNodeArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:MachineNode", name, {}, options);
    const { node } = args;
    const bundle = output(args.feeRecipient).apply((feeRecipient) =>
      renderBundle(withFeeRecipient(node, feeRecipient)),
    );
    const scripts = bundle.apply((rendered) => applyScripts(node.name, node.directory, rendered));
    // Another machine behind the address is given everything anew. Its id is known only once it is there, so it is with the scripts: what
    // they read stays known, and a plan shows it.
    const onMachine = (script: "install" | "up"): Output<string> =>
      all([scripts, args.machine]).apply(([all, machine]) => `${all[script]}\n# on ${machine.replace(/\s+/g, " ")}\n`);
    const child: CustomResourceOptions = { parent: this };
    const files = run(
      `${name}-bundle`,
      args.connection,
      { create: onMachine("install"), stdin: pick(scripts, "files") },
      // What a node leaves behind when it goes are its data and keys: nobody deletes those but the operator.
      { ...child, dependsOn: [...args.ready] },
    );
    const services = run(
      `${name}-services`,
      args.connection,
      {
        create: onMachine("up"),
        delete: pick(scripts, "down"),
        stdin: pick(scripts, "services"),
        triggers: [args.host],
      },
      // On another host it is another resource: the old one is stopped, over its own connection, before the new one starts.
      { ...child, dependsOn: [files], protect: args.protect, deleteBeforeReplace: true },
    );
    this.metrics = bundle.apply(({ metrics }) => metrics);
    this.services = bundle.apply(({ services }) => services);
    const shape = renderBundle(node);
    const onHost = <Value extends object>(value: Value): Output<Value & { readonly ssh?: HostConnection }> =>
      all([args.connection, services.urn]).apply(([ssh]) => ({ ...value, ...(ssh ? { ssh } : {}) }));
    this.beacon = onHost({ url: shape.beaconApis[0] ?? "" });
    this.keys = shape.keymanager && keysOf(shape.keymanager, shape.signerUrl, args.clientName, onHost);
    this.registerOutputs({ metrics: this.metrics, services: this.services });
  }
}

/** Where the keys of a machine's node are. The values are secret: they say how the host is reached. */
export interface NodeKeys {
  /** What holds the keystores: Web3Signer, or the validator client itself. */
  readonly holder: Output<KeymanagerConnection>;
  /** The validator client, where Web3Signer is the holder, and Web3Signer as it sees it. */
  readonly validator: { readonly keymanager: Output<KeymanagerConnection>; readonly signerUrl: string } | undefined;
}

/** A keymanager API on a host's loopback. */
export interface KeymanagerConnection {
  readonly url: string;
  /** Path on the host. */
  readonly tokenFile?: string;
  readonly name?: string;
  readonly ssh?: HostConnection;
}

function keysOf(
  validator: { readonly url: string; readonly tokenFile: string },
  signerUrl: string | undefined,
  name: string,
  onHost: (value: KeymanagerConnection) => Output<KeymanagerConnection>,
): NodeKeys {
  return signerUrl === undefined
    ? { holder: onHost({ ...validator, name }), validator: undefined }
    : { holder: onHost({ url: signerUrl, name }), validator: { keymanager: onHost(validator), signerUrl: SIGNER_URL } };
}

interface CommandInputs {
  readonly create: Output<string>;
  readonly delete?: Output<string>;
  readonly stdin: Output<string>;
  readonly triggers?: string[];
}

/** A script on the host, run again whenever it or its input changes. */
function run(
  name: string,
  connection: Input<HostConnection> | undefined,
  inputs: CommandInputs,
  options: CustomResourceOptions,
): Resource {
  const commands = { ...inputs, update: inputs.create };
  return connection === undefined
    ? new LocalCommand(name, { ...commands, interpreter: ["/bin/sh", "-c"] }, options)
    : new RemoteCommand(name, { ...commands, connection }, options);
}

function pick(scripts: Output<ApplyScripts>, script: keyof ApplyScripts): Output<string> {
  return scripts.apply((all) => all[script]);
}

function withFeeRecipient(node: BundleSpec, feeRecipient: string | undefined): BundleSpec {
  if (node.validator === undefined) return node;
  // Never the one of the specification, which may stand for an address that is not known yet: proposals would pay it.
  if (feeRecipient === undefined || !isAddress(feeRecipient) || feeRecipient === zeroAddress)
    throw new TypeError(`node ${node.name} has validators and its fee recipient is ${feeRecipient ?? "not known"}`);
  return { ...node, validator: { ...node.validator, feeRecipient } };
}
