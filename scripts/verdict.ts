import { z } from "zod";
import type { ImageTable } from "../components/validator-node/bundle/images.ts";

/** What of a preview's result says whether it went well. */
const planSchema = z.object({
  ok: z.boolean(),
  stack: z.string(),
  error: z.string().optional(),
  steps: z.array(z.object({ name: z.string(), error: z.string().optional() })),
  diagnostics: z.array(z.object({ severity: z.string(), message: z.string() })),
});

/** The one rule that the repository itself cannot keep until somebody asks the registries for digests. */
const DIGESTS_RULE = "[image-digests-on-mainnet]";

/** How a preview is to be taken. */
export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/**
 * Judges what `npm run preview -- --json` printed. A preview that failed is let through in one case: the catalogue has images without a
 * digest, and every fault is the policy's that asks for one. Once `npm run images:digests` filled the catalogue, nothing is let through.
 */
export function judge(json: string, images: ImageTable): Verdict {
  const parsed = planSchema.safeParse(jsonOrUndefined(json));
  if (!parsed.data) return { ok: false, text: "The preview printed no result: it ended before its end." };
  const { ok, stack, error, steps, diagnostics } = parsed.data;
  if (ok) return { ok: true, text: `The preview of ${stack} went well.` };
  const faults = [
    ...diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message),
    ...steps.flatMap((step) => (step.error === undefined ? [] : [`${step.name}: ${step.error}`])),
  ];
  const others = faults.filter((fault) => !fault.startsWith(DIGESTS_RULE));
  const open = Object.entries(images).filter(([, { digest }]) => digest === undefined);
  if (others.length === 0 && faults.length > 0 && open.length > 0) {
    return {
      ok: true,
      text:
        `The preview of ${stack} breaks one rule, ${faults.length} times: images without a digest. ` +
        `The catalogue has none yet for ${open.map(([name]) => name).join(", ")}. ` +
        "Run `npm run images:digests` and commit the result; until then an `up` with the policies refuses this stack.",
    };
  }
  const shown = others.length > 0 ? others : faults.length > 0 ? faults : [error ?? "no reason given"];
  return { ok: false, text: [`The preview of ${stack} failed:`, ...shown.map((fault) => `  ${fault}`)].join("\n") };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
