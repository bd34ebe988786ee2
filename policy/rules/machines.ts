/** Servers and volumes: what they need before keys may live on them. */
import { resourceRule, stackRule, UNKNOWN, type Finding, type PlannedResource, type Rule } from "../model.ts";
import { at, dependsOn, list, ofTypes, present } from "../values.ts";
import { labels, labelsUnknown } from "../values.ts";

/** Types that are a host's server. */
export const SERVERS = [
  "aws:ec2/instance:Instance",
  "hcloud:index/server:Server",
  "digitalocean:index/droplet:Droplet",
] as const;
/** Types that are a host's data volume. */
export const VOLUMES = [
  "aws:ebs/volume:Volume",
  "hcloud:index/volume:Volume",
  "digitalocean:index/volume:Volume",
] as const;

/** The label by which a host says whether validator keys live on it. */
export const VALIDATORS_LABEL = "ethstake-validators";

/** Property of each server that the provider's own protection is in. */
const PROVIDER_PROTECTION: Readonly<Record<string, string>> = {
  "aws:ec2/instance:Instance": "disableApiTermination",
  "hcloud:index/server:Server": "deleteProtection",
  "hcloud:index/volume:Volume": "deleteProtection",
};

function isOneOf(type: string, types: readonly string[]): boolean {
  return types.includes(type);
}

/** Whether keys may live on a server or volume: always, unless its host says otherwise. */
function mayHoldKeys(resource: PlannedResource): boolean {
  return !labelsUnknown(resource) && labels(resource).get(VALIDATORS_LABEL) !== "false";
}

/** Resources whose property is made of a server's output, by the server's type. */
const ADDRESS_LINKS: Readonly<Record<string, readonly (readonly [type: string, property: string])[]>> = {
  "aws:ec2/instance:Instance": [
    ["aws:ec2/eip:Eip", "instance"],
    ["aws:ec2/eipAssociation:EipAssociation", "instanceId"],
  ],
  "hcloud:index/server:Server": [["hcloud:index/primaryIp:PrimaryIp", "assigneeId"]],
  "digitalocean:index/droplet:Droplet": [
    ["digitalocean:index/reservedIp:ReservedIp", "dropletId"],
    ["digitalocean:index/reservedIpAssignment:ReservedIpAssignment", "dropletId"],
  ],
};
const VOLUME_LINKS: Readonly<Record<string, readonly (readonly [type: string, property: string])[]>> = {
  "aws:ec2/instance:Instance": [["aws:ec2/volumeAttachment:VolumeAttachment", "instanceId"]],
  "hcloud:index/server:Server": [
    ["hcloud:index/volumeAttachment:VolumeAttachment", "serverId"],
    ["hcloud:index/volume:Volume", "serverId"],
  ],
  "digitalocean:index/droplet:Droplet": [["digitalocean:index/volumeAttachment:VolumeAttachment", "dropletId"]],
};

function isLinked(
  server: PlannedResource,
  resources: readonly PlannedResource[],
  links: typeof ADDRESS_LINKS,
): boolean {
  const wanted = links[server.type] ?? [];
  return resources.some((other) =>
    wanted.some(([type, property]) => other.type === type && dependsOn(other, property, server)),
  );
}

function hasFixedAddress(server: PlannedResource, resources: readonly PlannedResource[]): boolean {
  // A primary address that is given to the server by number, rather than the other way round.
  const nets = server.props["publicNets"];
  if (server.type === SERVERS[1] && (nets === UNKNOWN || list(nets).some((net) => present(at(net, "ipv4")))))
    return true;
  return isLinked(server, resources, ADDRESS_LINKS) || cardHasFixedAddress(server, resources);
}

/** An address that is on the network card with which an EC2 instance is made. */
function cardHasFixedAddress(server: PlannedResource, resources: readonly PlannedResource[]): boolean {
  return ofTypes(resources, "aws:ec2/networkInterface:NetworkInterface").some(
    (card) =>
      (dependsOn(server, "primaryNetworkInterface", card) || dependsOn(server, "networkInterfaces", card)) &&
      resources.some(
        (other) =>
          (other.type === "aws:ec2/eipAssociation:EipAssociation" && dependsOn(other, "networkInterfaceId", card)) ||
          (other.type === "aws:ec2/eip:Eip" && dependsOn(other, "networkInterface", card)),
      ),
  );
}

/** Where a machine is, as `provider region`; undefined when it is not known. */
function placeOf(server: PlannedResource): string | undefined {
  const { type, props, provider } = server;
  const [package_ = ""] = type.split(":");
  const zone = props["availabilityZone"];
  const place =
    package_ === "aws"
      ? (props["region"] ?? at(provider, "region") ?? (typeof zone === "string" ? zone.replace(/[a-z]$/, "") : zone))
      : (props["location"] ?? props["region"]);
  return typeof place === "string" ? `${package_} ${place}` : undefined;
}

export const MACHINE_RULES: readonly Rule[] = [
  resourceRule({
    name: "disks-encrypted",
    description: "Root disks and data volumes at AWS are encrypted: snapshots and discarded disks hold keys.",
    severity: "mandatory",
    *check({ type, props }) {
      const fix = "Set it to true.";
      const plain = (value: unknown): boolean => value !== true && value !== UNKNOWN;
      if (type === "aws:ebs/volume:Volume" && plain(props["encrypted"])) {
        yield { property: "encrypted", value: props["encrypted"], fix };
      }
      if (type !== SERVERS[0]) return;
      const root = at(props, "rootBlockDevice", "encrypted");
      if (plain(root)) yield { property: "rootBlockDevice.encrypted", value: root, fix };
      for (const [index, device] of list(props["ebsBlockDevices"]).entries()) {
        const value = at(device, "encrypted");
        if (plain(value)) yield { property: `ebsBlockDevices[${index}].encrypted`, value, fix };
      }
    },
  }),
  resourceRule({
    name: "imdsv2-required",
    description:
      "AWS' metadata service answers only with a token (IMDSv2): anything that fetches a URL could ask it for credentials.",
    severity: "mandatory",
    *check({ type, props }) {
      if (type !== SERVERS[0] && type !== "aws:ec2/launchTemplate:LaunchTemplate") return;
      if (at(props, "metadataOptions", "httpEndpoint") === "disabled") return;
      const value = at(props, "metadataOptions", "httpTokens");
      if (value === "required" || value === UNKNOWN) return;
      yield { property: "metadataOptions.httpTokens", value, fix: "Set it to required." };
    },
  }),
  resourceRule({
    name: "no-default-vpc",
    description:
      "Hosts at AWS are in a VPC of their own: the default one is open by default and shared with everything else.",
    severity: "mandatory",
    *check({ type, props }) {
      if (/^aws:ec2\/default(Vpc|Subnet|SecurityGroup|NetworkAcl|RouteTable):/.test(type)) {
        yield { property: "type", value: type, fix: "Use a VPC that the stack makes." };
      }
      const interfaces = present(props["networkInterfaces"]) || present(props["primaryNetworkInterface"]);
      if (type === SERVERS[0] && !present(props["subnetId"]) && !interfaces) {
        yield { property: "subnetId", value: props["subnetId"], fix: "Name a subnet of the stack's VPC." };
      }
      if (type === SERVERS[0] && !present(props["vpcSecurityGroupIds"]) && !interfaces) {
        yield {
          property: "vpcSecurityGroupIds",
          value: props["vpcSecurityGroupIds"],
          fix: "Name the host's security group.",
        };
      }
      if (type === "aws:ec2/securityGroup:SecurityGroup" && !present(props["vpcId"])) {
        yield { property: "vpcId", value: props["vpcId"], fix: "Name the stack's VPC." };
      }
    },
  }),
  resourceRule({
    name: "hosts-protected",
    description:
      "Servers and data volumes that may hold validator keys are protected: replacing one by mistake loses the slashing protection.",
    severity: "mandatory",
    *check(resource) {
      if (!isOneOf(resource.type, [...SERVERS, ...VOLUMES]) || resource.protect || !mayHoldKeys(resource)) return;
      yield {
        property: "protect",
        value: false,
        fix: `Set the option protect, or label it ${VALIDATORS_LABEL}=false when no keys live there.`,
      };
    },
  }),
  resourceRule({
    name: "provider-delete-protection",
    description:
      "The provider itself refuses to delete machines and volumes that may hold keys, also from its console.",
    severity: "advisory",
    *check(resource) {
      const property = Object.hasOwn(PROVIDER_PROTECTION, resource.type)
        ? PROVIDER_PROTECTION[resource.type]
        : undefined;
      if (property === undefined || !mayHoldKeys(resource)) return;
      const value = resource.props[property];
      if (value !== true && value !== UNKNOWN) yield { property, value, fix: "Set it to true." };
    },
  }),
  stackRule({
    name: "fixed-address",
    description:
      "A host has an Elastic, primary or reserved address: peers and operators find it again after a rebuild.",
    severity: "mandatory",
    *check(resources) {
      for (const server of ofTypes(resources, ...SERVERS)) {
        if (hasFixedAddress(server, resources)) continue;
        const property = server.type === SERVERS[1] ? "publicNets" : "id";
        yield { resource: server, property, value: undefined, fix: "Give it an address that outlives it." };
      }
    },
  }),
  stackRule({
    name: "data-on-volume",
    description: "Chain data, secrets and slashing protection are on a volume of their own, which outlives the server.",
    severity: "mandatory",
    *check(resources) {
      for (const server of ofTypes(resources, ...SERVERS)) {
        if (isLinked(server, resources, VOLUME_LINKS) || present(server.props["volumeIds"])) continue;
        yield { resource: server, property: "id", value: undefined, fix: "Attach a data volume to it." };
      }
    },
  }),
  stackRule({
    name: "hosts-spread",
    description:
      "Hosts are in more than one region or with more than one provider: one outage must not take every validator.",
    severity: "advisory",
    *check(resources, { network }) {
      const servers = ofTypes(resources, ...SERVERS).filter(mayHoldKeys);
      const [first] = servers;
      const places = new Set(servers.map(placeOf));
      const [place] = places;
      if (network === "devnet" || !first || servers.length < 2 || places.size > 1 || place === undefined) return;
      const finding: Finding = {
        resource: first,
        property: first.type === SERVERS[1] ? "location" : "region",
        value: `${place} for all ${servers.length} hosts`,
        fix: "Put some of the hosts into another region, or with another provider.",
      };
      yield finding;
    },
  }),
];
