/**
 * A provider plugin for the package `command` that runs commands, for tests: remote ones over SSH, local ones here. It stands in for
 * the official one of @pulumi/command 1.2.1, a binary that Pulumi downloads, where that cannot be had. What it does follows that one's
 * documentation: which command runs when, `stdin`, `environment`, `triggers`, the outputs, the pinned host key, how often it dials. What it
 * does not do, it refuses: assets, passwords, proxies, copies. Differences that remain: nothing is logged while a command runs, and an
 * environment variable that an SSH server does not take goes unnoticed. It writes nothing to disk.
 */
import { serve } from "../../clouds/serve.ts";
import { CommandProvider } from "./provider.ts";

serve(new CommandProvider(), "0.0.0-stand-in");
