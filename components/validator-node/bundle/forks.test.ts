import { describe, expect, it } from "vitest";
import { compareVersions, FORK_NOTICE_DAYS, forkFaults, FORKS, versionOf } from "./forks.ts";
import { FORKLESS_IMAGES, IMAGE_NAMES, IMAGES } from "./images.ts";

const at = (text: string): number => Date.parse(text) / 1000;
const geth = (tag: string): { path: string; client: "geth"; tag: string } => ({ path: "n.geth", client: "geth", tag });

describe("versionOf", () => {
  it.each([
    ["v1.17.5", [1, 17, 5]],
    ["26.8.0", [26, 8, 0]],
    ["multiarch-v26.7.0", [26, 7, 0]],
    ["v8.2.2-modern", [8, 2, 2]],
    ["18-trixie", undefined],
    ["1.12", [1, 12, 0]],
    ["latest", undefined],
    ["stable", undefined],
    ["multiarch-latest", undefined],
    ["v1.17.5 ", undefined],
  ])("%s", (tag, version) => {
    expect(versionOf(tag)).toEqual(version);
  });

  it("tells the versions of all pinned clients", () => {
    for (const name of IMAGE_NAMES.filter((image) => !(FORKLESS_IMAGES as readonly string[]).includes(image)))
      expect(versionOf(IMAGES[name].tag), name).toBeDefined();
  });
});

describe("compareVersions", () => {
  it("compares numbers, not texts", () => {
    expect(compareVersions([1, 9, 0], [1, 10, 0])).toBeLessThan(0);
    expect(compareVersions([26, 8, 1], [26, 8, 0])).toBeGreaterThan(0);
    expect(compareVersions([1, 2, 3], [1, 2, 3])).toBe(0);
  });
});

describe("FORKS", () => {
  it("has Glamsterdam on Sepolia at the slot that begins epoch 353024", () => {
    const sepoliaGenesis = 1_655_733_600;
    const fork = FORKS.find(({ name, network }) => name === "Glamsterdam" && network === "sepolia");
    expect(fork?.time).toBe(sepoliaGenesis + 353_024 * 32 * 12);
  });
});

describe("forkFaults", () => {
  it("lets pinned versions be while no fork is near", () => {
    expect(forkFaults("mainnet", [geth(IMAGES.geth.tag)], at("2026-11-21T00:00:00Z"))).toEqual([]);
    expect(forkFaults("sepolia", [geth(IMAGES.geth.tag)], at("2026-09-22T13:53:35Z"))).toEqual([]);
  });

  it("speaks up fourteen days before, and from then on", () => {
    const notice = at("2026-10-06T13:53:36Z") - FORK_NOTICE_DAYS * 86_400;
    expect(forkFaults("sepolia", [geth(IMAGES.geth.tag)], notice - 1)).toEqual([]);
    const [before] = forkFaults("sepolia", [geth(IMAGES.geth.tag)], notice);
    expect(before).toEqual({
      path: "n.geth",
      value: IMAGES.geth.tag,
      message:
        "does not follow Glamsterdam, which comes to sepolia at 2026-10-06T13:53:36Z: " +
        `set image.tag to a geth release for Glamsterdam, newer than ${IMAGES.geth.tag}, or say in acknowledgedForks that the pinned one follows`,
    });
    expect(forkFaults("sepolia", [geth(IMAGES.geth.tag)], at("2026-12-01T00:00:00Z"))[0]?.message).toContain("came to");
  });

  it("takes a newer tag as the operator's word", () => {
    expect(forkFaults("sepolia", [geth("v1.18.0")], at("2026-12-01T00:00:00Z"))).toEqual([]);
  });

  it("says which release an old client needs", () => {
    const [fault] = forkFaults("mainnet", [geth("v1.16.6")], at("2026-01-01T00:00:00Z"));
    expect(fault?.message).toContain("set image.tag to geth 1.16.7 or newer");
  });

  it("has one fault for a client that missed several forks, about the latest", () => {
    const faults = forkFaults("sepolia", [geth("v1.10.0")], at("2026-12-01T00:00:00Z"));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain("Glamsterdam");
  });

  it("takes a tag that is no version for a fault at any time", () => {
    expect(forkFaults("mainnet", [geth("latest")], 0)[0]?.message).toContain("is not a version");
  });
});
