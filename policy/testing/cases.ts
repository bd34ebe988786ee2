/** What keeps each rule and what breaks it. */
import type { Network, PlannedResource } from "../model.ts";
import { BUNDLE_CASES } from "./bundle-cases.ts";
import { CLOUD_CASES } from "./cloud-cases.ts";
import { GATEWAY_CASES } from "./gateway-cases.ts";
import { KEEPER_CASES } from "./keeper-cases.ts";
import { MONITORING_CASES } from "./monitoring-cases.ts";
import { PROTOCOL_CASES } from "./protocol-cases.ts";

/** A stack, and what the rule is to say of it. */
export interface Case {
  readonly title: string;
  readonly resources: readonly PlannedResource[];
  /** Mainnet unless said otherwise. */
  readonly network?: Network;
  /** Expected violations as `resource property value`; none for what passes. The value may be left out. */
  readonly violations?: readonly string[];
}

/** Cases of one rule; at least one passes and one fails. */
export type RuleCases = Readonly<Record<string, readonly Case[]>>;

export const CASES: RuleCases = {
  ...CLOUD_CASES,
  ...BUNDLE_CASES,
  ...GATEWAY_CASES,
  ...KEEPER_CASES,
  ...MONITORING_CASES,
  ...PROTOCOL_CASES,
};
