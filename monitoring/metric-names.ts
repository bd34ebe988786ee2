/** Words of PromQL that are no metric. */
const WORDS = new Set([
  "and",
  "or",
  "unless",
  "bool",
  "offset",
  "by",
  "without",
  "on",
  "ignoring",
  "atan2",
  "inf",
  "nan",
]);

/** Names that a matcher on `__name__` asks for: alternatives, with groups that may be optional. */
function matchedNames(pattern: string): string[] {
  const alternatives = pattern.match(/(?:\([^()]*\)|[^|])+/g) ?? [];
  return alternatives.flatMap((text): string[] => {
    const group = /^(.*?)\(([^()]*)\)(\??)(.*)$/.exec(text);
    if (!group) return [text];
    const [, before = "", inner = "", optional = "", after = ""] = group;
    const choices = [...inner.split("|"), ...(optional === "" ? [] : [""])];
    return choices.flatMap((choice) => matchedNames(`${before}${choice}${after}`));
  });
}

/**
 * The metrics that an expression reads. It looks for words where a metric can be, which is enough for what is written here; promtool
 * judges the syntax.
 */
export function metricNames(expr: string): Set<string> {
  const names = new Set<string>();
  for (const [, operator, pattern = ""] of expr.matchAll(/__name__\s*(=~|=)\s*"([^"]*)"/g))
    for (const name of operator === "=" ? [pattern] : matchedNames(pattern)) names.add(name);
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^{}]*\}/g, " ")
    .replaceAll(/\[[^\]]*\]/g, " ")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)/g, " ")
    .replaceAll(/\boffset\s+-?\w+/g, " ");
  for (const match of bare.matchAll(/(?<![\w.:])[A-Za-z_:][\w:]*(?!\w)(\s*\()?/g)) {
    const [text, call] = match;
    if (call === undefined && !WORDS.has(text.toLowerCase())) names.add(text);
  }
  return names;
}
