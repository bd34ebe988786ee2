import { renderYaml } from "../yaml.ts";

/** What Loki's configuration is written from. */
export interface LokiSpec {
  /** Address that it listens on: every one of a container that publishes nothing, or loopback. */
  readonly address: string;
  readonly port: number;
  readonly dataPath: string;
  readonly retentionDays: number;
}

/** Loki in one process with its data on a disk: enough for the logs of a hundred nodes. */
export function renderLoki(spec: LokiSpec): string {
  return renderYaml({
    // Who may reach it is decided by its address: it has one tenant.
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: spec.address,
      http_listen_port: spec.port,
      grpc_listen_address: "127.0.0.1",
      grpc_listen_port: 9096,
      log_level: "warn",
    },
    common: {
      path_prefix: spec.dataPath,
      replication_factor: 1,
      instance_addr: "127.0.0.1",
      ring: { kvstore: { store: "inmemory" } },
      storage: {
        filesystem: { chunks_directory: `${spec.dataPath}/chunks`, rules_directory: `${spec.dataPath}/rules` },
      },
    },
    schema_config: {
      configs: [
        {
          from: "2024-04-01",
          store: "tsdb",
          object_store: "filesystem",
          schema: "v13",
          index: { prefix: "index_", period: "24h" },
        },
      ],
    },
    compactor: {
      working_directory: `${spec.dataPath}/compactor`,
      retention_enabled: true,
      delete_request_store: "filesystem",
    },
    limits_config: {
      retention_period: `${spec.retentionDays * 24}h`,
      // A client that is in trouble writes thousands of lines a second: the others shall still be heard.
      ingestion_rate_mb: 16,
      ingestion_burst_size_mb: 32,
      per_stream_rate_limit: "5MB",
      reject_old_samples: true,
      reject_old_samples_max_age: "168h",
    },
  });
}

/** What Alloy's configuration is written from. */
export interface AlloySpec {
  readonly stack: string;
  readonly network: string;
  readonly host: string;
  /** Where Loki takes lines, e.g. `http://127.0.0.1:3100/loki/api/v1/push`. */
  readonly lokiUrl: string;
  /** Proxy that Loki is reached through. */
  readonly proxy?: string | undefined;
  /** Where the files of Docker's json-file driver are, as Alloy sees them. */
  readonly containersPath: string;
}

/** A string in Alloy's syntax, which is JSON's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/**
 * Alloy's configuration: reads the files that Docker's json-file driver writes, without Docker's socket. The container's name comes from
 * the log driver's `tag` option (`attrs.tag` of each line); where a container has none, the file's folder has its id.
 */
export function renderAlloy(spec: AlloySpec): string {
  return `local.file_match "containers" {
  path_targets = [{
    __path__ = ${quoted(`${spec.containersPath}/*/*-json.log`)},
    stack    = ${quoted(spec.stack)},
    network  = ${quoted(spec.network)},
    host     = ${quoted(spec.host)},
  }]
}

loki.source.file "containers" {
  targets    = local.file_match.containers.targets
  forward_to = [loki.process.containers.receiver]
  // What was written before the first start is not shipped; later starts go on where the last one ended.
  tail_from_end = true
}

loki.process "containers" {
  stage.json {
    expressions = { output = "log", stream = "stream", timestamp = "time", attrs = "attrs" }
  }

  stage.json {
    source      = "attrs"
    expressions = { container = "tag" }
  }

  stage.timestamp {
    source = "timestamp"
    format = "RFC3339Nano"
  }

  stage.labels {
    values = { stream = "", container = "" }
  }

  // The path has the container's id, which is new with each start: as a label it would be a new stream each time.
  stage.label_drop {
    values = ["filename"]
  }

  stage.output {
    source = "output"
  }

  forward_to = [loki.write.loki.receiver]
}

loki.write "loki" {
  endpoint {
    url = ${quoted(spec.lokiUrl)}${spec.proxy === undefined ? "" : `\n    proxy_url = ${quoted(spec.proxy)}`}
  }
}
`;
}
