import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { testNode, type NodeShape } from "./fixtures.ts";
import { renderBundle } from "./render.ts";

const folder = new URL("golden/", import.meta.url);

/** Bundles that were looked over. `UPDATE_GOLDEN=1 npx vitest run components/validator-node/bundle` writes them anew. */
const GOLDEN: Readonly<Record<string, NodeShape>> = {
  "besu-lighthouse": { execution: ["besu"], consensus: ["lighthouse"], validator: "lighthouse" },
  "nethermind-nimbus": { execution: ["nethermind"], consensus: ["nimbus"], validator: "nimbus" },
  "geth-prysm": { execution: ["geth"], consensus: ["prysm"], validator: "prysm", signer: "local" },
  "reth-teku": { execution: ["reth"], consensus: ["teku"], validator: "teku", mevBoost: true },
  "erigon-lodestar": {
    execution: ["erigon"],
    consensus: ["lodestar"],
    validator: "lodestar",
    settings: { network: "hoodi" },
  },
  failover: {
    execution: ["besu", "geth"],
    consensus: ["lighthouse", "prysm"],
    validator: "lighthouse",
    mevBoost: true,
    settings: { metricsAddress: "10.8.0.3" },
  },
};

describe("golden bundles", () => {
  it.each(Object.entries(GOLDEN))("%s", (name, shape) => {
    const content = renderBundle(testNode(shape)).files[0]?.content ?? "";
    const file = new URL(`${name}.yaml`, folder);
    if (process.env.UPDATE_GOLDEN === "1") {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, content);
    }
    expect(content).toBe(readFileSync(file, "utf8"));
  });
});
