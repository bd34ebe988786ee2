import { ComponentResource, output, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { Process } from "../../provider/sdk/index.ts";
import { renderNode } from "./render.ts";
import type { NetworkFiles, NodeSpec, ProcessSpec } from "./spec.ts";

export interface ValidatorNodeArgs {
  /** Clients and ports. */
  readonly node: NodeSpec;
  readonly chainId: number;
  /** Number of the network's own validators (interop keys) that this node runs: not 0 on one node of a network, or they are slashed. */
  readonly interopValidators: number;
  readonly files: NetworkFiles;
  /** Fee recipient of keys that have none of their own. */
  readonly defaultFeeRecipient: Input<string>;
  /** Identifies the network: another genesis restarts everything. */
  readonly genesisBlockHash: Input<string>;
}

/** Execution clients, beacon nodes (a primary and at most one standby of each) and a validator client, as processes of this machine. */
export class ValidatorNode extends ComponentResource {
  /** JSON-RPC of the primary execution client, known once it answers. */
  readonly executionRpc: Output<string>;
  /** API of the primary beacon node, known once it answers. */
  readonly beaconApi: Output<string>;
  /** API of each beacon node, the primary first. */
  readonly beaconApis: Output<string>[];
  /** Keymanager API of the validator client, known once it answers. */
  readonly keymanager: Output<{ url: string; tokenFile: string }>;

  constructor(name: string, args: ValidatorNodeArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:ValidatorNode", name, {}, options);
    const specOf = (feeRecipient: string) =>
      renderNode(args.node, {
        chainId: args.chainId,
        interopValidators: args.interopValidators,
        files: args.files,
        defaultFeeRecipient: feeRecipient,
      });
    const rendered = output(args.defaultFeeRecipient).apply(specOf);
    // Names and dependencies need no address: what of a rendering is known beforehand is taken from one with a placeholder.
    const shape = specOf("");
    const run = (spec: ProcessSpec, pick: Output<ProcessSpec>, dependsOn: Process[]): Process =>
      new Process(
        spec.name,
        {
          name: spec.name,
          directory: args.files.directory,
          command: spec.command,
          args: pick.apply(({ args: list }) => [...list]),
          environment: spec.environment,
          ports: spec.ports,
          readiness: spec.readiness,
          stopGraceSeconds: spec.stopGraceSeconds,
          triggers: [args.genesisBlockHash],
          ...(spec.prepare ? { prepare: spec.prepare } : {}),
        },
        { parent: this, dependsOn },
      );
    const known = (process: Process, url: string | undefined): Output<string> => process.pid.apply(() => url ?? "");
    const execution = shape.execution.map((spec, index) =>
      run(
        spec,
        rendered.apply((node) => node.execution[index] ?? spec),
        [],
      ),
    );
    const beacons = shape.beacons.map(({ process, executionIndex }, index) =>
      run(
        process,
        rendered.apply((node) => node.beacons[index]?.process ?? process),
        execution.slice(executionIndex, executionIndex + 1),
      ),
    );
    const validator = run(shape.validator, rendered.validator, beacons);
    const executionRpcs = execution.map((process, index) => known(process, shape.executionRpcs[index]));
    this.beaconApis = beacons.map((process, index) => known(process, shape.beaconApis[index]));
    const [executionRpc] = executionRpcs;
    const [beaconApi] = this.beaconApis;
    if (!executionRpc || !beaconApi) throw new Error(`node ${name} needs an execution client and a consensus client`);
    this.executionRpc = executionRpc;
    this.beaconApi = beaconApi;
    this.keymanager = validator.pid.apply(() => shape.keymanager);
    this.registerOutputs({
      executionRpc: this.executionRpc,
      beaconApi: this.beaconApi,
      beaconApis: this.beaconApis,
      keymanager: this.keymanager,
    });
  }
}
