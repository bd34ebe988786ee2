/** The package `digitalocean`. */
import { randomUUID } from "node:crypto";
import { noShrinking, publicAddress, serial, text, type Behaviour, tooLong } from "../behaviour.ts";
import type { Package } from "../package.ts";

const DROPLET = "digitalocean:index/droplet:Droplet";
const VOLUME = "digitalocean:index/volume:Volume";
const VPC = "digitalocean:index/vpc:Vpc";
const TAG = "digitalocean:index/tag:Tag";
const RESERVED_IP = "digitalocean:index/reservedIp:ReservedIp";

const uuid: Behaviour["id"] = () => randomUUID();
const created = { createdAt: "2026-01-01T00:00:00Z" };

export const digitalocean: Package = {
  types: {
    [DROPLET]: {
      id: serial,
      autoName: "name",
      replace: ["image", "region", "userData", "sshKeys", "vpcUuid"],
      faults: ({ userData }) => tooLong("userData", text(userData).length, 64),
      // Tags that are not there yet are made with the droplet.
      refers: { vpcUuid: { type: VPC, blocks: true } },
      outputs: (making) => ({
        ...created,
        status: "active",
        dropletUrn: `do:droplet:${making.id}`,
        ipv4Address: publicAddress(making, "ipv4Address"),
        ipv4AddressPrivate:
          making.before["ipv4AddressPrivate"] ??
          text(making.find(VPC, making.inputs["vpcUuid"])?.outputs["ipRange"]).replace(/\.\d+\/\d+$/, ".2"),
      }),
    },
    "digitalocean:index/firewall:Firewall": {
      id: uuid,
      autoName: "name",
      unique: ({ name }) => `firewall ${text(name)}`,
      refers: { "tags[]": { type: TAG } },
      outputs: () => ({ ...created, status: "succeeded", pendingChanges: [] }),
    },
    [TAG]: {
      id: ({ inputs }) => text(inputs["name"]),
      autoName: "name",
      replace: ["name"],
      unique: ({ name }) => `tag ${text(name)}`,
      outputs: () => ({}),
    },
    [VPC]: {
      id: uuid,
      autoName: "name",
      replace: ["region", "ipRange"],
      fills: ["ipRange"],
      unique: ({ name }) => `VPC ${text(name)}`,
      outputs: ({ id }) => ({ ...created, default: false, ipRange: "10.114.0.0/20", vpcUrn: `do:vpc:${id}` }),
    },
    [VOLUME]: {
      id: uuid,
      autoName: "name",
      replace: ["region", "name", "snapshotId", "initialFilesystemType", "filesystemType"],
      unique: ({ name, region }) => `volume ${text(name)} in ${text(region)}`,
      refuse: noShrinking("size"),
      outputs: ({ id }) => ({ volumeUrn: `do:volume:${id}`, dropletIds: [], filesystemLabel: "" }),
    },
    "digitalocean:index/volumeAttachment:VolumeAttachment": {
      id: ({ inputs }) => `${text(inputs["dropletId"])}-${text(inputs["volumeId"])}`,
      replace: ["dropletId", "volumeId"],
      refers: { dropletId: { type: DROPLET }, volumeId: { type: VOLUME, blocks: true } },
      unique: ({ volumeId }) => `an attachment of volume ${text(volumeId)}`,
    },
    [RESERVED_IP]: {
      id: ({ inputs, before }) =>
        text(inputs["ipAddress"]) || text(before["ipAddress"]) || `192.0.2.${serial().slice(-2)}`,
      replace: ["region", "ipAddress"],
      fills: ["ipAddress"],
      outputs: ({ id }) => ({ ipAddress: id, reservedIpUrn: `do:reservedip:${id}` }),
    },
    "digitalocean:index/reservedIpAssignment:ReservedIpAssignment": {
      id: ({ inputs }) => `${text(inputs["dropletId"])}-${text(inputs["ipAddress"])}`,
      replace: ["dropletId", "ipAddress"],
      refers: { dropletId: { type: DROPLET }, ipAddress: { type: RESERVED_IP, blocks: true } },
      unique: ({ ipAddress }) => `an assignment of ${text(ipAddress)}`,
    },
    "digitalocean:index/sshKey:SshKey": {
      id: serial,
      autoName: "name",
      replace: ["publicKey"],
      unique: ({ publicKey }) => `SSH key ${text(publicKey)}`,
      outputs: ({ id, before }) => ({ fingerprint: before["fingerprint"] ?? `00:11:${id}` }),
    },
  },
};
