/** A report as a table, as JSON, and as CSV. Pure. */
import { formatEther, formatGwei } from "viem";
import type { OperatorReport, Report, ValidatorReport } from "./report.ts";

const percent = (share: number | undefined, digits = 2): string =>
  share === undefined ? "-" : `${(share * 100).toFixed(digits)} %`;
const slots = (distance: number | undefined): string => distance?.toFixed(2) ?? "-";
const ether = (gwei: bigint | undefined): string => (gwei === undefined ? "-" : formatGwei(gwei));

const HEADERS = ["attestations", "effectiveness", "distance", "proposals", "rewards", "APR"] as const;

function cells(figures: OperatorReport | ValidatorReport): string[] {
  const { attestationRate, effectiveness, inclusionDistance, proposalRate, rewardsGwei, apr, tally } = figures;
  const { proposed, proposalDuties } = tally;
  return [
    percent(attestationRate),
    percent(effectiveness),
    slots(inclusionDistance),
    proposalDuties > 0 ? `${percent(proposalRate, 0)} of ${proposalDuties}` : `${proposed} seen`,
    ether(rewardsGwei),
    percent(apr),
  ];
}

/** A table for people. Rewards are in ether. */
export function renderText(report: Report): string {
  const { stack, firstEpoch, lastEpoch, unknownEpochs, operators, validators, recommendations } = report;
  const epochs = lastEpoch - firstEpoch + 1;
  const lines = [
    `${stack}: epochs ${firstEpoch} to ${lastEpoch} (${((epochs * report.secondsPerEpoch) / 86_400).toFixed(2)} days)`,
  ];
  if (unknownEpochs > 0)
    lines.push(`of ${unknownEpochs} of ${epochs} epochs the beacon node does not know the duties any more`);
  if (report.participation === "keeper") lines.push("attestations are a keeper's count since its start");
  lines.push(
    "",
    ...table(
      ["operator", "keys", ...HEADERS],
      operators.map((each) => [each.name, String(each.validators), ...cells(each)]),
    ),
    "",
    ...table(
      ["operator", "window", "counted", "missed", "may miss", "costs now", "charged", "breaches", "bond"],
      operators.map(({ name, standing, chargedWei, breaches, bondWei }) => [
        name,
        String(standing.window),
        report.participation === "keeper" ? "by a keeper" : `${standing.epochsCounted} of ${standing.epochsOver}`,
        String(standing.missedEpochs),
        String(standing.allowedEpochs),
        formatEther(standing.penaltyWei),
        formatEther(chargedWei),
        String(breaches),
        formatEther(bondWei),
      ]),
    ),
    "",
    ...table(
      ["validator", "operator", "status", ...HEADERS],
      validators.map((each) => [String(each.index), each.operator, each.status, ...cells(each)]),
    ),
    "",
    ...(recommendations.length === 0
      ? ["Nothing to recommend."]
      : recommendations.map(({ rule, subject, found, advice }) => `[${rule}] ${plain(subject)}: ${found}. ${advice}`)),
  );
  return `${lines.join("\n")}\n`;
}

/** Operators choose their names: none of them is to move a terminal's cursor. */
function plain(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? "").length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => plain(cell).padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** One JSON object. Amounts are texts of whole gwei or wei; what is not known is null. */
export function renderJson(report: Report): string {
  const asText = (_key: string, value: unknown): unknown =>
    typeof value === "bigint" ? value.toString() : (value ?? null);
  return `${JSON.stringify(report, asText)}\n`;
}

/** Columns of a line, for operators and validators. */
const COLUMNS = [
  "kind",
  "operator",
  "index",
  "public_key",
  "status",
  "validators",
  "epochs_assigned",
  "epochs_missed",
  "attestation_rate",
  "effectiveness",
  "inclusion_distance",
  "blocks_proposed",
  "blocks_missed",
  "rewards_gwei",
  "apr",
  "window_missed_epochs",
  "window_allowed_epochs",
  "window_penalty_wei",
  "charged_wei",
] as const;

/** A line for each operator and each validator (RFC 4180). */
export function renderCsv({ operators, validators }: Report): string {
  const common = ({ tally, ...each }: OperatorReport | ValidatorReport) => ({
    epochs_assigned: tally.assigned,
    epochs_missed: tally.missed,
    attestation_rate: each.attestationRate,
    effectiveness: each.effectiveness,
    inclusion_distance: each.inclusionDistance,
    blocks_proposed: tally.proposed,
    blocks_missed: tally.missedProposals,
    rewards_gwei: each.rewardsGwei,
    apr: each.apr,
  });
  const rows: Partial<Record<(typeof COLUMNS)[number], string | number | bigint | undefined>>[] = [
    ...operators.map((each) => ({
      kind: "operator",
      operator: each.name,
      index: each.operatorId,
      validators: each.validators,
      ...common(each),
      window_missed_epochs: each.standing.missedEpochs,
      window_allowed_epochs: each.standing.allowedEpochs,
      window_penalty_wei: each.standing.penaltyWei,
      charged_wei: each.chargedWei,
    })),
    ...validators.map((each) => ({
      kind: "validator",
      operator: each.operator,
      index: each.index,
      public_key: each.publicKey,
      status: each.status,
      ...common(each),
    })),
  ];
  const lines = rows.map((row) => COLUMNS.map((column) => field(row[column])).join(","));
  return [COLUMNS.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

/** Operators choose their names: one must neither break the line nor be taken for a formula by a spreadsheet. */
function field(value: string | number | bigint | undefined): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
