import { getStack, RunError } from "@pulumi/pulumi";
import { EthstakeError } from "./lib/errors.ts";
import { readConfiguration, readSecretKeys } from "./stacks/config.ts";
import { parseSettings } from "./stacks/settings.ts";

/** The program that `pulumi up` runs: settings, checked as a whole before anything is registered, then the stack that they describe. */
export default async function program(): Promise<Record<string, unknown>> {
  try {
    const settings = parseSettings(readConfiguration(), readSecretKeys());
    // Only what the stack needs is loaded: the clouds' SDKs take a fifth of a second.
    if (settings.network === "devnet") {
      const { createDevnet } = await import("./stacks/devnet.ts");
      return createDevnet(settings, getStack());
    }
    const { createPublicStack } = await import("./stacks/public.ts");
    return await createPublicStack(settings, getStack());
  } catch (error) {
    // A RunError is shown as its message alone: a stack trace would hide what to do.
    throw error instanceof EthstakeError ? new RunError(`${error.message} [${error.code}]`) : error;
  }
}
