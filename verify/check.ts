import { getAddress, parseAbi, parseAbiItem, type Abi, type Address, type PublicClient } from "viem";
import { readBuiltCode } from "../components/protocol/built-code.ts";
import { errorMessage } from "../lib/errors.ts";
import { fromAbiValue } from "../provider/chain/values.ts";
import type { ProtocolContract } from "../components/protocol/contracts.ts";
import type { TimelockName } from "../components/protocol/roles.ts";
import type { Deployment, Expectation } from "./expected.ts";

/** What the chain says to an expectation. */
export interface Finding {
  /** Contract and what of it. */
  readonly subject: string;
  readonly wanted: string;
  readonly found: string;
  readonly equal: boolean;
}

const ROLE_GRANTED = parseAbiItem(
  "event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
);
const ACCESS_ABI = parseAbi(["function hasRole(bytes32 role, address account) view returns (bool)"]);
const VERIFIER_ABI = parseAbi(["function verifierFrom(uint64 fromSlot) view returns (address)"]);
const MEMBERS_ABI = parseAbi(["function members() view returns (address[])"]);

/** Compares the chain with every expectation. What cannot be read counts as different, and does not stop the others. */
export async function check(
  client: PublicClient,
  { addresses, timelocks }: Pick<Deployment, "addresses" | "timelocks">,
  expectations: readonly Expectation[],
): Promise<Finding[]> {
  const grants = readGrants(client, [
    ...Object.values(addresses),
    ...Object.values(timelocks ?? {}).map(({ address }) => address),
  ]);
  // Who waits for it reports its failure.
  grants.catch(() => undefined);
  return await Promise.all(
    expectations.map(async (expectation) => {
      const [subject, wanted] = describe(expectation);
      try {
        const { contract } = expectation;
        const address =
          contract in addresses
            ? addresses[contract as ProtocolContract]
            : timelocks?.[contract as TimelockName].address;
        const found = address ? await read(client, address, expectation, grants) : "no such contract";
        return { subject, wanted, found, equal: found === wanted };
      } catch (error) {
        return { subject, wanted, found: errorMessage(error).split("\n")[0] ?? "", equal: false };
      }
    }),
  );
}

function describe(expectation: Expectation): [subject: string, wanted: string] {
  const { contract } = expectation;
  switch (expectation.kind) {
    case "code":
      return [`${contract} code`, `built from ${expectation.source}.sol`];
    case "value":
      return [`${contract}.${expectation.getter}`, String(expectation.value)];
    case "holders":
      return [`${contract} ${expectation.role}`, list(expectation.holders)];
    case "verifier":
      return [
        `${contract} verifier from slot ${expectation.fromSlot}`,
        describeVerifier(expectation.source, expectation),
      ];
    case "members":
      return [`${contract} members`, list(expectation.members)];
  }
}

/** A role that was granted at some time. */
interface Grant {
  /** In lower case. */
  readonly contract: string;
  readonly role: string;
  readonly account: Address;
}

/** Every grant that these contracts ever made, read at once: for some clients a search through all blocks is slow. */
async function readGrants(client: PublicClient, contracts: readonly Address[]): Promise<Grant[]> {
  const logs = await client.getLogs({
    address: [...contracts],
    event: ROLE_GRANTED,
    fromBlock: 0n,
    toBlock: "latest",
  });
  return logs.flatMap(({ address, args }) =>
    args.role && args.account ? [{ contract: address.toLowerCase(), role: args.role, account: args.account }] : [],
  );
}

async function read(
  client: PublicClient,
  address: Address,
  expectation: Expectation,
  grants: Promise<readonly Grant[]>,
): Promise<string> {
  switch (expectation.kind) {
    case "code":
      return (await readBuiltCode(client, address, expectation)).isBuilt
        ? `built from ${expectation.source}.sol`
        : "other code, or none";
    case "value": {
      const { getter, type } = expectation;
      const abi = parseAbi([`function ${getter}() view returns (${type})`]) as Abi;
      const value = fromAbiValue(await client.readContract({ address, abi, functionName: getter }));
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return type === "bytes32" ? text.toLowerCase() : text;
    }
    case "holders": {
      // Roles cannot be listed: whoever was ever granted one is asked about, and whoever should have it, since a client may lack old logs.
      const granted = (await grants).filter(
        ({ contract, role }) => contract === address.toLowerCase() && role === expectation.id,
      );
      const accounts = [
        ...new Set(
          [...expectation.holders, ...granted.map(({ account }) => account)].map((account) => getAddress(account)),
        ),
      ];
      const holds = await Promise.all(
        accounts.map((account) =>
          client.readContract({ address, abi: ACCESS_ABI, functionName: "hasRole", args: [expectation.id, account] }),
        ),
      );
      return list(accounts.filter((_account, index) => holds[index]));
    }
    case "verifier": {
      const verifier = await client.readContract({
        address,
        abi: VERIFIER_ABI,
        functionName: "verifierFrom",
        args: [BigInt(expectation.fromSlot)],
      });
      const read = async (getter: string): Promise<number> =>
        Number(
          await client.readContract({
            address: verifier,
            abi: parseAbi([`function ${getter}() view returns (uint64)`]) as Abi,
            functionName: getter,
          }),
        );
      const { isBuilt } = await readBuiltCode(client, verifier, { source: expectation.source, proxied: false });
      const indices = await Promise.all(
        Object.keys(expectation.indices).map(
          async (name): Promise<[string, number]> => [name, await read(`${name}Gindex`)],
        ),
      );
      return describeVerifier(isBuilt ? expectation.source : "other code", {
        fromSlot: await read("fromSlot"),
        indices: Object.fromEntries(indices),
      });
    }
    case "members":
      return list(await client.readContract({ address, abi: MEMBERS_ABI, functionName: "members" }));
  }
}

function describeVerifier(
  source: string,
  { fromSlot, indices }: Pick<Extract<Expectation, { kind: "verifier" }>, "fromSlot" | "indices">,
): string {
  return `${source}, slot ${fromSlot}, ${Object.entries(indices)
    .map(([name, index]) => `${name} ${index}`)
    .join(", ")}`;
}

/** Accounts in an order of their own, so that lists compare as sets. */
function list(accounts: readonly Address[]): string {
  return accounts.length === 0
    ? "nobody"
    : accounts
        .map((account) => getAddress(account))
        .sort()
        .join(" ");
}
