// Recordings of runs as files: the frames of a stream, each behind a comment with its time. Readers of streams pass the
// comments over, so a recording is a stream, and a stream that was kept (`curl -N … > run.sse`) is a recording.

import { EventStreamParser, TERMINAL } from "./client.js";

const TIME = /^: \+([0-9]{1,12})\s*$/;
const POINTER = /^(\/[^/]*)+$/;

/** Why a file is no recording, with a code that the words know. */
export class NotARecording extends Error {
  constructor(code, args = {}) {
    super(code);
    Object.assign(this, { code, args });
  }
}

/**
 * @param {{ms: number, seq: number, name: string, raw: string}[]} events as they came, `ms` after the beginning of the run
 * @returns {string} the file; its first line says how much of the run it holds
 */
export function writeRecording(events) {
  const ended = TERMINAL.has(events.at(-1)?.name);
  const frames = events.map(({ ms, seq, name, raw }) => `: +${ms}\nid:${seq}\nevent: ${name}\ndata: ${raw}\n\n`);
  return `: all events of one run, as the page received them${ended ? "" : "; it was kept before its end"}\n${frames.join("")}`;
}

/**
 * @param {string} text
 * @returns {{ms: number, seq: number, name: string, raw: string, data: object}[]} the events of the first run in it
 */
export function readRecording(text) {
  const events = [...eventsIn(text)];
  if (events.length === 0) throw new NotARecording(text.trim() === "" ? "empty" : "no_events");
  if (events[0].name !== "start") throw new NotARecording("no_start");
  const end = events.findIndex(({ name }) => TERMINAL.has(name)) + 1;
  return timed(end ? events.slice(0, end) : events);
}

function* eventsIn(text) {
  const parser = new EventStreamParser();
  let ms;
  let number = 0;
  for (const line of text.split(/\r\n|\n|\r/)) {
    number += 1;
    const time = TIME.exec(line);
    if (time) ms = Number(time[1]);
    for (const { event: type, data: raw } of parser.feed(`${line}\n`)) {
      const data = type === "ping" ? null : parse(type, raw, number);
      if (data) yield { ms, seq: data.seq, name: type, raw, data };
      ms = undefined;
    }
  }
}

/** The event, or null for one that this page does not know: a later version may have more. */
function parse(type, raw, line) {
  if (!Object.hasOwn(SHAPES, type)) return null;
  try {
    const data = JSON.parse(raw);
    if (data.type === type && SHAPES[type](data)) return data;
  } catch {
    // told below: neither JSON, nor of the shape that its name promises
  }
  throw new NotARecording("not_an_event", { line: line - 1, name: type });
}

/** What the page relies on in each event: a file may come from anybody. */
const SHAPES = {
  start: ({ chain, fields, notes }) =>
    isText(chain) && fields.every(({ path }) => isPointer(path)) && notes.every(({ code }) => isText(code)),
  token: ({ path, text }) => isPointer(path) && isText(text),
  partial: ({ value, settled }) => isObject(value) && settled.every(isText),
  field: ({ path, value }) => isPointer(path) && value !== undefined,
  invalid: ({ paths, errors }) => paths.every(isText) && errors.every(({ path, message }) => isText(path) && isText(message)),
  pinned: ({ path, value }) => isPointer(path) && value !== undefined,
  reset: ({ attempt, keep }) => typeof attempt === "number" && keep.every(isPointer),
  complete: ({ value, timings }) => isObject(value) && isObject(timings),
  failed: ({ code, partial }) => isText(code) && isObject(partial),
  cancelled: ({ partial }) => isObject(partial),
};

function isText(value) {
  return typeof value === "string";
}

function isPointer(value) {
  return isText(value) && POINTER.test(value);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without a time of its own an event has what it says of time itself, or lies evenly between its neighbours. */
function timed(events) {
  let before = 0; // the last known time, and where behind it the unknown ones begin
  let from = 0;
  events.forEach((event, at) => {
    const known = event.ms ?? (event.name === "field" ? event.data.ms : event.data.timings?.total_ms);
    if (typeof known !== "number") return;
    const now = Math.max(before, known);
    for (let gap = from; gap <= at; gap += 1) {
      events[gap].ms = before + Math.round(((now - before) * (gap - from + 1)) / (at - from + 1));
    }
    before = now;
    from = at + 1;
  });
  for (const event of events.slice(from)) event.ms = before;
  return events;
}
