// How long to go on trying, and how long to wait in between: longer each time, and never as long as everybody else.

const SHORTEST_MS = 250;
const LONGEST_MS = 8_000; // unless the server asks for more
const LONGEST_TRY_MS = 20_000; // what takes longer is sleep: a machine that wakes has not been trying

export interface Patience {
  /** Something has come of it. */
  renew: () => void;
  /**
   * A try has failed: the milliseconds to wait before the next, at least `leastMs`. Undefined: it has been in vain for
   * `totalMs`, which is enough.
   */
  failed: (leastMs: number, totalMs: number) => number | undefined;
}

export function patience(): Patience {
  let spentMs = 0;
  let failures = 0;
  let since = 0;
  let pauseMs = 0;
  return {
    renew() {
      spentMs = failures = 0;
    },
    failed(leastMs, totalMs) {
      const now = performance.now();
      if (failures) spentMs += Math.min(now - since, pauseMs + LONGEST_TRY_MS);
      since = now;
      const least = Math.max(leastMs, SHORTEST_MS);
      const grown = Math.max(least, Math.min(least * 2 ** failures, LONGEST_MS));
      pauseMs = Math.min(grown * (1 + Math.random() / 2), totalMs);
      return failures++ && spentMs + pauseMs > totalMs ? undefined : pauseMs;
    },
  };
}
