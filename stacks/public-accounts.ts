import type { AccountArgs } from "../components/protocol/args.ts";
import type { RoleHolders } from "../components/protocol/roles.ts";
import type { AccountSettings } from "./public-schema.ts";

/** Which of a stack's accounts deploys and is the contracts' admin until the timelocks take over. */
export const DEPLOYER_ACCOUNT = "deployer";

/** Which account holds which role unless the settings say otherwise. Members of committees are addresses, not accounts: they vote. */
export const PUBLIC_ROLES: RoleHolders<string> = {
  upgrader: "deployer",
  pauser: "guardian",
  resumer: "operations",
  parameters: "operations",
  membership: "operations",
  oversight: "deployer",
  depositor: "depositor",
  operatorManager: "operations",
  exits: "depositor",
  consolidations: "depositor",
  arbiter: "operations",
  emergency: "guardian",
};

/** An account of the settings. @throws TypeError for one that is not there: the settings' checks have seen to it */
export function accountOf(accounts: Readonly<Record<string, AccountSettings>>, name: string): AccountArgs {
  const settings = accounts[name];
  if (!settings) throw new TypeError(`the settings have no account ${name}`);
  const { address, keyFile = "", signerUrl } = settings;
  return { address, sender: signerUrl === undefined ? { keyFile } : { signerUrl, address } };
}

/**
 * The roles' holders, each made of its account's name.
 * @param roles names of accounts by role, where they are not the usual ones
 */
export function holdersOf<Value>(
  roles: Readonly<Record<string, string>>,
  holder: (account: string) => Value,
): RoleHolders<Value> {
  return Object.fromEntries(
    Object.entries({ ...PUBLIC_ROLES, ...roles }).map(([role, name]: [string, string]) => [role, holder(name)]),
  ) as unknown as RoleHolders<Value>;
}
