import { defineConfig } from "vitest/config";

/** Hosts on simulated clouds: real programs, the engine, and a plugin process for each cloud. */
export default defineConfig({
  test: {
    include: ["tests/clouds/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
  },
});
