import { UNKNOWN } from "../model.ts";
import type { RuleCases } from "./cases.ts";
import { DROPLET, INSTANCE, linked, resource, SERVER } from "./resources.ts";

const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";
const INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const RULE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const HCLOUD_FIREWALL = "hcloud:index/firewall:Firewall";
const DO_FIREWALL = "digitalocean:index/firewall:Firewall";
const VOLUME = "aws:ebs/volume:Volume";
const WORLD = ["0.0.0.0/0", "::/0"];

const sg = (...ingress: object[]) => resource(SECURITY_GROUP, "sg", { vpcId: UNKNOWN, ingress });
const tcp = (port: number, cidrBlocks: readonly string[], description = "") => ({
  fromPort: port,
  toPort: port,
  protocol: "tcp",
  cidrBlocks,
  description,
});
const hcloud = (...rules: object[]) => resource(HCLOUD_FIREWALL, "fw", { rules });
const incoming = (port: string, sourceIps: readonly string[], description = "", protocol = "tcp") => ({
  direction: "in",
  protocol,
  port,
  sourceIps,
  description,
});
const digitalocean = (portRange: string, sourceAddresses: readonly unknown[], protocol = "tcp") =>
  resource(DO_FIREWALL, "fw", { inboundRules: [{ protocol, portRange, sourceAddresses }] });

const card = resource("aws:ec2/networkInterface:NetworkInterface", "card");
const instance = resource(INSTANCE, "node-1", { subnetId: UNKNOWN, vpcSecurityGroupIds: [UNKNOWN] });
const server = resource(SERVER, "node-1", { location: "fsn1", serverType: "ccx33" });
const droplet = resource(DROPLET, "node-1", { region: "fra1", size: "so1_5-8vcpu-64gb", image: "ubuntu-24-04-x64" });
const tag = resource("digitalocean:index/tag:Tag", "node-1-tag");
const attachment = "aws:ec2/volumeAttachment:VolumeAttachment";

export const CLOUD_CASES: RuleCases = {
  "no-ssh-from-anywhere": [
    { title: "an allow-list", resources: [sg(tcp(22, ["198.51.100.7/32"]))] },
    { title: "p2p to the world", resources: [sg(tcp(30303, WORLD, "node-1 execution p2p"))] },
    { title: "sources that are not known yet", resources: [sg({ ...tcp(22, []), cidrBlocks: UNKNOWN })] },
    { title: "udp on 22", resources: [digitalocean("22", WORLD, "udp")] },
    {
      title: "a security group",
      resources: [sg(tcp(22, WORLD))],
      violations: ["sg ingress[0] tcp 22 from 0.0.0.0/0, ::/0"],
    },
    {
      title: "a range that has it",
      resources: [resource(INGRESS_RULE, "r", { ipProtocol: "tcp", fromPort: 1, toPort: 1024, cidrIpv6: "::/0" })],
      violations: ["r the rule"],
    },
    {
      title: "every protocol",
      resources: [resource(INGRESS_RULE, "r", { ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" })],
      violations: ["r the rule -1 every port from 0.0.0.0/0"],
    },
    {
      title: "the world in halves, next to something unknown",
      resources: [
        resource(RULE, "r", {
          type: "ingress",
          protocol: "tcp",
          fromPort: 22,
          toPort: 22,
          cidrBlocks: [UNKNOWN, "0.0.0.0/1", "128.0.0.0/1"],
        }),
      ],
      violations: ["r the rule tcp 22 from 0.0.0.0/1, 128.0.0.0/1"],
    },
    {
      title: "another port that is called SSH",
      resources: [hcloud(incoming("2222", ["::/0"], "SSH of the host"))],
      violations: ["fw rules[0]"],
    },
    { title: "DigitalOcean", resources: [digitalocean("22", WORLD)], violations: ["fw inboundRules[0]"] },
    { title: "egress", resources: [resource(RULE, "r", { type: "egress", protocol: "-1", cidrBlocks: WORLD })] },
  ],
  "only-p2p-open": [
    {
      title: "p2p",
      resources: [
        sg(tcp(30303, WORLD, "node-1 execution p2p"), tcp(22, ["198.51.100.7/32"]), tcp(9100, ["10.0.0.0/16"])),
        hcloud(incoming("9001", WORLD, "node-1 consensus p2p (QUIC)", "udp"), incoming("", WORLD, "", "icmp")),
        digitalocean("9000", WORLD, "udp"),
      ],
    },
    { title: "a range", resources: [hcloud(incoming("30303-30310", WORLD, "p2p"))], violations: ["fw rules[0]"] },
    { title: "an API", resources: [digitalocean("8545", WORLD)], violations: ["fw inboundRules[0]"] },
    { title: "an API that is called p2p", resources: [sg(tcp(5052, WORLD, "p2p"))], violations: ["sg ingress[0]"] },
    { title: "no reason", resources: [sg(tcp(30303, WORLD))], violations: ["sg ingress[0]"] },
    { title: "every port", resources: [hcloud(incoming("any", WORLD, "p2p"))], violations: ["fw rules[0]"] },
    { title: "a low port", resources: [digitalocean("81", WORLD)], violations: ["fw inboundRules[0]"] },
    {
      title: "a gateway's ports",
      resources: [sg(tcp(443, WORLD, "gateway https")), hcloud(incoming("80", WORLD, "gateway http"))],
    },
    { title: "monitoring's link", resources: [hcloud(incoming("51820", WORLD, "monitoring wireguard link", "udp"))] },
    {
      title: "a link over tcp",
      resources: [hcloud(incoming("51820", WORLD, "monitoring wireguard link", "tcp"))],
      violations: ["fw rules[0]"],
    },
    { title: "a web port of something else", resources: [sg(tcp(443, WORLD, "p2p"))], violations: ["sg ingress[0]"] },
    {
      title: "a web port over udp",
      resources: [hcloud(incoming("443", WORLD, "gateway https", "udp"))],
      violations: ["fw rules[0]"],
    },
  ],
  "server-behind-firewall": [
    { title: "by number", resources: [resource(SERVER, "node-1", { firewallIds: [UNKNOWN] })] },
    {
      title: "by the firewall",
      resources: [server, resource(HCLOUD_FIREWALL, "fw", { applyTos: UNKNOWN }, linked("applyTos", server))],
    },
    {
      title: "by an attachment",
      resources: [
        server,
        resource(
          "hcloud:index/firewallAttachment:FirewallAttachment",
          "a",
          { serverIds: UNKNOWN },
          linked("serverIds", server),
        ),
      ],
    },
    {
      title: "by a label",
      resources: [
        resource(SERVER, "node-1", { labels: { "ethstake-host": "node-1" } }),
        resource(HCLOUD_FIREWALL, "fw", { applyTos: [{ labelSelector: "ethstake-host=node-1" }] }),
      ],
    },
    {
      title: "a droplet",
      resources: [droplet, resource(DO_FIREWALL, "fw", { dropletIds: UNKNOWN }, linked("dropletIds", droplet))],
    },
    {
      title: "a tag that is not known yet",
      resources: [
        resource(DROPLET, "node-1", { tags: [UNKNOWN] }, linked("tags", tag)),
        resource(DO_FIREWALL, "fw", { tags: [UNKNOWN] }, linked("tags", tag)),
      ],
    },
    { title: "none at Hetzner", resources: [server], violations: ["node-1 firewallIds nothing"] },
    {
      title: "another server's label",
      resources: [server, resource(HCLOUD_FIREWALL, "fw", { applyTos: [{ labelSelector: "ethstake-host=node-2" }] })],
      violations: ["node-1 firewallIds"],
    },
    { title: "none at DigitalOcean", resources: [droplet], violations: ["node-1 tags nothing"] },
  ],
  "disks-encrypted": [
    {
      title: "both",
      resources: [
        resource(INSTANCE, "node-1", { rootBlockDevice: { encrypted: true } }),
        resource(VOLUME, "data", { encrypted: true }),
        resource(VOLUME, "more", { encrypted: UNKNOWN }),
      ],
    },
    {
      title: "neither",
      resources: [
        resource(INSTANCE, "node-1", { ebsBlockDevices: [{ encrypted: false }] }),
        resource(VOLUME, "data", {}),
      ],
      violations: [
        "node-1 rootBlockDevice.encrypted nothing",
        "node-1 ebsBlockDevices[0].encrypted false",
        "data encrypted nothing",
      ],
    },
  ],
  "imdsv2-required": [
    { title: "required", resources: [resource(INSTANCE, "n", { metadataOptions: { httpTokens: "required" } })] },
    {
      title: "no service at all",
      resources: [resource(INSTANCE, "n", { metadataOptions: { httpEndpoint: "disabled" } })],
    },
    {
      title: "optional",
      resources: [resource(INSTANCE, "n", { metadataOptions: { httpTokens: "optional" } })],
      violations: ["n metadataOptions.httpTokens optional"],
    },
    { title: "absent", resources: [instance], violations: ["node-1 metadataOptions.httpTokens nothing"] },
  ],
  "no-default-vpc": [
    { title: "one of its own", resources: [instance, sg()] },
    {
      title: "the default one",
      resources: [
        resource(INSTANCE, "n", {}),
        resource(SECURITY_GROUP, "sg", {}),
        resource("aws:ec2/defaultVpc:DefaultVpc", "vpc"),
      ],
      violations: ["n subnetId nothing", "n vpcSecurityGroupIds nothing", "sg vpcId nothing", "vpc type"],
    },
  ],
  "hosts-protected": [
    {
      title: "protected, or without keys",
      resources: [
        resource(INSTANCE, "a", {}, { protect: true }),
        resource(SERVER, "b", { labels: { "ethstake-validators": "false" } }),
        resource(DROPLET, "c", { tags: ["ethstake-validators:false"] }),
        resource(VOLUME, "d", { tags: { "ethstake:validators": "false" } }),
        resource(VOLUME, "e", { tags: UNKNOWN }),
      ],
    },
    {
      title: "unprotected",
      resources: [resource(SERVER, "a", { labels: { "ethstake-validators": "true" } }), resource(VOLUME, "b", {})],
      violations: ["a protect false", "b protect false"],
    },
  ],
  "provider-delete-protection": [
    {
      title: "on",
      resources: [
        resource(INSTANCE, "a", { disableApiTermination: true }),
        resource(SERVER, "b", { deleteProtection: true }),
      ],
    },
    { title: "off", resources: [server], violations: ["node-1 deleteProtection nothing"] },
  ],
  "fixed-address": [
    {
      title: "Elastic",
      resources: [instance, resource("aws:ec2/eip:Eip", "ip", { instance: UNKNOWN }, linked("instance", instance))],
    },
    {
      title: "Elastic on the network card",
      resources: [
        card,
        resource(INSTANCE, "node-1", {}, linked("primaryNetworkInterface", card)),
        resource(
          "aws:ec2/eipAssociation:EipAssociation",
          "ip",
          { networkInterfaceId: UNKNOWN },
          linked("networkInterfaceId", card),
        ),
      ],
    },
    {
      title: "a network card without one",
      resources: [card, resource(INSTANCE, "node-1", {}, linked("primaryNetworkInterface", card))],
      violations: ["node-1 id nothing"],
    },
    { title: "primary", resources: [resource(SERVER, "n", { publicNets: [{ ipv4: UNKNOWN }] })] },
    {
      title: "reserved",
      resources: [
        droplet,
        resource(
          "digitalocean:index/reservedIpAssignment:ReservedIpAssignment",
          "ip",
          { dropletId: UNKNOWN },
          linked("dropletId", droplet),
        ),
      ],
    },
    {
      title: "none, or another host's",
      resources: [
        instance,
        resource("aws:ec2/eip:Eip", "ip", { instance: UNKNOWN }, linked("instance", resource(INSTANCE, "node-2"))),
        resource(SERVER, "n", { publicNets: [{ ipv4Enabled: true }] }),
      ],
      violations: ["node-1 id nothing", "n publicNets nothing"],
    },
  ],
  "data-on-volume": [
    {
      title: "attached",
      resources: [
        instance,
        resource(attachment, "a", { instanceId: UNKNOWN }, linked("instanceId", instance)),
        resource(DROPLET, "d", { volumeIds: [UNKNOWN] }),
      ],
    },
    { title: "none", resources: [server], violations: ["node-1 id nothing"] },
  ],
  "hosts-spread": [
    { title: "two regions", resources: [server, resource(SERVER, "node-2", { location: "nbg1" })] },
    { title: "two providers", resources: [server, droplet] },
    { title: "a region that is not known yet", resources: [server, resource(SERVER, "node-2", { location: UNKNOWN })] },
    { title: "a devnet", resources: [server, resource(SERVER, "node-2", { location: "fsn1" })], network: "devnet" },
    {
      title: "one region",
      resources: [
        resource(INSTANCE, "a", { availabilityZone: "eu-central-1a" }),
        resource(INSTANCE, "b", {}, { provider: { region: "eu-central-1" } }),
      ],
      violations: ["a region aws eu-central-1 for all 2 hosts"],
    },
  ],
  "labels-present": [
    {
      title: "tags and labels",
      resources: [
        resource(INSTANCE, "a", { tags: { "ethstake:stack": "mainnet" } }),
        resource(INSTANCE, "b", {}, { provider: { defaultTags: { tags: { "ethstake:stack": "mainnet" } } } }),
        resource(SERVER, "c", { labels: { "ethstake-host": "c" } }),
        resource(DROPLET, "d", { tags: ["ethstake-host:d"] }),
      ],
    },
    { title: "none", resources: [server, instance], violations: ["node-1 labels nothing", "node-1 tags nothing"] },
  ],
  "backup-decided": [
    {
      title: "a schedule, or none on purpose",
      resources: [
        resource(VOLUME, "a", { tags: { "ethstake:backup": "daily" } }),
        resource("digitalocean:index/volume:Volume", "b", { tags: ["ethstake-backup:none"] }),
      ],
    },
    {
      title: "not said",
      resources: [resource("hcloud:index/volume:Volume", "a", { labels: {} })],
      violations: ["a labels nothing"],
    },
  ],
};
