// Begins a run, or joins one again, and sees it to its end: who draws it knows nothing of requests and connections.

import { Problem, RUNS } from "./ask.js";
import { resumeRun, streamRun, TERMINAL } from "./client.js";
import { credentials } from "./token.js";

const EVENTS = ["token", "partial", "field", "invalid"]; // start, reset, pinned and the end come unasked: all there are
const STOPS_MS = 3_000;
const NOT_OFFERED = new Set([404, 405]);
const OF_THE_WAY = new Set(["unreachable", "lost", "http", "not_a_stream"]); // codes that are none of the server's

/**
 * @typedef {{onEvent: (event: {seq: number, name: string, raw: string, data: object}) => void,
 *   onEnd: (problem: Problem|null) => void, onBegun?: (id: string) => void, onAway?: (away: boolean) => void,
 *   onAsked?: (asked: boolean) => void}} On
 *   onEvent: each event, once · onEnd: exactly once, with null behind a terminal event; nothing is called after it ·
 *   onBegun: the run goes on by itself, and can be joined again · onAway: whether the connection is being made again ·
 *   onAsked: whether it cannot go on without an access token, which the user is asked for
 * @typedef {{stop: () => void, leave: () => void}} Begun
 *   stop: tells the server, and the run's end comes as its last event · leave: ends at once, and the server is told of
 *   a run that was begun here. One that was joined may be another tab's, too, and ends where nobody reads it any more
 */

/** @param {string} path the chain's  @param {object} input  @param {On} on  @returns {Begun} */
export function beginRun(path, input, on) {
  const ways = ["runs", "fetch"].map((transport) => (options) => streamRun(path, input, { ...options, transport }));
  return attend(ways, on);
}

/** @param {string} id of a run that has begun  @param {On} on  @returns {Begun} */
export function rejoinRun(id, on) {
  return attend([(options) => resumeRun("", id, { ...options, transport: "runs" })], on, { joined: true });
}

/** `ways` begin the run: the next one where the server does not offer the one before. */
function attend(ways, on, { joined = false } = {}) {
  const life = new AbortController(); // of this reading
  const unwanted = new AbortController(); // of the run itself
  const frames = []; // of the events that are on their way here
  let run = null;
  let id = null;

  const whileLive = (tell) => (told) => life.signal.aborted || tell?.(told);
  const options = {
    runs: RUNS,
    events: EVENTS,
    idleMs: Infinity, // as long as it goes on, it is shown going on
    signal: unwanted.signal,
    headers: credentials({ signal: life.signal, onAsked: whileLive(on.onAsked) }),
    onFrame: (frame) => frames.push(frame),
    onConnection: connections(whileLive(on.onAway)),
  };

  function end(problem) {
    if (life.signal.aborted) return;
    life.abort();
    on.onEnd(problem);
  }

  async function read([way, ...others]) {
    let last = "";
    run = way(options);
    run.id.then((known) => whileLive(on.onBegun)((id = known)), () => {});
    try {
      for await (const data of run) {
        const { event: name, data: raw } = frames.shift();
        if (!deliver({ seq: data.seq, name, raw, data })) return;
        last = name;
      }
      end(TERMINAL.has(last) ? null : new Problem("lost"));
    } catch (error) {
      if (id === null && others.length > 0 && NOT_OFFERED.has(error.status)) return read(others);
      end(problemOf(error, id));
    }
  }

  /** Whether there is anybody to bring another one. */
  function deliver(event) {
    try {
      whileLive(on.onEvent)(event);
    } catch (error) {
      end(new Problem("page_fault", { message: String(error) }));
    }
    return !life.signal.aborted;
  }

  function goAway() {
    run[Symbol.asyncIterator]().return();
  }

  function leave() {
    end(new Problem("stopped"));
    if (joined) goAway();
    else unwanted.abort(); // one that is only being asked for will have begun all the same
  }

  function stop() {
    if (life.signal.aborted) return;
    if (id === null) return leave();
    run.cancel().catch(() => {}); // whom nobody can tell, the server finds by itself: a run that nobody reads
    setTimeout(() => {
      end(new Problem("stopped"));
      goAway();
    }, STOPS_MS);
  }

  read(ways);
  return { stop, leave };
}

/** Tells of the client's connections only whether one that stood is away. */
function connections(onAway) {
  let away = false;
  return (state) => {
    if (state === "away" && !away) onAway((away = true));
    if (state === "open" && away) onAway((away = false));
  };
}

/** What went wrong, in the page's terms: `error` is the client's. */
function problemOf(error, id) {
  const { code, message, details, status, retryAfterMs } = error;
  if (typeof code !== "string") return new Problem("page_fault", { message: String(error) });
  if (id !== null && (status === 404 || status === 410)) return new Problem("forgotten");
  const retryable = error.retryable || OF_THE_WAY.has(code);
  return new Problem(code, { message, details, status, retryAfterMs, retryable });
}
