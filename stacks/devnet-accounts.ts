import type { RoleHolders } from "../components/protocol/roles.ts";

/** Which of a devnet's accounts deploys and is the contracts' admin. */
export const ADMIN_ACCOUNT = "deployer";
/** Which gets the protocol's fees. */
export const TREASURY_ACCOUNT = "treasury";

/** Which of a devnet's accounts holds which role. */
export const ROLE_ACCOUNTS: RoleHolders<string> = {
  upgrader: "deployer",
  pauser: "guardian",
  resumer: "parameters",
  parameters: "parameters",
  membership: "parameters",
  oversight: "deployer",
  depositor: "depositor",
  operatorManager: "parameters",
  exits: "depositor",
  consolidations: "depositor",
  arbiter: "parameters",
  emergency: "guardian",
};

/** Which of a devnet's accounts are the committees' members. */
export const COMMITTEE_ACCOUNTS = {
  oracle: ["oracle-1", "oracle-2", "oracle-3"],
  reviewers: ["reviewer-1", "reviewer-2", "reviewer-3"],
  guardians: ["guardian-1", "guardian-2", "guardian-3"],
} as const;

/** The roles' holders, each made of its account's name. */
export function roleHolders<Value>(holder: (account: string) => Value): RoleHolders<Value> {
  return Object.fromEntries(
    Object.entries(ROLE_ACCOUNTS).map(([role, name]: [string, string]) => [role, holder(name)]),
  ) as unknown as RoleHolders<Value>;
}

/** The committees' members, each made of its account's name. */
export function committees<Value>(
  member: (account: string) => Value,
): Record<keyof typeof COMMITTEE_ACCOUNTS, readonly Value[]> {
  const { oracle, reviewers, guardians } = COMMITTEE_ACCOUNTS;
  return { oracle: oracle.map(member), reviewers: reviewers.map(member), guardians: guardians.map(member) };
}

/**
 * The accounts of a devnet's keeper, each made of its account's name. The first has the roles that keepers can have, besides.
 * @param index place in the list of keepers
 */
export function keeperAccounts<Value>(
  index: number,
  account: (name: string) => Value,
): { member: Value; depositor?: Value; operatorManager?: Value; exits?: Value } {
  const member = account(COMMITTEE_ACCOUNTS.oracle[index] ?? "");
  if (index > 0) return { member };
  return {
    member,
    depositor: account(ROLE_ACCOUNTS.depositor),
    operatorManager: account(ROLE_ACCOUNTS.operatorManager),
    exits: account(ROLE_ACCOUNTS.exits),
  };
}

/** Accounts of the people who use a devnet's protocol: one that stays, one that leaves again. */
export const STAKER_ACCOUNTS = ["staker", "leaver"] as const;

/** Every account of a devnet but the operators'. */
export function accountNames(): string[] {
  return [
    ...new Set([
      ADMIN_ACCOUNT,
      TREASURY_ACCOUNT,
      ...(Object.values(ROLE_ACCOUNTS) as string[]),
      ...Object.values(COMMITTEE_ACCOUNTS).flat(),
      ...STAKER_ACCOUNTS,
    ]),
  ];
}
