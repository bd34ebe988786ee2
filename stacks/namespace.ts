const NAMESPACE = "ethstake:";

/** The key of a setting without the project's namespace; undefined for keys of other namespaces. */
export function settingKey(key: string): string | undefined {
  return key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : undefined;
}

/** Settings as a stack's configuration: texts under their keys with the namespace. The inverse of reading them (config.ts). */
export function configurationOf(settings: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]: [string, unknown]) => [
      `${NAMESPACE}${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** A configuration's own settings, by their keys without the namespace. */
export function settingsOf<Value>(config: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]): [string, Value][] => {
      const name = settingKey(key);
      return name === undefined ? [] : [[name, value]];
    }),
  );
}
