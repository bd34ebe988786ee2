import { join } from "node:path";
import { all, ComponentResource, output, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { Process, type SenderArgs } from "../../provider/sdk/index.ts";
import type { KeeperSettings } from "../../services/keeper/runtime/settings.ts";
import { keeperProgram } from "./program.ts";
import type { KeeperOptions } from "./spec.ts";

export { HostKeeper, type HostKeeperArgs } from "./host-keeper.ts";
export { keeperTarget } from "./bundle.ts";
export { KeeperInvalidError, KeeperKeyError } from "./errors.ts";
export { keeperFaults } from "./faults.ts";
export { privateKeyOf } from "./scripts.ts";
export * from "./spec.ts";

const SETTINGS_FILE = "keeper.json";

export interface LocalKeeperArgs {
  readonly name: string;
  /** Folder of the network's files. */
  readonly directory: string;
  readonly chainId: number;
  readonly executionRpc: Input<string>;
  readonly beaconApi: Input<string>;
  /** Addresses by name. */
  readonly contracts: Input<Readonly<Record<string, string>>>;
  /** Who signs: `member`, and the holders of roles that this keeper has. */
  readonly accounts: Readonly<Partial<Record<keyof KeeperSettings["accounts"], SenderArgs>>>;
  /** Port of metrics and health, on loopback. */
  readonly port: number;
  readonly options: KeeperOptions;
  /** Identifies the network: another genesis restarts it. */
  readonly genesisBlockHash: Input<string>;
}

/** A keeper as a process of this machine: for devnets. */
export class LocalKeeper extends ComponentResource {
  /** Metrics and health. */
  readonly url: Output<string>;

  constructor(name: string, args: LocalKeeperArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:LocalKeeper", name, {}, options);
    const settings = all([args.executionRpc, args.beaconApi, args.contracts, output(args.accounts)]).apply(
      ([executionRpc, beaconApi, contracts, accounts]) =>
        JSON.stringify({
          ...args.options,
          name: args.name,
          chainId: args.chainId,
          executionRpc,
          beaconApi,
          contracts,
          accounts,
          listen: { address: "127.0.0.1", port: args.port },
        }),
    );
    const url = `http://127.0.0.1:${args.port}`;
    const process = new Process(
      args.name,
      {
        name: args.name,
        directory: args.directory,
        command: "node",
        args: [
          output(keeperProgram()).apply(({ file }) => file),
          "--settings",
          join(args.directory, "processes", args.name, "files", SETTINGS_FILE),
        ],
        files: { [SETTINGS_FILE]: settings },
        ports: { [`keepers.${args.name}.port`]: args.port },
        readiness: { url: `${url}/health`, kind: "http", timeoutSeconds: 60 },
        stopGraceSeconds: 20,
        triggers: [args.genesisBlockHash],
      },
      { parent: this },
    );
    this.url = process.pid.apply(() => url);
    this.registerOutputs({ url: this.url });
  }
}

/** Settings that hold on a devnet: its only beacon node forgets states before they are final. */
export const DEVNET_KEEPER: KeeperOptions = { settled: 2 };
