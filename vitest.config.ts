import { defineConfig } from "vitest/config";

/** Unit and property tests stand beside their sources; tests/ holds the suites that start engines, chains and clients. */
export default defineConfig({
  test: {
    include: [
      "{lib,stacks,components,provider,engine,devnet,verify,services,cli,scripts,contracts,docs,cloud-init,policy,key-management,monitoring}/**/*.test.ts",
    ],
    setupFiles: ["tests/property-seed.ts"],
    // Against what hangs; not a measure of what is slow on a busy machine.
    testTimeout: 60_000,
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
  },
});
