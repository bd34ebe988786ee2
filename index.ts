import { getStack, RunError } from "@pulumi/pulumi";
import { readConfiguration, readSecretKeys } from "./stacks/config.ts";
import { createDevnet } from "./stacks/devnet.ts";
import { createPublicStack } from "./stacks/public.ts";
import { parseSettings, SettingsError, type StackSettings } from "./stacks/settings.ts";

/** The program that `pulumi up` runs: settings, checked as a whole before anything is registered, then the stack that they describe. */
export default function program(): Record<string, unknown> {
  const settings = settingsOrExit();
  return settings.network === "devnet" ? createDevnet(settings, getStack()) : createPublicStack(settings);
}

function settingsOrExit(): StackSettings {
  try {
    return parseSettings(readConfiguration(), readSecretKeys());
  } catch (error) {
    // A RunError is shown as its message alone: a stack trace would hide the faults.
    throw error instanceof SettingsError ? new RunError(error.message) : error;
  }
}
