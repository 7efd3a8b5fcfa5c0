// What whoever asks for a run may say about how it is read.

import type { Asking } from "./ask.ts";
import type { EventName } from "./events.ts";
import type { Frame } from "./parser.ts";

/**
 * connecting: for the first time · open · away: cut, and being made again · idle: closed because nothing came for long,
 * and made again when somebody looks · closed: for good
 */
export type Connection = "connecting" | "open" | "away" | "idle" | "closed";

export interface StreamOptions extends Asking {
  /** Aborted, it ends the iteration at once, and stops the run on the server. */
  signal?: AbortSignal;
  /** Which events; `start`, `reset`, `pinned` and the end always come. By default `token`, `field` and `invalid`. */
  events?: readonly EventName[];
  /**
   * fetch: the answer that begins the run brings its events. runs: it is begun first, and then read with fetch, by the ticket
   * that its beginning brings, if any. eventsource: the same with an `EventSource`. By default fetch.
   */
  transport?: "fetch" | "runs" | "eventsource";
  /** Requests that share it get one run between them. By default each call has its own. */
  idempotencyKey?: string;
  /** Where runs are asked after. By default beside the chain: `/ai/chatbot` has them at `/ai/runs`. */
  runs?: string;
  /** A connection that is silent for so long is dead. The server pings every 15 s. By default 45 s. */
  stallMs?: number;
  /** A run to which no connection can be made for so long is lost. By default 60 s. */
  patienceMs?: number;
  /**
   * After so long without an event (a ping is none) the connection is closed, and the run goes on. It is read on when the page
   * is seen or touched again. Only in a page; by default after 5 minutes.
   */
  idleMs?: number;
  onConnection?: (state: Connection) => void;
  /** Each event that is told, before it is, as it came. */
  onFrame?: (frame: Frame) => void;
}

export interface ResumeOptions extends Omit<StreamOptions, "idempotencyKey"> {
  /** The id of the last event that is known; by default none is. */
  lastEventId?: string;
  /** Lets in to the run, where the server asks who comes. */
  ticket?: string;
}
