import { DATA, JWT, PORTS, secretPath, SIGNER_URL, type SignerContext } from "./catalogue/types.ts";
import { CONSENSUS, EXECUTION, VALIDATOR } from "./catalogue/index.ts";
import { mevBoost, mevBoostArgs } from "./catalogue/mev-boost.ts";
import { POSTGRES_PASSWORD, web3signer, web3signerFiles } from "./catalogue/web3signer.ts";
import { CONSENSUS_GRACE, containerOf, EXECUTION_GRACE, hashServices, renderCompose } from "./compose.ts";
import type { Mount, Service } from "./compose.ts";
import { PORT_OFFSETS } from "./ports.ts";
import { signerServices, SIGNER_DIRECTORIES } from "./signer.ts";
import type { Bundle, BundleDirectory, BundleSpec, GeneratedSecret, MetricsTarget, ValidatorSettings } from "./spec.ts";

const LOOPBACK = "127.0.0.1";
const ROLES = ["primary", "standby"] as const;

type Role = (typeof ROLES)[number];

/** A part of a node as it is put together. */
interface Part {
  readonly services: readonly Service[];
  readonly directories: readonly BundleDirectory[];
  readonly metrics: readonly MetricsTarget[];
  readonly ports: Bundle["ports"];
  readonly secrets: readonly GeneratedSecret[];
}

/**
 * Turns a node's description into what its host needs to run it. Pure: the same description, the same bundle. It does not judge the
 * description; `bundleFaults` does, for all nodes together.
 */
export function renderBundle(spec: BundleSpec): Bundle {
  const { validator, uid, gid } = spec;
  const usesWeb3signer = validator?.signer.kind === "web3signer";
  const files = usesWeb3signer ? web3signerFiles(spec.network) : [];
  const parts = [
    ...spec.execution.map((_, index) => executionPart(spec, index)),
    ...(spec.mevBoost ? [mevBoostPart(spec)] : []),
    ...spec.consensus.map((_, index) => consensusPart(spec, index)),
    ...(usesWeb3signer ? [web3signerPart(spec)] : []),
    ...(validator ? [validatorPart(spec, validator)] : []),
  ];
  const services = parts.flatMap((part) => part.services);
  const project = `ethstake-${spec.name}`;
  const token = validator && VALIDATOR[validator.client].keymanagerToken;
  return {
    directories: parts.flatMap((part) => part.directories),
    files: [{ path: "compose.yaml", mode: "0640", content: renderCompose(project, services, { uid, gid }) }, ...files],
    secrets: [{ path: "secrets/jwt", mode: "0440", bytes: 32 }, ...parts.flatMap((part) => part.secrets)],
    metrics: parts.flatMap((part) => part.metrics),
    ports: parts.flatMap((part) => part.ports),
    services: hashServices(services, files, { uid, gid }),
    executionRpc: loopbackUrl(spec, PORT_OFFSETS.executionRpc[0]),
    beaconApis: spec.consensus.map((_, index) => loopbackUrl(spec, PORT_OFFSETS.beaconApi[at(index)])),
    ...(token
      ? {
          keymanager: {
            url: loopbackUrl(spec, PORT_OFFSETS.keymanager),
            tokenFile: `${spec.directory}/${token.kind === "secret" ? "secrets/keymanager-token" : `${validatorData(validator)}/${token.path}`}`,
          },
        }
      : {}),
    ...(usesWeb3signer ? { signerUrl: loopbackUrl(spec, PORT_OFFSETS.web3signer) } : {}),
  };
}

function executionPart(spec: BundleSpec, index: number): Part {
  const settings = spec.execution[index] ?? missing("execution", index);
  const definition = EXECUTION[settings.client];
  const role = roleOf(index);
  const name = nameOf("execution", role);
  const data = `data/${name}-${settings.client}`;
  return {
    services: [
      {
        name,
        ...containerOf(definition, settings, spec.network),
        command: [
          ...definition.args({ network: spec.network, p2pPort: settings.p2pPort }),
          ...(settings.extraArgs ?? []),
        ],
        mounts: [dataMount(data), secretMount("jwt", JWT)],
        ports: [
          published(spec, PORT_OFFSETS.executionRpc[at(index)], PORTS.executionRpc),
          metricsPort(spec, PORT_OFFSETS.executionMetrics[at(index)], PORTS.executionMetrics),
          `${settings.p2pPort}:${settings.p2pPort}/tcp`,
          `${settings.p2pPort}:${settings.p2pPort}/udp`,
        ],
        dependsOn: {},
        stopGraceSeconds: EXECUTION_GRACE,
      },
    ],
    directories: [{ path: data, mode: "0700" }],
    metrics: [
      target(
        spec,
        "execution",
        settings.client,
        role,
        PORT_OFFSETS.executionMetrics[at(index)],
        definition.metricsPath,
      ),
    ],
    ports: (["tcp", "udp"] as const).map((protocol) => ({
      port: settings.p2pPort,
      protocol,
      purpose: `${spec.name} ${name} p2p`,
    })),
    secrets: [],
  };
}

function consensusPart(spec: BundleSpec, index: number): Part {
  const settings = spec.consensus[index] ?? missing("consensus", index);
  const definition = CONSENSUS[settings.client];
  const role = roleOf(index);
  const name = nameOf("consensus", role);
  const data = `data/${name}-${settings.client}`;
  // Each consensus client has an execution client of its own while there are enough; a standby shares the only one otherwise.
  const execution = nameOf("execution", roleOf(Math.min(index, spec.execution.length - 1)));
  const context = {
    network: spec.network,
    p2pPort: settings.p2pPort,
    quicPort: settings.quicPort,
    executionEndpoint: `http://${execution}:${PORTS.engine}`,
    checkpointSyncUrl: spec.checkpointSyncUrl,
    builderUrl: spec.mevBoost && `http://mev-boost:${PORTS.mevBoost}`,
    feeRecipient: spec.validator?.feeRecipient,
  };
  const container = containerOf(definition, settings, spec.network);
  const checkpoint: Service | undefined = definition.prepare && {
    name: `${name}-checkpoint`,
    ...container,
    entrypoint: definition.prepare(context),
    healthCheck: undefined,
    oneShot: true,
    mounts: [dataMount(data)],
    ports: [],
    dependsOn: {},
    stopGraceSeconds: CONSENSUS_GRACE,
  };
  const p2p = [
    { port: settings.p2pPort, protocol: "tcp" as const, purpose: `${spec.name} ${name} p2p` },
    { port: settings.p2pPort, protocol: "udp" as const, purpose: `${spec.name} ${name} p2p` },
    ...(definition.quic
      ? [{ port: settings.quicPort, protocol: "udp" as const, purpose: `${spec.name} ${name} p2p (QUIC)` }]
      : []),
  ];
  return {
    services: [
      ...(checkpoint ? [checkpoint] : []),
      {
        name,
        ...container,
        command: [...definition.args(context), ...(settings.extraArgs ?? [])],
        mounts: [dataMount(data), secretMount("jwt", JWT)],
        ports: [
          published(spec, PORT_OFFSETS.beaconApi[at(index)], PORTS.beaconApi),
          metricsPort(spec, PORT_OFFSETS.consensusMetrics[at(index)], PORTS.consensusMetrics),
          ...p2p.map(({ port, protocol }) => `${port}:${port}/${protocol}`),
        ],
        dependsOn: checkpoint ? { [checkpoint.name]: "service_completed_successfully" } : {},
        stopGraceSeconds: CONSENSUS_GRACE,
      },
    ],
    directories: [{ path: data, mode: "0700" }],
    metrics: [
      target(
        spec,
        "consensus",
        settings.client,
        role,
        PORT_OFFSETS.consensusMetrics[at(index)],
        definition.metricsPath,
      ),
    ],
    ports: p2p,
    secrets: [],
  };
}

function mevBoostPart(spec: BundleSpec): Part {
  const settings = spec.mevBoost ?? missing("mevBoost", 0);
  return {
    services: [
      {
        name: "mev-boost",
        ...containerOf(mevBoost, settings, spec.network),
        command: [...mevBoostArgs(spec.network, settings), ...(settings.extraArgs ?? [])],
        mounts: [],
        ports: [metricsPort(spec, PORT_OFFSETS.mevBoostMetrics, PORTS.mevBoostMetrics)],
        dependsOn: {},
        stopGraceSeconds: 10,
      },
    ],
    directories: [],
    metrics: [target(spec, "mev-boost", "mev-boost", "primary", PORT_OFFSETS.mevBoostMetrics, mevBoost.metricsPath)],
    ports: [],
    secrets: [],
  };
}

function web3signerPart(spec: BundleSpec): Part {
  return {
    services: signerServices(spec, [
      published(spec, PORT_OFFSETS.web3signer, PORTS.web3signer),
      metricsPort(spec, PORT_OFFSETS.web3signerMetrics, PORTS.web3signerMetrics),
    ]),
    directories: SIGNER_DIRECTORIES,
    metrics: [
      target(spec, "web3signer", "web3signer", "primary", PORT_OFFSETS.web3signerMetrics, web3signer.metricsPath),
    ],
    ports: [],
    secrets: [{ path: `secrets/${POSTGRES_PASSWORD}`, mode: "0440", bytes: 32 }],
  };
}

/** The one validator client of a node. There is never a second: two that run the same keys are slashed. */
function validatorPart(spec: BundleSpec, settings: ValidatorSettings): Part {
  const definition = VALIDATOR[settings.client];
  const container = containerOf(definition, settings, spec.network);
  const data = validatorData(settings);
  const signer: SignerContext =
    settings.signer.kind === "web3signer"
      ? { kind: "web3signer", url: SIGNER_URL, publicKeys: settings.publicKeys }
      : { kind: "local" };
  const wallet = settings.signer.kind === "local" ? definition.localWallet : undefined;
  const walletMounts = wallet ? [secretMount(wallet.secret)] : [];
  const walletService: Service | undefined = wallet && {
    name: "validator-wallet",
    ...container,
    entrypoint: wallet.entrypoint(spec.network),
    healthCheck: undefined,
    oneShot: true,
    mounts: [dataMount(data), ...walletMounts],
    ports: [],
    dependsOn: {},
    stopGraceSeconds: CONSENSUS_GRACE,
  };
  const readsToken = definition.keymanagerToken.kind === "secret";
  const own = spec.consensus.map((_, index) => nameOf("consensus", roleOf(index)));
  return {
    services: [
      ...(walletService ? [walletService] : []),
      {
        name: "validator",
        ...container,
        command: [
          ...definition.args({
            network: spec.network,
            beaconApis: [...own.map((name) => `http://${name}:${PORTS.beaconApi}`), ...settings.fallbackBeaconApis],
            signer,
            doppelgangerProtection: settings.doppelgangerProtection,
            graffiti: settings.graffiti,
            feeRecipient: settings.feeRecipient,
            gasLimit: settings.gasLimit,
            builder: spec.mevBoost !== undefined,
          }),
          ...(settings.extraArgs ?? []),
        ],
        ...(signer.kind === "web3signer" ? { networks: ["default", "signer"] as const } : {}),
        mounts: [dataMount(data), ...(readsToken ? [secretMount("keymanager-token")] : []), ...walletMounts],
        ports: [
          published(spec, PORT_OFFSETS.keymanager, PORTS.keymanager),
          metricsPort(spec, PORT_OFFSETS.validatorMetrics, PORTS.validatorMetrics),
        ],
        dependsOn: {
          ...(signer.kind === "web3signer" ? { web3signer: "service_healthy" as const } : {}),
          ...(walletService ? { [walletService.name]: "service_completed_successfully" as const } : {}),
        },
        stopGraceSeconds: CONSENSUS_GRACE,
      },
    ],
    directories: [{ path: data, mode: "0700" }],
    metrics: [
      target(spec, "validator", settings.client, "primary", PORT_OFFSETS.validatorMetrics, definition.metricsPath),
    ],
    ports: [],
    secrets: [
      ...(readsToken ? [{ path: "secrets/keymanager-token", mode: "0440", bytes: 32 }] : []),
      ...(wallet ? [{ path: `secrets/${wallet.secret}`, mode: "0440", bytes: 32 }] : []),
    ],
  };
}

/** Folder of a validator client's data, which holds its own slashing protection. */
function validatorData(settings: ValidatorSettings): string {
  return `data/validator-${settings.client}`;
}

function roleOf(index: number): Role {
  return ROLES[at(index)];
}

/** 0 for the primary, 1 for the standby. */
function at(index: number): 0 | 1 {
  if (index === 0 || index === 1) return index;
  throw new RangeError(`a node has a primary and a standby, and no client number ${index + 1}`);
}

function missing(list: string, index: number): never {
  throw new RangeError(`${list} has no entry ${index}`);
}

function nameOf(part: "execution" | "consensus", role: Role): string {
  return role === "primary" ? part : `${part}-standby`;
}

function dataMount(source: string): Mount {
  return { source, target: DATA, readOnly: false };
}

function secretMount(name: string, target = secretPath(name)): Mount {
  return { source: `secrets/${name}`, target, readOnly: true };
}

function loopbackUrl(spec: BundleSpec, offset: number): string {
  return `http://${LOOPBACK}:${spec.basePort + offset}`;
}

function published(spec: BundleSpec, offset: number, containerPort: number): string {
  return `${LOOPBACK}:${spec.basePort + offset}:${containerPort}/tcp`;
}

function metricsPort(spec: BundleSpec, offset: number, containerPort: number): string {
  return `${spec.metricsAddress ?? LOOPBACK}:${spec.basePort + offset}:${containerPort}/tcp`;
}

function target(
  spec: BundleSpec,
  job: MetricsTarget["job"],
  client: string,
  role: Role,
  offset: number,
  path: string,
): MetricsTarget {
  return { job, client, role, target: `${spec.metricsAddress ?? LOOPBACK}:${spec.basePort + offset}`, path };
}
