import { runtime } from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readConfiguration, readSecretKeys } from "./config.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  runtime.setAllConfig({});
});

describe("readConfiguration", () => {
  it("takes JSON as JSON, other text as text, and leaves other namespaces out", () => {
    runtime.setAllConfig({
      "ethstake:network": "devnet",
      "ethstake:nodes": '[{"name":"a"}]',
      "ethstake:testStake": "64",
      "aws:region": "eu-west-1",
    });
    expect(readConfiguration()).toEqual({ network: "devnet", nodes: [{ name: "a" }], testStake: 64 });
  });
});

describe("readSecretKeys", () => {
  it("names the encrypted settings of this project", () => {
    expect(readSecretKeys()).toEqual(new Set());
    vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", '["ethstake:token","aws:secretKey"]');
    expect(readSecretKeys()).toEqual(new Set(["token"]));
  });
});
