import { describe, expect, it } from "vitest";
import { binomialTail, drawn, exact, lnFactorial, random, suspension } from "./sla-model.ts";

describe("the model of bad luck", () => {
  it("has factorials", () => {
    let sum = 0;
    for (let n = 1; n <= 200; n++) {
      sum += Math.log(n);
      expect(Math.abs(lnFactorial(n) - sum)).toBeLessThan(1e-11);
    }
  });

  it("has tails of the binomial distribution", () => {
    // Ten throws of a coin: more than 7 heads are 45 + 10 + 1 of 1,024.
    expect(binomialTail(10, 0.5, 7)).toBeCloseTo(56 / 1_024, 12);
    expect(binomialTail(10, 0.5, -1)).toBe(1);
    expect(binomialTail(10, 0.5, 10)).toBe(0);
    expect(binomialTail(6_750_000, 0.003, 0)).toBeCloseTo(1, 9);
  });

  it("draws the same numbers for a seed", () => {
    const [left, right, other] = [random(7), random(7), random(8)];
    const numbers = Array.from({ length: 5 }, () => left());
    expect(Array.from({ length: 5 }, () => right())).toEqual(numbers);
    expect(Array.from({ length: 5 }, () => other())).not.toEqual(numbers);
    expect(numbers.every((number) => number > 0 && number < 1)).toBe(true);
  });

  it("agrees with itself", () => {
    const luck = { keys: 10, missRate: 0.0028, outages: 0.5, outageHours: 1 };
    const [formula, sample] = [exact(luck), drawn(luck, 20_000, random(1))];
    expect(Math.abs(sample.breach - formula.breach)).toBeLessThan(0.02);
    expect(sample.penalty / formula.penalty).toBeCloseTo(1, 1);
  });

  it("breaches for certain when all is missed", () => {
    const outcome = exact({ keys: 2, missRate: 0.0001, outages: 30, outageHours: 72 });
    expect(outcome.breach).toBeCloseTo(1, 6);
    expect(outcome.penalty).toBeCloseTo(0.3, 4);
    expect(suspension(outcome.breach)).toBeCloseTo(1, 6);
    expect(suspension(0)).toBe(0);
  });
});
