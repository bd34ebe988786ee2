import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import { Setting } from "../../provider/sdk/index.ts";
import type { Scope } from "./args.ts";
import { artifactPath } from "./artifacts.ts";
import { sourceName, type ProtocolContract } from "./contracts.ts";
import { adminAuthority, roleAuthority } from "./governance.ts";
import type { Parameter } from "./parameters.ts";
import { TIMELOCKED, type RoleGrant, type RoleHolders } from "./roles.ts";

/** One role of one account. */
export function roleSetting(
  scope: Scope,
  { contract, role, id, holder }: RoleGrant,
  options: CustomResourceOptions,
): Setting {
  const { args, addresses, timelocks } = scope;
  const timelock = TIMELOCKED[holder as keyof RoleHolders<unknown>];
  const account: Input<string> =
    holder in addresses
      ? addresses[holder as ProtocolContract]
      : timelocks && timelock
        ? timelocks[timelock]
        : args.roles[holder as keyof RoleHolders<unknown>].address;
  const source = sourceName(contract);
  return new Setting(
    `${contract}-${role}`,
    {
      ...adminAuthority(scope),
      target: addresses[contract],
      read: {
        signature: "function hasRole(bytes32 role, address account) view returns (bool)",
        args: [id, account],
      },
      write: { signature: "function grantRole(bytes32 role, address account)", args: [id, account] },
      undo: { signature: "function revokeRole(bytes32 role, address account)", args: [id, account] },
      value: true,
      artifact: artifactPath(`${source}.sol`, source),
    },
    options,
  );
}

/** Members of the committees. */
export function memberSettings(
  scope: Scope,
  options: (committee: ProtocolContract) => CustomResourceOptions,
): Setting[] {
  const { oracle, reviewers, guardians } = scope.args.committees;
  const committees: [ProtocolContract, "membership" | "oversight", readonly Input<string>[]][] = [
    ["ReportConsensus", "membership", oracle],
    ["LossReview", "oversight", reviewers],
    ["Guardians", "oversight", guardians],
  ];
  return committees.flatMap(([committee, holder, members]) =>
    members.map(
      (member, index) =>
        new Setting(
          `${committee}-member-${index + 1}`,
          {
            ...roleAuthority(scope, "MEMBERSHIP_ROLE", holder),
            target: scope.addresses[committee],
            read: { signature: "function isMember(address account) view returns (bool)", args: [member] },
            write: { signature: "function addMember(address member)", args: [member] },
            undo: { signature: "function removeMember(address member)", args: [member] },
            value: true,
            artifact: artifactPath("ReportConsensus.sol", "ReportConsensus"),
          },
          options(committee),
        ),
    ),
  );
}

/** A parameter, or another value that has a getter and a setter. */
type SettableParameter = Pick<Parameter, "contract" | "getter" | "setter" | "role" | "holder"> & {
  readonly type: Parameter["type"] | "address";
  readonly value: Input<string | boolean>;
};

/** One parameter. */
export function parameterSetting(
  scope: Scope,
  { contract, getter, setter, type, value, role, holder }: SettableParameter,
  options: CustomResourceOptions,
): Setting {
  const source = sourceName(contract);
  return new Setting(
    `${contract}-${getter}`,
    {
      ...roleAuthority(scope, role, holder),
      target: scope.addresses[contract],
      read: { signature: `function ${getter}() view returns (${type})` },
      write: { signature: `function ${setter}(${type})`, args: [{ placeholder: "value" }] },
      value,
      artifact: artifactPath(`${source}.sol`, source),
    },
    options,
  );
}
