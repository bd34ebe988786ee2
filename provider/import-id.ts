import type { z } from "zod";
import { EthstakeError } from "../lib/errors.ts";

/** The id given to an import does not say what to look for. */
export class ImportIdError extends EthstakeError<{ id: string; faults: readonly string[] }> {
  readonly code = "IMPORT_ID";
  constructor(id: string, faults: readonly string[]) {
    super(
      `The import id ${JSON.stringify(id)} cannot be used: ${faults.join("; ")}.`,
      { id, faults },
      { remedy: "Give the resource's identifying inputs as one JSON object (docs/SETUP.md, Import)." },
    );
  }
}

/**
 * The inputs in an import id. What this provider manages has no short name of its own (a setting is a contract, a reader and a
 * writer), so an import id is the JSON object of the inputs that identify it; what is read fills in the rest.
 * @throws {@link ImportIdError}
 */
export function parseImportId<Inputs>(id: string, schema: z.ZodType<Inputs>): Inputs {
  let parsed: unknown;
  try {
    parsed = JSON.parse(id);
  } catch {
    throw new ImportIdError(id, ["it is not JSON"]);
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  throw new ImportIdError(
    id,
    result.error.issues.map((issue) => `${issue.path.map(String).join(".") || "it"} ${issue.message}`),
  );
}
