import fc from "fast-check";

/**
 * Property tests draw the same values at every run, as the contracts' fuzz tests do (contracts/foundry.toml): a failure in CI is the change's
 * own. To look for more, ETHSTAKE_PROPERTY_SEED=random, which prints the seed of what it finds, or a number to see it again.
 */
const seed = process.env["ETHSTAKE_PROPERTY_SEED"] ?? "32";

if (seed !== "random") fc.configureGlobal({ seed: Number(seed) });
