import { defineConfig } from "vitest/config";

/** Bundles against the real tools: Docker Compose, PostgreSQL. What is not installed is skipped by name. */
export default defineConfig({
  test: {
    include: ["tests/compose/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    poolOptions: { forks: { maxForks: 2 } },
  },
});
