// How long something takes, on a machine that does other things as well.

/** The milliseconds of the quickest of a few times. */
export function least(work: () => void): number {
  const times = Array.from({ length: 4 }, () => {
    const since = performance.now();
    work();
    return performance.now() - since;
  });
  return Math.min(...times);
}
