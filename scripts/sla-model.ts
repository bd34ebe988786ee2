/** How many epochs validators miss in a window, and what that costs: by formula, and by drawing windows. */
import { FIRST_TERMS, WINDOW_EPOCHS, allowance, penaltyDue } from "../lib/penalty.ts";

/** Wei of bond asked for per key in the figures. */
const BOND_PER_KEY = 15n * 10n ** 17n;
/** Slots of 12 seconds, 32 an epoch. */
const EPOCHS_PER_HOUR = 3_600 / (12 * 32);
const EPOCHS = Number(WINDOW_EPOCHS);

/** An operator's bad luck. */
export interface Luck {
  readonly keys: number;
  /** The probability with which a validator misses an epoch, whatever the others do. */
  readonly missRate: number;
  /** Outages of all validators together, on average in a window. */
  readonly outages: number;
  /** How long each takes. */
  readonly outageHours: number;
}

/** What comes of it. */
export interface Outcome {
  /** The probability that a window is breached. */
  readonly breach: number;
  /** Ether that a window costs on average. */
  readonly penalty: number;
  /** The standard deviation of that. */
  readonly deviation: number;
}

/** Numbers from 0 to 1 (neither included), the same for a seed: xoshiro128** (https://prng.di.unimi.it), seeded by splitmix32. */
export function random(seed: number): () => number {
  const splitmix = (): number => {
    seed = (seed + 0x9e3779b9) | 0;
    let z = seed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  };
  // 53 bits, moved by half a step away from 0.
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6) + 0.5) / 2 ** 53;
}

/** The logarithm of n!: Stirling's series, whose error is below 1e-15 from 16 on; below that the product. */
export function lnFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  const square = x * x;
  const series = 1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x;
}

/** The probabilities of k successes of n, from a k on that has none worth counting before it. */
function* binomial(n: number, p: number, from: number): Generator<readonly [k: number, probability: number]> {
  const mean = n * p;
  const spread = Math.sqrt(mean * (1 - p));
  let k = Math.max(from, Math.floor(mean - 12 * spread), 0);
  if (k > n) return;
  let probability = Math.exp(
    lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p),
  );
  for (; k <= n && (k <= mean || probability > 1e-30); k++) {
    yield [k, probability];
    probability *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
}

/** The probability of more than so many successes of n. */
export function binomialTail(n: number, p: number, above: number): number {
  if (above < 0) return 1;
  let sum = 0;
  for (const [, probability] of binomial(n, p, above + 1)) sum += probability;
  return Math.min(sum, 1);
}

/** Epochs of a window that an operator's validators are out together, after so many outages. */
function downEpochs(luck: Luck, outages: number): number {
  return Math.min(Math.round(outages * luck.outageHours * EPOCHS_PER_HOUR), EPOCHS);
}

/** Ether that a window costs. */
function price(luck: Luck, missed: number): number {
  const assigned = BigInt(luck.keys) * WINDOW_EPOCHS;
  return Number(penaltyDue(BigInt(missed), assigned, WINDOW_EPOCHS, BOND_PER_KEY, FIRST_TERMS)) / 1e18;
}

/** Misses that cost nothing. */
function free(luck: Luck): number {
  return Number(allowance(BigInt(luck.keys) * WINDOW_EPOCHS, WINDOW_EPOCHS, FIRST_TERMS.allowedDowntimeBps));
}

/** By formula: outages are Poisson, what else is missed is binomial. */
export function exact(luck: Luck): Outcome {
  const allowed = free(luck);
  let [breach, penalty, squares] = [0, 0, 0];
  let weight = Math.exp(-luck.outages);
  for (let outages = 0; weight > 1e-16; outages++) {
    const down = downEpochs(luck, outages);
    const known = down * luck.keys;
    const n = (EPOCHS - down) * luck.keys;
    breach += weight * binomialTail(n, luck.missRate, allowed - known);
    for (const [k, probability] of binomial(n, luck.missRate, Math.max(allowed - known + 1, 0))) {
      const cost = price(luck, known + k);
      penalty += weight * probability * cost;
      squares += weight * probability * cost * cost;
    }
    weight *= luck.outages / (outages + 1);
  }
  return { breach, penalty, deviation: Math.sqrt(Math.max(squares - penalty * penalty, 0)) };
}

/** By drawing so many windows. */
export function drawn(luck: Luck, windows: number, next: () => number): Outcome {
  const allowed = free(luck);
  let [breaches, sum, squares] = [0, 0, 0];
  for (let i = 0; i < windows; i++) {
    const down = downEpochs(luck, poisson(luck.outages, next));
    const missed = down * luck.keys + successes((EPOCHS - down) * luck.keys, luck.missRate, next);
    if (missed <= allowed) continue;
    const cost = price(luck, missed);
    breaches++;
    sum += cost;
    squares += cost * cost;
  }
  const penalty = sum / windows;
  return {
    breach: breaches / windows,
    penalty,
    deviation: Math.sqrt(Math.max(squares / windows - penalty * penalty, 0)),
  };
}

/** The probability of at least three breaches in twelve windows. */
export function suspension(breach: number): number {
  return breach === 0 ? 0 : breach >= 1 ? 1 : binomialTail(12, breach, 2);
}

/** Successes of n, by the gaps between them, which are geometric. */
function successes(n: number, p: number, next: () => number): number {
  const scale = 1 / Math.log1p(-p);
  let count = 0;
  for (let at = Math.floor(Math.log(next()) * scale); at < n; at += 1 + Math.floor(Math.log(next()) * scale)) count++;
  return count;
}

/** How often something happens that happens so often on average (Knuth's method). */
function poisson(mean: number, next: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = next(); product > limit; product *= next()) count++;
  return count;
}
