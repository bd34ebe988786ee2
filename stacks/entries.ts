import type { SettingsFault } from "./settings.ts";

/** An entry of a list, and where it is. */
export interface Entry<Value> {
  readonly index: number;
  readonly value: Value;
}

/** The entries of a list that are as their schema wants them. */
export function wellFormed<Value>(
  list: unknown,
  schema: { safeParse(value: unknown): { success: boolean; data?: Value | undefined } },
): Entry<Value>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => {
    const { data } = schema.safeParse(item);
    return data === undefined ? [] : [{ index, value: data }];
  });
}

/** Entries whose name an earlier one has. */
export function repeatedNames(list: string, entries: readonly Entry<{ readonly name: string }>[]): SettingsFault[] {
  return entries
    .filter(({ value }, position) => entries.findIndex((other) => other.value.name === value.name) < position)
    .map(({ index, value }) => ({
      path: `${list}[${index}].name`,
      value: value.name,
      remedy: "is used twice; give each its own name",
    }));
}
