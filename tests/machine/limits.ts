import { run } from "./run.ts";

/** Files that a container of a bundle may open. Root of a machine may raise its own limit to this. */
const OPEN_FILES = 1_048_576;

/** Whether this machine lets root raise limits, as machines do; sandboxes that withhold CAP_SYS_RESOURCE do not. */
export async function limitsCanRise(): Promise<boolean> {
  return (await run("prlimit", [`--nofile=${OPEN_FILES}:${OPEN_FILES}`, "true"])).code === 0;
}

/** Options of `docker create` that let a machine's own containers have their limits. */
export const LIMIT_OPTIONS: readonly string[] = ["--ulimit", `nofile=${OPEN_FILES}:${OPEN_FILES}`];

/** Before the real one on the PATH of Docker's services. */
export const RUNC_PATH = "usr/local/sbin/runc";

/**
 * For a machine in a sandbox that lets nobody raise a limit: a runc that starts containers with the limits that there are, where the real
 * one refuses. Compose, the engine and what they record of a container are not touched.
 */
export const LENIENT_RUNC = `#!/usr/bin/python3
import json, os, resource, sys

def value(option):
    return sys.argv[sys.argv.index(option) + 1] if option in sys.argv else None

def lower(path, process_of):
    with open(path) as file:
        content = json.load(file)
    for limit in process_of(content).get("rlimits") or []:
        most = resource.getrlimit(getattr(resource, limit["type"]))[1]
        if most != resource.RLIM_INFINITY:
            limit["hard"] = min(limit["hard"], most)
            limit["soft"] = min(limit["soft"], most)
    with open(path, "w") as file:
        json.dump(content, file)

if value("--bundle"):
    lower(os.path.join(value("--bundle"), "config.json"), lambda content: content["process"])
if value("--process"): # of an exec, such as a health check
    lower(value("--process"), lambda content: content)
os.execv("/usr/sbin/runc", ["runc", *sys.argv[1:]])
`;
