// One connection that streams a run: how it is opened, and the events that it brings.

import { ask, Problem } from "./ask.js";
import { readEvents } from "./sse.js";

export const EVENTS = "token,partial,field,invalid"; // start, reset, pinned and the end come unasked: all there are
export const TERMINAL = new Set(["complete", "failed", "cancelled"]);
const SILENCE_MS = 45_000; // the server pings every 15 s: three missed pings, and nobody is there

/** @returns {Promise<Response>} of events, as `ask` gives it */
export async function openStream(url, { headers, ...options }) {
  const response = await ask(url, { headers: { accept: "text/event-stream", ...headers }, ...options });
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  throw new Problem("not_a_stream", { status: response.status });
}

/**
 * The events as they come. They end with the connection, however it ends; a silent one has ended, too.
 * @param {Response} response
 * @param {import("./sse.js").EventStreamParser} [parser] for what the stream says beside its events
 * @returns {AsyncGenerator<{id: string, seq: number, name: string, raw: string, data: object}>}
 */
export async function* eventsOf(response, parser) {
  const frames = readEvents(listened(response.body), parser);
  try {
    for (;;) {
      const { done, value } = await frames.next().catch(() => ({ done: true }));
      if (done) return;
      const data = parse(value.data);
      yield { id: value.id, seq: data.seq, name: value.type, raw: value.data, data };
    }
  } finally {
    await frames.return();
  }
}

/** The same bytes, which break off when none come for too long. A ping counts as a sign of life. */
function listened(bytes) {
  let watch;
  const heard = (out) => {
    clearTimeout(watch);
    watch = setTimeout(() => out.error(new Problem("lost")), SILENCE_MS);
  };
  const over = () => clearTimeout(watch);
  const transform = (piece, out) => {
    heard(out);
    out.enqueue(piece);
  };
  return bytes.pipeThrough(new TransformStream({ start: heard, transform, flush: over, cancel: over }));
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new Problem("not_a_stream");
  }
}
