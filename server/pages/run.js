// What a client makes of a run's events: each top-level field with its value and its status. Pure: no DOM, no clock.

import { Edits } from "./edits.js";
import { getAt, isEmpty, parsePointer, putAt, same, topOf } from "./pointer.js";

/**
 * @typedef {"open"|"waiting"|"filling"|"settled"|"given"|"invalid"|"edited"|"pinned"|"cut"} Status
 *   open: nobody has said anything · waiting: the model will write it · filling: it is being written ·
 *   settled: closed and valid · given: the user's, sent along · edited: the user's, over the model's, known only here ·
 *   pinned: the user's, and the server knows · invalid: broke a rule · cut: the run ended in the middle of it
 * @typedef {"idle"|"connecting"|"streaming"|"complete"|"failed"|"cancelled"|"stopped"|"lost"|"refused"} Phase
 * @typedef {{path: string, rule: string, message: string}} Breach
 */

const UNTOLD = { status: "open", errors: [], past: [], ms: undefined, pinned: undefined, conflict: undefined };
const UNHINDERED = { away: false, asked: false, slow: false };
const ENDED = { stopped: "stopped", lost: "lost", forgotten: "lost" };
const YOURS = new Set(["given", "pinned"]); // what the model neither settles nor breaks
const FILLED = new Set(["settled", "given", "edited", "pinned"]);

/** Two layers: what the run said, and over it what the user holds, which no event overwrites. */
export class Run {
  /** @type {Phase} */
  phase = "idle";
  notes = [];
  attempt = 1;
  /** Why the attempt before was not enough: the code of the last `reset`. */
  reason = "";
  timings = null;
  /** Whether the connection is gone, and being made again. */
  away = false;
  /** Whether it waits for the user's access token. */
  asked = false;
  /** Whether nothing has come for a while, although somebody is there. */
  slow = false;
  /** The fields that it fills, in its order; empty until it has said so. */
  planned = [];
  #said = {};
  #told = new Map(); // by field: what the events told of it beside its value
  #edits = new Edits();

  get live() {
    return this.phase === "connecting" || this.phase === "streaming";
  }

  /** What is going on, in a word that the page has a sentence for: what holds it up, or else its phase. */
  get state() {
    if (this.asked) return "asked";
    if (this.away) return "reconnecting";
    return this.live && this.slow ? "slow" : this.phase;
  }

  /** How many of its fields are filled, by the model or the user. */
  get progress() {
    return { n: this.planned.filter((name) => FILLED.has(this.field(name).status)).length, of: this.planned.length };
  }

  /** Every field that has a value, a status or an error. */
  get names() {
    return [...new Set([...this.#told.keys(), ...Object.keys(this.#said), ...this.#edits.names])];
  }

  /**
   * `past`: what was wrong with the field in the attempt before, until it is written again. `conflict`: what the model
   * would have written, where the user wrote something else.
   * @returns {{value: any, status: Status, errors: Breach[], past: Breach[], ms: number|undefined,
   *   conflict: {value: any}|undefined}}
   */
  field(name) {
    const { pinned, ...told } = this.#of(name);
    const held = this.#edits.whole(name);
    if (!held) return { ...told, value: this.#edits.over(name, this.#said[name]) };
    const { value, errors } = held;
    const known = held.status === "edited" && pinned !== undefined && same(value, pinned);
    const status = isEmpty(value) && !this.live ? "open" : known ? "pinned" : held.status;
    const conflict = told.conflict && !same(value, told.conflict.value) ? told.conflict : undefined;
    return { value, status, errors, past: [], ms: undefined, conflict };
  }

  /** The object so far, the user's edits included; what is empty is left out. */
  value(names = this.names) {
    const entries = names.map((name) => [name, this.field(name).value]);
    return Object.fromEntries(entries.filter(([, value]) => !isEmpty(value)));
  }

  /** The user writes at a pointer: that part is theirs until released, and the whole field if nobody writes it now. */
  own(pointer, value) {
    const name = topOf(pointer);
    const status = this.live || name in this.#said ? "edited" : "given";
    this.#edits.set(pointer, value, status);
    if (!this.#isWritten(name)) this.#edits.set(`/${name}`, this.field(name).value, status);
  }

  /** What the model wrote becomes the user's as it is: the next run is given it. */
  keep(name) {
    this.#edits.set(`/${name}`, this.field(name).value, "given");
  }

  /** Whether the whole field is the user's. */
  holds(name) {
    return this.#edits.whole(name) !== undefined;
  }

  /** The field is open again: neither the user's nor the model's. */
  release(name) {
    this.#edits.drop(name);
    this.#forget(name, "open");
  }

  /** What the model would have written takes the place of what the user wrote. */
  accept(name) {
    const { conflict } = this.#of(name);
    this.release(name);
    this.#said[name] = conflict.value;
    this.#tell(name, { status: "settled" });
  }

  /** The server did not take what the user wrote: it stays theirs, with the rules that it breaks. */
  refuse(name, breaches) {
    if (this.holds(name)) this.#edits.blame(name, breaches);
  }

  /** A new run is asked for. Returns what the user holds, by field: it is given, and not asked of the model. */
  begin() {
    const given = this.#edits.asGiven((name) => this.field(name).value);
    for (const name of this.#told.keys()) this.#tell(name, { ...UNTOLD, status: this.#of(name).status });
    const anew = { phase: "connecting", notes: [], attempt: 1, reason: "", timings: null, planned: [] };
    Object.assign(this, anew, UNHINDERED);
    return given;
  }

  /** Takes one event in; returns the names of the fields that it touched. After a terminal event nothing counts. */
  apply(event) {
    return this.live ? (this.#handlers[event.type]?.(event) ?? []) : [];
  }

  /** It ended without a terminal event, or was refused before it began, for `code`. `details`: breaches by pointer. */
  end(code, details = []) {
    if (!this.live) return [];
    for (const breach of details) {
      const name = topOf(breach.path);
      if (this.holds(name)) this.#edits.blame(name, [breach]);
      else this.#blame([breach]);
    }
    return this.#finish(ENDED[code] ?? (this.phase === "connecting" ? "refused" : "lost"));
  }

  #handlers = {
    start: ({ fields, notes, attempt = 1 }) => {
      const before = this.names;
      for (const name of before) this.#forget(name, "open");
      const planned = [...new Set(fields.map(({ path }) => topOf(path)))];
      for (const name of planned) this.#tell(name, { status: "waiting" });
      Object.assign(this, { phase: "streaming", notes, attempt, reason: "", planned });
      return [...before, ...this.names];
    },
    token: ({ path, text }) => {
      const at = parsePointer(path);
      putAt(this.#said, at, (getAt(this.#said, at) ?? "") + text);
      return this.#fill(topOf(path));
    },
    field: ({ path, value, source, ms }) => {
      const name = topOf(path);
      putAt(this.#said, parsePointer(path), structuredClone(value));
      if (path !== `/${name}`) return this.#fill(name);
      return this.#settle(name, { status: source === "given" ? "given" : "settled", ms });
    },
    pinned: ({ path, value }) => {
      const name = topOf(path);
      const held = this.#edits.whole(name);
      this.#said[name] = structuredClone(value);
      if (!held || held.status === "pinned") this.#edits.set(`/${name}`, structuredClone(value), "pinned");
      return this.#tell(name, { ...UNTOLD, status: "pinned", pinned: value });
    },
    partial: ({ value, settled, resumed }) => {
      if (resumed) this.#resume();
      this.#said = structuredClone(value);
      for (const name of Object.keys(value)) this.#fill(name);
      for (const name of Object.keys(value)) if (settled.includes(`/${name}`)) this.#settle(name);
      return this.names;
    },
    invalid: ({ paths, errors }) => {
      this.#blame(errors);
      const broken = paths.map(topOf).filter((name) => !YOURS.has(this.#of(name).status));
      for (const name of broken) this.#tell(name, { status: "invalid" });
      return this.names;
    },
    reset: ({ attempt, keep, reason }) => {
      const kept = new Set(keep.map(topOf));
      const isVoid = (name) => !kept.has(name) && (name in this.#said || this.#of(name).status !== "open");
      for (const name of this.names.filter(isVoid)) {
        const { errors, past } = this.#of(name);
        this.#forget(name, "waiting", errors.length ? errors : past);
      }
      Object.assign(this, { attempt, reason });
      return this.names;
    },
    complete: ({ value, timings, conflicts = [] }) => {
      this.#said = structuredClone(value);
      for (const name of Object.keys(value)) this.#settle(name, { status: "settled", ms: this.#msOf(name, timings) });
      for (const name of this.#told.keys()) this.#tell(name, { errors: [] });
      for (const { path, model_value } of conflicts) this.#tell(topOf(path), { conflict: { value: model_value } });
      this.timings = timings;
      return this.#finish("complete");
    },
    failed: ({ partial, errors }) => {
      this.#said = structuredClone(partial);
      this.#blame(errors ?? []);
      return this.#finish("failed");
    },
    cancelled: ({ partial }) => {
      this.#said = structuredClone(partial);
      return this.#finish("cancelled");
    },
  };

  /** What was told meanwhile is not told again: of the model's fields only what follows is known. */
  #resume() {
    this.phase = "streaming";
    for (const name of this.names) {
      const { status } = this.#of(name);
      if (status !== "open" && !YOURS.has(status)) this.#forget(name, "waiting");
    }
  }

  /** Nothing waits or fills any more. */
  #finish(phase) {
    Object.assign(this, { phase }, UNHINDERED);
    for (const name of this.names) {
      const { status } = this.#of(name);
      const unfinished = status === "open" || this.#isWriting(status);
      const end = unfinished ? { status: isEmpty(this.#said[name]) ? "open" : "cut" } : {};
      this.#tell(name, { past: [], ...end });
    }
    return this.names;
  }

  #fill(name) {
    const { status } = this.#of(name);
    if (status === "open" || status === "waiting") this.#tell(name, { status: "filling", past: [] });
    return [name];
  }

  /** The field is closed: parts of it that the user holds make all of it theirs. */
  #settle(name, told = { status: "settled" }) {
    if (!YOURS.has(this.#of(name).status)) this.#tell(name, { errors: [], past: [], ...told });
    if (this.#edits.heldInParts(name)) this.#edits.set(`/${name}`, this.field(name).value, "edited");
    return [name];
  }

  /** When a field was closed. Its own event may have been missed; the end tells it once more. */
  #msOf(name, timings) {
    return this.#of(name).ms ?? timings.fields?.[`/${name}`];
  }

  #isWritten(name) {
    return this.live && this.#isWriting(this.#of(name).status);
  }

  #isWriting(status) {
    return status === "waiting" || status === "filling";
  }

  #of(name) {
    return this.#told.get(name) ?? UNTOLD;
  }

  #tell(name, change) {
    this.#told.set(name, { ...this.#of(name), ...change });
    return [name];
  }

  #forget(name, status, past = []) {
    delete this.#said[name];
    this.#told.set(name, { ...UNTOLD, status, past });
  }

  #blame(breaches) {
    for (const breach of breaches) {
      const name = topOf(breach.path);
      const { errors } = this.#of(name);
      if (!errors.some((known) => known.message === breach.message)) this.#tell(name, { errors: [...errors, breach] });
    }
  }
}
