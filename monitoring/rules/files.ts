import { consensusRules, executionRules, validatorClientRules, versionRules } from "./recording-clients.ts";
import { protocolRules, slashingRules, validatorRules } from "./recording-chain.ts";
import { hostRules } from "./recording-hosts.ts";
import { HOST_TESTS, PROTOCOL_TESTS, VALIDATOR_TESTS } from "./tests-chain.ts";
import { CONSENSUS_TESTS, EXECUTION_TESTS, VALIDATOR_CLIENT_TESTS, VERSION_TESTS } from "./tests-clients.ts";
import { alertingAlerts } from "./alerts-alerting.ts";
import { hostAlerts } from "./alerts-hosts.ts";
import { keeperAlerts } from "./alerts-keepers.ts";
import { nodeAlerts } from "./alerts-nodes.ts";
import { protocolAlerts } from "./alerts-protocol.ts";
import { signerAlerts } from "./alerts-signers.ts";
import { validatorAlerts } from "./alerts-validators.ts";
import type { AlertFile, RecordingFile } from "./types.ts";

/** The files of recording rules, in the order in which one builds on the other. */
export const RECORDING_FILES: readonly RecordingFile[] = [
  { name: "execution", rules: executionRules, tests: EXECUTION_TESTS },
  { name: "consensus", rules: consensusRules, tests: CONSENSUS_TESTS },
  { name: "validator-clients", rules: validatorClientRules, tests: VALIDATOR_CLIENT_TESTS },
  { name: "versions", rules: versionRules, tests: VERSION_TESTS },
  { name: "validators", rules: validatorRules, tests: VALIDATOR_TESTS },
  { name: "slashing", rules: slashingRules, tests: [] },
  { name: "protocol", rules: protocolRules, tests: PROTOCOL_TESTS },
  { name: "hosts", rules: hostRules, tests: HOST_TESTS },
];

/** The files of alerts. */
export const ALERT_FILES: readonly AlertFile[] = [
  { name: "alerts-validators", title: "Validators", alerts: validatorAlerts },
  { name: "alerts-keepers", title: "Keepers", alerts: keeperAlerts },
  { name: "alerts-protocol", title: "Protocol", alerts: protocolAlerts },
  { name: "alerts-nodes", title: "Nodes", alerts: nodeAlerts },
  { name: "alerts-signers", title: "Signers and relays", alerts: signerAlerts },
  { name: "alerts-hosts", title: "Hosts", alerts: hostAlerts },
  { name: "alerts-alerting", title: "Alerting itself", alerts: alertingAlerts },
];
