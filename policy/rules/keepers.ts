/** Who votes for the protocol's reports. */
import { commandLine, contents, services, type Service } from "../bundle.ts";
import { resourceRule, stackRule, type Finding, type PlannedResource, type Rule } from "../model.ts";
import { at, integer, isMap, ofTypes } from "../values.ts";
import { isInside, publications } from "./bundles.ts";
import { isOf } from "./governance.ts";
import { getterOf } from "./protocol.ts";

const KEEPER = "ethstake:index:HostKeeper";
const CONTRACT = "ethstake:index:Contract";
const SETTING = "ethstake:index:Setting";

/** Whether a service runs a keeper. */
function isKeeper(service: Service): boolean {
  return service.name === "keeper" || /\bkeeper[\w-]*\.mjs\b/.test(commandLine(service));
}

/** An account that a keeper signs with, as its settings have it. */
interface HeldAccount {
  readonly resource: PlannedResource;
  readonly property: string;
  /** The component that the settings belong to. */
  readonly keeper: string;
  /** Name of its key's file, or its address. */
  readonly account: string;
}

/** Every account of every keeper's settings. */
function* heldAccounts(resources: readonly PlannedResource[]): Generator<HeldAccount> {
  for (const resource of resources)
    for (const { property, text } of contents(resource)) {
      const settings = keeperSettings(text);
      for (const sender of Object.values(settings ?? {})) {
        const [keyFile, address] = [at(sender, "keyFile"), at(sender, "address")];
        const account = typeof keyFile === "string" ? keyFile.slice(keyFile.lastIndexOf("/") + 1) : address;
        if (typeof account !== "string") continue;
        yield { resource, property, keeper: resource.parent ?? resource.urn, account: account.toLowerCase() };
      }
    }
}

/** The accounts of a keeper's settings; undefined for any other text. */
function keeperSettings(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{") || !text.includes('"beaconApi"')) return undefined;
  try {
    const accounts = at(JSON.parse(text) as unknown, "accounts");
    return isMap(accounts) && accounts["member"] !== undefined ? accounts : undefined;
  } catch {
    return undefined;
  }
}

/** Votes that the stack's oracle takes; undefined where it is another stack's, or not known yet. */
function quorumOf(resources: readonly PlannedResource[]): number | undefined {
  const oracle = ofTypes(resources, CONTRACT).find(({ name }) => name === "ReportConsensus");
  if (!oracle) return undefined;
  const settings = ofTypes(resources, SETTING).filter((setting) => isOf(setting, oracle));
  const least = settings.find((setting) => getterOf(setting) === "minimumQuorum");
  const votes = integer(least?.props["value"]);
  if (votes === undefined) return undefined;
  const members = settings.filter((setting) => getterOf(setting) === "isMember" && setting.props["value"] === true);
  return Math.max(Number(votes), Math.floor(members.length / 2) + 1);
}

export const KEEPER_RULES: readonly Rule[] = [
  stackRule({
    name: "keepers-make-quorum",
    description:
      "A stack with keepers has as many as its oracle's quorum, or the other members run theirs: fewer report nothing.",
    severity: "advisory",
    *check(resources) {
      const keepers = ofTypes(resources, KEEPER);
      const quorum = quorumOf(resources);
      const [first] = keepers;
      if (!first || quorum === undefined || keepers.length >= quorum) return;
      yield {
        resource: first,
        property: "keepers",
        value: `${keepers.length}, with a quorum of ${quorum}`,
        fix: "See that the other members run keepers, or add some here.",
      };
    },
  }),
  resourceRule({
    name: "keeper-metrics-inside",
    description:
      "A keeper publishes its metrics on loopback or a private network only, and nothing else: they say who votes what, when.",
    severity: "mandatory",
    *check(resource) {
      for (const service of services(resource).filter(isKeeper))
        for (const [index, port] of publications(service).entries()) {
          if (isInside(port.address)) continue;
          yield {
            property: `${service.property}.ports[${index}]`,
            value: port.shown,
            fix: "Publish it on 127.0.0.1, or on the host's private address.",
          };
        }
    },
  }),
  stackRule({
    name: "keeper-accounts-unique",
    description: "An account belongs to one keeper: a member has one vote, and two would take each other's nonces.",
    severity: "mandatory",
    *check(resources): Generator<Finding> {
      const seen = new Map<string, string>();
      for (const { resource, property, keeper, account } of heldAccounts(resources)) {
        const other = seen.get(account);
        if (other === undefined) seen.set(account, keeper);
        else if (other !== keeper)
          yield {
            resource,
            property,
            value: `${account}, which ${other.slice(other.lastIndexOf("::") + 2)} has too`,
            fix: "Give each keeper accounts of its own.",
          };
      }
    },
  }),
];
