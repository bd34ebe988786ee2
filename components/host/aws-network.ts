import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { NetworkInterface } from "@pulumi/aws/ec2/networkInterface.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";
import { PRIVATE_ADDRESS, PRIVATE_RANGE, PRIVATE_SUBNET, type HostSpecOf } from "./host.ts";
import { SSH_PORT, type AwsTarget } from "./spec.ts";

/** A host's network in AWS. */
export interface AwsNetwork {
  /** The server's network card: it outlives the server, and both of its addresses with it. */
  readonly card: NetworkInterface;
  /** The public address. */
  readonly address: Eip;
  /** What must be there for a server to reach the internet. */
  readonly ready: readonly Resource[];
}

/** A VPC with one public subnet in the host's zone, the host's firewall, and a network card with its addresses. */
export function awsNetwork(
  spec: HostSpecOf<AwsTarget>,
  tags: Record<string, string>,
  child: CustomResourceOptions,
): AwsNetwork {
  const { name, target } = spec;
  const vpc = new Vpc(`${name}-vpc`, { cidrBlock: PRIVATE_RANGE, enableDnsHostnames: true, tags }, child);
  const subnet = new Subnet(
    `${name}-subnet`,
    { vpcId: vpc.id, cidrBlock: PRIVATE_SUBNET, availabilityZone: target.availabilityZone, tags },
    child,
  );
  const gateway = new InternetGateway(`${name}-gateway`, { vpcId: vpc.id, tags }, child);
  const table = new RouteTable(
    `${name}-routes`,
    { vpcId: vpc.id, routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }], tags },
    child,
  );
  const route = new RouteTableAssociation(
    `${name}-routes`,
    { subnetId: subnet.id, routeTableId: table.id },
    { ...child, deleteBeforeReplace: true },
  );
  // The rules are within the group, not beside it: so a rule that somebody adds by hand is found and taken away.
  const firewall = new SecurityGroup(
    `${name}-firewall`,
    {
      vpcId: vpc.id,
      description: "ethstake host",
      ingress: [
        ...(spec.sshAllow.length === 0 ? [] : [rule("tcp", SSH_PORT, "ssh", spec.sshAllow)]),
        ...spec.ports.map(({ protocol, port, purpose }) => rule(protocol, port, purpose, ["0.0.0.0/0", "::/0"])),
      ],
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
      tags,
    },
    child,
  );
  const card = new NetworkInterface(
    `${name}-card`,
    { subnetId: subnet.id, privateIps: [PRIVATE_ADDRESS], securityGroups: [firewall.id], tags },
    child,
  );
  const address = new Eip(`${name}-address`, { domain: "vpc", tags }, { ...child, dependsOn: [gateway] });
  // On the card and not on the server: so the first boot has its public address from the start.
  const association = new EipAssociation(
    `${name}-address`,
    { networkInterfaceId: card.id, allocationId: address.allocationId },
    { ...child, deleteBeforeReplace: true },
  );
  return { card, address, ready: [route, association] };
}

function rule(protocol: string, port: number, description: string, blocks: readonly string[]) {
  const cidrBlocks = blocks.filter((block) => !block.includes(":"));
  const ipv6CidrBlocks = blocks.filter((block) => block.includes(":"));
  return {
    protocol,
    fromPort: port,
    toPort: port,
    // Other characters are refused in descriptions.
    description: description.replace(/[^a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]/g, "-").slice(0, 255),
    ...(cidrBlocks.length > 0 ? { cidrBlocks } : {}),
    ...(ipv6CidrBlocks.length > 0 ? { ipv6CidrBlocks } : {}),
  };
}
