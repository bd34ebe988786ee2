import { describe, expect, it } from "vitest";
import { Retries } from "./retries.ts";

describe("retries", () => {
  it("come after twice as many slots each time, up to 4,096, and of each epoch by itself", () => {
    const retries = new Retries();
    let slot = 100;
    const waits: number[] = [];
    for (let each = 0; each < 15; each++) {
      expect(retries.isDue(3, slot)).toBe(true);
      const next = retries.failed(3, slot);
      expect([retries.isDue(3, next - 1), retries.isDue(3, next), retries.isDue(4, slot)]).toEqual([false, true, true]);
      waits.push(next - slot);
      slot = next;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 4_096, 4_096]);
    expect([retries.wasTried(3), retries.wasTried(4)]).toEqual([true, false]);
    retries.failed(4, slot);
    retries.forgetBefore(4);
    expect([retries.isDue(3, slot), retries.isDue(4, slot)]).toEqual([true, false]);
  });
});
