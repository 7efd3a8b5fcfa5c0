// Waiting, and what ends it: the network is back, or somebody looks at the page. Outside browsers there is only time.

/** Waits so long, or until trying again is likely to help. Without a network no time is long enough. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return until(["online"], signal, ms);
}

/** Waits until somebody is there. */
export function attention(signal: AbortSignal): Promise<void> {
  return until(["online", "focus", "pointerdown", "keydown"], signal);
}

/** Calls `wake` at any of these signs, until `signal` aborts. */
export function at(signs: readonly string[], wake: () => void, signal: AbortSignal): void {
  for (const sign of signs) globalThis.addEventListener?.(sign, wake, { signal });
}

/** Until one of the signs, or the page is seen again, or the time is over, or `signal` aborts. */
function until(signs: readonly string[], signal?: AbortSignal, ms?: number): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const done = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const late = () => globalThis.navigator?.onLine === false || done();
    const timer = ms === undefined ? undefined : setTimeout(late, ms);
    at(signs, done, over.signal);
    const seen = () => document.hidden || done();
    globalThis.document?.addEventListener("visibilitychange", seen, { signal: over.signal });
    signal?.addEventListener("abort", done, { signal: over.signal });
    if (signal?.aborted) done();
  });
}
