import { exitWithParent } from "./parent-watch.ts";
import { handlers } from "./registry.ts";
import { serveProvider } from "./server.ts";

/** Starts the provider's gRPC server and prints its port on standard output, as the plugin protocol asks. */
export async function startProvider(): Promise<void> {
  exitWithParent();
  const port = await serveProvider({ handlers, version: "0.1.0" });
  process.stdout.write(`${port}\n`);
}
