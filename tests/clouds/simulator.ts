/**
 * A provider plugin that stands for a cloud: `simulator.ts <package>`. It needs no credentials and no network; what exists is in the
 * folder that ETHSTAKE_SIMULATED_CLOUDS names. ETHSTAKE_SIMULATED_DELAY_MS makes it as slow as a cloud.
 */
import { join } from "node:path";
import { Cloud } from "./cloud.ts";
import type { Package } from "./package.ts";
import { aws } from "./packages/aws.ts";
import { commandPackage } from "./packages/command.ts";
import { digitalocean } from "./packages/digitalocean.ts";
import { docker } from "./packages/docker.ts";
import { hcloud } from "./packages/hcloud.ts";
import { random } from "./packages/random.ts";
import { tls } from "./packages/tls.ts";
import { serve } from "./serve.ts";
import { SimulatedProvider } from "./service.ts";

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
  const delayMs = Number(process.env["ETHSTAKE_SIMULATED_DELAY_MS"] ?? 0);
  serve(new SimulatedProvider(simulated, cloud, delayMs), "0.0.0-simulated");
}

start(process.argv[2] ?? "");
