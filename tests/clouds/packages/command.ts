/** The package `command`: nothing is run; what would be run, and where, goes into the clouds' record. */
import { isMap, type PropertyMap } from "../../../engine/values.ts";
import { hex, text, type Behaviour } from "../behaviour.ts";
import type { Package } from "../package.ts";

/** A line of the record. */
export interface CommandRecord {
  readonly operation: "create" | "update" | "delete";
  /** `user@host:port`, or `local`. */
  readonly where: string;
  /** The host key that the connection demands; empty for a connection that would take any. */
  readonly hostKey: string;
  readonly what: string;
}

function place(inputs: PropertyMap): Pick<CommandRecord, "where" | "hostKey"> {
  const { connection } = inputs;
  if (!isMap(connection)) return { where: "local", hostKey: "" };
  const where = `${text(connection["user"]) || "root"}@${text(connection["host"])}:${text(connection["port"]) || "22"}`;
  return { where, hostKey: text(connection["hostKey"]) };
}

/** What a script would print, where somebody reads it: a host's public WireGuard key, which stays. */
function printed(script: string, before: string): string {
  if (!script.includes("genpkey -algorithm X25519")) return "";
  return before === "" ? `${Buffer.from(hex(64), "hex").toString("base64")}\n` : before;
}

/** The package, with the function that takes its record. */
export function commandPackage(record: (entry: CommandRecord) => void): Package {
  const run: NonNullable<Behaviour["notify"]> = (operation, { inputs }) => {
    // As the real one: an update without a command of its own runs `create` again, a delete without one does nothing.
    const own = text(inputs[operation]);
    const what = own === "" && operation === "update" ? text(inputs["create"]) : own;
    if (what !== "") record({ operation, ...place(inputs), what });
  };
  const copy: NonNullable<Behaviour["notify"]> = (operation, { inputs }) => {
    if (operation !== "delete") record({ operation, ...place(inputs), what: `copy ${text(inputs["remotePath"])}` });
  };
  const command: Behaviour = {
    id: () => hex(32),
    outputs: ({ inputs, before }) => ({ stdout: printed(text(inputs["create"]), text(before["stdout"])), stderr: "" }),
    unsettles: { create: ["stdout", "stderr"], update: ["stdout", "stderr"] },
    replace: ["triggers"],
    notify: run,
  };
  const copied: Behaviour = { id: () => hex(32), replace: ["triggers"], notify: copy };
  return {
    types: {
      "command:remote:Command": command,
      "command:local:Command": command,
      "command:remote:CopyToRemote": copied,
      "command:remote:CopyFile": copied,
    },
    functions: { "command:local:run": () => ({ stdout: "", stderr: "" }) },
  };
}
