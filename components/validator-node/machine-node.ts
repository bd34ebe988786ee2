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
import { isAddress, zeroAddress } from "viem";
import type { KeymanagerArgs } from "../../provider/sdk/index.ts";
import type { HostConnection } from "../host/spec.ts";
import { runOnHost } from "../host/run.ts";
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
  readonly connection: HostConnection | undefined;
  /** Name of the host: a node that moves to another one is stopped where it was before it starts there. */
  readonly host: string;
  /** Whether its validator client may be taken away or moved: not until this is lifted. */
  readonly protect: boolean;
  /** Identifies the host's machine: another one is given the bundle anew and started. */
  readonly machine: Input<string>;
  /** Begins the lasting name of what has its keys: the stack and the node. The client's or signer's own name follows. */
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
  /** Where its beacon node is, known once it runs. */
  readonly beacon: { readonly url: Output<string>; readonly ssh?: HostConnection };
  /** Where its keys are, known once its services run; undefined without a validator client. */
  readonly keys: NodeKeys | undefined = undefined;

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
    const files = runOnHost(
      `${name}-bundle`,
      args.connection,
      { create: onMachine("install"), stdin: pick(scripts, "files") },
      // What a node leaves behind when it goes are its data and keys: nobody deletes those but the operator.
      { ...child, dependsOn: [...args.ready] },
    );
    const services = runOnHost(
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
    const once = (url: string): Output<string> => services.urn.apply(() => url);
    const ssh = args.connection ? { ssh: args.connection } : {};
    this.beacon = { url: once(shape.beaconApis[0] ?? ""), ...ssh };
    const { keymanager, signerUrl } = shape;
    if (keymanager) {
      // Another client or signer on the same node has another history: it is another place for a key.
      const holder = signerUrl === undefined ? node.validator?.client : "web3signer";
      const name = `${args.clientName}/${holder ?? ""}`;
      const validator = { ...keymanager, url: once(keymanager.url), name, ...ssh };
      this.keys =
        signerUrl === undefined
          ? { holder: validator, validator: undefined }
          : {
              holder: { url: once(signerUrl), name, ...ssh },
              validator: { keymanager: validator, signerUrl: SIGNER_URL },
            };
    }
    this.registerOutputs({ metrics: this.metrics, services: this.services });
  }
}

/** Where the keys of a machine's node are. */
export interface NodeKeys {
  /** What holds the keystores: Web3Signer, or the validator client itself. */
  readonly holder: KeymanagerArgs;
  /** The validator client, where Web3Signer is the holder, and Web3Signer as it sees it. */
  readonly validator: { readonly keymanager: KeymanagerArgs; readonly signerUrl: string } | undefined;
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
