/** The package `aws`: what its provider and EC2 do with the types that hosts are made of. */
import { createHash } from "node:crypto";
import { isMap, type PropertyMap } from "../../../engine/values.ts";
import { hex, noShrinking, publicAddress, text, tooLong, type Behaviour, type Making } from "../behaviour.ts";
import type { Package } from "../package.ts";

const ACCOUNT = "123456789012";

function arn({ id, config, inputs }: Making, kind: string): string {
  return `arn:aws:ec2:${text(inputs["region"]) || text(config["region"])}:${ACCOUNT}:${kind}/${id}`;
}

/** A thing of EC2: an id with its prefix, an ARN, an owner and all its tags. */
function ec2(prefix: string, kind: string, more: Partial<Behaviour> = {}): Behaviour {
  return {
    id: () => `${prefix}-${hex(17)}`,
    ...more,
    outputs: (making) => ({
      arn: arn(making, kind),
      tagsAll: isMap(making.inputs["tags"]) ? making.inputs["tags"] : {},
      ...more.outputs?.(making),
    }),
  };
}

const owned = (): PropertyMap => ({ ownerId: ACCOUNT });
const VPC = "aws:ec2/vpc:Vpc";
const SUBNET = "aws:ec2/subnet:Subnet";
const INSTANCE = "aws:ec2/instance:Instance";
const CARD = "aws:ec2/networkInterface:NetworkInterface";
const ROLE = "aws:iam/role:Role";
const blocks = (type: string) => ({ type, blocks: true });

function iam(kind: string, more: Partial<Behaviour>): Behaviour {
  return {
    id: ({ inputs }) => text(inputs["name"]),
    autoName: "name",
    unique: ({ name }) => `${kind} ${text(name)}`,
    ...more,
    outputs: ({ id, before, inputs }) => ({
      arn: `arn:aws:iam::${ACCOUNT}:${kind}/${id}`,
      createDate: before["createDate"] ?? new Date().toISOString(),
      uniqueId: before["uniqueId"] ?? `AID${hex(17).toUpperCase()}`,
      tagsAll: isMap(inputs["tags"]) ? inputs["tags"] : {},
    }),
  };
}

/** The address that a network card asks for, or one of the subnet's: its first ones are AWS's own. */
function privateAddress({ inputs, before, find }: Making): string {
  const [given] = Array.isArray(inputs["privateIps"]) ? inputs["privateIps"] : [];
  const [a = "10", b = "0", c = "0"] = text(find(SUBNET, inputs["subnetId"])?.inputs["cidrBlock"]).split(".");
  return text(given) || text(inputs["privateIp"]) || text(before["privateIp"]) || `${a || "10"}.${b}.${c}.10`;
}

/** The card that an instance is given, by id. */
function cardOf({ primaryNetworkInterface }: PropertyMap): string {
  return isMap(primaryNetworkInterface) ? text(primaryNetworkInterface["networkInterfaceId"]) : "";
}

const instance = ec2("i", "instance", {
  refers: {
    subnetId: blocks(SUBNET),
    "vpcSecurityGroupIds[]": blocks("aws:ec2/securityGroup:SecurityGroup"),
    "primaryNetworkInterface.networkInterfaceId": blocks(CARD),
    keyName: { type: "aws:ec2/keyPair:KeyPair" },
    iamInstanceProfile: { type: "aws:iam/instanceProfile:InstanceProfile" },
  },
  // The type is changed by stopping and starting; so is the user data, unless userDataReplaceOnChange says otherwise.
  replace: [
    ...["ami", "availabilityZone", "subnetId", "primaryNetworkInterface", "keyName", "privateIp", "region"],
    "associatePublicIpAddress",
  ],
  unique: (inputs) => (cardOf(inputs) === "" ? undefined : `an instance with ${cardOf(inputs)}`),
  unsettles: { instanceType: ["publicIp", "publicDns"], userDataBase64: ["publicIp", "publicDns"] },
  fills: ["privateIp", "availabilityZone"],
  guard: "disableApiTermination",
  faults: ({ instanceType, launchTemplate, userData, userDataBase64 }) => [
    ...(instanceType === undefined && launchTemplate === undefined
      ? [{ property: "instanceType", reason: "an instance needs it" }]
      : []),
    ...tooLong("userData", text(userData).length, 16),
    ...tooLong("userDataBase64", Buffer.from(text(userDataBase64), "base64").length, 16),
  ],
  outputs: (making) => {
    const card = making.find(CARD, cardOf(making.inputs));
    const privateIp = text(card?.outputs["privateIp"]) || privateAddress(making);
    const subnet = making.find(SUBNET, card?.inputs["subnetId"] ?? making.inputs["subnetId"]);
    return {
      instanceState: "running",
      privateIp,
      availabilityZone: text(subnet?.inputs["availabilityZone"]),
      privateDns: `ip-${privateIp.replaceAll(".", "-")}.ec2.internal`,
      publicIp: publicAddress(making, "publicIp"),
      primaryNetworkInterfaceId: card?.id ?? making.before["primaryNetworkInterfaceId"] ?? `eni-${hex(17)}`,
    };
  },
});

const volume = ec2("vol", "volume", {
  replace: ["availabilityZone", "encrypted", "kmsKeyId", "snapshotId", "region"],
  refuse: noShrinking("size"),
  faults: ({ type, iops, throughput }) => {
    const found = [];
    if (type === "gp3" && iops !== undefined && Number(iops) < 3000) {
      found.push({ property: "iops", reason: "a gp3 volume has at least 3000" });
    }
    if (type === "gp3" && throughput !== undefined && Number(throughput) > Number(iops ?? 3000) / 4) {
      found.push({ property: "throughput", reason: "a gp3 volume has at most a quarter of its IOPS" });
    }
    return found;
  },
});

const image = (name: string): string => `ami-${createHash("sha256").update(name).digest("hex").slice(0, 17)}`;

export const aws: Package = {
  types: {
    [VPC]: ec2("vpc", "vpc", {
      replace: ["cidrBlock", "instanceTenancy", "region"],
      outputs: ({ before }) => ({
        ...owned(),
        defaultSecurityGroupId: before["defaultSecurityGroupId"] ?? `sg-${hex(17)}`,
        mainRouteTableId: before["mainRouteTableId"] ?? `rtb-${hex(17)}`,
      }),
    }),
    [SUBNET]: ec2("subnet", "subnet", {
      replace: ["vpcId", "cidrBlock", "availabilityZone", "region"],
      refers: { vpcId: blocks(VPC) },
      outputs: owned,
    }),
    "aws:ec2/internetGateway:InternetGateway": ec2("igw", "internet-gateway", {
      refers: { vpcId: blocks(VPC) },
      outputs: owned,
    }),
    "aws:ec2/routeTable:RouteTable": ec2("rtb", "route-table", {
      replace: ["vpcId", "region"],
      refers: { vpcId: blocks(VPC), "routes[].gatewayId": blocks("aws:ec2/internetGateway:InternetGateway") },
      outputs: owned,
    }),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {
      id: () => `rtbassoc-${hex(17)}`,
      replace: ["subnetId", "gatewayId", "region"],
      refers: { subnetId: blocks(SUBNET), routeTableId: blocks("aws:ec2/routeTable:RouteTable") },
    },
    "aws:ec2/securityGroup:SecurityGroup": ec2("sg", "security-group", {
      autoName: "name",
      replace: ["name", "namePrefix", "description", "vpcId", "region"],
      refers: { vpcId: blocks(VPC) },
      unique: ({ name, vpcId }) => `security group ${text(name)} in ${text(vpcId)}`,
      outputs: owned,
    }),
    "aws:ec2/keyPair:KeyPair": ec2("key", "key-pair", {
      id: ({ inputs }) => text(inputs["keyName"]),
      autoName: "keyName",
      replace: ["keyName", "publicKey", "region"],
      unique: ({ keyName }) => `key pair ${text(keyName)}`,
      outputs: ({ before }) => ({ keyPairId: before["keyPairId"] ?? `key-${hex(17)}`, keyType: "ed25519" }),
    }),
    [INSTANCE]: instance,
    [CARD]: ec2("eni", "network-interface", {
      replace: ["subnetId", "interfaceType", "region"],
      fills: ["privateIp", "privateIpLists"],
      refers: {
        subnetId: blocks(SUBNET),
        "securityGroups[]": blocks("aws:ec2/securityGroup:SecurityGroup"),
      },
      outputs: (making) => ({ ...owned(), privateIp: privateAddress(making), macAddress: "02:00:00:00:00:01" }),
    }),
    "aws:ebs/volume:Volume": volume,
    "aws:ec2/volumeAttachment:VolumeAttachment": {
      id: () => `vai-${serialOf()}`,
      replace: ["deviceName", "instanceId", "volumeId", "region"],
      refers: { instanceId: { type: INSTANCE }, volumeId: blocks("aws:ebs/volume:Volume") },
      unique: ({ volumeId }) => `an attachment of ${text(volumeId)}`,
    },
    "aws:ec2/eip:Eip": ec2("eipalloc", "elastic-ip", {
      outputs: (making) => ({ allocationId: making.id, publicIp: publicAddress(making, "publicIp") }),
    }),
    "aws:ec2/eipAssociation:EipAssociation": {
      id: () => `eipassoc-${hex(17)}`,
      replace: ["allocationId", "instanceId", "networkInterfaceId", "publicIp", "region"],
      refers: {
        instanceId: { type: INSTANCE },
        networkInterfaceId: blocks(CARD),
        allocationId: blocks("aws:ec2/eip:Eip"),
      },
      unique: ({ allocationId }) => `an association of ${text(allocationId)}`,
    },
    [ROLE]: iam("role", { replace: ["name", "path"] }),
    "aws:iam/instanceProfile:InstanceProfile": iam("instance-profile", {
      replace: ["name", "path"],
      refers: { role: blocks(ROLE) },
    }),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
      id: ({ inputs }) => `${text(inputs["role"])}-${hex(8)}`,
      replace: ["role", "policyArn"],
      refers: { role: blocks(ROLE) },
    },
  },
  functions: {
    "aws:ssm/getParameter:getParameter": (args, config) => {
      const name = text(args["name"]);
      return {
        id: name,
        name,
        arn: `arn:aws:ssm:${text(config["region"])}::parameter${name}`,
        type: "String",
        value: image(name),
        insecureValue: image(name),
        region: text(config["region"]),
        version: 1,
      };
    },
  },
};

function serialOf(): string {
  return String(Number.parseInt(hex(8), 16));
}
