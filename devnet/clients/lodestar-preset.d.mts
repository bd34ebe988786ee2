/**
 * Activates the minimal preset with the devnet's overrides.
 * @param overrides preset values by their spec names, e.g. SLOTS_PER_EPOCH
 */
export function activatePreset(overrides: Readonly<Record<string, number>>): void;
