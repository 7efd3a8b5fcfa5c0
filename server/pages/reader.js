// Reads a run to its one terminal event, over as many connections as that takes. Each event is told once.

import { Problem, runUrl } from "./ask.js";
import { Patience, pause } from "./patience.js";
import { EventStreamParser } from "./sse.js";
import { EVENTS, eventsOf, openStream, TERMINAL } from "./stream.js";
import { admitted } from "./token.js";

const RETRY_MS = 2_000; // until the server has said
const PATIENCE_MS = 60_000; // about as long as the server keeps up a run that nobody reads
const ANSWER_MS = 10_000;
const UNSURE = "~"; // behind an id: should the run's worker die, the run may go on differently from before this event

/**
 * @param {string} id the run's
 * @param {{ticket?: string, signal: AbortSignal, deliver: (event: object) => void, onAway: (away: boolean) => void,
 *   onAsked: (asked: boolean) => void}} on
 *   `ticket`: lets in to the run, where the server asks who comes · `onAway(true)`: the connection was cut, and is being
 *   made again · `onAsked(true)`: that waits for the user's access token
 * @returns {Promise<void>} when the terminal event is delivered, or `signal` aborted. Rejected with a `Problem`
 */
export async function readRun(id, { ticket = "", signal, deliver, onAway, onAsked }) {
  const place = new Place();
  const patience = new Patience(PATIENCE_MS);
  let away = false;
  let retryMs = RETRY_MS;
  const linked = (now) => {
    if (now === away) onAway((away = !now));
  };

  /** One connection, to its end. For how many milliseconds to keep away at the least; null if the run is over. */
  async function connection() {
    const parser = new EventStreamParser();
    const cut = new AbortController();
    // A connection from before the network went may be dead without ever saying so.
    addEventListener("online", () => cut.abort(), { signal: cut.signal });
    try {
      const either = AbortSignal.any([signal, cut.signal]);
      const response = await admitted(() => open(id, ticket, place.id, either), { signal, onAsked });
      linked(true);
      for await (const event of eventsOf(response, parser)) {
        if (!place.moves(event)) continue;
        patience.renew();
        deliver(event);
        if (TERMINAL.has(event.name) || signal.aborted) return null;
      }
      return 0;
    } catch (problem) {
      if (!problem.passing) throw problem.gone ? new Problem("lost") : problem;
      return problem.retryAfterMs ?? 0;
    } finally {
      retryMs = parser.retry ?? retryMs;
      cut.abort();
    }
  }

  for (;;) {
    const leastMs = await connection();
    if (leastMs === null || signal.aborted) return;
    linked(false);
    const ms = patience.failed(Math.max(retryMs, leastMs));
    if (ms === null) throw new Problem("lost");
    await pause(ms, signal);
  }
}

/** The first opening goes by the ticket and brings the run's cookie, by which all others go: after a reload, too. */
function open(id, ticket, lastId, signal) {
  const headers = lastId ? { "last-event-id": lastId } : {};
  const query = ticket ? `&ticket=${encodeURIComponent(ticket)}` : "";
  return openStream(`${runUrl(id)}/events?events=${EVENTS}${query}`, { headers, signal, withinMs: ANSWER_MS });
}

/** Where in the run's log its reader is. */
class Place {
  /** What to come again with: the server's words, to be given back as they are. */
  id = "";
  #seq = 0;

  /** Whether the event is news. A snapshot of how far the run has come takes its reader there, be it back. */
  moves({ id, seq, name, data }) {
    const anew = data.resumed || (name === "start" && this.id.endsWith(UNSURE));
    if (seq <= this.#seq && !anew) return false;
    this.#seq = seq;
    this.id = id;
    return true;
  }
}
