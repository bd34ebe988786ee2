import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { ContainerFacts } from "./catalogue/types.ts";
import { imageReference } from "./images.ts";
import type { BundleFile, ClientSettings, PublicNetwork } from "./spec.ts";

/** A bind mount. A source that is missing is an error, where Docker's default would make an empty folder that belongs to root. */
export interface Mount {
  /** Relative to the node's folder. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * What a service waits for at its start. Only what it cannot do without: Compose 2.26, which is Debian 13's, makes every service anew that
 * depends on one that changed, and a validator client that restarts for its beacon node's sake misses duties. Clients look for one another
 * as long as it takes, at every boot anyway, when Docker starts them in no order.
 */
export type DependencyCondition = "service_healthy" | "service_completed_successfully";

/** A service before it becomes YAML. */
export interface Service {
  readonly name: string;
  readonly image: string;
  readonly entrypoint?: readonly string[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly mounts: readonly Mount[];
  readonly tmpfs: readonly string[];
  /** Short syntax, `127.0.0.1:8545:8545/tcp`. */
  readonly ports: readonly string[];
  /** Networks that it is in, of the bundle or {@link renderCompose}'s external ones; the default one when absent. */
  readonly networks?: readonly string[];
  /** Capabilities that it keeps of those that every service drops. */
  readonly capAdd?: readonly string[];
  readonly dependsOn: Readonly<Record<string, DependencyCondition>>;
  readonly healthCheck?: readonly string[] | undefined;
  readonly readOnly: boolean;
  /** Runs once and ends, before what depends on it. */
  readonly oneShot: boolean;
  readonly stopSignal: string;
  readonly stopGraceSeconds: number;
  readonly memoryMiB: number;
  /** Bytes of `/dev/shm`, where Docker's 64 MiB are too few. */
  readonly shmSize?: string | undefined;
}

/** Whom containers run as. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Seconds that execution clients have to close their databases. */
export const EXECUTION_GRACE = 300;
/** Seconds that everything else with a database has. */
export const CONSENSUS_GRACE = 60;

/** What a catalogue's entry and an operator's settings say about a container together. */
export function containerOf(
  facts: Omit<ContainerFacts, "metricsPath">,
  settings: ClientSettings,
  network: PublicNetwork,
): Pick<
  Service,
  "image" | "entrypoint" | "environment" | "tmpfs" | "healthCheck" | "readOnly" | "oneShot" | "stopSignal" | "memoryMiB"
> {
  const memoryMiB = settings.memoryMiB ?? facts.memoryMiB[network];
  return {
    image: imageReference(facts.image, settings.image),
    entrypoint: facts.entrypoint,
    // The image does not know this user, whose home would be a folder that cannot be written.
    environment: { HOME: "/tmp", ...facts.environment?.(memoryMiB) },
    tmpfs: [`/tmp:mode=1777,size=268435456${facts.executableTmp === true ? ",exec" : ""}`],
    healthCheck: facts.healthCheck,
    readOnly: facts.readOnly,
    oneShot: false,
    stopSignal: facts.stopSignal,
    memoryMiB,
  };
}

/** A service as compose knows it. Keys come in one order, and those that say nothing are left out. */
function definitionOf(service: Service, { uid, gid }: Owner): Record<string, unknown> {
  const has = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;
  const dependencies = Object.entries(service.dependsOn);
  return {
    image: service.image,
    ...(service.entrypoint === undefined ? {} : { entrypoint: [...service.entrypoint] }),
    ...(service.command === undefined ? {} : { command: [...service.command] }),
    ...(service.environment === undefined ? {} : { environment: { ...service.environment } }),
    user: `${uid}:${gid}`,
    ...(service.readOnly ? { read_only: true } : {}),
    cap_drop: ["ALL"],
    ...(has(service.capAdd) ? { cap_add: [...(service.capAdd ?? [])] } : {}),
    security_opt: ["no-new-privileges:true"],
    ...(has(service.tmpfs) ? { tmpfs: [...service.tmpfs] } : {}),
    ...(has(service.mounts)
      ? {
          volumes: service.mounts.map(({ source, target, readOnly }) => ({
            type: "bind",
            source: `./${source}`,
            target,
            ...(readOnly ? { read_only: true } : {}),
            bind: { create_host_path: false },
          })),
        }
      : {}),
    ...(has(service.ports) ? { ports: [...service.ports] } : {}),
    ...(service.networks === undefined ? {} : { networks: [...service.networks] }),
    ...(dependencies.length > 0
      ? { depends_on: Object.fromEntries(dependencies.map(([name, condition]) => [name, { condition }])) }
      : {}),
    ...(service.healthCheck === undefined
      ? {}
      : {
          healthcheck: {
            test: [...service.healthCheck],
            // Services wait for one another to be healthy, so not much longer; start_interval needs Docker 25.
            interval: "10s",
            timeout: "5s",
            retries: 6,
            start_period: "2m",
          },
        }),
    restart: service.oneShot ? "no" : "unless-stopped",
    stop_signal: service.stopSignal,
    stop_grace_period: `${service.stopGraceSeconds}s`,
    mem_limit: `${service.memoryMiB}m`,
    ...(service.shmSize === undefined ? {} : { shm_size: service.shmSize }),
    // Databases hold thousands of files open; newer engines start containers with a limit of 1024.
    ulimits: { nofile: { soft: 1_048_576, hard: 1_048_576 } },
    // The tag is in each line of the file: log shippers learn the container's name without asking Docker.
    logging: { driver: "json-file", options: { "max-size": "50m", "max-file": "5", tag: "{{.Name}}" } },
  };
}

/** Compose expands `$`; a text that has one is meant as it is. */
function escapeDollars(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(escapeDollars);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, escapeDollars(entry)]));
  return value;
}

/**
 * The compose file of a node.
 * @param external names of networks that another project has made
 */
export function renderCompose(
  project: string,
  services: readonly Service[],
  owner: Owner,
  external: readonly string[] = [],
): string {
  const definitions = Object.fromEntries(
    services.map((service) => [service.name, escapeDollars(definitionOf(service, owner))]),
  );
  // Readers of YAML 1.1 take `no` for a boolean and `22:22` for a number: written for them, both are quoted.
  const options = { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false } as const;
  const own = [...new Set(services.flatMap(({ networks = [] }) => networks))].filter((name) => name !== "default");
  const definition = (name: string) => (external.includes(name) ? { external: true } : {});
  const networks = own.length > 0 ? { networks: Object.fromEntries(own.map((name) => [name, definition(name)])) } : {};
  return stringify({ name: project, services: definitions, ...networks }, options);
}

/** Each service's hash: over its definition and the content of the files that it mounts from the bundle. */
export function hashServices(
  services: readonly Service[],
  files: readonly BundleFile[],
  owner: Owner,
): Record<string, string> {
  return Object.fromEntries(
    services.map((service) => {
      const mounted = files
        .filter(({ path }) => service.mounts.some(({ source }) => source === path))
        .map(({ path, mode, content }) => [path, mode, content]);
      const hash = createHash("sha256").update(JSON.stringify([definitionOf(service, owner), mounted]));
      return [service.name, hash.digest("hex")];
    }),
  );
}
