// Tells a time that runs out.

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
