// How long to go on trying, and how long to wait in between: longer each time, and never as long as everybody else.

const SHORTEST_MS = 250;
const LONGEST_MS = 8_000; // unless the server asks for more
const LONGEST_TRY_MS = 20_000; // what takes longer is sleep: a machine that wakes has not been trying

/** For so many milliseconds of trying in vain. */
export class Patience {
  #totalMs;
  #spentMs = 0;
  #failures = 0;
  #since = 0;
  #pauseMs = 0;

  constructor(totalMs) {
    this.#totalMs = totalMs;
  }

  /** Something has come of it. */
  renew() {
    this.#spentMs = this.#failures = 0;
  }

  /**
   * A try has failed.
   * @param {number} leastMs what the server asks for
   * @returns {number|null} the milliseconds to wait before the next one, or null: enough is enough
   */
  failed(leastMs) {
    const now = performance.now();
    const again = this.#failures > 0;
    if (again) this.#spentMs += Math.min(now - this.#since, this.#pauseMs + LONGEST_TRY_MS);
    this.#since = now;
    const least = Math.max(leastMs, SHORTEST_MS);
    const grown = Math.max(least, Math.min(least * 2 ** this.#failures, LONGEST_MS));
    this.#failures += 1;
    this.#pauseMs = Math.min(grown * (1 + Math.random() / 2), this.#totalMs);
    return again && this.#spentMs + this.#pauseMs > this.#totalMs ? null : this.#pauseMs;
  }
}

/**
 * Waits so long, or until trying again is likely to help: the network is back, or the user looks at the page again.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 */
export function pause(ms, signal) {
  return new Promise((done) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      done();
    };
    const timer = setTimeout(end, ms);
    const seen = () => document.visibilityState === "visible" && end();
    addEventListener("online", end, { signal: over.signal });
    document.addEventListener("visibilitychange", seen, { signal: over.signal });
    signal?.addEventListener("abort", end, { signal: over.signal });
  });
}

/**
 * Tells how many milliseconds are left of these, now and every second, until none are or the teller returns false.
 * @param {number} ms
 * @param {(leftMs: number) => boolean} tell
 * @returns {() => void} stops it
 */
export function countDown(ms, tell) {
  const end = Date.now() + ms; // the clock on the wall: a machine that sleeps waits, too
  let timer;
  const tick = () => {
    const leftMs = Math.max(0, end - Date.now());
    if (tell(leftMs) && leftMs > 0) timer = setTimeout(tick, leftMs % 1000 || 1000);
  };
  tick();
  return () => clearTimeout(timer);
}
