import { describe, expect, it } from "vitest";
import { allHold, renderReport, type StatusReport } from "./report.ts";

const status: StatusReport = {
  executionRpc: "http://127.0.0.1:8545",
  beaconApi: "http://127.0.0.1:9596",
  keymanagerApis: [
    { node: "node-1", url: "http://127.0.0.1:5062", tokenFile: "validator/api-token.txt", authentication: "header" },
  ],
  contracts: { StakingPool: "0x0000000000000000000000000000000000000001" },
  validators: [
    {
      pubkey: "0xaa",
      node: "node-1",
      status: "active_ongoing",
      index: 16,
      withdrawalCredentials: "0x01",
      feeRecipient: "0x02",
      balanceGwei: "32000000000",
    },
  ],
  proofs: [
    { claim: "the head advances", source: "beacon node", value: "slot 1, then 2", holds: true },
    { claim: "the share price rose", source: "StakingPool.sharePrice()", value: "1.0001 ETH", holds: true },
  ],
  accounts: { staker: { address: "0x0000000000000000000000000000000000000003", keyFile: "accounts/staker.key" } },
  logs: ".ethstake/devnet/logs",
};

describe("allHold", () => {
  it("asks for every proof, and for validators to prove something of", () => {
    expect(allHold(status)).toBe(true);
    expect(allHold({ ...status, validators: [] })).toBe(false);
    expect(
      allHold({ ...status, proofs: status.proofs.map((proof, index) => ({ ...proof, holds: index === 0 })) }),
    ).toBe(false);
  });

  it("does not take a report without proofs for a good one", () => {
    expect(allHold({ ...status, proofs: [] })).toBe(false);
  });
});

describe("renderReport", () => {
  it("shows each claim with its value and where it was read", () => {
    const lines = renderReport(status, "devnet").split("\n");
    expect(lines[1]).toMatch(/^ {2}yes {2}the head advances +slot 1, then 2$/);
    expect(lines[2]).toMatch(/^ +from beacon node$/);
  });

  it("marks what does not hold", () => {
    const proofs = [{ claim: "the head advances", source: "beacon node", value: "no answer", holds: false }];
    expect(renderReport({ ...status, proofs }, "devnet")).toMatch(/^ {2}NO {3}the head advances/m);
    expect(renderReport({ ...status, proofs: [] }, "devnet")).toContain("http://127.0.0.1:8545");
  });

  it("ends with the command that takes this network down", () => {
    expect(renderReport(status, "devnet").split("\n").at(-1)).toMatch(/npm run devnet:down$/);
    expect(renderReport(status, "second").split("\n").at(-1)).toMatch(/npm run devnet:down -- --stack second$/);
  });

  it("names the files that hold secrets, not what is in them", () => {
    expect(renderReport(status, "devnet")).toContain("token in validator/api-token.txt");
  });
});
