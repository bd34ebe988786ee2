/** Finds Caddyfiles in what commands carry, and reads as much of them as rules ask for. */
import { contents } from "./bundle.ts";
import type { PlannedResource } from "./model.ts";

/** A directive, or a site or snippet at the top. */
export interface Directive {
  /** Its words, quotes and all. */
  readonly words: readonly string[];
  readonly body: readonly Directive[];
}

/** A Caddyfile that a command carries. */
export interface Caddyfile {
  /** Where it was found, e.g. `stdin`. */
  readonly property: string;
  readonly blocks: readonly Directive[];
}

/** The Caddyfiles with a reverse proxy that a command carries. Caddy's JSON is not looked for. */
export function caddyfiles(resource: PlannedResource): Caddyfile[] {
  const found: Caddyfile[] = [];
  const seen = new Set<string>();
  for (const { property, text } of contents(resource)) {
    if (seen.has(text) || !/^\s*reverse_proxy\s/m.test(text)) continue;
    seen.add(text);
    const blocks = parseCaddyfile(text);
    if (blocks) found.push({ property, blocks });
  }
  return found;
}

/** The blocks of a text; undefined when its braces say that it is no Caddyfile. */
export function parseCaddyfile(text: string): readonly Directive[] | undefined {
  const top: Directive[] = [];
  const open: Directive[][] = [top];
  for (const line of text.split("\n")) {
    const words = wordsOf(line);
    const list = open.at(-1);
    if (words.length === 0) continue;
    if (words.length === 1 && words[0] === "}") {
      if (open.length === 1) return undefined;
      open.pop();
      continue;
    }
    const opens = words.at(-1) === "{";
    const body: Directive[] = [];
    list?.push({ words: opens ? words.slice(0, -1) : words, body });
    if (opens) open.push(body);
  }
  return open.length === 1 ? top : undefined;
}

/** The words of a line; what is quoted is one, and a comment is none. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/"(?:\\.|[^"\\])*"|`[^`]*`|[^\s"`]\S*/g)) {
    if (word.startsWith("#")) break;
    words.push(word);
  }
  return words;
}

/** A directive that proxies, and what stands around it, from the outside. */
export interface Proxied {
  readonly directive: Directive;
  /** Sites and blocks around it, the outermost first. */
  readonly around: readonly Directive[];
}

/** Every reverse proxy of a Caddyfile. Snippets count where they are written. */
export function proxies(blocks: readonly Directive[], around: readonly Directive[] = []): Proxied[] {
  return blocks.flatMap((directive) => [
    ...(directive.words[0] === "reverse_proxy" ? [{ directive, around }] : []),
    ...proxies(directive.body, [...around, directive]),
  ]);
}
