// The raw events, line by line, beside what the page makes of them. Bounded; drawn only while it is open.

import { el, perFrame, stickToEnd } from "./dom.js";
import { say } from "./words.js";

const MOST = 2000;
const SHORT = 160;

export function mountLog() {
  const part = (id) => document.getElementById(id);
  const drawer = part("log");
  const rows = part("log-rows");
  const only = part("log-only");
  const atEnd = stickToEnd(rows);
  const names = new Set();
  let entries = [];
  let drawn = 0; // how many of `entries` have a row
  let total = 0;

  const draw = perFrame(() => {
    say(part("log-count"), "log.count", { n: total });
    part("log-empty").hidden = total > 0;
    if (!drawer.open) return;
    atEnd(() => {
      rows.append(...entries.slice(drawn).map(row));
      drawn = entries.length;
      while (rows.childElementCount > MOST) rows.firstElementChild.remove();
    });
  });

  function add(entry) {
    total += 1;
    entries.push(entry);
    if (entries.length > 2 * MOST) {
      const dropped = entries.length - MOST; // in one go, not event by event
      entries = entries.slice(dropped);
      drawn = Math.max(0, drawn - dropped);
    }
    if (!names.has(entry.name)) {
      names.add(entry.name);
      only.append(el("option", { value: entry.name }, entry.name));
    }
    draw([""]);
  }

  function row({ chain, seq, ms, name, raw }) {
    const summary = el(
      "summary",
      {},
      el("span", { class: "log-seq" }, String(seq)),
      el("span", { class: "log-ms" }, `${ms} ms`),
      el("span", { class: "log-name", "data-event": name }, name),
      el("span", { class: "log-chain" }, chain),
      el("code", { class: "log-data" }, raw.length > SHORT ? `${raw.slice(0, SHORT)}…` : raw),
    );
    const node = el("details", { class: "log-row", "data-testid": "log-row", "data-event": name }, summary);
    node.addEventListener("toggle", () => node.append(el("pre", {}, JSON.stringify(JSON.parse(raw), null, 2))), {
      once: true,
    });
    node.hidden = filtered(name);
    return node;
  }

  function filtered(name) {
    return only.value !== "" && only.value !== name;
  }

  only.addEventListener("change", () => {
    for (const node of rows.children) node.hidden = filtered(node.dataset.event);
  });
  part("log-clear").addEventListener("click", () => {
    entries = [];
    drawn = total = 0;
    rows.replaceChildren();
    draw([""]);
  });
  drawer.addEventListener("toggle", () => draw([""]));
  say(part("log-bounded"), "log.bounded", { n: MOST });
  draw([""]);

  /** A request is sent: what it brings is logged with the milliseconds since then, which the logger returns. */
  function opened(chain) {
    const began = performance.now();
    return ({ seq, name, raw }) => {
      const ms = Math.round(performance.now() - began);
      add({ chain, seq, name, raw, ms });
      return ms;
    };
  }
  return { opened };
}
