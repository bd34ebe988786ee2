/** Which inputs and outputs a resource type has, read from the installed SDK: the table that a typo cannot get around. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CheckFailure } from "../../engine/rpc/protocol.ts";
import type { PropertyMap } from "../../engine/values.ts";

/** Inputs and outputs of a type. */
export interface Schema {
  readonly inputs: ReadonlySet<string>;
  readonly required: readonly string[];
  /** Outputs that are no inputs. */
  readonly computed: readonly string[];
}

const require = createRequire(import.meta.url);
const known = new Map<string, Schema>();

/** The schema of a type token such as `aws:ec2/instance:Instance`. Throws when the SDK has no such type. */
export function schemaOf(token: string): Schema {
  let schema = known.get(token);
  if (!schema) known.set(token, (schema = read(token)));
  return schema;
}

function read(token: string): Schema {
  const [name = "", module = "", type = ""] = token.split(":");
  const folder = module.split("/")[0] ?? "";
  const file = `${type.slice(0, 1).toLowerCase()}${type.slice(1)}.js`;
  const root = dirname(require.resolve(`@pulumi/${name}/package.json`));
  const path = [join(root, folder, file), join(root, file)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`@pulumi/${name} has no type ${token}.`);
  const source = readFileSync(path, "utf8");
  const assignments = [...source.matchAll(/resourceInputs\["(\w+)"\] = (.*)/g)];
  const inputs = new Set(
    assignments.filter(([, , value = ""]) => /\bargs\b/.test(value)).map(([, property = ""]) => property),
  );
  const outputs = assignments
    .filter(([, property = "", value = ""]) => value.startsWith("undefined") && !inputs.has(property))
    .map(([, property = ""]) => property);
  const required = [...source.matchAll(/Missing required property '(\w+)'/g)].map(([, property = ""]) => property);
  return { inputs, required, computed: [...new Set(outputs)] };
}

/** Inputs that a type needs and were not given, and those that it has not. */
export function schemaFaults(type: string, inputs: PropertyMap): CheckFailure[] {
  const schema = schemaOf(type);
  return [
    ...schema.required
      .filter((property) => inputs[property] === undefined || inputs[property] === null)
      .map((property) => ({ property, reason: `${type} needs it` })),
    ...Object.keys(inputs)
      .filter((property) => !property.startsWith("__") && !schema.inputs.has(property))
      .map((property) => ({ property, reason: `${type} has no such property` })),
  ];
}
