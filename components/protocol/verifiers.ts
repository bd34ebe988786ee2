import type { CustomResourceOptions, Output } from "@pulumi/pulumi";
import { Contract, Setting } from "../../provider/sdk/index.ts";
import type { Scope } from "./args.ts";
import { artifactPath, builtArtifact } from "./artifacts.ts";
import { roleAuthority } from "./governance.ts";

/** Layouts of the beacon state that there are verifiers for. Fulu has Electra's. */
export type StateLayout = "electra" | "gloas";

/** From which slot on proofs are checked against which layout. */
export interface VerifierArgs {
  readonly layout: StateLayout;
  readonly fromSlot: number;
}

/** SLOTS_PER_HISTORICAL_ROOT (phase0/beacon-chain.md, State list lengths). */
const SLOTS_PER_HISTORICAL_ROOT = 8_192;

/**
 * Generalized indices of BeaconState's fields (ssz/merkle-proofs.md; fields in electra/beacon-chain.md and gloas/beacon-chain.md), as
 * getPathInfo of the consensus types gives them and contracts/test/fixtures records them.
 */
export const LAYOUTS: Readonly<
  Record<StateLayout, { readonly source: string; readonly indices: Readonly<Record<string, number>> }>
> = {
  electra: {
    source: "BeaconVerifier",
    indices: { validators: 75, previousEpochParticipation: 79, stateRoots: 70, finalizedEpoch: 168 },
  },
  gloas: {
    source: "GloasBeaconVerifier",
    indices: { validators: 358, previousEpochParticipation: 362, stateRoots: 353, finalizedEpoch: 734 },
  },
};

/** The verifiers of beacon-state proofs, each deployed and set for its slots. */
export function verifierSettings(
  scope: Scope,
  verifiers: readonly VerifierArgs[],
  options: CustomResourceOptions,
): Setting[] {
  const { args, addresses } = scope;
  let previous: Setting[] = [];
  return verifiers.map(({ layout, fromSlot }) => {
    const { source, indices } = LAYOUTS[layout];
    const { minEpochsPerFrame: _, ...clock } = args.time;
    const verifier: Output<string> = new Contract(
      `${source}-${fromSlot}`,
      {
        chain: args.chain,
        sender: args.admin.sender,
        artifact: builtArtifact(`${source}.sol`, source),
        constructorArgs: [{ fromSlot, ...clock, slotsPerHistoricalRoot: SLOTS_PER_HISTORICAL_ROOT, ...indices }],
      },
      options,
    ).address;
    const setting = new Setting(
      `BeaconProofs-verifier-${fromSlot}`,
      {
        ...roleAuthority(scope, "VERIFIER_ROLE", "upgrader"),
        target: addresses.BeaconProofs,
        read: { signature: "function verifierFrom(uint64 fromSlot) view returns (address)", args: [fromSlot] },
        write: {
          signature: "function setVerifier(uint64 fromSlot, address verifier)",
          args: [fromSlot, { placeholder: "value" }],
        },
        value: verifier,
        artifact: artifactPath("BeaconProofs.sol", "BeaconProofs"),
      },
      // They can only be appended in the order of their slots.
      { ...options, dependsOn: [...[options.dependsOn ?? []].flat(), ...previous] as Setting[] },
    );
    previous = [setting];
    return setting;
  });
}
