/** What resources say about themselves. */
import { resourceRule, type Rule } from "../model.ts";
import { labels, labelsUnknown } from "../values.ts";
import { SERVERS, VOLUMES } from "./machines.ts";

/** The label by which a volume says how it is backed up: a schedule's name, or `none`. */
export const BACKUP_LABEL = "ethstake-backup";

const LABELLED: readonly string[] = [
  ...SERVERS,
  ...VOLUMES,
  "aws:ec2/vpc:Vpc",
  "aws:ec2/eip:Eip",
  "aws:ec2/securityGroup:SecurityGroup",
  "hcloud:index/firewall:Firewall",
  "hcloud:index/primaryIp:PrimaryIp",
];

export const LABEL_RULES: readonly Rule[] = [
  resourceRule({
    name: "labels-present",
    description:
      "Machines, volumes, addresses and firewalls carry a label of ethstake: costs and strays can be told apart.",
    severity: "advisory",
    *check(resource) {
      if (!LABELLED.includes(resource.type) || labelsUnknown(resource)) return;
      if ([...labels(resource).keys()].some((key) => key.startsWith("ethstake"))) return;
      const property = resource.type.startsWith("hcloud:") ? "labels" : "tags";
      yield { property, value: resource.props[property], fix: "Add ethstake-stack with the stack's name." };
    },
  }),
  resourceRule({
    name: "backup-decided",
    description: "A data volume says how its slashing protection is backed up, or that it is not.",
    severity: "advisory",
    *check(resource) {
      if (!(VOLUMES as readonly string[]).includes(resource.type) || labelsUnknown(resource)) return;
      const value = labels(resource).get(BACKUP_LABEL);
      if (value !== undefined && value !== "") return;
      const property = resource.type.startsWith("hcloud:") ? "labels" : "tags";
      yield { property, value, fix: `Label it ${BACKUP_LABEL} with the backup's name, or with none.` };
    },
  }),
];
