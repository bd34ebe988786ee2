/** Keeps the plaintext of secrets out of everything that is shown. */
import { MASK, isSecret, transform, type Json } from "./values.ts";

/** Shorter secrets would blank out ordinary words. */
const SHORTEST = 6;

/** Remembers secret texts and removes them from messages. */
export class Redactor {
  private readonly texts = new Set<string>();
  private pattern: RegExp | undefined;

  /** Remembers a secret's text, or all texts within a value. */
  add(value: Json): void {
    transform(value, (item) => {
      if (typeof item === "string" && item.length >= SHORTEST && !this.texts.has(item)) {
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
