// `npm run simulate:sla`: what an honest operator risks by bad luck, by formula and by drawing windows. Ends with 1 when the
// two disagree.
//   npm run simulate:sla -- --seed 7
import { drawn, exact, random, suspension, type Luck } from "./sla-model.ts";

const KEYS = [1, 10, 100, 1_000];
const MISS_RATES = [0.0001, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.0028, 0.003];
const OUTAGE_HOURS = [1, 2, 4, 12, 48];
const OUTAGES = [0.25, 1];
/** What is missed beside outages. */
const OUTAGE_MISS_RATE = 0.0005;

/** Draws of random numbers that a line may cost. */
const EFFORT = 20_000_000;
const MAX_WINDOWS = 100_000;
/** How far a drawn mean may be off, in its standard deviations. One line in 1.7 million is by chance. */
const TOLERANCE = 5;

const seedAt = process.argv.indexOf("--seed");
const seed = seedAt < 0 ? 1 : Number(process.argv[seedAt + 1]);
if (!Number.isSafeInteger(seed)) {
  process.stderr.write("simulate-sla: --seed needs a whole number\n");
  process.exit(2);
}
const next = random(seed);
let failures = 0;

heading("Each validator misses epochs by itself", "missed on average");
for (const missRate of MISS_RATES) {
  for (const keys of KEYS) {
    line(`${(missRate * 100).toFixed(2)} %`, { keys, missRate, outages: 0, outageHours: 0 });
  }
}
heading(`Besides, all are out together (and miss ${OUTAGE_MISS_RATE * 100} % otherwise)`, "outages");
for (const outages of OUTAGES) {
  for (const outageHours of OUTAGE_HOURS) {
    for (const keys of KEYS) {
      line(`${outages} a window of ${outageHours} h`, { keys, missRate: OUTAGE_MISS_RATE, outages, outageHours });
    }
  }
}
process.stdout.write(
  failures === 0 ? "\nAll lines agree with their formula.\n" : `\n${failures} lines disagree with their formula.\n`,
);
process.exit(failures === 0 ? 0 : 1);

/** The head of a table. */
function heading(title: string, column: string): void {
  process.stdout.write(
    `\n${title}\n\n| ${column} | keys | breach a window | drawn | windows | 3 of 12 | ether a window | drawn |\n` +
      "|---|---|---|---|---|---|---|---|\n",
  );
}

/** One line of a table, checked. */
function line(label: string, luck: Luck): void {
  const windows = Math.min(MAX_WINDOWS, Math.ceil(EFFORT / (luck.keys * 6_750 * luck.missRate + 4)));
  const [formula, sample] = [exact(luck), drawn(luck, windows, next)];
  // What is seen once or twice in all windows has no usable deviation: three such are always allowed.
  const breachError = Math.sqrt((formula.breach * (1 - formula.breach)) / windows);
  const worst = formula.breach > 0 ? formula.penalty / formula.breach + formula.deviation : 0;
  const agrees =
    Math.abs(sample.breach - formula.breach) <= TOLERANCE * breachError + 3 / windows &&
    Math.abs(sample.penalty - formula.penalty) <=
      (TOLERANCE * formula.deviation) / Math.sqrt(windows) + (3 * worst) / windows;
  if (!agrees) failures++;
  const cells = [
    label,
    luck.keys.toLocaleString("en"),
    percent(formula.breach),
    percent(sample.breach),
    windows.toLocaleString("en"),
    percent(suspension(formula.breach)),
    ether(formula.penalty),
    ether(sample.penalty) + (agrees ? "" : " DISAGREES"),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/** A probability, readable also when it is tiny. */
function percent(probability: number): string {
  if (probability === 0) return "0";
  return probability < 0.00005 ? `${(probability * 100).toExponential(0)} %` : `${(probability * 100).toFixed(2)} %`;
}

/** Ether, readable also when it is next to nothing. */
function ether(amount: number): string {
  if (amount === 0) return "0";
  return amount < 0.000001 ? amount.toExponential(0) : amount.toPrecision(3);
}
