import { gzipSync } from "node:zlib";
import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { KeyPair } from "@pulumi/aws/ec2/keyPair.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import { Provider } from "@pulumi/aws/provider.js";
import { getParameterOutput } from "@pulumi/aws/ssm/getParameter.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  type Output,
  type ProviderResource,
  type Resource,
} from "@pulumi/pulumi";
import { childOptions } from "../options.ts";
import { awsNetwork } from "./aws-network.ts";
import {
  isProtected,
  labelsOf,
  PRIVATE_RANGE,
  volumeLabelsOf,
  type Host,
  type HostArgs,
  type HostSpecOf,
} from "./host.ts";
import { machineConnection, machineKeys, serverOptions, settleServer, userData } from "./machine.ts";
import { GP3_IOPS, GP3_THROUGHPUT_MBPS } from "./sizes.ts";
import { DATA_DIRECTORY, type AwsTarget, type HostConnection } from "./spec.ts";

/** The providers of AWS regions: one each, however many hosts are there. */
export function awsRegions(options: CustomResourceOptions = {}): (region: string) => ProviderResource {
  const made = new Map<string, ProviderResource>();
  return (region) => {
    let provider = made.get(region);
    if (!provider) made.set(region, (provider = regionProvider(`aws-${region}`, region, options)));
    return provider;
  };
}

function regionProvider(name: string, region: string, options: CustomResourceOptions): Provider {
  return new Provider(name, { region }, options);
}

/** An EC2 instance in a VPC of its own, with an address and a data volume that outlive it. */
export class AwsHost extends ComponentResource implements Host {
  readonly kind = "aws";
  readonly name: string;
  readonly publicAddress: Output<string>;
  readonly privateAddress: Output<string>;
  readonly connection: HostConnection;
  readonly dataDirectory = DATA_DIRECTORY;
  readonly dataVolume: Output<string>;
  readonly machine: Output<string>;
  readonly ready: readonly Resource[];

  constructor(spec: HostSpecOf<AwsTarget>, args: HostArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:AwsHost", spec.name, {}, options);
    const { name, target, dataVolume } = spec;
    this.name = name;
    const own = childOptions(this, options);
    const provider = args.awsProvider?.(target.region) ?? regionProvider(`${name}-aws`, target.region, own);
    const child = { ...own, provider };
    const tags = { Name: name, ...labelsOf(spec) };
    const protect = isProtected(spec);
    const keys = machineKeys(name, own);
    const network = awsNetwork(spec, tags, child);
    const volume = new Volume(
      `${name}-data`,
      {
        availabilityZone: target.availabilityZone,
        type: "gp3",
        size: dataVolume.sizeGiB,
        iops: dataVolume.iops ?? GP3_IOPS,
        throughput: dataVolume.throughputMBps ?? GP3_THROUGHPUT_MBPS,
        encrypted: true,
        tags: { Name: name, ...volumeLabelsOf(spec) },
      },
      { ...child, protect },
    );
    const keyPair = new KeyPair(`${name}-login`, { publicKey: keys.loginPublic, tags }, child);
    const { profile, policy } = sessionAccess(name, tags, child);
    const server = new Instance(
      `${name}-server`,
      {
        ami: target.imageId ?? debianImage(target.instanceType, { parent: this, provider }),
        instanceType: target.instanceType,
        primaryNetworkInterface: { networkInterfaceId: network.card.id },
        keyName: keyPair.keyName,
        iamInstanceProfile: profile.name,
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: 40, deleteOnTermination: true },
        userDataBase64: compressed(
          userData(spec, args, { keys, device: nvmeDevice(volume.id), privateNetworks: [PRIVATE_RANGE] }),
        ),
        disableApiTermination: protect,
        tags,
      },
      { ...serverOptions(spec, child, ["ami", "userDataBase64"]), dependsOn: [...network.ready, policy] },
    );
    const attachment = new VolumeAttachment(
      `${name}-data`,
      { deviceName: "/dev/sdf", instanceId: server.id, volumeId: volume.id, stopInstanceBeforeDetaching: true },
      { ...child, deleteBeforeReplace: true },
    );
    this.publicAddress = network.address.publicIp;
    this.privateAddress = network.card.privateIp;
    this.connection = machineConnection(network.address.publicIp, keys);
    this.dataVolume = volume.urn;
    this.machine = server.id;
    this.ready = settleServer(
      spec,
      {
        connection: this.connection,
        machine: server.id,
        privateNetworks: [PRIVATE_RANGE],
        attached: [attachment],
      },
      own,
    );
    this.registerOutputs({ publicAddress: this.publicAddress, privateAddress: this.privateAddress });
  }
}

/** The device of an EBS volume on instances with NVMe: its id without the dash is the disk's serial number. */
function nvmeDevice(volumeId: Output<string>): Output<string> {
  return volumeId.apply((id) => `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace("-", "")}`);
}

/** Debian 13 as AWS's public parameters name it. Graviton families have a `g` after their number. */
function debianImage(
  instanceType: string,
  options: { readonly parent: Resource; readonly provider: ProviderResource },
): Output<string> {
  const architecture = /^[a-z]+\d+[a-z]*g/.test(instanceType) ? "arm64" : "amd64";
  const name = `/aws/service/debian/release/13/latest/${architecture}`;
  // `value` would be secret, and an image's name is none.
  return getParameterOutput({ name }, options).insecureValue;
}

/** EC2 takes 16 KiB of user data, which cloud-init unpacks when they are packed. */
function compressed(data: Output<string>): Output<string> {
  return data.apply((text) => gzipSync(text, { level: 9 }).toString("base64"));
}

/** Lets operators in by AWS Systems Manager when SSH is out of order, where its agent runs: Debian's image has none of its own. */
function sessionAccess(name: string, tags: Record<string, Input<string>>, child: CustomResourceOptions) {
  const statement = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };
  const role = new Role(
    `${name}-role`,
    { assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }), tags },
    child,
  );
  const policy = new RolePolicyAttachment(
    `${name}-session`,
    { role: role.name, policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" },
    child,
  );
  const profile = new InstanceProfile(`${name}-profile`, { role: role.name, tags }, child);
  return { profile, policy };
}
