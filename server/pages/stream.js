// Asks a chain for a run and reads its events to the one terminal event.

import { readEvents } from "./sse.js";

const EVENTS = "token,partial,field,invalid"; // start, reset, pinned and the terminal come unasked: that is all of them
export const TERMINAL = new Set(["complete", "failed", "cancelled"]);
const SILENCE_MS = 45_000; // the server pings every 15 s: three missed pings, and nobody is there

/** Why a run was refused, lost or stopped, with a code that the words know. */
export class Problem extends Error {
  constructor(code, { message = "", details = [], retryable = true, retryAfterMs = null } = {}) {
    super(message);
    Object.assign(this, { code, details, retryable, retryAfterMs });
  }
}

/**
 * Begins a run. `onEvent` gets each event (`seq`, `name`, `raw` and the parsed `data`); `onEnd` is called exactly once:
 * with null behind a terminal event, else with a `Problem`. After `stop()`, which ends at once, nothing more is called.
 * @returns {{stop: () => void}}
 */
export function beginRun(path, input, { onEvent, onEnd }) {
  const controller = new AbortController();
  let ended = false;
  let watch;
  const end = (problem) => {
    if (ended) return;
    ended = true;
    clearTimeout(watch);
    controller.abort();
    onEnd(problem);
  };
  const heard = () => {
    clearTimeout(watch);
    if (!ended) watch = setTimeout(() => end(new Problem("lost")), SILENCE_MS);
  };
  const deliver = (event) => !ended && onEvent(event);
  run(path, input, controller.signal, heard, deliver).then(
    () => end(null),
    (error) => end(error instanceof Problem ? error : new Problem("page_fault", { message: String(error) })),
  );
  return { stop: () => end(new Problem("stopped")) };
}

async function run(path, input, signal, heard, deliver) {
  const response = await ask(path, input, signal);
  const events = readEvents(listened(response.body, heard));
  for (;;) {
    const { done, value } = await events.next().catch(() => ({ done: true }));
    if (done) throw new Problem("lost");
    const data = parse(value.data);
    deliver({ seq: data.seq, name: value.type, raw: value.data, data });
    if (TERMINAL.has(value.type)) return;
  }
}

/** The same bytes; `heard` is called for each piece, so that a ping counts as a sign of life too. */
function listened(bytes, heard) {
  heard();
  return bytes.pipeThrough(
    new TransformStream({
      transform(piece, out) {
        heard();
        out.enqueue(piece);
      },
    }),
  );
}

async function ask(path, input, signal) {
  let response;
  try {
    response = await fetch(`${path}/stream?events=${EVENTS}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ input }),
      signal,
    });
  } catch {
    throw new Problem("unreachable");
  }
  if (!response.ok) throw await refusal(response);
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) throw new Problem("not_a_stream");
  return response;
}

/** The envelope of a response that is no success; a proxy's page of its own is told by its status. */
export async function refusal(response) {
  const envelope = await response.json().catch(() => null);
  if (typeof envelope?.code !== "string") return new Problem("http", { message: String(response.status) });
  const seconds = Number(response.headers.get("retry-after"));
  return new Problem(envelope.code, { ...envelope, retryAfterMs: seconds > 0 ? seconds * 1000 : null });
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new Problem("not_a_stream");
  }
}
