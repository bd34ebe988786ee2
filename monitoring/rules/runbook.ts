import { ALERT_FILES } from "./files.ts";
import { PUBLIC } from "./timing.ts";
import type { Alert } from "./types.ts";

/** Lines of docs/RUNBOOK.md between which the alerts' entries are written. */
export const RUNBOOK_BEGIN = "<!-- alerts: written by `npm run test:monitoring -- --write` from monitoring/rules -->";
export const RUNBOOK_END = "<!-- end of the alerts -->";

function sentence(text: string): string {
  const trimmed = text.replace(/[.;]$/, "");
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}.`;
}

function entry({ name, severity, runbook }: Alert): string {
  return `#### ${name}
*${severity}* · ${sentence(runbook.means)} **Look:** ${sentence(runbook.look)} **Do:** ${sentence(runbook.act)}
`;
}

/** The runbook's part on alerts, with an entry for each. */
export function renderRunbook(): string {
  const parts = ALERT_FILES.map(({ title, alerts }) => `### Alerts: ${title}\n${alerts(PUBLIC).map(entry).join("\n")}`);
  return `${RUNBOOK_BEGIN}\n${parts.join("\n")}${RUNBOOK_END}`;
}

/** The runbook with its part on alerts as the definitions have it. */
export function withAlerts(runbook: string): string {
  const [begin, end] = [runbook.indexOf(RUNBOOK_BEGIN), runbook.indexOf(RUNBOOK_END)];
  if (begin < 0 || end < begin)
    throw new RangeError("docs/RUNBOOK.md lacks the lines between which alerts are written");
  return runbook.slice(0, begin) + renderRunbook() + runbook.slice(end + RUNBOOK_END.length);
}
