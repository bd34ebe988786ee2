import type { Hex } from "viem";
import { z } from "zod";

/** EIP-3076, "Slashing Protection Interchange Format", as far as it is judged here. */
const interchangeSchema = z.object({
  metadata: z.object({ interchange_format_version: z.string(), genesis_validators_root: z.string() }),
  data: z.array(
    z.object({
      pubkey: z.string(),
      signed_blocks: z.array(z.unknown()),
      signed_attestations: z.array(z.unknown()),
    }),
  ),
});

/** Version of the format that clients write today. */
const VERSION = "5";

/** What an interchange tells. */
export interface HistoryJudgement {
  /** Why it cannot be used at all. */
  readonly fault?: string;
  /** Keys of which it has signatures. */
  readonly withHistory: ReadonlySet<Hex>;
}

/** Reads an interchange and judges whether it is one of this chain. Pure. */
export function judgeInterchange(text: string, genesisValidatorsRoot: Hex): HistoryJudgement {
  const none = new Set<Hex>();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: "it is no JSON", withHistory: none };
  }
  const parsed = interchangeSchema.safeParse(value);
  if (!parsed.success) return { fault: "it has not the form of EIP-3076", withHistory: none };
  const { metadata, data } = parsed.data;
  if (metadata.interchange_format_version !== VERSION)
    return { fault: `its version is ${metadata.interchange_format_version}, not ${VERSION}`, withHistory: none };
  if (metadata.genesis_validators_root.toLowerCase() !== genesisValidatorsRoot.toLowerCase())
    return { fault: `it is of another chain (${metadata.genesis_validators_root})`, withHistory: none };
  return {
    withHistory: new Set(
      data
        .filter((entry) => entry.signed_attestations.length + entry.signed_blocks.length > 0)
        .map(({ pubkey }) => normalKey(pubkey)),
    ),
  };
}

function normalKey(text: string): Hex {
  return `0x${text.toLowerCase().replace(/^0x/, "")}`;
}

/**
 * One interchange of several: every signature that any of them has. A client that is asked twice may have signed in between.
 * @throws {@link InterchangeError} when one of them is not of the form, or they are of different chains
 */
export function mergeInterchanges(texts: readonly string[]): string {
  const [first, ...others] = texts.map(parseInterchange);
  if (!first) throw new InterchangeError("there is none");
  const byKey = new Map<Hex, { pubkey: string; signed_blocks: unknown[]; signed_attestations: unknown[] }>();
  for (const { metadata, data } of [first, ...others]) {
    if (metadata.genesis_validators_root.toLowerCase() !== first.metadata.genesis_validators_root.toLowerCase())
      throw new InterchangeError("they are of different chains");
    for (const entry of data) {
      const key = normalKey(entry.pubkey);
      const known = byKey.get(key) ?? { pubkey: entry.pubkey, signed_blocks: [], signed_attestations: [] };
      byKey.set(key, {
        pubkey: known.pubkey,
        signed_blocks: distinct([...known.signed_blocks, ...entry.signed_blocks]),
        signed_attestations: distinct([...known.signed_attestations, ...entry.signed_attestations]),
      });
    }
  }
  return JSON.stringify({ metadata: first.metadata, data: [...byKey.values()] });
}

/** A text is no interchange. */
export class InterchangeError extends Error {}

function parseInterchange(text: string): z.infer<typeof interchangeSchema> {
  try {
    return interchangeSchema.parse(JSON.parse(text));
  } catch {
    throw new InterchangeError("it has not the form of EIP-3076");
  }
}

function distinct(items: readonly unknown[]): unknown[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
