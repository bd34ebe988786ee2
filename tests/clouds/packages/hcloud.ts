/** The package `hcloud`: Hetzner Cloud numbers its things, and wants names to be unique. */
import { publicAddress, serial, text, type Behaviour, noShrinking, tooLong } from "../behaviour.ts";
import type { Package } from "../package.ts";

const SERVER = "hcloud:index/server:Server";
const VOLUME = "hcloud:index/volume:Volume";
const NETWORK = "hcloud:index/network:Network";
const FIREWALL = "hcloud:index/firewall:Firewall";
const PRIMARY_IP = "hcloud:index/primaryIp:PrimaryIp";
const SSH_KEY = "hcloud:index/sshKey:SshKey";

function named(kind: string, more: Partial<Behaviour>): Behaviour {
  return { id: serial, autoName: "name", unique: ({ name }) => `${kind} ${text(name)}`, ...more };
}

export const hcloud: Package = {
  types: {
    [SERVER]: named("server", {
      replace: ["location", "datacenter", "userData", "sshKeys", "image"],
      refers: {
        "sshKeys[]": { type: SSH_KEY },
        "firewallIds[]": { type: FIREWALL, blocks: true },
        "publicNets[].ipv4": { type: PRIMARY_IP, blocks: true },
      },
      guard: "deleteProtection",
      faults: ({ location, datacenter, userData, deleteProtection = false, rebuildProtection = false }) => [
        ...tooLong("userData", text(userData).length, 32),
        ...(datacenter === undefined
          ? []
          : [{ property: "datacenter", reason: "it is gone since 2026-10: use location" }]),
        ...(location === undefined ? [{ property: "location", reason: "a server needs it" }] : []),
        ...(deleteProtection === rebuildProtection
          ? []
          : [{ property: "rebuildProtection", reason: "it must be the same as deleteProtection" }]),
      ],
      outputs: (making) => {
        const [net] = Array.isArray(making.inputs["publicNets"]) ? making.inputs["publicNets"] : [];
        const primary = making.find(PRIMARY_IP, typeof net === "object" && net && "ipv4" in net ? net["ipv4"] : "");
        return {
          status: "running",
          ipv4Address: primary?.outputs["ipAddress"] ?? publicAddress(making, "ipv4Address"),
          ipv6Address: "2001:db8::1",
          ipv6Network: "2001:db8::/64",
          primaryDiskSize: 240,
        };
      },
    }),
    [FIREWALL]: named("firewall", {
      faults: ({ rules }) =>
        (Array.isArray(rules) ? rules : []).flatMap((rule, index) =>
          typeof rule === "object" &&
          rule &&
          "sourceIps" in rule &&
          Array.isArray(rule["sourceIps"]) &&
          rule["sourceIps"].length === 0
            ? [{ property: `rules[${index}].sourceIps`, reason: "a rule needs a source" }]
            : [],
        ),
    }),
    [NETWORK]: named("network", { replace: [], guard: "deleteProtection" }),
    "hcloud:index/networkSubnet:NetworkSubnet": {
      id: ({ inputs }) => `${text(inputs["networkId"])}-${text(inputs["ipRange"])}`,
      replace: ["networkId", "ipRange", "networkZone", "type", "vswitchId"],
      refers: { networkId: { type: NETWORK, blocks: true } },
      outputs: ({ inputs }) => ({ gateway: text(inputs["ipRange"]).replace(/\.\d+\/\d+$/, ".1") }),
    },
    "hcloud:index/serverNetwork:ServerNetwork": {
      id: ({ inputs }) => `${text(inputs["serverId"])}-${text(inputs["subnetId"]).split("-")[0] ?? ""}`,
      replace: ["serverId", "networkId", "subnetId", "ip"],
      refers: {
        serverId: { type: SERVER },
        subnetId: { type: "hcloud:index/networkSubnet:NetworkSubnet", blocks: true },
      },
      unique: ({ serverId, subnetId }) => `${text(serverId)} in ${text(subnetId)}`,
      fills: ["ip"],
      outputs: () => ({ ip: "10.42.1.2", macAddress: "86:00:00:00:00:01" }),
    },
    [PRIMARY_IP]: named("primary IP", {
      replace: ["type", "location", "datacenter", "assigneeType"],
      guard: "deleteProtection",
      outputs: (making) => ({ ipAddress: publicAddress(making, "ipAddress"), ipNetwork: "" }),
    }),
    [VOLUME]: named("volume", {
      replace: ["location", "format"],
      refuse: noShrinking("size"),
      guard: "deleteProtection",
      outputs: ({ id }) => ({ linuxDevice: `/dev/disk/by-id/scsi-0HC_Volume_${id}` }),
    }),
    "hcloud:index/volumeAttachment:VolumeAttachment": {
      id: ({ inputs }) => text(inputs["volumeId"]),
      replace: ["serverId", "volumeId"],
      refers: { serverId: { type: SERVER }, volumeId: { type: VOLUME, blocks: true } },
      unique: ({ volumeId }) => `an attachment of volume ${text(volumeId)}`,
    },
    [SSH_KEY]: named("SSH key", { replace: ["publicKey"], outputs: () => ({ fingerprint: "00:11:22:33" }) }),
  },
};
