/** Who can change the contracts, how fast, and by how many votes. */
import { resourceRule, stackRule, type PlannedResource, type Rule } from "../model.ts";
import { at, dependsOn, integer, ofTypes, present, sameHex } from "../values.ts";
import { addressOf, getterOf } from "./protocol.ts";

const CONTRACT = "ethstake:index:Contract";
const SETTING = "ethstake:index:Setting";
const DAY = 86_400n;
/** Seconds that a timelock on mainnet waits at least: upgrades longer, for everybody must be able to leave before one. */
const UPGRADE_DELAY = 7n * DAY;
const OPERATIONS_DELAY = DAY;
const DEFAULT_ADMIN_ROLE = `0x${"00".repeat(32)}`;

function isTimelock({ type, props }: PlannedResource): boolean {
  const artifact = props["artifact"];
  return type === CONTRACT && typeof artifact === "string" && artifact.endsWith("/TimelockController.json");
}

/** Whether a setting is one of a contract. */
export function isOf(setting: PlannedResource, contract: PlannedResource): boolean {
  const [target, address] = [setting.props["target"], addressOf(contract)];
  if (typeof target === "string" && address !== undefined) return sameHex(target, address);
  return dependsOn(setting, "target", contract);
}

/** Whether two settings are of the same contract. */
function sameTarget(left: PlannedResource, right: PlannedResource): boolean {
  const targets = [left.props["target"], right.props["target"]];
  const [one, other] = targets;
  if (typeof one === "string" && typeof other === "string") return sameHex(one, other);
  const origin = ({ propertyDependencies }: PlannedResource): string =>
    (propertyDependencies["target"] ?? []).toSorted().join(" ");
  return origin(left) !== "" && origin(left) === origin(right);
}

/** Whether a setting takes the admin's role from the account that set everything up. */
function givesUpAdmin({ props }: PlannedResource): boolean {
  const signature = at(props, "write", "signature");
  return (
    typeof signature === "string" &&
    signature.startsWith("function renounceRole(") &&
    at(props, "write", "args", 0) === DEFAULT_ADMIN_ROLE &&
    props["value"] === false
  );
}

export const GOVERNANCE_RULES: readonly Rule[] = [
  resourceRule({
    name: "timelock-delays",
    description: "On mainnet upgrades wait 7 days and other changes one: stakers see what comes before it does.",
    severity: "mandatory",
    *check(resource, { network }) {
      if (network !== "mainnet" || !isTimelock(resource)) return;
      const value = at(resource.props, "constructorArgs", 0);
      const delay = integer(value);
      const least = resource.name === "OperationsTimelock" ? OPERATIONS_DELAY : UPGRADE_DELAY;
      if (delay === undefined || delay >= least) return;
      yield { property: "constructorArgs[0]", value, fix: `Set at least ${least} seconds.` };
    },
  }),
  stackRule({
    name: "admin-behind-timelock",
    description: "On mainnet no single key is the contracts' admin: upgrades and grants go through a timelock.",
    severity: "mandatory",
    *check(resources, { network }) {
      if (network !== "mainnet") return;
      const renounced = ofTypes(resources, SETTING).filter(givesUpAdmin);
      for (const contract of ofTypes(resources, CONTRACT)) {
        if (isTimelock(contract) || contract.props["proxy"] === undefined) continue;
        if (!present(contract.props["timelock"])) {
          yield {
            resource: contract,
            property: "timelock",
            value: undefined,
            fix: "Turn on the protocol's governance in the settings.",
          };
        } else if (!renounced.some((setting) => isOf(setting, contract))) {
          yield {
            resource: contract,
            property: "admin",
            value: "the deploying account",
            fix: "Let the deploying account renounce DEFAULT_ADMIN_ROLE once the timelock has it.",
          };
        }
      }
    },
  }),
  stackRule({
    name: "quorum-is-majority",
    description: "A committee decides by more than half of its members: two halves must not decide against each other.",
    severity: "mandatory",
    *check(resources) {
      const settings = ofTypes(resources, SETTING);
      const members = settings.filter((setting) => getterOf(setting) === "isMember" && setting.props["value"] === true);
      for (const quorum of settings.filter((setting) => getterOf(setting) === "minimumQuorum")) {
        const votes = integer(quorum.props["value"]);
        const count = members.filter((member) => sameTarget(member, quorum)).length;
        if (votes === undefined || count === 0 || votes * 2n > BigInt(count)) continue;
        yield {
          resource: quorum,
          property: "value",
          value: `${votes} of ${count} members`,
          fix: `Set at least ${Math.floor(count / 2) + 1}.`,
        };
      }
    },
  }),
];
