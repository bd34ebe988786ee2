import { secretPath } from "./catalogue/types.ts";
import {
  CONFIG,
  KEYS,
  MIGRATE_COMMAND,
  postgres,
  POSTGRES_ENVIRONMENT,
  POSTGRES_PASSWORD,
  SCHEMA,
  SCHEMA_COMMAND,
  web3signer,
  web3signerTmpfs,
} from "./catalogue/web3signer.ts";
import { CONSENSUS_GRACE, containerOf, type Mount, type Service } from "./compose.ts";
import type { BundleDirectory, BundleSpec } from "./spec.ts";

const PASSWORD: Mount = {
  source: `secrets/${POSTGRES_PASSWORD}`,
  target: secretPath(POSTGRES_PASSWORD),
  readOnly: true,
};

const config = (file: string): Mount => ({ source: `config/${file}`, target: `${CONFIG}/${file}`, readOnly: true });

/** Folders of Web3Signer and its database. */
export const SIGNER_DIRECTORIES: readonly BundleDirectory[] = [
  { path: "data/postgres", mode: "0700" },
  { path: "data/web3signer-schema", mode: "0700" },
  { path: "keys", mode: "0700" },
];

/**
 * Web3Signer with its database. It signs for whoever asks, so both are in a network of their own, which only the validator client shares:
 * what talks to strangers (clients with peers, mev-boost) cannot reach it. Before it starts, its image hands over the migrations of its
 * version (one run), and PostgreSQL's image applies those that are new (another run): Web3Signer refuses a database of another version.
 */
export function signerServices(spec: BundleSpec, ports: readonly string[]): Service[] {
  const signer = spec.validator?.signer;
  const settings = signer?.kind === "web3signer" ? signer : {};
  const signerContainer = containerOf(web3signer, settings, spec.network);
  const databaseContainer = containerOf(postgres, {}, spec.network);
  const schemaMount: Mount = { source: "data/web3signer-schema", target: SCHEMA, readOnly: false };
  const oneShot = { healthCheck: undefined, oneShot: true, memoryMiB: 256, ports: [], stopGraceSeconds: 10 };
  const services: Service[] = [
    {
      name: "postgres",
      ...databaseContainer,
      environment: { ...databaseContainer.environment, ...POSTGRES_ENVIRONMENT },
      tmpfs: [...databaseContainer.tmpfs, `/var/run/postgresql:mode=0775,uid=${spec.uid},gid=${spec.gid}`],
      // The image's volume since version 18; the database is in 18/docker below it.
      mounts: [{ source: "data/postgres", target: "/var/lib/postgresql", readOnly: false }, PASSWORD],
      ports: [],
      dependsOn: {},
      stopGraceSeconds: CONSENSUS_GRACE,
      shmSize: "256m",
    },
    {
      name: "web3signer-schema",
      ...signerContainer,
      ...oneShot,
      entrypoint: SCHEMA_COMMAND,
      mounts: [schemaMount],
      dependsOn: {},
    },
    {
      name: "web3signer-migrate",
      ...databaseContainer,
      ...oneShot,
      entrypoint: MIGRATE_COMMAND,
      mounts: [{ ...schemaMount, readOnly: true }, config("web3signer-migrate.sh"), PASSWORD],
      dependsOn: { postgres: "service_healthy", "web3signer-schema": "service_completed_successfully" },
    },
    {
      name: "web3signer",
      ...signerContainer,
      tmpfs: [...signerContainer.tmpfs, web3signerTmpfs(spec.uid, spec.gid)],
      mounts: [
        { source: "keys", target: KEYS, readOnly: false },
        config("web3signer.yaml"),
        config("web3signer.sh"),
        PASSWORD,
      ],
      ports,
      dependsOn: { postgres: "service_healthy", "web3signer-migrate": "service_completed_successfully" },
      stopGraceSeconds: CONSENSUS_GRACE,
    },
  ];
  return services.map((service) => ({ ...service, networks: ["signer"] }));
}
