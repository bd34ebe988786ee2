import { getAddress, keccak256, stringToHex, zeroHash, type Address, type Hex } from "viem";
import { isProxied, PROTOCOL_CONTRACTS, sourceName, type ProtocolContract } from "../components/protocol/contracts.ts";
import { parametersOf, type ProtocolParameters } from "../components/protocol/parameters.ts";
import {
  ROLE_GRANTS,
  TIMELOCKED,
  TIMELOCKS,
  type RoleHolders,
  type TimelockName,
} from "../components/protocol/roles.ts";
import { LAYOUTS, type VerifierArgs } from "../components/protocol/verifiers.ts";

/** What a stack's settings and outputs say of the protocol on the chain. */
export interface Deployment {
  readonly addresses: Readonly<Record<ProtocolContract | "DepositContract", Address>>;
  /** Timelocks with their delays in seconds, where the protocol has them. */
  readonly timelocks?: Readonly<Record<TimelockName, { readonly address: Address; readonly delaySeconds: number }>>;
  /** Deploys, and is the contracts' admin where there are no timelocks. */
  readonly admin: Address;
  readonly treasury: Address;
  readonly roles: RoleHolders<Address>;
  readonly committees: Readonly<Record<"oracle" | "reviewers" | "guardians", readonly Address[]>>;
  readonly time: { readonly genesisTime: number; readonly secondsPerSlot: number; readonly slotsPerEpoch: number };
  readonly parameters: ProtocolParameters & {
    readonly minEpochsPerFrame: number;
    readonly windowEpochs: number;
    readonly minAppealSeconds: number;
  };
  readonly verifiers: readonly VerifierArgs[];
  readonly withdrawalCredentials: Hex;
}

/** One thing that must be so on the chain. */
export type Expectation =
  | { readonly kind: "code"; readonly contract: ProtocolContract; readonly source: string; readonly proxied: boolean }
  | {
      readonly kind: "value";
      readonly contract: ProtocolContract | TimelockName;
      readonly getter: string;
      readonly type: "uint256" | "bool" | "address" | "bytes32";
      /** Integers as decimal strings, addresses with checksum. */
      readonly value: string | boolean;
    }
  | {
      /** Exactly these accounts hold the role, nobody else. */
      readonly kind: "holders";
      readonly contract: ProtocolContract | TimelockName;
      readonly role: string;
      readonly id: Hex;
      readonly holders: readonly Address[];
    }
  | {
      /** From this slot on proofs are checked by this verifier, with these generalized indices. */
      readonly kind: "verifier";
      readonly contract: "BeaconProofs";
      readonly fromSlot: number;
      readonly source: string;
      readonly indices: Readonly<Record<string, number>>;
    }
  | { readonly kind: "members"; readonly contract: ProtocolContract; readonly members: readonly Address[] };

/** Every contract, link, parameter, role and member of a protocol, as the settings want them. Pure. */
export function expectationsOf(deployment: Deployment): Expectation[] {
  const { addresses, parameters } = deployment;
  return [
    ...PROTOCOL_CONTRACTS.map(
      (contract): Expectation => ({
        kind: "code",
        contract,
        source: sourceName(contract),
        proxied: isProxied(contract),
      }),
    ),
    ...links(deployment),
    ...parametersOf(parameters).map(
      ({ contract, getter, type, value }): Expectation => ({
        kind: "value",
        contract,
        getter,
        type,
        value,
      }),
    ),
    value("RewardDistribution", "treasury", "address", getAddress(deployment.treasury)),
    value("WithdrawalVault", "withdrawalCredentials", "bytes32", deployment.withdrawalCredentials.toLowerCase()),
    ...(["StakingPool", "BeaconDeposits", "RewardDistribution", "ServiceLevel"] as const).map((contract) =>
      value(contract, "paused", "bool", false),
    ),
    ...deployment.verifiers.map(
      ({ layout, fromSlot }): Expectation => ({
        kind: "verifier",
        contract: "BeaconProofs",
        fromSlot,
        ...LAYOUTS[layout],
      }),
    ),
    ...TIMELOCKS.flatMap((name) =>
      deployment.timelocks
        ? [value(name, "getMinDelay", "uint256", String(deployment.timelocks[name].delaySeconds))]
        : [],
    ),
    ...holders(deployment, addresses),
    ...(
      [
        ["ReportConsensus", deployment.committees.oracle],
        ["LossReview", deployment.committees.reviewers],
        ["Guardians", deployment.committees.guardians],
      ] as const
    ).map(([contract, members]): Expectation => ({ kind: "members", contract, members })),
  ];
}

/** Which contract another one was built with: none of these can be set later. */
function links({ addresses, time, parameters }: Deployment): Expectation[] {
  const link = (contract: ProtocolContract, getter: string, other: keyof typeof addresses): Expectation =>
    value(contract, getter, "address", getAddress(addresses[other]));
  const clock = (contract: ProtocolContract): Expectation[] =>
    Object.entries(time).map(([getter, seconds]) => value(contract, getter, "uint256", String(seconds)));
  return [
    link("StakingPool", "operatorRegistry", "OperatorRegistry"),
    link("StakingPool", "withdrawalVault", "WithdrawalVault"),
    link("StakingPool", "executionRewardsVault", "ExecutionRewardsVault"),
    link("StakingPool", "withdrawalQueue", "WithdrawalQueue"),
    link("WithdrawalQueue", "pool", "StakingPool"),
    link("WithdrawalQueue", "guardians", "Guardians"),
    link("WithdrawalVault", "keyRegistry", "OperatorRegistry"),
    link("WithdrawalVault", "boundPool", "StakingPool"),
    link("ExecutionRewardsVault", "boundPool", "StakingPool"),
    link("OperatorRegistry", "boundPool", "StakingPool"),
    link("BeaconDeposits", "depositContract", "DepositContract"),
    link("BeaconDeposits", "pool", "StakingPool"),
    link("BeaconDeposits", "registry", "OperatorRegistry"),
    link("BeaconDeposits", "withdrawalVault", "WithdrawalVault"),
    link("BeaconDeposits", "proofs", "BeaconProofs"),
    link("BeaconDeposits", "consensus", "ReportConsensus"),
    link("RewardDistribution", "pool", "StakingPool"),
    link("RewardDistribution", "registry", "OperatorRegistry"),
    link("RewardDistribution", "coverageFund", "CoverageFund"),
    link("RewardDistribution", "consensus", "ReportConsensus"),
    link("RewardDistribution", "lossReview", "LossReview"),
    ...clock("RewardDistribution"),
    value("RewardDistribution", "minEpochsPerFrame", "uint256", String(parameters.minEpochsPerFrame)),
    link("ServiceLevel", "registry", "OperatorRegistry"),
    link("ServiceLevel", "coverageFund", "CoverageFund"),
    link("ServiceLevel", "consensus", "ReportConsensus"),
    link("ServiceLevel", "proofs", "BeaconProofs"),
    link("ServiceLevel", "withdrawalVault", "WithdrawalVault"),
    ...clock("ServiceLevel"),
    value("ServiceLevel", "windowEpochs", "uint256", String(parameters.windowEpochs)),
    value("ServiceLevel", "minAppealWindow", "uint256", String(parameters.minAppealSeconds)),
  ];
}

/** The accounts that hold each role, the admin's included. */
function holders({ roles, admin, timelocks }: Deployment, addresses: Deployment["addresses"]): Expectation[] {
  const admins = PROTOCOL_CONTRACTS.filter(isProxied).map(
    (contract): Expectation => ({
      kind: "holders",
      contract,
      role: "DEFAULT_ADMIN_ROLE",
      id: zeroHash,
      holders: [getAddress(timelocks ? timelocks.UpgradeTimelock.address : admin)],
    }),
  );
  const granted = new Map<string, Extract<Expectation, { kind: "holders" }>>();
  for (const { contract, role, id, holder } of ROLE_GRANTS) {
    const timelock = TIMELOCKED[holder as keyof RoleHolders<unknown>];
    const account = getAddress(
      holder in addresses
        ? addresses[holder as ProtocolContract]
        : timelocks && timelock
          ? timelocks[timelock].address
          : roles[holder as keyof RoleHolders<unknown>],
    );
    const key = `${contract}.${role}`;
    granted.set(key, {
      kind: "holders",
      contract,
      role,
      id,
      holders: [...(granted.get(key)?.holders ?? []), account],
    });
  }
  return [...admins, ...granted.values(), ...timelockHolders(timelocks, admin, roles.pauser)];
}

/** Who proposes to, executes and cancels in the timelocks, and that each is its own only admin. */
function timelockHolders(timelocks: Deployment["timelocks"], proposer: Address, guardian: Address): Expectation[] {
  if (!timelocks) return [];
  return TIMELOCKS.flatMap((contract) => {
    const held = (role: string, holders: readonly Address[]): Expectation => ({
      kind: "holders",
      contract,
      role,
      id: role === "DEFAULT_ADMIN_ROLE" ? zeroHash : keccak256(stringToHex(role)),
      holders: holders.map((holder) => getAddress(holder)),
    });
    return [
      held("DEFAULT_ADMIN_ROLE", [timelocks[contract].address]),
      held("PROPOSER_ROLE", [proposer]),
      held("EXECUTOR_ROLE", [proposer]),
      held("CANCELLER_ROLE", [proposer, guardian]),
    ];
  });
}

function value(
  contract: ProtocolContract | TimelockName,
  getter: string,
  type: Extract<Expectation, { kind: "value" }>["type"],
  wanted: string | boolean,
): Expectation {
  return { kind: "value", contract, getter, type, value: wanted };
}
