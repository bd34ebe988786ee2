/** How often the parent is looked at, in milliseconds: short, because an orphan must not act beside its successor. */
const WATCH_INTERVAL_MS = 100;

/**
 * Ends this process soon after the process that started it ends, even by SIGKILL. An engine that is killed would otherwise leave a
 * provider that goes on sending transactions while the next run has already begun.
 */
export function exitWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, WATCH_INTERVAL_MS);
  timer.unref();
}
