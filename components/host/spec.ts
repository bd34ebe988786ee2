import type { Input, Output } from "@pulumi/pulumi";

/** A port that a host opens to the world: peer-to-peer traffic of the clients, and nothing else. */
export interface OpenPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** What it is for, e.g. `node-1 execution p2p`; shown in firewalls. */
  readonly purpose: string;
}

/** The volume that holds chain data, keys' records and slashing protection. It outlives the server. */
export interface DataVolume {
  readonly sizeGiB: number;
  /** Provisioned input/output operations a second, where the provider sells them. */
  readonly iops?: number;
  /** Provisioned megabytes a second, where the provider sells them. */
  readonly throughputMBps?: number;
  /** Name of the schedule that backs it up: a label for the tool that does; none by default. */
  readonly backup?: string;
}

/** An AWS EC2 instance in a VPC of its own. */
export interface AwsTarget {
  readonly kind: "aws";
  /** e.g. `eu-central-1`. */
  readonly region: string;
  /** e.g. `eu-central-1a`; where instance and volume are. */
  readonly availabilityZone: string;
  /** e.g. `r7i.2xlarge`. A change stops the instance and starts it as the new type; the volume stays. */
  readonly instanceType: string;
  /** An AMI; Debian 13 for the instance type's architecture by default. */
  readonly imageId?: string;
}

/** A Hetzner Cloud server. */
export interface HetznerTarget {
  readonly kind: "hetzner";
  /** e.g. `fsn1`. */
  readonly location: string;
  /** e.g. `ccx33`. A change restarts the server as the new type; the volume stays. */
  readonly serverType: string;
  /** Hetzner's terms have forbidden blockchain nodes since 2022: the operator says that it is cleared with them. */
  readonly termsAcknowledged: boolean;
}

/** A DigitalOcean droplet. */
export interface DigitalOceanTarget {
  readonly kind: "digitalocean";
  /** e.g. `fra1`. */
  readonly region: string;
  /** e.g. `so1_5-8vcpu-64gb`. */
  readonly size: string;
}

/** A machine that exists: Debian or Ubuntu with Docker, prepared by our cloud-init or by hand. */
export interface SshTarget {
  readonly kind: "ssh";
  /** Name or address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Its public host key, `ssh-ed25519 AAAA…`: no connection without it. */
  readonly hostKey: string;
}

/** This machine, through its Docker engine. */
export interface LocalTarget {
  readonly kind: "local";
  /** Where its nodes keep their files; {@link DATA_DIRECTORY} by default. */
  readonly directory?: string;
}

export type HostTarget = AwsTarget | HetznerTarget | DigitalOceanTarget | SshTarget | LocalTarget;

/** A machine that nodes run on. */
export interface HostSpec {
  readonly name: string;
  readonly target: HostTarget;
  readonly dataVolume: DataVolume;
  /** CIDR blocks that may reach SSH; never everyone. */
  readonly sshAllow: readonly string[];
  /** What its nodes open to the world. */
  readonly ports: readonly OpenPort[];
  /** Whether validator keys run here: such a host is protected, and deleting it is refused. */
  readonly hasValidators: boolean;
  /** Whether server and volume are protected; by default a host with validators is. */
  readonly protected?: boolean;
  /**
   * Another number makes the server anew, from the image and the user data of the day, and gives it the same volume and address.
   * Nothing else does: what would change them on a running server is left for the next generation.
   */
  readonly generation?: number;
  /** Memory of a machine whose type this program does not know. */
  readonly memoryGiB?: number;
  /** Accepts a machine smaller than what its clients need. */
  readonly allowUndersized?: boolean;
}

/** How a host is reached. The shape of @pulumi/command's connections; `hostKey` is what the machine must present. */
export interface HostConnection {
  readonly host: Input<string>;
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key. Secret, and nothing else of a connection is: where a host is, messages may say. */
  readonly privateKey: Output<string>;
  /** `ssh-ed25519 AAAA…`: any other key ends the connection. */
  readonly hostKey: Input<string>;
}

/** Secrets that a host needs from the settings. */
export interface HostSecrets {
  /** SSH targets: the private key that logs in. */
  readonly privateKey?: Input<string>;
}

/** Where SSH listens on machines that this program makes. */
export const SSH_PORT = 22;

/** Folder of a host's data volume. Each node has a folder of its own in `nodes/`. */
export const DATA_DIRECTORY = "/var/lib/ethstake";

/** The account that owns everything on a host. */
export const HOST_USER = "ethstake";
