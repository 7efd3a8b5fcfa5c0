// What a client makes of a run's events: each top-level field with its value and its status. Pure: no DOM, no clock.

import { Edits } from "./edits.js";
import { getAt, isEmpty, parsePointer, putAt, topOf } from "./pointer.js";

/**
 * @typedef {"open"|"waiting"|"filling"|"settled"|"given"|"invalid"|"edited"|"cut"} Status
 *   open: nobody has said anything · waiting: the model will write it · filling: it is being written ·
 *   settled: closed and valid · given: the user's, sent along · edited: the user's, over the model's ·
 *   invalid: broke a rule · cut: the run ended in the middle of it
 * @typedef {"idle"|"connecting"|"streaming"|"complete"|"failed"|"cancelled"|"stopped"|"lost"|"refused"} Phase
 */

/** Two layers: what the run said, and over it what the user holds, which no event overwrites. */
export class Run {
  /** @type {Phase} */
  phase = "idle";
  notes = [];
  attempt = 1;
  timings = null;
  #said = {};
  #status = new Map();
  #errors = new Map();
  #ms = new Map();
  #edits = new Edits();

  get live() {
    return this.phase === "connecting" || this.phase === "streaming";
  }

  /** Every field that has a value, a status or an error. */
  get names() {
    const kept = [...this.#status.keys(), ...Object.keys(this.#said), ...this.#errors.keys()];
    return [...new Set([...kept, ...this.#edits.names])];
  }

  /** @returns {{value: any, status: Status, errors: {message: string, rule: string}[], ms: number|undefined}} */
  field(name) {
    const errors = this.#errors.get(name) ?? [];
    const held = this.#edits.whole(name);
    if (held) {
      const status = isEmpty(held.value) && !this.live ? "open" : held.status;
      return { value: held.value, status, errors, ms: undefined };
    }
    const status = this.#status.get(name) ?? "open";
    return {
      value: this.#edits.over(name, this.#said[name]),
      status: status === "settled" && this.#edits.heldInParts(name) ? "edited" : status,
      errors,
      ms: this.#ms.get(name),
    };
  }

  /** The object so far, the user's edits included; what is empty is left out. */
  value(names = this.names) {
    const entries = names.map((name) => [name, this.field(name).value]);
    return Object.fromEntries(entries.filter(([, value]) => !isEmpty(value)));
  }

  /** The user writes at a pointer: that part is theirs until released. */
  own(pointer, value) {
    const name = topOf(pointer);
    this.#edits.set(pointer, value, this.live || name in this.#said ? "edited" : "given");
    this.#errors.delete(name);
  }

  /** What the model wrote becomes the user's as it is: the next run is given it. */
  keep(name) {
    this.#edits.set(`/${name}`, this.field(name).value, "given");
    this.#errors.delete(name);
  }

  owns(pointer) {
    return this.#edits.has(pointer);
  }

  /** The field is open again: neither the user's nor the model's. */
  release(name) {
    this.#edits.drop(name);
    this.#forget(name, "open");
  }

  /** A new run is asked for. Returns what the user holds, by field: it is given, and not asked of the model. */
  begin() {
    const given = this.#edits.asGiven((name) => this.field(name).value);
    this.#errors.clear();
    this.notes = [];
    this.timings = null;
    this.attempt = 1;
    this.phase = "connecting";
    return given;
  }

  /** Takes one event in; returns the names of the fields that it touched. After a terminal event nothing counts. */
  apply(event) {
    return this.live ? (this.#handlers[event.type]?.(event) ?? []) : [];
  }

  /** The run ended without a terminal event, or was refused before it began. `details` are breaches by pointer. */
  end(phase, details = []) {
    if (!this.live) return [];
    this.#blame(details);
    return this.#finish(phase);
  }

  #handlers = {
    start: ({ fields, notes }) => {
      const before = this.names;
      for (const name of before) this.#forget(name, "open");
      for (const { path } of fields) this.#status.set(topOf(path), "waiting");
      this.notes = notes;
      this.phase = "streaming";
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
      this.#ms.set(name, ms);
      this.#status.set(name, { given: "given", pinned: "edited" }[source] ?? "settled");
      return [name];
    },
    pinned: ({ path, value }) => {
      putAt(this.#said, parsePointer(path), structuredClone(value));
      this.#status.set(topOf(path), "edited");
      return [topOf(path)];
    },
    partial: ({ value, settled }) => {
      this.#said = structuredClone(value);
      for (const name of Object.keys(value)) this.#fill(name);
      for (const name of Object.keys(value)) if (settled.includes(`/${name}`)) this.#settle(name);
      return this.names;
    },
    invalid: ({ paths, errors }) => {
      this.#blame(errors);
      for (const path of paths) this.#status.set(topOf(path), "invalid");
      return this.names;
    },
    reset: ({ attempt, keep }) => {
      const kept = new Set(keep.map(topOf));
      for (const name of this.names) if (!kept.has(name)) this.#forget(name, "waiting");
      this.attempt = attempt;
      return this.names;
    },
    complete: ({ value, timings }) => {
      this.#said = structuredClone(value);
      for (const name of Object.keys(value)) this.#settle(name);
      this.#errors.clear();
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

  /** Nothing waits or fills any more. */
  #finish(phase) {
    this.phase = phase;
    for (const name of this.names) {
      const status = this.#status.get(name) ?? "waiting";
      if (status !== "waiting" && status !== "filling") continue;
      this.#status.set(name, isEmpty(this.#said[name]) ? "open" : "cut");
    }
    return this.names;
  }

  #fill(name) {
    if ((this.#status.get(name) ?? "waiting") === "waiting") this.#status.set(name, "filling");
    return [name];
  }

  #settle(name) {
    const status = this.#status.get(name);
    if (status !== "given" && status !== "edited") this.#status.set(name, "settled");
  }

  #forget(name, status) {
    delete this.#said[name];
    this.#ms.delete(name);
    this.#errors.delete(name);
    this.#status.set(name, status);
  }

  #blame(breaches) {
    for (const breach of breaches) {
      const name = topOf(breach.path);
      const listed = this.#errors.get(name) ?? [];
      if (!listed.some((known) => known.message === breach.message)) this.#errors.set(name, [...listed, breach]);
    }
  }
}
