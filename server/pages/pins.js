// Tells the server what the user writes while a run is live: from then on the field is theirs there, too.

import { ask, runUrl } from "./ask.js";
import { isEmpty } from "./pointer.js";

const PAUSE_MS = 400; // in typing, after which a value is sent
const PATIENCE_MS = 10_000;

/**
 * @typedef {{fate: "pinned"|"refused"|"over"|"unsent", details?: {path: string, rule: string, message: string}[]}} Answer
 *   pinned: the event confirms it · refused: it breaks rules · over: the run takes no pins (any more) ·
 *   unsent: nobody answered, or not in a way that says anything
 */

/**
 * One run's pins. A field has at most one request under way, and the next one brings its latest value: whatever the
 * network does, the server ends with what the user wrote last. Nothing leaves before `open` and after `close`.
 */
export class Pins {
  #latest = new Map(); // by field: what the user holds, sent or not; undefined once emptied
  #pauses = new Map(); // by field: the timer that runs while the user types
  #due = new Set(); // fields whose latest value is to be sent as soon as it can
  #sending = new Set();
  #run = null;
  #closed = false;
  #told;
  #send;

  /**
   * @param {(name: string, answer: Answer) => void} told is not called for a value that the user has changed since
   * @param {(run: string, name: string, value: any) => Promise<Answer>} send
   */
  constructor(told, send = sendPin) {
    this.#told = told;
    this.#send = send;
  }

  /** The run has begun, and these are its fields. */
  open(run, names) {
    this.#run = { id: run, names: new Set(names) };
    for (const name of this.#due) this.#next(name);
  }

  close() {
    this.#closed = true;
    for (const timer of this.#pauses.values()) clearTimeout(timer);
  }

  /** The user has written. An emptied field is no pin, and neither is what it held before, if that has not left yet. */
  change(name, value) {
    if (this.#closed || this.#latest.get(name) === value) return;
    this.#latest.set(name, isEmpty(value) ? undefined : value);
    this.#due.delete(name);
    clearTimeout(this.#pauses.get(name));
    this.#pauses.delete(name);
    if (!isEmpty(value)) this.#pauses.set(name, setTimeout(() => this.flush(name), PAUSE_MS));
  }

  /** The user has left the field: what waits there waits no longer. */
  flush(name) {
    if (!this.#pauses.has(name)) return;
    clearTimeout(this.#pauses.get(name));
    this.#pauses.delete(name);
    this.#due.add(name);
    this.#next(name);
  }

  /** What could not be sent may be told now. */
  again(name) {
    if (this.#latest.get(name) === undefined || this.#pauses.has(name)) return;
    this.#due.add(name);
    this.#next(name);
  }

  async #next(name) {
    if (!this.#run?.names.has(name) || this.#closed || this.#sending.has(name) || !this.#due.delete(name)) return;
    const value = this.#latest.get(name);
    this.#sending.add(name);
    const answer = await this.#send(this.#run.id, name, value);
    this.#sending.delete(name);
    if (this.#closed) return;
    if (answer.fate === "over") this.close();
    else if (this.#latest.get(name) === value) this.#told(name, answer);
    this.#next(name);
  }
}

/** @returns {Promise<Answer>} */
async function sendPin(run, name, value) {
  const path = `/${name}`;
  try {
    await ask(`${runUrl(run)}/pins`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path, value }),
      withinMs: PATIENCE_MS,
    });
    return { fate: "pinned" };
  } catch ({ status, code, message, details }) {
    if (status === 404 || status === 409) return { fate: "over" };
    if (status !== 422 || code === "http") return { fate: "unsent" }; // the latter are not this server's words
    return { fate: "refused", details: details.length ? details : [{ path, rule: code, message }] };
  }
}
