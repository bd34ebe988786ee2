/**
 * A provider plugin that stands for a cloud: `simulator.ts <package>`. It needs no credentials and no network; what exists is in the
 * folder that ETHSTAKE_SIMULATED_CLOUDS names. ETHSTAKE_SIMULATED_DELAY_MS makes it as slow as a cloud.
 */
import { Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { join } from "node:path";
import { CHANNEL_OPTIONS } from "../../engine/plugins/client.ts";
import { providerMethods } from "../../engine/rpc/protocol.ts";
import { errorMessage } from "../../lib/errors.ts";
import { exitWithParent } from "../../provider/parent-watch.ts";
import { Cloud } from "./cloud.ts";
import type { Package } from "./package.ts";
import { aws } from "./packages/aws.ts";
import { commandPackage } from "./packages/command.ts";
import { digitalocean } from "./packages/digitalocean.ts";
import { docker } from "./packages/docker.ts";
import { hcloud } from "./packages/hcloud.ts";
import { random } from "./packages/random.ts";
import { tls } from "./packages/tls.ts";
import { SimulatedProvider } from "./service.ts";

function unary<Q, R>(work: (request: Q) => R | Promise<R>): handleUnaryCall<Q, R> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (value) => callback(null, value),
        (error: unknown) => callback({ code: status.UNKNOWN, details: errorMessage(error) }),
      );
  };
}

function start(name: string): void {
  const root = process.env["ETHSTAKE_SIMULATED_CLOUDS"] ?? join(process.cwd(), ".ethstake", "clouds");
  const cloud = new Cloud(root, name);
  const packages: Record<string, Package> = {
    aws,
    hcloud,
    digitalocean,
    docker,
    random,
    tls,
    command: commandPackage((entry) => cloud.record(entry)),
  };
  const simulated = packages[name];
  if (!simulated) throw new Error(`There is no simulated cloud "${name}": ${Object.keys(packages).join(", ")}.`);
  const provider = new SimulatedProvider(simulated, cloud, Number(process.env["ETHSTAKE_SIMULATED_DELAY_MS"] ?? 0));
  const server = new Server(CHANNEL_OPTIONS);
  // Without its other methods the engine does as providers that lack them ask for.
  const { getPluginInfo, configure, diffConfig, check, diff, create, read, update, invoke, cancel } = providerMethods;
  const methods = { getPluginInfo, configure, diffConfig, check, diff, create, read, update, invoke, cancel };
  server.addService(
    { ...methods, delete: providerMethods.delete },
    {
      getPluginInfo: unary(() => ({ version: "0.0.0-simulated" })),
      configure: unary((request: Parameters<typeof provider.configure>[0]) => provider.configure(request)),
      diffConfig: unary((request: Parameters<typeof provider.diffConfig>[0]) => provider.diffConfig(request)),
      check: unary((request: Parameters<typeof provider.check>[0]) => provider.check(request)),
      diff: unary((request: Parameters<typeof provider.diff>[0]) => provider.diff(request)),
      create: unary((request: Parameters<typeof provider.create>[0]) => provider.create(request)),
      read: unary((request: Parameters<typeof provider.read>[0]) => provider.read(request)),
      update: unary((request: Parameters<typeof provider.update>[0]) => provider.update(request)),
      delete: unary((request: Parameters<typeof provider.delete>[0]) => provider.delete(request)),
      invoke: unary((request: Parameters<typeof provider.invoke>[0]) => provider.invoke(request)),
      cancel: unary(() => ({})),
    },
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

exitWithParent();
start(process.argv[2] ?? "");
