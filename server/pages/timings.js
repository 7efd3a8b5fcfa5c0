// How long a run took, from the timings of `complete`: one line, and behind it a bar for each field.

import { el, setText } from "./dom.js";
import { duration, words } from "./words.js";

/** @returns {{node: HTMLElement, draw: (run: import("./run.js").Run) => void}} nothing is shown before the run is complete */
export function timingsChart() {
  const line = el("summary");
  const rows = el("ol", { class: "spans" });
  const node = el("details", { class: "timings", "data-testid": "timings", hidden: true }, line, rows);

  function draw(run) {
    const sentence = timingsLine(run);
    node.hidden = sentence === "";
    setText(line, sentence);
    const spans = node.hidden ? [] : spansOf(run);
    const end = Math.max(1, ...spans.map(({ to }) => to));
    rows.replaceChildren(...spans.map((span) => row(span, end)));
  }
  return { node, draw };
}

function timingsLine(run) {
  const { first_token_ms: first, total_ms: total } = run.timings ?? {};
  const parts = [];
  if (isTime(first)) parts.push(words("timing.first", { time: duration(first) }));
  if (isTime(total)) parts.push(words("timing.total", { time: duration(total) }));
  if (run.attempt > 1 && parts.length) parts.push(words("timing.attempts", { n: run.attempt }));
  return parts.join(" · ");
}

/**
 * What happened when. A model writes its fields one behind the other: each begins where the one before it was closed.
 * @returns {{what: string, from: number, to: number}[]} in milliseconds; `what` is a key of words
 */
function spansOf(run) {
  const first = isTime(run.timings.first_token_ms) ? run.timings.first_token_ms : 0;
  const spans = [{ what: "timing.wait", from: 0, to: first }];
  const closed = run.planned.map((name) => ({ name, ...run.field(name) }));
  const written = closed.filter(({ status, ms }) => status === "settled" && isTime(ms));
  for (const { name, ms } of written.sort((one, other) => one.ms - other.ms)) {
    const from = spans.at(-1).to;
    spans.push({ what: `field.${name}`, from, to: Math.max(from, ms) });
  }
  return spans;
}

function row({ what, from, to }, end) {
  const bar = el("i");
  bar.style.left = `${(100 * from) / end}%`;
  bar.style.width = `${(100 * (to - from)) / end}%`;
  return el(
    "li",
    {},
    el("span", { class: "span-name" }, words(what)),
    el("span", { class: "span-track", "aria-hidden": "true" }, bar),
    el("span", { class: "span-time" }, duration(to - from)),
  );
}

function isTime(ms) {
  return typeof ms === "number" && ms >= 0;
}
