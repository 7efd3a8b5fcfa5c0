// Begins a run, or joins one again, and sees it to its end: who draws it knows nothing of requests and connections.

import { ask, insist, Problem, runUrl } from "./ask.js";
import { readRun } from "./reader.js";
import { EVENTS, eventsOf, openStream, TERMINAL } from "./stream.js";
import { admitted } from "./token.js";

const STOPS_MS = 3_000;
const NOT_OFFERED = new Set([404, 405]);

/**
 * @typedef {{onEvent: (event: {seq: number, name: string, raw: string, data: object}) => void,
 *   onEnd: (problem: Problem|null) => void, onBegun?: (id: string) => void, onAway?: (away: boolean) => void,
 *   onAsked?: (asked: boolean) => void}} On
 *   onEvent: each event, once · onEnd: exactly once, with null behind a terminal event; nothing is called after it ·
 *   onBegun: the run goes on by itself, and can be joined again · onAway: whether the connection is being made again ·
 *   onAsked: whether it cannot go on without an access token, which the user is asked for
 * @typedef {{stop: () => void, leave: () => void}} Begun
 *   stop: tells the server, and the run's end comes as its last event · leave: ends at once, and the server is told
 */

/** @param {string} path the chain's  @param {object} input  @param {On} on  @returns {Begun} */
export function beginRun(path, input, on) {
  const beginning = (waiting) => askForRun(path, input, waiting);
  return attend(beginning, on, (signal, deliver) => readStream(path, input, signal, deliver));
}

/** @param {string} id of a run that has begun  @param {On} on  @returns {Begun} */
export function rejoinRun(id, on) {
  return attend(async () => ({ run_id: id }), on);
}

/** `find` gives the run's receipt, or null where none is to be had: then `readAttached` has the run for itself. */
function attend(find, on, readAttached) {
  const life = new AbortController();
  const { signal } = life;
  const onAsked = (asked) => signal.aborted || on.onAsked?.(asked);
  const found = find({ signal, onAsked });
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
    const receipt = await found;
    if (signal.aborted) return;
    if (receipt === null) return readAttached(signal, deliver);
    id = receipt.run_id;
    on.onBegun?.(id);
    const onAway = (away) => signal.aborted || on.onAway?.(away);
    await readRun(id, { ticket: receipt.ticket ?? "", signal, deliver, onAway, onAsked });
  }

  function leave() {
    if (signal.aborted) return;
    end(new Problem("stopped"));
    // One that is only being asked for will have begun all the same.
    found.then((receipt) => receipt && cancelRun(receipt.run_id), () => {});
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

/** A new run's receipt: one run's, however often it must be asked for. Null if the chain is not served so. */
async function askForRun(path, input, waiting) {
  const options = posted(input, { "idempotency-key": newKey() });
  const attempt = async () => receiptIn(await ask(`${path}/runs`, options));
  try {
    return await admitted(() => insist(attempt), waiting);
  } catch (problem) {
    if (NOT_OFFERED.has(problem.status)) return null;
    throw problem;
  }
}

async function receiptIn(response) {
  const receipt = await response.json().catch(() => null);
  if (typeof receipt?.run_id !== "string") throw new Problem("not_a_stream");
  return receipt;
}

/** Whom nobody can tell any more, the server finds by itself: a run that nobody reads is cancelled there. */
function cancelRun(id) {
  insist(() => ask(runUrl(id), { method: "DELETE", keepalive: true })).catch(() => {});
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
