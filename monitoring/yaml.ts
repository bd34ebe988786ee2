import { stringify } from "yaml";

/** A configuration as YAML: long lines stay whole, and nothing is an alias of something else. */
export function renderYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
