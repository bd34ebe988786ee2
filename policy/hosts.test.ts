/** Whole hosts in the first preview, when hardly anything is known: the rules must let the product through. */
import { describe, expect, it } from "vitest";
import { checkPolicies } from "./check.ts";
import { UNKNOWN, type PlannedResource } from "./model.ts";
import { COMMAND, DROPLET, INSTANCE, resource, SERVER, urnOf } from "./testing/resources.ts";

const WORLD = ["0.0.0.0/0", "::/0"];
const ALLOWED = ["198.51.100.7/32"];
const from = (property: string, type: string, name: string) => ({
  propertyDependencies: { [property]: [urnOf(type, name)] },
});
const boot = resource(COMMAND, "boot", { connection: UNKNOWN, create: "cloud-init status --wait" });

function aws(): PlannedResource[] {
  const provider = { region: "eu-central-1" };
  const tags = { Name: "a", "ethstake:host": "a", "ethstake:backup": "daily" };
  const open = { protocol: "tcp", fromPort: 30303, toPort: 30303, description: "node-1 execution p2p" };
  const ssh = { protocol: "tcp", fromPort: 22, toPort: 22, description: "ssh", cidrBlocks: ALLOWED };
  return [
    resource("aws:ec2/vpc:Vpc", "vpc", { cidrBlock: "10.0.0.0/16", tags }),
    resource("aws:ec2/securityGroup:SecurityGroup", "sg", {
      vpcId: UNKNOWN,
      tags,
      ingress: [ssh, { ...open, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
    }),
    resource("aws:ebs/volume:Volume", "data", { encrypted: true, tags }, { protect: true, provider }),
    resource(
      INSTANCE,
      "a",
      {
        subnetId: UNKNOWN,
        vpcSecurityGroupIds: [UNKNOWN],
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required" },
        rootBlockDevice: { encrypted: true },
        userData: UNKNOWN,
        disableApiTermination: true,
        tags,
      },
      { protect: true, provider },
    ),
    resource("aws:ec2/eip:Eip", "ip", { domain: "vpc", tags }),
    resource("aws:ec2/eipAssociation:EipAssociation", "ip", { instanceId: UNKNOWN }, from("instanceId", INSTANCE, "a")),
    resource("aws:ec2/volumeAttachment:VolumeAttachment", "data", {}, from("instanceId", INSTANCE, "a")),
  ];
}

function hetzner(): PlannedResource[] {
  const labels = { "ethstake-host": "h", "ethstake-backup": "none" };
  return [
    resource("hcloud:index/firewall:Firewall", "fw", {
      labels,
      rules: [
        { direction: "in", protocol: "tcp", port: "22", sourceIps: ALLOWED, description: "ssh" },
        {
          direction: "in",
          protocol: "udp",
          port: "9001",
          sourceIps: WORLD,
          description: "node-1 consensus p2p (QUIC)",
        },
      ],
    }),
    resource("hcloud:index/primaryIp:PrimaryIp", "ip", { labels, type: "ipv4" }),
    resource("hcloud:index/volume:Volume", "data", { labels, deleteProtection: true }, { protect: true }),
    resource(
      SERVER,
      "h",
      {
        labels,
        location: "fsn1",
        publicNets: [{ ipv4Enabled: true, ipv4: UNKNOWN }],
        firewallIds: [UNKNOWN],
        deleteProtection: true,
        userData: UNKNOWN,
      },
      { protect: true },
    ),
    resource("hcloud:index/volumeAttachment:VolumeAttachment", "data", {}, from("serverId", SERVER, "h")),
  ];
}

function digitalocean(): PlannedResource[] {
  const tag = from("tags", "digitalocean:index/tag:Tag", "tag");
  const reserved = "digitalocean:index/reservedIpAssignment:ReservedIpAssignment";
  return [
    resource(
      "digitalocean:index/firewall:Firewall",
      "fw",
      {
        tags: [UNKNOWN],
        inboundRules: [
          { protocol: "tcp", portRange: "22", sourceAddresses: ALLOWED },
          { protocol: "tcp", portRange: "9000", sourceAddresses: WORLD },
        ],
      },
      tag,
    ),
    resource("digitalocean:index/volume:Volume", "data", { tags: ["ethstake-backup:none"] }, { protect: true }),
    resource(DROPLET, "d", { region: "fra1", tags: [UNKNOWN], userData: UNKNOWN }, { protect: true, ...tag }),
    resource(reserved, "ip", { dropletId: UNKNOWN }, from("dropletId", DROPLET, "d")),
    resource("digitalocean:index/volumeAttachment:VolumeAttachment", "data", {}, from("dropletId", DROPLET, "d")),
  ];
}

describe("hosts", () => {
  it.each([
    ["AWS", aws],
    ["Hetzner", hetzner],
    ["DigitalOcean", digitalocean],
  ])("at %s keep every rule", (_provider, host) => {
    expect(checkPolicies([...host(), boot], { network: "mainnet" })).toEqual([]);
  });

  it("of all providers keep every rule together", () => {
    expect(checkPolicies([...aws(), ...hetzner(), ...digitalocean()], { network: "mainnet" })).toEqual([]);
  });
});
