import type { Rule } from "../model.ts";
import { BUNDLE_RULES } from "./bundles.ts";
import { FIREWALL_RULES } from "./firewalls.ts";
import { GATEWAY_RULES } from "./gateways.ts";
import { GOVERNANCE_RULES } from "./governance.ts";
import { KEEPER_RULES } from "./keepers.ts";
import { KEY_RULES } from "./keys.ts";
import { LABEL_RULES } from "./labels.ts";
import { MACHINE_RULES } from "./machines.ts";
import { MONITORING_RULES } from "./monitoring.ts";
import { PROTOCOL_RULES } from "./protocol.ts";

/** Every rule, in the order of the table in README.md. */
export const RULES: readonly Rule[] = [
  ...FIREWALL_RULES,
  ...MACHINE_RULES,
  ...LABEL_RULES,
  ...BUNDLE_RULES,
  ...GATEWAY_RULES,
  ...KEEPER_RULES,
  ...MONITORING_RULES,
  ...KEY_RULES,
  ...PROTOCOL_RULES,
  ...GOVERNANCE_RULES,
];
