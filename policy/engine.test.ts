import { describe, expect, it } from "vitest";
import type { PolicyResource } from "../engine/policies.ts";
import { RESOURCE, secret, SIGNATURE, UNKNOWN as ENGINE_UNKNOWN, type PropertyMap } from "../engine/values.ts";
import { planned, policies } from "./engine.ts";
import { UNKNOWN } from "./model.ts";

function given(type: string, inputs: PropertyMap, more: Partial<PolicyResource> = {}): PolicyResource {
  const urn = `urn:pulumi:dev::ethstake::${type}::x`;
  return {
    urn,
    type,
    name: "x",
    inputs,
    outputs: {},
    protect: false,
    parent: "",
    propertyDependencies: {},
    provider: {},
    ...more,
  };
}

describe("resources of the engine", () => {
  it("become plain: unknowns, secrets, references and assets", () => {
    const inputs: PropertyMap = {
      a: ENGINE_UNKNOWN,
      b: secret({ key: "k", later: ENGINE_UNKNOWN }),
      c: [
        { [SIGNATURE]: RESOURCE, urn: "u", id: "i-1" },
        { [SIGNATURE]: RESOURCE, urn: "u", id: "" },
      ],
      d: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "file", hash: "h" },
    };
    const { props, secrets } = planned(given("t", inputs, { outputs: { a: "known", e: 1 } }));
    expect(props).toEqual({
      a: "known",
      b: { key: "k", later: UNKNOWN },
      c: ["i-1", UNKNOWN],
      d: { text: "file", hash: "h" },
      e: 1,
    });
    expect([...(secrets ?? [])]).toEqual(["b"]);
  });
});

describe("the rules in the engine", () => {
  it("name rule, resource, property, value and fix", () => {
    const [violation, ...more] = policies({ "ethstake:network": "hoodi" }).resource(
      given("ethstake:index:Contract", { chain: { rpcUrl: "http://127.0.0.1:8545", chainId: 1 } }),
    );
    expect(more).toEqual([]);
    expect(violation).toMatchObject({
      severity: "mandatory",
      urn: "urn:pulumi:dev::ethstake::ethstake:index:Contract::x",
    });
    expect(violation?.message).toMatch(
      /^\[chain-of-network\] ethstake:index:Contract "x": chain\.chainId is 1\. Use 560048, or correct ethstake:network\. \(/,
    );
  });

  it("take the network from the stack's configuration, and mainnet's rules when there is none", () => {
    const deposit = given("ethstake:index:Deposit", {
      genesisForkVersion: "0x10000910",
      withdrawalCredentials: ENGINE_UNKNOWN,
    });
    expect(policies({ "ethstake:network": "hoodi" }).resource(deposit)).toEqual([]);
    expect(policies({}).resource(deposit)).toHaveLength(1);
  });

  it("never show a secret", () => {
    const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${"c2VjcmV0".repeat(8)}`;
    const found = policies({}).resource(given("command:local:Command", { create: `echo '${key}'` }));
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain("c2VjcmV0");
    expect(policies({}).resource(given("command:local:Command", { create: secret(`echo '${key}'`) }))).toEqual([]);
  });
});
