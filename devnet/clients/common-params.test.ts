import { createRequire } from "node:module";
import { paramsBlock } from "@ethereumjs/block";
import { Common, Hardfork, Mainnet } from "@ethereumjs/common";
import { paramsTx } from "@ethereumjs/tx";
import { paramsVM } from "@ethereumjs/vm";
import { describe, expect, it, vi } from "vitest";
import { skipKnownParams } from "./common-params.mjs";

/** What is looked at of a Common's inside: the table of all its parameters, and how one is built. */
interface Inside {
  readonly _paramsCache: object;
  _mergeWithParamsCache(params: object): void;
}

// The class twice: as it is, and with less to do.
const { Common: Quick } = createRequire(import.meta.url)("@ethereumjs/common") as { Common: typeof Common };
const merges = vi.spyOn(Quick.prototype as unknown as Inside, "_mergeWithParamsCache");
skipKnownParams(Quick);

/** A change of a Common, or another one to go on with. */
type Step = (common: Common) => Common | undefined;
const change =
  (work: (common: Common) => void): Step =>
  (common) => {
    work(common);
    return undefined;
  };
const block = change((common) => common.updateParams(paramsBlock));
const tx = change((common) => common.updateParams(paramsTx));
const vm = change((common) => common.updateParams(paramsVM));
const gas = (minGasLimit: number): Step => change((common) => common.updateParams({ 1: { minGasLimit } }));
const fork = (name: Hardfork): Step => change((common) => common.setHardfork(name));
const reset = change((common) => common.resetParams(paramsTx));
const copy: Step = (common) => common.copy();
const onCopy = (step: Step): Step => change((common) => void step(common.copy()));

/** The table of all parameters after each step. */
function tables(Class: typeof Common, steps: readonly Step[]): object[] {
  let common = new Class({ chain: Mainnet, hardfork: Hardfork.Shanghai });
  return steps.map((step) => {
    common = step(common) ?? common;
    return structuredClone((common as unknown as Inside)._paramsCache);
  });
}

describe("skipKnownParams", () => {
  it.each<[string, Step[]]>([
    ["the same again", [block, block, tx, block, vm]],
    ["a changed value, and back", [block, gas(7), block, gas(7), gas(8)]],
    ["copies", [block, copy, block, tx, copy, tx]],
    ["a copy that changes what it shares", [block, onCopy(gas(9)), gas(9), tx, block, onCopy(gas(9)), vm]],
    ["another fork", [block, fork(Hardfork.Prague), block, tx, fork(Hardfork.London), tx, fork(Hardfork.Prague)]],
    ["a reset", [block, reset, tx, block]],
  ])("leaves the parameters as they would be: %s", (_, steps) => {
    expect(tables(Quick, steps)).toEqual(tables(Common, steps));
  });

  it("builds the table once for all blocks and transactions of a chain", () => {
    const chain = new Quick({ chain: Mainnet, hardfork: Hardfork.Shanghai });
    // Copies of their own learn of parameters that the chain's Common has no table with.
    onCopy(block)(chain);
    onCopy(tx)(chain);
    merges.mockClear();
    for (let number = 0; number < 100; number++) {
      const own = chain.copy();
      block(own);
      onCopy(tx)(own);
    }
    expect(merges).not.toHaveBeenCalled();
  });
});
