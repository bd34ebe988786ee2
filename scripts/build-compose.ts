// Builds Docker Compose from Go modules into .ethstake/tools/docker-compose, for tests/compose on machines without Docker's plugin. It
// needs Go 1.24 and, the first time, the Go module proxy; versions and checksums are in tests/compose/tool. Takes a minute or two.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { EthstakeError } from "../lib/errors.ts";
import { runCommand } from "../lib/command.ts";
import { projectPath } from "../lib/paths.ts";

/** Compose could not be built. */
class ComposeBuildError extends EthstakeError<{ status: number | null }> {
  readonly code = "COMPOSE_BUILD_FAILED";
}

const VERSION = "v2.40.3";
const MODULE = "github.com/docker/compose/v2";

runCommand(async () => {
  const target = projectPath(".ethstake/tools/docker-compose");
  mkdirSync(dirname(target), { recursive: true });
  const { status, error } = spawnSync(
    "go",
    [
      "build",
      "-mod=readonly",
      "-trimpath",
      "-ldflags",
      `-s -w -X ${MODULE}/internal.Version=${VERSION}`,
      "-o",
      target,
      `${MODULE}/cmd`,
    ],
    { cwd: projectPath("tests/compose/tool"), stdio: "inherit" },
  );
  if (status !== 0)
    throw new ComposeBuildError(
      `Docker Compose ${VERSION} was not built.`,
      { status },
      {
        cause: error,
        remedy: error ? "Install Go 1.24 or newer." : "Read go's messages above.",
      },
    );
  process.stdout.write(`${target}\n`);
  return await Promise.resolve(0);
});
