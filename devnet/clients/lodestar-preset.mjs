// Must be imported before anything of Lodestar: a preset is fixed when @lodestar/params is first loaded.
import { setActivePreset, PresetName } from "@lodestar/params/setPreset";

// Node 20 lacks Promise.withResolvers, which a transitive libp2p package of Lodestar calls.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
};

// bcrypto (peer discovery only) is to use its JavaScript backend: its native one is compiled by an install script, which never runs here.
process.env.NODE_BACKEND = "js";

/**
 * Activates the minimal preset with the devnet's overrides.
 * @param {Record<string, number>} overrides preset values by their spec names, e.g. SLOTS_PER_EPOCH
 */
export function activatePreset(overrides) {
  process.env.LODESTAR_PRESET = "minimal";
  setActivePreset(PresetName.minimal, overrides);
}
