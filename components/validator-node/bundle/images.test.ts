import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { IMAGE_NAMES, imageReference, IMAGES, IMAGES_FILE, parseImages, tagOf } from "./images.ts";

describe("images", () => {
  it("has every image, by a tag that does not move by name", () => {
    expect(Object.keys(IMAGES).sort()).toEqual([...IMAGE_NAMES].sort());
    for (const { tag } of Object.values(IMAGES)) expect(tag).not.toMatch(/latest|stable|main|nightly/);
  });

  it("is written as images:digests writes it", () => {
    const text = readFileSync(IMAGES_FILE, "utf8");
    expect(text).toBe(`${JSON.stringify(parseImages(text), undefined, 2)}\n`);
  });

  it("refuses a table with an unknown or a missing image, or with a digest that is none", () => {
    expect(() => parseImages(JSON.stringify({ ...IMAGES, other: { image: "a", tag: "1" } }))).toThrow();
    expect(() => parseImages(JSON.stringify({ geth: IMAGES.geth }))).toThrow();
    expect(() => parseImages(JSON.stringify({ ...IMAGES, geth: { ...IMAGES.geth, digest: "sha256:1" } }))).toThrow();
  });

  it("names what is pulled", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    expect(imageReference("reth")).toContain(`ghcr.io/paradigmxyz/reth:${IMAGES.reth.tag}`);
    expect(imageReference("reth", { tag: "v9.0.0" })).toBe("ghcr.io/paradigmxyz/reth:v9.0.0");
    expect(imageReference("reth", { digest })).toBe(`ghcr.io/paradigmxyz/reth:${IMAGES.reth.tag}@${digest}`);
    expect(tagOf("reth")).toBe(IMAGES.reth.tag);
    expect(tagOf("reth", { tag: "v9.0.0" })).toBe("v9.0.0");
  });
});
