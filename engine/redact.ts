/** Keeps the plaintext of secrets out of everything that is shown. */
import { MASK, isSecret, transform, type Json } from "./values.ts";

/** Shorter secrets would blank out ordinary words. */
const SHORTEST = 6;

/** Remembers secret texts and removes them from messages. */
export class Redactor {
  private readonly texts = new Set<string>();
  private pattern: RegExp | undefined;
  private readonly open: ReadonlySet<string>;

  /**
   * @param open texts that are known anyway. Whole values are marked secret for one part of them, a connection for its key; its user
   * and address, in the settings for everyone to read, would be blanked out of every message, and words of the project with them.
   */
  constructor(open: Iterable<string> = []) {
    this.open = new Set(open);
  }

  /** Remembers a secret's text, or all texts within a value. */
  add(value: Json): void {
    transform(value, (item) => {
      if (typeof item === "string" && item.length >= SHORTEST && !this.open.has(item) && !this.texts.has(item)) {
        this.texts.add(item);
        this.pattern = undefined;
      }
      return undefined;
    });
  }

  /** Remembers every secret within a value. */
  addSecrets(value: Json): void {
    transform(value, (item) => {
      if (isSecret(item)) this.add(item.value);
      return undefined;
    });
  }

  /** The message without secrets. */
  clean(message: string): string {
    if (this.texts.size === 0) return message;
    this.pattern ??= new RegExp(
      [...this.texts]
        .sort((a, b) => b.length - a.length)
        .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join("|"),
      "g",
    );
    return message.replace(this.pattern, MASK);
  }
}

/** Every text of a configuration that is not encrypted; structured values are JSON. */
export function openTexts(values: Readonly<Record<string, string>>, secretKeys: readonly string[]): string[] {
  const texts: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    if (secretKeys.includes(key)) continue;
    transform(parsed(value), (item) => {
      if (typeof item === "string") texts.push(item);
      return undefined;
    });
  }
  return texts;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
