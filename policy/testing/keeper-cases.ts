import { renderKeeper } from "../../components/keeper/bundle.ts";
import { KEEPER, KEEPER_FACTS } from "../../components/keeper/fixtures.ts";
import type { PlannedResource } from "../model.ts";
import type { RuleCases } from "./cases.ts";
import { COMMAND, CONTRACT, linked, resource, SETTING, urnOf } from "./resources.ts";

const COMPONENT = "ethstake:index:HostKeeper";
const OURS = renderKeeper(KEEPER, KEEPER_FACTS);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A keeper's bundle as it travels, with something in its files replaced. */
const bundleOf = (name: string, change: (text: string) => string = (text) => text): PlannedResource[] => [
  resource(COMPONENT, name),
  resource(
    COMMAND,
    `${name}-bundle`,
    {
      stdin: OURS.files.map(({ path, mode, content }) => `file ${mode} ${path} ${base64(change(content))}\n`).join(""),
    },
    { parent: urnOf(COMPONENT, name) },
  ),
];
const others = (text: string): string =>
  text.replaceAll("member-1", "member-2").replaceAll("depositor.key", "depositor-2.key").replaceAll("0x4545", "0x4646");

const oracle = resource(CONTRACT, "ReportConsensus", {});
const setting = (name: string, getter: string, value: unknown): PlannedResource =>
  resource(SETTING, name, { read: { signature: `function ${getter}(` }, value }, linked("target", oracle));
const committee = (votes: string, members: number): PlannedResource[] => [
  oracle,
  setting("quorum", "minimumQuorum", votes),
  ...Array.from({ length: members }, (_, index) => setting(`member-${index}`, "isMember", true)),
];
const keepers = (count: number): PlannedResource[] =>
  Array.from({ length: count }, (_, index) => resource(COMPONENT, `keeper-${index + 1}`));

export const KEEPER_CASES: RuleCases = {
  "keepers-make-quorum": [
    { title: "none", resources: committee("2", 3) },
    { title: "two of three", resources: [...committee("2", 3), ...keepers(2)] },
    { title: "one for a protocol of others", resources: keepers(1) },
    {
      title: "one of three",
      resources: [...committee("2", 3), ...keepers(1)],
      violations: ["keeper-1 keepers 1, with a quorum of 2"],
    },
    {
      title: "two of five, of which more than half must agree",
      resources: [...committee("2", 5), ...keepers(2)],
      violations: ["keeper-1 keepers 2, with a quorum of 3"],
    },
  ],
  "keeper-metrics-inside": [
    { title: "our own", resources: bundleOf("keeper-1") },
    {
      title: "a private address",
      resources: bundleOf("keeper-1", (text) => text.replace("127.0.0.1:7380:", "10.42.1.10:7380:")),
    },
    {
      title: "everywhere",
      resources: bundleOf("keeper-1", (text) => text.replace("127.0.0.1:7380:7380", "7380:7380")),
      violations: ["keeper-1-bundle stdin: services.keeper.ports[0] 7380:7380/tcp"],
    },
  ],
  "keeper-accounts-unique": [
    { title: "one each", resources: [...bundleOf("keeper-1"), ...bundleOf("keeper-2", others)] },
    {
      title: "one member's for two",
      resources: [...bundleOf("keeper-1"), ...bundleOf("keeper-2")],
      violations: [
        "keeper-2-bundle stdin member-1.key, which keeper-1 has too",
        "keeper-2-bundle stdin depositor.key, which keeper-1 has too",
        "keeper-2-bundle stdin 0x4545454545454545454545454545454545454545, which keeper-1 has too",
      ],
    },
  ],
};
