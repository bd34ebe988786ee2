import { Firewall } from "@pulumi/hcloud/firewall.js";
import { Network } from "@pulumi/hcloud/network.js";
import { NetworkSubnet } from "@pulumi/hcloud/networkSubnet.js";
import { PrimaryIp } from "@pulumi/hcloud/primaryIp.js";
import { Server } from "@pulumi/hcloud/server.js";
import { ServerNetwork } from "@pulumi/hcloud/serverNetwork.js";
import { SshKey } from "@pulumi/hcloud/sshKey.js";
import { Volume } from "@pulumi/hcloud/volume.js";
import { VolumeAttachment } from "@pulumi/hcloud/volumeAttachment.js";
import { ComponentResource, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { childOptions } from "../options.ts";
import {
  EVERYONE,
  isProtected,
  labelsOf,
  PRIVATE_ADDRESS,
  PRIVATE_RANGE,
  PRIVATE_SUBNET,
  volumeLabelsOf,
  type Host,
  type HostArgs,
  type HostSpecOf,
} from "./host.ts";
import { machineConnection, machineKeys, serverOptions, settleServer, userData } from "./machine.ts";
import { DATA_DIRECTORY, SSH_PORT, type HetznerTarget, type HostConnection, type HostSpec } from "./spec.ts";

/** Network zones of the locations outside Europe. */
const ZONES: Readonly<Record<string, string>> = { ash: "us-east", hil: "us-west", sin: "ap-southeast" };

/** A Hetzner Cloud server with an address and a data volume that outlive it. */
export class HetznerHost extends ComponentResource implements Host {
  readonly kind = "hetzner";
  readonly name: string;
  readonly publicAddress: Output<string>;
  readonly privateAddress: Output<string>;
  readonly connection: HostConnection;
  readonly dataDirectory = DATA_DIRECTORY;
  readonly dataVolume: Output<string>;
  readonly machine: Output<string>;
  readonly ready: readonly Resource[];

  constructor(spec: HostSpecOf<HetznerTarget>, args: HostArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:HetznerHost", spec.name, {}, options);
    const { name, target } = spec;
    this.name = name;
    const child = childOptions(this, options);
    const { location } = target;
    const labels = labelsOf(spec);
    const protect = isProtected(spec);
    const keys = machineKeys(name, child);
    const firewall = new Firewall(`${name}-firewall`, { rules: rules(spec), labels }, child);
    const network = new Network(`${name}-network`, { ipRange: PRIVATE_RANGE, labels }, child);
    const subnet = new NetworkSubnet(
      `${name}-subnet`,
      {
        networkId: numeric(network.id),
        type: "cloud",
        networkZone: ZONES[location] ?? "eu-central",
        ipRange: PRIVATE_SUBNET,
      },
      child,
    );
    const address = new PrimaryIp(
      `${name}-address`,
      { type: "ipv4", assigneeType: "server", location, autoDelete: false, deleteProtection: protect, labels },
      child,
    );
    const volume = new Volume(
      `${name}-data`,
      { location, size: spec.dataVolume.sizeGiB, deleteProtection: protect, labels: volumeLabelsOf(spec) },
      { ...child, protect },
    );
    const login = new SshKey(`${name}-login`, { publicKey: keys.loginPublic, labels }, child);
    const device = volume.id.apply((id) => `/dev/disk/by-id/scsi-0HC_Volume_${id}`);
    const server = new Server(
      `${name}-server`,
      {
        name,
        location,
        serverType: target.serverType,
        image: "debian-13",
        publicNets: [{ ipv4Enabled: true, ipv4: numeric(address.id), ipv6Enabled: true }],
        firewallIds: [numeric(firewall.id)],
        sshKeys: [login.id],
        userData: userData(spec, args, { keys, device, privateNetworks: [PRIVATE_RANGE] }),
        // The disk stays as small as it was, so that the type can go back too. Data is on the volume.
        keepDisk: true,
        shutdownBeforeDeletion: true,
        deleteProtection: protect,
        rebuildProtection: protect,
        labels,
      },
      serverOptions(spec, child, ["image", "userData"]),
    );
    const attachment = new VolumeAttachment(
      `${name}-data`,
      { serverId: numeric(server.id), volumeId: numeric(volume.id), automount: false },
      { ...child, deleteBeforeReplace: true },
    );
    const inside = new ServerNetwork(
      `${name}-network`,
      { serverId: numeric(server.id), subnetId: subnet.id, ip: PRIVATE_ADDRESS },
      { ...child, deleteBeforeReplace: true },
    );
    this.publicAddress = address.ipAddress;
    this.privateAddress = inside.ip;
    this.connection = machineConnection(address.ipAddress, keys);
    this.dataVolume = volume.urn;
    this.machine = server.id;
    this.ready = settleServer(
      spec,
      {
        connection: this.connection,
        machine: server.id,
        privateNetworks: [PRIVATE_RANGE],
        attached: [attachment, inside],
      },
      child,
    );
    this.registerOutputs({ publicAddress: this.publicAddress, privateAddress: this.privateAddress });
  }
}

/** Hetzner's ids are numbers, which Pulumi keeps as text. */
function numeric(id: Output<string>): Output<number> {
  return id.apply(Number);
}

/** What comes in; without rules for what goes out, everything does. */
function rules(spec: HostSpec) {
  const open = spec.ports.map(({ protocol, port, purpose }) => ({
    direction: "in",
    protocol,
    port: String(port),
    sourceIps: [...EVERYONE],
    description: purpose.slice(0, 255),
  }));
  const ssh = { direction: "in", protocol: "tcp", port: String(SSH_PORT), sourceIps: [...spec.sshAllow] };
  return [...(spec.sshAllow.length === 0 ? [] : [{ ...ssh, description: "ssh" }]), ...open];
}
