import { defineConfig } from "vitest/config";

/** The devnet end to end: a suite is one network's life, its tests run in order. */
export default defineConfig({
  test: {
    include: ["tests/devnet/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
    sequence: { concurrent: false },
    bail: 0,
  },
});
