// One line on how long a run took, from the timings of `complete`. What each field took stands at the field.

import { duration, words } from "./words.js";

export function timingsLine(run) {
  const { first_token_ms: first, total_ms: total } = run.timings ?? {};
  const parts = [];
  if (typeof first === "number") parts.push(words("timing.first", { time: duration(first) }));
  if (typeof total === "number") parts.push(words("timing.total", { time: duration(total) }));
  if (run.attempt > 1 && parts.length) parts.push(words("timing.attempts", { n: run.attempt }));
  return parts.join(" · ");
}
