export { Contract, type ContractArgs } from "./contract.ts";
export { Deposit, type DepositArgs } from "./deposit.ts";
export { FeeRecipient, type FeeRecipientArgs } from "./fee-recipient.ts";
export { Genesis, type DevnetAccount, type GenesisArgs } from "./genesis.ts";
export { Process, type ProcessArgs } from "./process.ts";
export { Setting, type Placeholder, type SettingArgs, type SettingRead, type SettingWrite } from "./setting.ts";
export { ValidatorKeys, type ValidatorKeysArgs } from "./validator-keys.ts";
export type { ChainArgs, KeymanagerArgs, SenderArgs } from "./common.ts";
