import { Droplet } from "@pulumi/digitalocean/droplet.js";
import { Firewall } from "@pulumi/digitalocean/firewall.js";
import { ReservedIp } from "@pulumi/digitalocean/reservedIp.js";
import { ReservedIpAssignment } from "@pulumi/digitalocean/reservedIpAssignment.js";
import { SshKey } from "@pulumi/digitalocean/sshKey.js";
import { Tag } from "@pulumi/digitalocean/tag.js";
import { Volume } from "@pulumi/digitalocean/volume.js";
import { VolumeAttachment } from "@pulumi/digitalocean/volumeAttachment.js";
import { Vpc } from "@pulumi/digitalocean/vpc.js";
import { ComponentResource, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { childOptions } from "../options.ts";
import {
  EVERYONE,
  isProtected,
  type Host,
  type HostArgs,
  type HostSpecOf,
  labelsOf,
  labelWords,
  volumeLabelsOf,
} from "./host.ts";
import { machineConnection, machineKeys, serverOptions, settleServer, userData } from "./machine.ts";
import { DATA_DIRECTORY, SSH_PORT, type DigitalOceanTarget, type HostConnection, type HostSpec } from "./spec.ts";

/** A droplet with an address and a data volume that outlive it. */
export class DigitalOceanHost extends ComponentResource implements Host {
  readonly kind = "digitalocean";
  readonly name: string;
  readonly publicAddress: Output<string>;
  readonly privateAddress: Output<string>;
  readonly connection: HostConnection;
  readonly dataDirectory = DATA_DIRECTORY;
  readonly dataVolume: Output<string>;
  readonly machine: Output<string>;
  readonly ready: readonly Resource[];

  constructor(spec: HostSpecOf<DigitalOceanTarget>, args: HostArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:DigitalOceanHost", spec.name, {}, options);
    const { name, target } = spec;
    const { region } = target;
    this.name = name;
    const child = childOptions(this, options);
    const protect = isProtected(spec);
    const keys = machineKeys(name, child);
    // The firewall holds for the tag: it is there before the droplet, and for each one that comes after.
    const tag = new Tag(`${name}-tag`, {}, child);
    const firewall = new Firewall(`${name}-firewall`, { tags: [tag.id], ...rules(spec) }, child);
    // DigitalOcean picks the range: those of an account must not overlap.
    const vpc = new Vpc(`${name}-vpc`, { region }, child);
    const volume = new Volume(
      `${name}-data`,
      { region, size: spec.dataVolume.sizeGiB, tags: labelWords(volumeLabelsOf(spec)) },
      { ...child, protect },
    );
    const login = new SshKey(`${name}-login`, { publicKey: keys.loginPublic }, child);
    const device = volume.name.apply((volumeName) => `/dev/disk/by-id/scsi-0DO_Volume_${volumeName}`);
    const server = new Droplet(
      `${name}-server`,
      {
        name,
        region,
        size: target.size,
        image: "debian-13-x64",
        vpcUuid: vpc.id,
        sshKeys: [login.fingerprint],
        tags: [tag.id, ...labelWords(labelsOf(spec))],
        ipv6: true,
        monitoring: true,
        // The disk stays as small as it was, so that the size can go back too. Data is on the volume.
        resizeDisk: false,
        gracefulShutdown: true,
        userData: userData(spec, args, { keys, device, privateNetworks: [vpc.ipRange] }),
      },
      { ...serverOptions(spec, child, ["image", "userData"]), dependsOn: [firewall] },
    );
    const dropletId = server.id.apply(Number);
    const attachment = new VolumeAttachment(
      `${name}-data`,
      { dropletId, volumeId: volume.id },
      { ...child, deleteBeforeReplace: true },
    );
    const address = new ReservedIp(`${name}-address`, { region }, child);
    const assignment = new ReservedIpAssignment(
      `${name}-address`,
      { dropletId, ipAddress: address.ipAddress },
      { ...child, deleteBeforeReplace: true },
    );
    this.publicAddress = address.ipAddress;
    this.privateAddress = server.ipv4AddressPrivate;
    this.connection = machineConnection(address.ipAddress, keys);
    this.dataVolume = volume.urn;
    this.machine = server.id;
    this.ready = settleServer(
      spec,
      {
        connection: this.connection,
        machine: server.id,
        privateNetworks: [vpc.ipRange],
        attached: [attachment, assignment],
      },
      child,
    );
    this.registerOutputs({ publicAddress: this.publicAddress, privateAddress: this.privateAddress });
  }
}

function rules(spec: HostSpec) {
  const open = spec.ports.map(({ protocol, port }) => ({
    protocol: protocol as string,
    portRange: String(port),
    sourceAddresses: [...EVERYONE] as string[],
  }));
  const ssh = { protocol: "tcp", portRange: String(SSH_PORT), sourceAddresses: [...spec.sshAllow] };
  const everything = (protocol: string) => ({
    protocol,
    ...(protocol === "icmp" ? {} : { portRange: "1-65535" }),
    destinationAddresses: [...EVERYONE],
  });
  return {
    inboundRules: [...(spec.sshAllow.length === 0 ? [] : [ssh]), ...open],
    // Without these nothing goes out.
    outboundRules: ["tcp", "udp", "icmp"].map(everything),
  };
}
