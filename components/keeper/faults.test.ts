import { describe, expect, it } from "vitest";
import { renderKeeper } from "./bundle.ts";
import { keeperFaults } from "./faults.ts";
import { KEEPER, KEEPER_FACTS } from "./fixtures.ts";
import type { KeeperSpec } from "./spec.ts";

const PROMETHEUS = { url: "http://localhost:9090", query: "x", tolerance: 0.01 };
const member = (change: Partial<KeeperSpec["accounts"]["member"]>): Partial<KeeperSpec> => ({
  accounts: { member: { ...KEEPER.accounts.member, ...change } },
});

describe("a keeper's faults", () => {
  it("are none", () => expect(keeperFaults(KEEPER)).toEqual([]));

  it.each<[string, Partial<KeeperSpec>, RegExp]>([
    ["name", { name: "Keeper 1" }, /lower-case/],
    ["name", { name: "gateway" }, /something else/],
    ["name", { name: "node-1" }, /something else/],
    ["node", { node: "../node" }, /name of a node/],
    ["accounts.member", member({ name: "a b" }), /name of an account/],
    ["accounts.member.address", member({ address: "0x12" }), /address/],
    ["accounts.member.signerUrl", member({ signerUrl: "http://127.0.0.1:8550" }), /own container/],
    ["accounts.member.signerUrl", member({ signerUrl: "http://[::1]:8550" }), /own container/],
    ["options.prometheus.url", { options: { prometheus: PROMETHEUS } }, /own container/],
    ["metricsAddress", { metricsAddress: "0.0.0.0" }, /private/],
    ["metricsAddress", { metricsAddress: "203.0.113.4" }, /private/],
    ["port", { port: 80 }, /1024 to 65535/],
    ["directory", { directory: "/var/lib/../etc" }, /absolute/],
    ["memoryMiB", { memoryMiB: 128 }, /at least 256/],
    ["uid", { uid: 0 }, /never root/],
  ])("%s of %j", (path, change, message) => {
    const faults = keeperFaults({ ...KEEPER, ...change });
    expect(faults).toMatchObject([{ path }]);
    expect(faults[0]?.message).toMatch(message);
  });

  it("are named all at once when it is rendered all the same", () => {
    expect(() => renderKeeper({ ...KEEPER, port: 1, uid: 0 }, KEEPER_FACTS)).toThrow(/port must .*; uid must/);
  });
});
