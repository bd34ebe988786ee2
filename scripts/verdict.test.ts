import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { IMAGE_NAMES, IMAGES_FILE, parseImages, type ImageTable } from "../components/validator-node/bundle/images.ts";
import { judge } from "./verdict.ts";

const DIGESTS = "[image-digests-on-mainnet] node-1-bundle: services.execution.image is a/b:1. Add @sha256:.";
const OTHER = "[no-ssh-from-anywhere] host fra-1: port 22 is open to 0.0.0.0/0.";
const digest = `sha256:${"5e".repeat(32)}`;
const FILLED = Object.fromEntries(
  IMAGE_NAMES.map((name) => [name, { image: "a/b", tag: "1", digest }]),
) as unknown as ImageTable;
const OPEN: ImageTable = { ...FILLED, besu: { image: "a/b", tag: "1" } };

function plan(ok: boolean, errors: string[], extra: object = {}): string {
  const diagnostics = [
    { severity: "warning", message: "[labels-present] one lacks a label." },
    ...errors.map((message) => ({ severity: "error", message })),
  ];
  return JSON.stringify({ ok, stack: "mainnet", steps: [{ name: "a" }], diagnostics, ...extra });
}

describe("judge", () => {
  it("lets a good preview through", () => {
    expect(judge(plan(true, []), FILLED)).toEqual({ ok: true, text: "The preview of mainnet went well." });
  });

  it("lets images without digests through while the catalogue has none, and says so", () => {
    const verdict = judge(plan(false, [DIGESTS, DIGESTS]), OPEN);
    expect(verdict.ok).toBe(true);
    expect(verdict.text).toMatch(/breaks one rule, 2 times.*none yet for besu\. Run `npm run images:digests`/);
  });

  it.each([
    ["the catalogue is filled", plan(false, [DIGESTS]), FILLED, DIGESTS],
    ["another rule is broken too", plan(false, [DIGESTS, OTHER]), OPEN, OTHER],
    ["a step failed too", plan(false, [DIGESTS], { steps: [{ name: "vault", error: "no" }] }), OPEN, "vault: no"],
    ["it failed without a fault", plan(false, [], { error: "program ended" }), OPEN, "program ended"],
    ["it says nothing", plan(false, []), OPEN, "no reason given"],
    ["it printed nothing", "", OPEN, "printed no result"],
    ["it printed something else", "[]", OPEN, "printed no result"],
  ])("refuses when %s", (_, json, images, reason) => {
    const verdict = judge(json, images);
    expect(verdict.ok).toBe(false);
    expect(verdict.text).toContain(reason);
  });

  it("names a rule that the policies have", () => {
    // Were the rule renamed, the verdict would let nothing through; this says why.
    expect(readFileSync(new URL("../policy/README.md", import.meta.url), "utf8")).toContain(
      "| `image-digests-on-mainnet` |",
    );
    expect(() => parseImages(readFileSync(IMAGES_FILE, "utf8"))).not.toThrow();
  });
});
