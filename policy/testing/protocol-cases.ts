import { UNKNOWN, type PlannedResource } from "../model.ts";
import type { RuleCases } from "./cases.ts";
import {
  ADDRESS,
  bundle,
  changed,
  CONTRACT,
  GOOD_SERVICE,
  linked,
  OTHER_ADDRESS,
  resource,
  SETTING,
} from "./resources.ts";

const FEE_RECIPIENT = "ethstake:index:FeeRecipient";
const DEPOSIT = "ethstake:index:Deposit";
const TIMELOCK = "contracts/out/TimelockController.sol/TimelockController.json";
const NO_ROLE = `0x${"00".repeat(32)}`;

const rewardsVault = resource(CONTRACT, "ExecutionRewardsVault", { address: UNKNOWN });
const knownRewardsVault = resource(CONTRACT, "ExecutionRewardsVault", { address: ADDRESS });
const withdrawalVault = resource(CONTRACT, "WithdrawalVault", { address: UNKNOWN });
const knownWithdrawalVault = resource(CONTRACT, "WithdrawalVault", { address: ADDRESS });

const credentials = (address: string, type = "0x01") => `${type}${"00".repeat(11)}${address.slice(2).toLowerCase()}`;
const fee = (getter: string, value: unknown) =>
  resource(SETTING, getter, { read: { signature: `function ${getter}() view returns (uint256)` }, value });
const onChain = (chainId: unknown) =>
  resource(CONTRACT, "StakingPool", { chain: { rpcUrl: "http://127.0.0.1", chainId } });
const timelock = (name: string, seconds: unknown) =>
  resource(CONTRACT, name, { artifact: TIMELOCK, constructorArgs: [seconds, [], [], ADDRESS] });

const pool = resource(CONTRACT, "StakingPool", {
  proxy: { artifact: "p" },
  timelock: UNKNOWN,
  artifact: "StakingPool.json",
});
const queue = resource(CONTRACT, "WithdrawalQueue", { artifact: "WithdrawalQueue.json" });
const renounce = (contract: PlannedResource, role = NO_ROLE) =>
  resource(
    SETTING,
    `${contract.name}-admin-given-up`,
    {
      target: UNKNOWN,
      write: { signature: "function renounceRole(bytes32 role, address account)", args: [role, UNKNOWN] },
      value: false,
    },
    linked("target", contract),
  );

const committee = resource(CONTRACT, "ReportConsensus", {});
const quorum = (value: string) =>
  resource(
    SETTING,
    "quorum",
    { target: UNKNOWN, read: { signature: "function minimumQuorum() view returns (uint256)" }, value },
    linked("target", committee),
  );
const members = (count: number, of: PlannedResource) =>
  Array.from({ length: count }, (_item, index) =>
    resource(
      SETTING,
      `${of.name}-member-${index}`,
      { target: UNKNOWN, read: { signature: "function isMember(address account) view returns (bool)" }, value: true },
      linked("target", of),
    ),
  );

export const PROTOCOL_CASES: RuleCases = {
  "fee-recipient-is-vault": [
    {
      title: "the vault's output",
      resources: [
        rewardsVault,
        resource(FEE_RECIPIENT, "f", { feeRecipient: UNKNOWN }, linked("feeRecipient", rewardsVault)),
      ],
    },
    {
      title: "the vault's address, and a client that says so too",
      resources: [
        knownRewardsVault,
        resource(FEE_RECIPIENT, "f", { feeRecipient: ADDRESS.toLowerCase() }),
        bundle(changed({ command: [`--suggested-fee-recipient=${ADDRESS}`] })),
      ],
    },
    { title: "no protocol in the stack", resources: [resource(FEE_RECIPIENT, "f", { feeRecipient: OTHER_ADDRESS })] },
    {
      title: "nothing to go by",
      resources: [rewardsVault, resource(FEE_RECIPIENT, "f", { feeRecipient: UNKNOWN })],
    },
    {
      title: "another address",
      resources: [
        knownRewardsVault,
        resource(FEE_RECIPIENT, "f", { feeRecipient: OTHER_ADDRESS }),
        bundle({ ...GOOD_SERVICE, command: ["--suggested-fee-recipient", OTHER_ADDRESS] }),
      ],
      violations: [`f feeRecipient ${OTHER_ADDRESS}`, `node-1 stdin ${OTHER_ADDRESS}`],
    },
    {
      title: "a literal beside a vault that is not there yet, and another contract's output",
      resources: [
        rewardsVault,
        resource(FEE_RECIPIENT, "f", { feeRecipient: OTHER_ADDRESS }),
        resource(FEE_RECIPIENT, "g", { feeRecipient: UNKNOWN }, linked("feeRecipient", withdrawalVault)),
      ],
      violations: ["f feeRecipient", "g feeRecipient"],
    },
  ],
  "withdrawals-to-vault": [
    {
      title: "the vault's credentials",
      resources: [
        knownWithdrawalVault,
        resource(DEPOSIT, "a", { withdrawalCredentials: credentials(ADDRESS) }),
        resource(DEPOSIT, "b", { withdrawalCredentials: credentials(ADDRESS, "0x02") }),
      ],
    },
    {
      title: "the vault's output",
      resources: [
        withdrawalVault,
        resource(DEPOSIT, "a", { withdrawalCredentials: UNKNOWN }, linked("withdrawalCredentials", withdrawalVault)),
      ],
    },
    {
      title: "others",
      resources: [
        knownWithdrawalVault,
        resource(DEPOSIT, "a", { withdrawalCredentials: credentials(OTHER_ADDRESS) }),
        resource(DEPOSIT, "b", { withdrawalCredentials: `0x00${"ab".repeat(31)}` }),
        resource(DEPOSIT, "c", {}),
      ],
      violations: ["a withdrawalCredentials", "b withdrawalCredentials", "c withdrawalCredentials nothing"],
    },
    {
      title: "a literal beside a vault that is not there yet",
      resources: [withdrawalVault, resource(DEPOSIT, "a", { withdrawalCredentials: credentials(OTHER_ADDRESS) })],
      violations: ["a withdrawalCredentials"],
    },
  ],
  "fees-within-caps": [
    {
      title: "at the caps",
      resources: [fee("protocolFeeBps", "1000"), fee("operatorFeeBps", "1000"), fee("stakeCap", "5000")],
    },
    { title: "not known yet", resources: [fee("protocolFeeBps", UNKNOWN)] },
    {
      title: "above",
      resources: [fee("protocolFeeBps", "1001"), fee("operatorFeeBps", 2000)],
      violations: ["protocolFeeBps value 1001 basis points", "operatorFeeBps value 2000 basis points"],
    },
  ],
  "chain-of-network": [
    { title: "mainnet", resources: [onChain(1), onChain(UNKNOWN)] },
    { title: "hoodi", resources: [onChain(560048)], network: "hoodi" },
    { title: "a devnet", resources: [onChain(1337)], network: "devnet" },
    { title: "hoodi's on mainnet", resources: [onChain(560048)], violations: ["StakingPool chain.chainId 560048"] },
    {
      title: "a devnet on mainnet",
      resources: [onChain(1)],
      network: "devnet",
      violations: ["StakingPool chain.chainId 1"],
    },
  ],
  "fork-version-of-network": [
    { title: "mainnet", resources: [resource(DEPOSIT, "d", { genesisForkVersion: "0x00000000" })] },
    { title: "not known yet", resources: [resource(DEPOSIT, "d", { genesisForkVersion: UNKNOWN })] },
    { title: "a devnet", resources: [resource(DEPOSIT, "d", { genesisForkVersion: "0x00000001" })], network: "devnet" },
    {
      title: "hoodi's on sepolia",
      resources: [resource(DEPOSIT, "d", { genesisForkVersion: "0x10000910" })],
      network: "sepolia",
      violations: ["d genesisForkVersion 0x10000910"],
    },
  ],
  "timelock-delays": [
    {
      title: "long enough",
      resources: [timelock("UpgradeTimelock", "604800"), timelock("OperationsTimelock", "86400")],
    },
    { title: "a testnet", resources: [timelock("UpgradeTimelock", "60")], network: "hoodi" },
    { title: "not known yet", resources: [timelock("UpgradeTimelock", UNKNOWN)] },
    {
      title: "too short",
      resources: [timelock("UpgradeTimelock", "604799"), timelock("OperationsTimelock", "3600")],
      violations: ["UpgradeTimelock constructorArgs[0] 604799", "OperationsTimelock constructorArgs[0] 3600"],
    },
  ],
  "admin-behind-timelock": [
    { title: "handed over", resources: [pool, queue, timelock("UpgradeTimelock", "604800"), renounce(pool)] },
    { title: "a devnet", resources: [resource(CONTRACT, "StakingPool", { proxy: {} })], network: "devnet" },
    {
      title: "no timelock",
      resources: [resource(CONTRACT, "StakingPool", { proxy: { artifact: "p" } })],
      violations: ["StakingPool timelock nothing"],
    },
    {
      title: "the deploying account stays the admin",
      resources: [pool, renounce(queue), renounce(pool, `0x${"11".repeat(32)}`)],
      violations: ["StakingPool admin the deploying account"],
    },
  ],
  "quorum-is-majority": [
    { title: "two of three", resources: [quorum("2"), ...members(3, committee), ...members(9, pool)] },
    { title: "not known yet", resources: [resource(SETTING, "quorum", { value: UNKNOWN })] },
    {
      title: "a half",
      resources: [quorum("2"), ...members(4, committee)],
      violations: ["quorum value 2 of 4 members"],
    },
  ],
};
