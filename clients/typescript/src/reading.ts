// Reads a source to the end of its run, over as many connections as that takes. Each event is told once.

import { at, attention, pause } from "./attention.ts";
import { isPassing, StreamError } from "./error.ts";
import { type StreamEvent, TERMINAL } from "./events.ts";
import type { Connection, StreamOptions } from "./options.ts";
import { EventStreamParser, type Frame } from "./parser.ts";
import { patience } from "./patience.ts";
import type { Place } from "./place.ts";
import type { Source } from "./source.ts";

const RETRY_MS = 2_000; // until the server has said
const BEGINS_MS = 10_000; // a run that does not begin is not waited for as long as one that goes on

export interface Listener {
  /** Aborted when nobody listens any more. */
  left: AbortSignal;
  onEvent: (event: StreamEvent, frame: Frame) => void;
  onConnection: (state: Connection) => void;
  /** Whether a run that has not begun yet still should. */
  isWanted: () => boolean;
}

/** Why a connection ended. over: nothing more comes · idle: nothing came for long · online: the network is another one. */
type End = "over" | "idle" | "online" | StreamError | undefined;

/** Returns behind the terminal event, or when nobody listens any more. Throws a `StreamError` if the run is refused or lost. */
export async function read(source: Source, place: Place, options: StreamOptions, listener: Listener): Promise<void> {
  const { stallMs = 45_000, patienceMs = 60_000, idleMs = 300_000 } = options;
  const { left, onEvent, onConnection, isWanted } = listener;
  const { renew, failed } = patience();
  let retryMs = RETRY_MS;
  let stood = false;

  /** One connection, to its end. */
  async function connection(): Promise<End> {
    const parser = new EventStreamParser();
    const closed = new AbortController();
    const { signal } = closed;
    let end: End;
    const close = (why?: End) => {
      if (!signal.aborted) end = why;
      closed.abort();
    };
    const stalls = alarm(stallMs, () => close(), signal);
    const idles = alarm(globalThis.document ? idleMs : Infinity, () => close("idle"), signal);
    at(["online"], () => close("online"), signal); // a connection from before may be dead without ever saying so
    const heard = () => {
      stood = true;
      onConnection("open");
      stalls();
    };
    const take = (frame: Frame) => {
      const event = signal.aborted ? undefined : place.take(frame);
      if (!event) return;
      idles();
      renew();
      onEvent(event, frame);
      if (TERMINAL.has(event.type)) close("over");
    };
    try {
      if (!(await source.connect(place.id, parser, { take, heard, signal: AbortSignal.any([left, signal]) })))
        close("over");
    } catch (error) {
      if (!signal.aborted && !isPassing(error)) throw error;
      close(error as End);
    } finally {
      closed.abort();
      retryMs = parser.retry ?? retryMs;
    }
    return end;
  }

  /** The milliseconds to wait before the next connection. Throws if there should be none. */
  function untilNext(error: StreamError | undefined): number {
    const leastMs = Math.max(isWanted() ? retryMs : 0, error?.retryAfterMs ?? 0);
    if (source.runId) {
      const ms = failed(leastMs, patienceMs);
      if (ms === undefined) throw new StreamError("lost", { cause: error });
      return ms;
    }
    const isPointless = hasNotBegun(error) && (leastMs >= BEGINS_MS || !isWanted());
    const ms = isPointless ? undefined : failed(leastMs, Math.min(patienceMs, BEGINS_MS));
    if (ms === undefined) throw error ?? new StreamError("unreachable");
    return ms;
  }

  while (!left.aborted) {
    const end = await connection();
    if (end === "over" || left.aborted) return;
    if (end === "idle") {
      onConnection("idle");
      await attention(left);
    }
    if (stood) onConnection("away");
    if (end !== "idle" && end !== "online") await pause(untilNext(end), left);
  }
}

/** The server said so. Where nobody answered, or only somebody in between, it may have begun all the same. */
function hasNotBegun(error: StreamError | undefined): boolean {
  return error !== undefined && error.status > 0 && error.code !== "http";
}

/** Rings so long after it was last set. Too long for a timer is never. */
function alarm(ms: number, ring: () => void, signal: AbortSignal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    if (ms < 2 ** 31 && !signal.aborted) timer = setTimeout(ring, ms);
  };
}
