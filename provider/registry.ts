import { erase, type AnyHandler } from "./resource.ts";
import { contractHandler } from "./resources/contract.ts";
import { depositHandler } from "./resources/deposit.ts";
import { feeRecipientHandler } from "./resources/fee-recipient.ts";
import { genesisHandler } from "./resources/genesis.ts";
import { processHandler } from "./resources/process.ts";
import { proposerSettingsHandler } from "./resources/proposer-settings.ts";
import { remoteKeysHandler } from "./resources/remote-keys.ts";
import { settingHandler } from "./resources/setting.ts";
import { validatorKeysHandler } from "./resources/validator-keys.ts";

/** The provider's resource types by their tokens. */
export const handlers: ReadonlyMap<string, AnyHandler> = new Map([
  ["ethstake:index:Contract", erase(contractHandler)],
  ["ethstake:index:Setting", erase(settingHandler)],
  ["ethstake:index:ValidatorKeys", erase(validatorKeysHandler)],
  ["ethstake:index:Deposit", erase(depositHandler)],
  ["ethstake:index:FeeRecipient", erase(feeRecipientHandler)],
  ["ethstake:index:ProposerSettings", erase(proposerSettingsHandler)],
  ["ethstake:index:RemoteKeys", erase(remoteKeysHandler)],
  ["ethstake:index:Genesis", erase(genesisHandler)],
  ["ethstake:index:Process", erase(processHandler)],
]);
