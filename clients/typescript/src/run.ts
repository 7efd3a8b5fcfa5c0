// Runs, as those see them who ask for them.

import { json } from "./ask.ts";
import { pause } from "./attention.ts";
import { Channel } from "./channel.ts";
import { isPassing, StreamError } from "./error.ts";
import type { JsonObject, StreamEvent } from "./events.ts";
import { newKey } from "./key.ts";
import type { Connection, ResumeOptions, StreamOptions } from "./options.ts";
import { patience } from "./patience.ts";
import { Place } from "./place.ts";
import { read } from "./reading.ts";
import type { PinReceipt } from "./schemas.ts";
import { type Beginning, type Source, sourceOf } from "./source.ts";

const INSISTS_MS = 10_000;

/** A run that is read: its events, in order, once. What comes is kept until it is taken. */
export interface Run<Value = JsonObject> extends AsyncIterable<StreamEvent<Value>> {
  /** Known as soon as the server has told it; rejected if the run has not begun. */
  readonly id: Promise<string>;
  /** The id of the last event that came, to resume behind it. */
  readonly lastEventId: string;
  /** The user takes a top-level field over. Returns the number of the event that says so. It is asked for once. */
  pin(path: string, value: unknown): Promise<number>;
  /** Stops the run on the server, as soon as it is known; its events end with `cancelled`. */
  cancel(): Promise<void>;
}

/**
 * Begins a run of the chain at `url`, at once, and reads it.
 *
 * The iteration ends behind the run's one terminal event; it throws a `StreamError` if the run is refused or lost. Whoever
 * leaves it (`break`) leaves the run, which goes on. Aborting `signal` stops the run, and the iteration throws its reason.
 */
export function streamRun<Value = JsonObject>(url: string, input: object, options: StreamOptions = {}): Run<Value> {
  return attend(url, { input, key: options.idempotencyKey ?? newKey() }, options, "");
}

/** The same for a run that has begun, from its beginning or from where it was left. */
export function resumeRun<Value = JsonObject>(url: string, runId: string, options: ResumeOptions = {}): Run<Value> {
  return attend(url, { runId, ticket: options.ticket }, options, options.lastEventId ?? "");
}

function attend<Value>(url: string, beginning: Beginning, options: StreamOptions, lastEventId: string): Run<Value> {
  const { signal, onFrame, onConnection } = options;
  const left = new AbortController();
  const told = new Channel<StreamEvent<Value>>(() => left.abort());
  const place = new Place(lastEventId);
  let source!: Source;
  let missed!: (why: unknown) => void;
  const id = new Promise<string>((known, unknown) => {
    source = sourceOf(url, options, beginning, known);
    missed = unknown;
  });
  id.catch(() => {}); // the iteration tells it, too
  let state: Connection | undefined;
  let isWanted = true;
  let isOver = false;

  function tell(now: Connection): void {
    if (state === "closed" || state === now) return;
    state = now;
    onConnection?.(now);
  }

  async function readToEnd(): Promise<void> {
    try {
      tell("connecting");
      await read(source, place, options, {
        left: left.signal,
        isWanted: () => isWanted,
        onConnection: tell,
        onEvent(event, frame) {
          if (event.type === "start") source.begun(event.run_id);
          if (state !== "closed") onFrame?.(frame);
          told.push(event as StreamEvent<Value>);
        },
      });
      isOver = !left.signal.aborted;
      told.end();
    } catch (error) {
      if (error instanceof StreamError) error.runId = source.runId;
      told.fail(error);
      missed(error);
    }
    missed(new StreamError("unreachable")); // it was left before it was known, if it was not
    left.abort();
    tell("closed");
  }

  async function cancel(): Promise<void> {
    isWanted = false;
    if ((await id.catch(() => "")) && !isOver) await stop(source);
  }

  /** What has been asked for may have begun: it is followed until it has said what it is called. */
  function abort(): void {
    told.drop(signal?.reason);
    tell("closed");
    // Where nobody can be told, the server finds by itself that nobody reads the run.
    const leave = () => left.abort();
    cancel().then(leave, leave);
  }

  if (signal?.aborted) {
    told.drop(signal.reason);
    missed(signal.reason);
  } else {
    signal?.addEventListener("abort", abort, { signal: left.signal });
    readToEnd();
  }
  return {
    id,
    get lastEventId() {
      return place.id;
    },
    async pin(path, value) {
      await id;
      return (await json<PinReceipt>(await source.about("/pins", { body: { path, value } }))).seq;
    },
    cancel,
    [Symbol.asyncIterator]: () => told,
  };
}

/** Returns when the server knows, or there is nothing to stop any more. */
async function stop(source: Source): Promise<void> {
  const { failed } = patience();
  for (;;) {
    try {
      await source.about("", { method: "DELETE", keepalive: true });
      return;
    } catch (error) {
      if (error instanceof StreamError && [404, 410].includes(error.status)) return;
      const ms = isPassing(error) ? failed(error.retryAfterMs ?? 0, INSISTS_MS) : undefined;
      if (ms === undefined) throw error;
      await pause(ms);
    }
  }
}
