import { getAddress, numberToHex, pad, type Address } from "viem";
import { describe, expect, it } from "vitest";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { ROLE_GRANTS, type RoleHolders } from "../components/protocol/roles.ts";
import { ROLE_ACCOUNTS } from "../stacks/devnet-accounts.ts";
import { protocolSchema } from "../stacks/schema.ts";
import { expectationsOf, type Deployment } from "./expected.ts";

let next = 1;
const address = (): Address => getAddress(pad(numberToHex(next++), { size: 20 }));
const deployment: Deployment = {
  addresses: Object.fromEntries(
    [...PROTOCOL_CONTRACTS, "DepositContract" as const].map((name) => [name, address()]),
  ) as Deployment["addresses"],
  admin: address(),
  treasury: address(),
  roles: Object.fromEntries(
    Object.keys(ROLE_ACCOUNTS).map((role) => [role, address()]),
  ) as unknown as RoleHolders<Address>,
  committees: { oracle: [address()], reviewers: [], guardians: [address(), address()] },
  time: { genesisTime: 7, secondsPerSlot: 12, slotsPerEpoch: 32 },
  parameters: protocolSchema.parse({ stakeCap: 30_000, maxLossBps: 50 }),
  verifiers: [{ layout: "gloas", fromSlot: 9 }],
  withdrawalCredentials: "0x01",
};

describe("expectationsOf", () => {
  const expectations = expectationsOf(deployment);

  it("expects the code of every contract, and every role with exactly its holders", () => {
    const codes = expectations.flatMap((each) => (each.kind === "code" ? [each.contract] : []));
    expect(codes).toEqual(PROTOCOL_CONTRACTS);
    for (const { contract, role, holder } of ROLE_GRANTS) {
      const found = expectations.filter(
        (each) => each.kind === "holders" && each.contract === contract && each.role === role,
      );
      const account =
        holder in deployment.addresses
          ? deployment.addresses[holder as keyof Deployment["addresses"]]
          : deployment.roles[holder as keyof RoleHolders<unknown>];
      expect(found).toMatchObject([{ holders: [account] }]);
    }
  });

  it("expects what the settings say, in wei and as the contracts' getters give it", () => {
    const valueOf = (contract: string, getter: string): unknown =>
      expectations.flatMap((each) =>
        each.kind === "value" && each.contract === contract && each.getter === getter ? [each.value] : [],
      );
    expect(valueOf("StakingPool", "stakeCap")).toEqual(["30000000000000000000000"]);
    expect(valueOf("RewardDistribution", "maxLossBps")).toEqual(["50"]);
    expect(valueOf("RewardDistribution", "genesisTime")).toEqual(["7"]);
    expect(valueOf("BeaconDeposits", "attestationAllowed")).toEqual([true]);
    expect(valueOf("StakingPool", "withdrawalQueue")).toEqual([deployment.addresses.WithdrawalQueue]);
  });

  it("names nothing twice", () => {
    const names = expectations.map((each) =>
      each.kind === "value"
        ? `${each.contract}.${each.getter}`
        : each.kind === "holders"
          ? `${each.contract} ${each.role}`
          : `${each.contract} ${each.kind}`,
    );
    expect(new Set(names).size).toBe(names.length);
  });
});
