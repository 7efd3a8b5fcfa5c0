// Begins a run, or joins one again, and sees it to its end: who draws it knows nothing of requests and connections.

import { ask, insist, Problem, runUrl } from "./ask.js";
import { readRun } from "./reader.js";
import { EVENTS, eventsOf, openStream, TERMINAL } from "./stream.js";

const STOPS_MS = 3_000;
const NOT_OFFERED = new Set([404, 405]);

/**
 * @typedef {{onEvent: (event: {seq: number, name: string, raw: string, data: object}) => void,
 *   onEnd: (problem: Problem|null) => void, onBegun?: (id: string) => void, onAway?: (away: boolean) => void}} On
 *   onEvent: each event, once · onEnd: exactly once, with null behind a terminal event; nothing is called after it ·
 *   onBegun: the run goes on by itself, and can be joined again · onAway: whether the connection is being made again
 * @typedef {{stop: () => void, leave: () => void}} Begun
 *   stop: tells the server, and the run's end comes as its last event · leave: ends at once, and the server is told
 */

/** @param {string} path the chain's  @param {object} input  @param {On} on  @returns {Begun} */
export function beginRun(path, input, on) {
  return attend(askForRun(path, input), on, (signal, deliver) => readStream(path, input, signal, deliver));
}

/** @param {string} id of a run that has begun  @param {On} on  @returns {Begun} */
export function rejoinRun(id, on) {
  return attend(Promise.resolve(id), on);
}

/** `asked` gives the run's id, or null where there is none to be had: then `readAttached` has the run for itself. */
function attend(asked, on, readAttached) {
  const life = new AbortController();
  const { signal } = life;
  let id = null;

  function end(problem) {
    if (signal.aborted) return;
    life.abort();
    on.onEnd(problem);
  }

  function deliver(event) {
    if (signal.aborted) return;
    try {
      on.onEvent(event);
    } catch (error) {
      end(faultOf(error));
    }
  }

  async function read() {
    id = await asked;
    if (signal.aborted) return;
    if (id === null) return readAttached(signal, deliver);
    on.onBegun?.(id);
    await readRun(id, { signal, deliver, onAway: (away) => signal.aborted || on.onAway?.(away) });
  }

  function leave() {
    if (signal.aborted) return;
    end(new Problem("stopped"));
    asked.then(cancelRun, () => {}); // one that is only being asked for will have begun all the same
  }

  function stop() {
    if (signal.aborted) return;
    if (id === null) return leave();
    cancelRun(id);
    setTimeout(() => end(new Problem("stopped")), STOPS_MS);
  }

  read().then(
    () => end(null),
    (error) => end(error instanceof Problem ? error : faultOf(error)),
  );
  return { stop, leave };
}

function faultOf(error) {
  return new Problem("page_fault", { message: String(error) });
}

/** The id of a new run: of one, however often it must be asked for. Null if the chain is not served so. */
async function askForRun(path, input) {
  const options = posted(input, { "idempotency-key": newKey() });
  try {
    return await insist(async () => runIn(await ask(`${path}/runs`, options)));
  } catch (problem) {
    if (NOT_OFFERED.has(problem.status)) return null;
    throw problem;
  }
}

async function runIn(response) {
  const receipt = await response.json().catch(() => null);
  if (typeof receipt?.run_id !== "string") throw new Problem("not_a_stream");
  return receipt.run_id;
}

/** Whom nobody can tell any more, the server finds by itself: a run that nobody reads is cancelled there. */
function cancelRun(id) {
  if (id !== null) insist(() => ask(runUrl(id), { method: "DELETE", keepalive: true })).catch(() => {});
}

/** A run that lasts as long as its one connection. */
async function readStream(path, input, signal, deliver) {
  const response = await openStream(`${path}/stream?events=${EVENTS}`, { ...posted(input), signal });
  for await (const event of eventsOf(response)) {
    deliver(event);
    if (TERMINAL.has(event.name) || signal.aborted) return;
  }
  throw new Problem("lost");
}

function posted(input, headers = {}) {
  const body = JSON.stringify({ input });
  return { method: "POST", headers: { "content-type": "application/json", ...headers }, body };
}

/** Nobody else's. `crypto.randomUUID` would be shorter, but is not there on a page without TLS. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
