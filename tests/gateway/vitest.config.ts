import { defineConfig } from "vitest/config";

/** The gateway as it runs: Caddy and HAProxy from the PATH (Debian's packages caddy and haproxy), on loopback ports. */
export default defineConfig({
  test: {
    include: ["tests/gateway/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    pool: "forks",
  },
});
