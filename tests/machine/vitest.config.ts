import { defineConfig } from "vitest/config";

/** A real Debian with systemd: one machine for all tests, which build on each other. */
export default defineConfig({
  test: {
    include: ["tests/machine/**/*.test.ts"],
    testTimeout: 240_000,
    // Without a cached image, Debian is installed first.
    hookTimeout: 600_000,
    fileParallelism: false,
    pool: "forks",
  },
});
