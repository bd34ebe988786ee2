import { defineConfig } from "vitest/config";

/** The devnet end to end: a suite is one network's life, its tests run in order. One network at a time: each is timed, and wants both cores. */
export default defineConfig({
  test: {
    include: ["tests/devnet/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    pool: "forks",
    poolOptions: { forks: { maxForks: 1 } },
    sequence: { concurrent: false },
    bail: 0,
  },
});
