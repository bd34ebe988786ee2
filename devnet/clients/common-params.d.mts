import type { Common } from "@ethereumjs/common";

/** Lets a Common class skip work whose result is known; see common-params.mjs. */
export function skipKnownParams(Class: typeof Common): void;
