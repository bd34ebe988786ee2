/** What decides whether ether is moved to validators now. */
export interface DepositMarket {
  /** Keys that could be pre-deposited for. */
  readonly keys: number;
  /** Wei a gas, as the next block asks. */
  readonly gasPrice: bigint;
  /** Seconds since the last pre-deposit; Infinity when there was none. */
  readonly secondsSinceLast: number;
}

export interface DepositPolicy {
  readonly maxGasPriceGwei: number;
  readonly minKeys: number;
  readonly maxWaitSeconds: number;
}

const WEI_PER_GWEI = 1e9;

/**
 * Why deposits wait; undefined when they do not. Dear gas waits however long: 32 ether earn some 0.0026 ether a day at 3 %, and both
 * steps of one key use about 0.3 million gas, which is that much at 9 gwei. Few keys wait for company, because each call costs a base.
 */
export function reasonToWait(
  { keys, gasPrice, secondsSinceLast }: DepositMarket,
  { maxGasPriceGwei, minKeys, maxWaitSeconds }: DepositPolicy,
): string | undefined {
  if (keys === 0) return "no key, or no ether for one";
  const gwei = Number(gasPrice) / WEI_PER_GWEI;
  if (gwei > maxGasPriceGwei) return `gas costs ${gwei.toFixed(2)} gwei, more than ${maxGasPriceGwei}`;
  if (keys < minKeys && secondsSinceLast < maxWaitSeconds) return `${keys} of ${minKeys} keys`;
  return undefined;
}

/** An operator, as far as exits are divided among operators. */
export interface ExitCandidate {
  readonly operatorId: number;
  /** Validators that neither leave nor were asked to. */
  readonly staying: number;
  /** Exits asked for since the beginning. */
  readonly requestedExits: number;
  readonly suspended: boolean;
  /** Most validators it shall have; undefined without a target. */
  readonly target: number | undefined;
}

/**
 * Divides exits among operators: first those above their target, then suspended ones, then whoever has most. One at a time, so that
 * equals share.
 * @returns the new number of requested exits since the beginning, by operator, for those asked for more
 */
export function chooseExits(candidates: readonly ExitCandidate[], exits: number): Map<number, number> {
  const left = candidates.map((candidate) => ({ ...candidate, asked: 0 }));
  for (let exit = 0; exit < exits; exit++) {
    const [chosen] = left
      .filter(({ staying, asked }) => staying > asked)
      .sort((a, b) => rank(a) - rank(b) || b.staying - b.asked - (a.staying - a.asked) || a.operatorId - b.operatorId);
    if (!chosen) break;
    chosen.asked += 1;
  }
  return new Map(
    left.flatMap(({ operatorId, requestedExits, asked }) =>
      asked > 0 ? [[operatorId, requestedExits + asked] as const] : [],
    ),
  );
}

function rank({ target, staying, asked, suspended }: ExitCandidate & { readonly asked: number }): number {
  if (target !== undefined && staying - asked > target) return 0;
  return suspended ? 1 : 2;
}

/** What the queue needs, and what is there or on its way; wei. */
export interface WithdrawalDemand {
  /** Worth of the shares that are not finalised. */
  readonly queued: bigint;
  readonly buffered: bigint;
  readonly withdrawalVault: bigint;
  readonly executionVault: bigint;
  /** Balances of validators that are leaving. */
  readonly leaving: bigint;
  /** Exits asked for that have not begun. */
  readonly askedExits: number;
}

/** Wei of a validator's deposits. */
export const VALIDATOR_WEI = 32n * 10n ** 18n;

/** How many more validators have to leave so that all requests can be paid. */
export function exitsNeeded(demand: WithdrawalDemand): number {
  const { queued, buffered, withdrawalVault, executionVault, leaving, askedExits } = demand;
  const coming = buffered + withdrawalVault + executionVault + leaving + BigInt(askedExits) * VALIDATOR_WEI;
  return queued > coming ? Number((queued - coming + VALIDATOR_WEI - 1n) / VALIDATOR_WEI) : 0;
}
