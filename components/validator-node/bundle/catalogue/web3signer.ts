import { stringify } from "yaml";
import type { BundleFile, PublicNetwork } from "../spec.ts";
import { fixedMemory } from "./common.ts";
import { PORTS, secretPath, type ContainerFacts } from "./types.ts";

/** Name of the secret that is PostgreSQL's password. */
export const POSTGRES_PASSWORD = "postgres-password";

/** Database, and user that owns it. */
const DATABASE = "web3signer";

/** Folder of the configuration inside a container. */
export const CONFIG = "/config";

/** Where schema migrations are handed from Web3Signer's image to PostgreSQL's. */
export const SCHEMA = "/schema";

/** Where Web3Signer keeps its keys. */
export const KEYS = "/keys";

/** In memory; the configuration with the password is here and nowhere else. */
const RUN = "/run/web3signer";

/** Web3Signer. Options: https://docs.web3signer.consensys.io/reference/cli/subcommands */
export const web3signer: ContainerFacts = {
  image: "web3signer",
  entrypoint: ["/bin/sh", `${CONFIG}/web3signer.sh`],
  stopSignal: "SIGTERM",
  memoryMiB: fixedMemory(4_096),
  readOnly: true,
  executableTmp: true,
  environment: (memoryMiB) => ({ JAVA_OPTS: `-Xmx${Math.floor(memoryMiB * 0.6)}m` }),
  // The image has curl.
  healthCheck: ["CMD", "curl", "-fsS", "-o", "/dev/null", `http://127.0.0.1:${PORTS.web3signer}/upcheck`],
  metricsPath: "/metrics",
};

/** PostgreSQL, for slashing protection only. */
export const postgres: Omit<ContainerFacts, "metricsPath"> = {
  image: "postgres",
  // PostgreSQL's fast shutdown: sessions end, nothing is lost. The image's own STOPSIGNAL.
  stopSignal: "SIGINT",
  memoryMiB: fixedMemory(2_048),
  readOnly: true,
  // Over TCP: while the image initialises itself, its temporary server answers on the socket only.
  healthCheck: ["CMD", "pg_isready", "-q", "-h", "127.0.0.1", "-U", DATABASE, "-d", DATABASE],
};

/** PostgreSQL's environment: the password comes from a file, and is asked for on every connection over the network. */
export const POSTGRES_ENVIRONMENT: Readonly<Record<string, string>> = {
  POSTGRES_DB: DATABASE,
  POSTGRES_USER: DATABASE,
  POSTGRES_PASSWORD_FILE: secretPath(POSTGRES_PASSWORD),
  POSTGRES_INITDB_ARGS: "--auth-host=scram-sha-256 --auth-local=scram-sha-256",
};

/** In-memory folder of Web3Signer, for nobody else. */
export function web3signerTmpfs(uid: number, gid: number): string {
  return `${RUN}:mode=0700,uid=${uid},gid=${gid},size=65536`;
}

/**
 * Web3Signer's files. Its options are in a file without the password. The script that starts it writes a copy with the password into
 * memory: on a command line `ps` would show it, in the environment `docker inspect` would, and a template on disk would be one more
 * file to guard.
 */
export function web3signerFiles(network: PublicNetwork): BundleFile[] {
  const options = {
    "http-listen-host": "0.0.0.0",
    "http-listen-port": PORTS.web3signer,
    // The validator client's name for it, and an operator's tunnel: no page in a browser may ask under another name.
    "http-host-allowlist": ["web3signer", "localhost", "127.0.0.1"],
    "metrics-enabled": true,
    "metrics-host": "0.0.0.0",
    "metrics-port": PORTS.web3signerMetrics,
    "metrics-host-allowlist": ["*"],
    "key-store-path": KEYS,
    "eth2.network": network,
    "eth2.key-manager-api-enabled": true,
    "eth2.slashing-protection-enabled": true,
    "eth2.slashing-protection-db-url": `jdbc:postgresql://postgres:${PORTS.postgres}/${DATABASE}`,
    "eth2.slashing-protection-db-username": DATABASE,
    "eth2.slashing-protection-pruning-enabled": true,
  };
  return [
    { path: "config/web3signer.yaml", mode: "0440", content: stringify(options) },
    { path: "config/web3signer.sh", mode: "0440", content: START_SCRIPT },
    { path: "config/web3signer-migrate.sh", mode: "0440", content: MIGRATE_SCRIPT },
  ];
}

const START_SCRIPT = `#!/bin/sh
# Starts Web3Signer with its options and the database's password. printf is part of the shell: no process is started with the password.
set -eu
umask 077
{
  cat ${CONFIG}/web3signer.yaml
  printf 'eth2.slashing-protection-db-password: "%s"\\n' "$(cat ${secretPath(POSTGRES_PASSWORD)})"
} > ${RUN}/config.yaml
exec /opt/web3signer/bin/web3signer --config-file=${RUN}/config.yaml eth2
`;

/** Hands over the migrations that this version of Web3Signer needs. */
export const SCHEMA_COMMAND: readonly string[] = [
  "/bin/sh",
  "-c",
  `set -eu\nrm -f ${SCHEMA}/*.sql\ncp /opt/web3signer/migrations/postgresql/*.sql ${SCHEMA}/`,
];

export const MIGRATE_COMMAND: readonly string[] = ["/bin/sh", `${CONFIG}/web3signer-migrate.sh`];

/**
 * Each migration and the note that it has run are one transaction, so an interrupted run leaves it undone or done and noted. The names
 * are Flyway's (V00001__initial.sql), and so is the order.
 */
const MIGRATE_SCRIPT = `#!/bin/sh
# Brings the slashing-protection database to the schema of the Web3Signer that runs. Can be run again, and interrupted.
set -eu
umask 077
export PGHOST="\${PGHOST:-postgres}" PGPORT="\${PGPORT:-${PORTS.postgres}}" PGUSER="${DATABASE}" PGDATABASE="${DATABASE}"
export PGPASSFILE="\${TMPDIR:-/tmp}/pgpass"
schema="\${SCHEMA_DIRECTORY:-${SCHEMA}}"
printf '*:*:*:*:%s\\n' "$(cat "\${PASSWORD_FILE:-${secretPath(POSTGRES_PASSWORD)}}")" > "$PGPASSFILE"
sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"; }

sql --command='SET client_min_messages = warning' \\
  --command='CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())'
found=0
for file in "$schema"/V*.sql; do
  [ -e "$file" ] || break
  found=1
  name="$(basename "$file")"
  case "$name" in *[!A-Za-z0-9_.-]*) echo "migration with a strange name: $name" >&2; exit 1 ;; esac
  if [ "$(sql --command="SELECT count(*) FROM schema_migrations WHERE name = '$name'")" = 1 ]; then continue; fi
  echo "applying $name"
  sql --single-transaction --command="INSERT INTO schema_migrations (name) VALUES ('$name')" --file="$file"
done
if [ "$found" = 0 ]; then echo "no migrations in $schema" >&2; exit 1; fi
`;
