import type { CustomResourceOptions, Input, Output, Resource } from "@pulumi/pulumi";
import { keccak256, stringToHex, zeroHash, type Hex } from "viem";
import { Contract, Setting, type SettingArgs } from "../../provider/sdk/index.ts";
import type { GovernanceArgs, ProtocolArgs, Scope, TimelockAddresses } from "./args.ts";
import { builtArtifact } from "./artifacts.ts";
import { isProxied, PROTOCOL_CONTRACTS, type ProtocolContract } from "./contracts.ts";
import { ROLE_GRANTS, TIMELOCKED, TIMELOCKS, type RoleHolders, type TimelockName } from "./roles.ts";

/** TimelockController's role that may cancel what waits. */
const CANCELLER_ROLE = keccak256(stringToHex("CANCELLER_ROLE"));
/** Names of the roles' hashes. */
const NAME_OF_ROLE: Readonly<Record<Hex, string>> = {
  ...Object.fromEntries(ROLE_GRANTS.map(({ role, id }) => [id, role])),
  [CANCELLER_ROLE]: "CANCELLER_ROLE",
};

/** Roles that the deploying account takes at the first set-up and gives up at its end. */
const SETUP_ROLES = new Set(["PARAMETER_ROLE", "MEMBERSHIP_ROLE", "UPGRADER_ROLE", "VERIFIER_ROLE"]);

/**
 * Two timelocks that the admin's account proposes to and executes: one for upgrades and grants, one for operations. The guardian may
 * cancel what waits in them.
 */
export function deployTimelocks(
  args: ProtocolArgs,
  { upgradeDelaySeconds, operationsDelaySeconds }: GovernanceArgs,
  child: CustomResourceOptions,
): TimelockAddresses {
  const timelock = (name: TimelockName, delay: number): Output<string> =>
    new Contract(
      name,
      {
        chain: args.chain,
        sender: args.admin.sender,
        artifact: builtArtifact("TimelockController.sol", "TimelockController"),
        // Proposers, executors, and an admin until the hand-over; then the timelock is its own.
        constructorArgs: [String(delay), [args.admin.address], [args.admin.address], args.admin.address],
        salt: keccak256(stringToHex(name)),
      },
      child,
    ).address;
  return {
    UpgradeTimelock: timelock("UpgradeTimelock", upgradeDelaySeconds),
    OperationsTimelock: timelock("OperationsTimelock", operationsDelaySeconds),
  };
}

/** How the admin's calls are made: by its account, and after the hand-over by the timelock for upgrades. */
export function adminAuthority({ args, timelocks }: Scope): Pick<SettingArgs, "chain" | "sender" | "timelock"> {
  return {
    chain: args.chain,
    sender: args.admin.sender,
    ...(timelocks ? { timelock: timelocks.UpgradeTimelock } : {}),
  };
}

/** How calls of a role are made: by its holder, or through the timelock that holds the role. */
export function roleAuthority(
  { args, timelocks }: Scope,
  role: string,
  holder: keyof RoleHolders<unknown>,
): Pick<SettingArgs, "chain" | "sender" | "timelock" | "role"> {
  const timelock = TIMELOCKED[holder];
  return timelocks && timelock
    ? { chain: args.chain, sender: args.admin.sender, timelock: timelocks[timelock], role }
    : { chain: args.chain, sender: args.roles[holder].sender };
}

/**
 * The end of a first set-up: the timelock becomes the admin of every contract, and the deploying account gives up what it took to set
 * parameters and members, and then the admin's role itself. From then on nothing changes without the timelocks' delays.
 */
export function handOver(
  scope: Scope,
  timelocks: TimelockAddresses,
  options: CustomResourceOptions,
): readonly Resource[] {
  const { args, addresses } = scope;
  const proxied = PROTOCOL_CONTRACTS.filter(isProxied);
  const hasRole = (
    contract: ProtocolContract | TimelockName,
    id: Hex,
    account: Input<string>,
    held: boolean,
    after: Resource[],
  ) =>
    new Setting(
      `${contract}-${id === zeroHash ? "admin" : (NAME_OF_ROLE[id] ?? id)}${held ? "" : "-given-up"}`,
      {
        chain: args.chain,
        sender: args.admin.sender,
        target: { ...addresses, ...timelocks }[contract],
        read: { signature: "function hasRole(bytes32 role, address account) view returns (bool)", args: [id, account] },
        write: held
          ? { signature: "function grantRole(bytes32 role, address account)", args: [id, account] }
          : { signature: "function renounceRole(bytes32 role, address account)", args: [id, account] },
        value: held,
      },
      after.length > 0 ? { ...options, dependsOn: after } : options,
    );
  const taken = ROLE_GRANTS.filter(({ role }) => SETUP_ROLES.has(role)).map(({ contract, id }) =>
    hasRole(contract, id, args.admin.address, false, []),
  );
  const cancellers = TIMELOCKS.map((timelock) => {
    const canceller = hasRole(timelock, CANCELLER_ROLE, args.roles.pauser.address, true, []);
    return hasRole(timelock, zeroHash, args.admin.address, false, [canceller]);
  });
  return proxied.map((contract) => {
    const admin = hasRole(contract, zeroHash, timelocks.UpgradeTimelock, true, []);
    return hasRole(contract, zeroHash, args.admin.address, false, [admin, ...taken, ...cancellers]);
  });
}
