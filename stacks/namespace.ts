const NAMESPACE = "ethstake:";

/** The key of a setting without the project's namespace; undefined for keys of other namespaces. */
export function settingKey(key: string): string | undefined {
  return key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : undefined;
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
