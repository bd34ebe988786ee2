import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FIRST_TERMS } from "../../lib/penalty.ts";
import { projectPath } from "../../lib/paths.ts";
import { readArguments } from "./arguments.ts";
import { NO_TALLY } from "./figures.ts";
import { parseCounters, withKeeper } from "./keeper-counters.ts";
import { RULE_NAMES } from "./recommend.ts";
import { renderCsv, renderJson, renderText } from "./render.ts";
import { reportOf, type Seen } from "./report.ts";

const SEEN: Seen = {
  stack: "hoodi",
  chainId: 560_048,
  firstEpoch: 100,
  lastEpoch: 324,
  secondsPerEpoch: 384,
  unknownEpochs: 0,
  participation: "chain",
  operators: [
    {
      operatorId: 1,
      name: '=alice, "the first"\u001b[2J',
      bondWei: 4n * 10n ** 18n,
      breaches: 0,
      suspended: false,
      chargedWei: 7n,
    },
  ],
  validators: [
    {
      index: 16,
      publicKey: "0xaa",
      operatorId: 1,
      status: "active_ongoing",
      tally: {
        ...NO_TALLY,
        assigned: 225,
        source: 225,
        target: 225,
        head: 220,
        distance: 230,
        included: 225,
        proposed: 1,
      },
      earnings: undefined,
    },
  ],
  window: {
    window: 0,
    windowEpochs: 6_750n,
    epochsOver: 325,
    epochsCounted: 225,
    terms: FIRST_TERMS,
    bondPerKey: 2n * 10n ** 18n,
    counts: new Map([[1, { assigned: 225, missed: 21 }]]),
  },
  observations: [
    { kind: "execution-peers", subject: "node-1 geth", value: 2 },
    { kind: "disk", subject: "fra-1 /data", value: 0.5 },
  ],
};
const report = reportOf(SEEN);

describe("a report", () => {
  it("says how the present window stands and what it would cost", () => {
    // One validator's whole window allows 20 epochs; the 21st is in the first band.
    expect(report.operators[0]?.standing).toMatchObject({
      allowedEpochs: 20,
      missedEpochs: 21,
      penaltyWei: FIRST_TERMS.perMissedEpoch,
    });
  });

  it("recommends by rules, each of which the docs explain", () => {
    expect(report.recommendations.map(({ rule }) => rule)).toEqual(["service-level", "execution-peers"]);
    const text = readFileSync(projectPath("docs/ANALYTICS.md"), "utf8");
    expect(RULE_NAMES.filter((rule) => !text.includes(`\`${rule}\``))).toEqual([]);
  });

  it("is a table that moves no cursor", () => {
    const text = renderText(report);
    expect(text).toContain("hoodi: epochs 100 to 324 (1.00 days)");
    expect(text).toMatch(/225 of 325 +21 +20 +0\.000035/);
    expect(text).not.toContain("\u001b");
  });

  it("is CSV that no spreadsheet calculates with", () => {
    const [head = "", operator = ""] = renderCsv(report).split("\r\n");
    expect(head).toMatch(/^kind,operator,index/);
    expect(operator).toMatch(/^operator,"'=alice, ""the first""/);
  });

  it("is JSON, with null for what is not known", () => {
    const value = JSON.parse(renderJson(report)) as { validators: { apr: unknown; tally: unknown }[] };
    expect(value.validators[0]).toMatchObject({ apr: null, rewardsGwei: null, proposalRate: null });
  });
});

describe("a keeper's counters", () => {
  const labels = 'operator="a",operator_id="1",pubkey="0xaa",validator_index="16"';
  const counters = parseCounters(
    [
      "# HELP ethstake_validator_epochs_assigned_total x",
      `ethstake_validator_epochs_assigned_total{${labels}} 10`,
      `ethstake_validator_head_hits_total{${labels}} 9`,
      'ethstake_operator_window_missed_epochs{operator="validator_index=\\"5\\"",operator_id="1"} 3',
    ].join("\n"),
  );

  it("are read by validator and operator", () => {
    expect(counters.tallies.get(16)).toEqual({ ...NO_TALLY, assigned: 10, head: 9 });
    expect([...counters.tallies.keys()]).toEqual([16]);
    expect(counters.window.get(1)).toEqual({ assigned: 0, missed: 3 });
  });

  it("take the place of attestations, not of blocks", () => {
    expect(withKeeper({ ...NO_TALLY, assigned: 1, proposed: 2 }, { ...NO_TALLY, assigned: 10, proposed: 9 })).toEqual({
      ...NO_TALLY,
      assigned: 10,
      proposed: 2,
    });
  });
});

describe("arguments of a report", () => {
  it("have defaults", () => {
    expect(readArguments([])).toMatchObject({ stack: "devnet", days: 1, format: "text", operator: undefined });
    expect(readArguments(["--days", "0.5", "--csv", "--stack", "hoodi"])).toMatchObject({ days: 0.5, format: "csv" });
  });

  it.each([
    [["--days", "0"], /--days is "0"/],
    [["--days", "1e3"], /--days/],
    [["--json", "--csv"], /--json is given with --csv/],
    [["--stack", "../x"], /--stack/],
    [["--rpc", "localhost:8545"], /--rpc/],
    [["--beacon", "ftp://x"], /--beacon/],
    [["--from-block", "-1"], /from-block/],
    [["--operator", ""], /--operator is empty/],
    [["--whatever"], /the command line is not understood/],
    [["stray"], /the command line is not understood/],
  ])("%j is refused", (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});
