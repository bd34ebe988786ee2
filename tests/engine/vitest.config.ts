import { defineConfig } from "vitest/config";

/** The engine's conformance suite: real programs and providers, so few at a time. */
export default defineConfig({
  test: {
    include: ["tests/engine/**/*.test.ts"],
    // Against what hangs.
    testTimeout: 300_000,
    hookTimeout: 60_000,
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
  },
});
