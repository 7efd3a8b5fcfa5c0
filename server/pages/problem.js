// Problems and notes, said in words.

import { el } from "./dom.js";
import { countDown } from "./countdown.js";
import { say, waitingTime, words } from "./words.js";

/** A box for one problem, with a button to try again. It is announced when it is shown. */
export function problemBox(retry) {
  const sentence = el("p", { class: "problem-words" });
  const more = el("p", { class: "problem-more" });
  const wait = el("p", { class: "problem-wait", "data-testid": "problem-wait", "aria-live": "off" }); // told once aloud
  const again = el("button", { type: "button", class: "quiet", "data-testid": "retry", onclick: retry });
  const node = el(
    "div",
    { class: "problem", role: "alert", "data-testid": "problem", hidden: true },
    sentence,
    more,
    wait,
    again,
  );
  let stopCounting = () => {};
  say(again, "retry");

  function show({ code, message, details = [], retryable, retryAfterMs }) {
    say(sentence, `code.${code}`, {}, { fallback: message || code });
    node.dataset.code = code;
    again.hidden = !retryable;
    const loose = details.filter(({ path }) => path === "").map((breach) => breach.message);
    more.textContent = loose.join(" ");
    more.hidden = loose.length === 0;
    count(retryAfterMs ?? 0);
    node.hidden = false;
  }

  /** How long to wait is said until it is over, or nobody sees it any more. */
  function count(ms) {
    stopCounting();
    stopCounting = countDown(ms, (leftMs) => {
      wait.hidden = leftMs === 0;
      say(wait, leftMs === 0 ? "" : "retryAfter", { time: waitingTime(leftMs) });
      return node.isConnected;
    });
  }

  function hide() {
    stopCounting();
    node.hidden = true;
  }
  return { node, show, hide };
}

/** What the run says beforehand (`start.notes`). */
export function showNotes(list, run) {
  const notes = run.notes.map(({ code, message }) => [`note.${code}`, message]);
  const wanted = JSON.stringify(notes);
  if (list.dataset.shown === wanted) return;
  list.dataset.shown = wanted;
  list.replaceChildren(...notes.map(([key, fallback]) => say(el("li"), key, {}, { fallback })));
  list.hidden = notes.length === 0;
}

const NEEDS_THE_NETWORK = new Set(["connecting", "reconnecting", "slow"]);

/** The key of what a run is doing. Without a network it waits for that, whatever else it waits for. */
export function stateKey({ state }) {
  return `phase.${NEEDS_THE_NETWORK.has(state) && !navigator.onLine ? "offline" : state}`;
}

/** Calls it when the network goes, and when it is back. */
export function onNetwork(listener) {
  for (const change of ["offline", "online"]) addEventListener(change, listener);
}

/** That a run is at another attempt, and why; empty for a first one, and once the run is over. */
export function attemptLine({ attempt, reason, live }) {
  if (attempt === 1 || !live) return "";
  return words(`attempt.${reason}`, { n: attempt }, words("attempt", { n: attempt }));
}

/** The rules that a field breaks, in the page's words where it has some: for this field, or for any. */
export function rulesInWords(name, breaches) {
  const sentences = breaches.map(({ rule, message }) =>
    words(`rule.${rule}.${name}`, {}, words(`rule.${rule}`, {}, message)),
  );
  return [...new Set(sentences)].join(" ");
}
