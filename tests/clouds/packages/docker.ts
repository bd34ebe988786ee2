/** The package `docker`: an engine's containers, networks, volumes and images. */
import { hex, text, type Behaviour } from "../behaviour.ts";
import type { Package } from "../package.ts";

const named = (kind: string, more: Partial<Behaviour> = {}): Behaviour => ({
  id: () => hex(64),
  autoName: "name",
  unique: ({ name }) => `${kind} ${text(name)}`,
  ...more,
});

export const docker: Package = {
  types: {
    "docker:index/container:Container": named("container", {
      // What Docker can change in a container that exists; everything else makes a new one.
      replace: [
        ...["image", "name", "command", "entrypoints", "envs", "ports", "volumes", "mounts", "networksAdvanced"],
        ...[
          "networkMode",
          "user",
          "labels",
          "hostname",
          "capabilities",
          "privileged",
          "readOnly",
          "uploads",
          "workingDir",
        ],
      ],
      outputs: () => ({ bridge: "", exitCode: 0, networkDatas: [], containerLogs: "" }),
    }),
    "docker:index/network:Network": named("network", {
      replace: ["name", "driver", "internal", "attachable", "ipamConfigs", "ipv6", "options", "labels"],
      outputs: () => ({ scope: "local" }),
    }),
    "docker:index/volume:Volume": named("volume", {
      id: ({ inputs }) => text(inputs["name"]),
      replace: ["name", "driver", "driverOpts", "labels"],
      outputs: ({ id }) => ({ mountpoint: `/var/lib/docker/volumes/${id}/_data` }),
    }),
    "docker:index/remoteImage:RemoteImage": {
      id: ({ inputs }) => `sha256:${hex(64)}${text(inputs["name"])}`,
      replace: ["name", "pullTriggers", "triggers", "platform", "build"],
      outputs: ({ id, inputs }) => ({ imageId: id, repoDigest: `${text(inputs["name"])}@${id.slice(0, 71)}` }),
    },
  },
};
