import { prove, type NetworkReader, type Proof, type ValidatorReport } from "./proofs.ts";

/** What `devnet:status --json` prints. */
export interface StatusReport {
  readonly executionRpc: string;
  readonly beaconApi: string;
  readonly keymanagerApis: readonly {
    readonly node: string;
    readonly url: string;
    readonly tokenFile: string;
    readonly authentication: string;
  }[];
  /** Addresses by name. */
  readonly contracts: Readonly<Record<string, string>>;
  readonly validators: readonly ValidatorReport[];
  readonly proofs: readonly Proof[];
  /** Test accounts: address, and the file with the key. */
  readonly accounts: Readonly<Record<string, { readonly address: string; readonly keyFile: string }>>;
  /** Folder of the logs. */
  readonly logs: string;
}

/** Reads a devnet's state from its clients and contracts. */
export async function report(reader: NetworkReader): Promise<StatusReport> {
  const { network } = reader;
  const { proofs, validators } = await prove(reader);
  return {
    executionRpc: network.executionRpc,
    beaconApi: network.beaconApi,
    keymanagerApis: network.nodes.map(({ name, keymanager }) => ({
      node: name,
      ...keymanager,
      authentication: `header "Authorization: Bearer TOKEN", TOKEN being the content of ${keymanager.tokenFile}`,
    })),
    contracts: network.contracts,
    validators,
    proofs,
    accounts: network.accounts,
    logs: `${network.directory}/logs`,
  };
}

/** Whether everything that the devnet promises holds. */
export function allHold({ proofs, validators }: StatusReport): boolean {
  return validators.length > 0 && proofs.length > 0 && proofs.every(({ holds }) => holds);
}

/** The report for people: a table of proofs, then the URLs. */
export function renderReport(status: StatusReport, stack: string): string {
  const width = Math.max(...status.proofs.map(({ claim }) => claim.length));
  const rows = status.proofs.flatMap(({ claim, value, source, holds }) => [
    `  ${holds ? "yes" : "NO "}  ${claim.padEnd(width)}  ${value}`,
    `       ${" ".repeat(width)}  from ${source}`,
  ]);
  const suffix = stack === "devnet" ? "" : ` -- --stack ${stack}`;
  const entries: [string, string][] = [
    ["execution RPC", status.executionRpc],
    ["beacon API", status.beaconApi],
    ...status.keymanagerApis.map(({ node, url, tokenFile }): [string, string] => [
      `keymanager of ${node}`,
      `${url} (token in ${tokenFile})`,
    ]),
    ...Object.entries(status.contracts),
    ["logs", status.logs],
    ["show this again", `npm run devnet:status${suffix}`],
    ["take it down", `npm run devnet:down${suffix}`],
  ];
  return [
    "Proven, each read from the chain, the beacon node or the validator client:",
    ...rows,
    "",
    ...entries.map(([name, value]) => `  ${name.padEnd(22)}  ${value}`),
  ].join("\n");
}
