// Where a run's frames come from: which requests begin it, which read it on, and by what they are let in.

import { ask, json, type Question } from "./ask.ts";
import { readBody } from "./body.ts";
import type { StreamError } from "./error.ts";
import { readSource } from "./eventsource.ts";
import type { StreamOptions } from "./options.ts";
import type { EventStreamParser, Frame } from "./parser.ts";
import type { RunReceipt, TicketReceipt } from "./schemas.ts";

/** What is to be run, under which key; or the run that has begun, and what lets in to it. */
export interface Beginning {
  input?: object;
  key?: string;
  runId?: string;
  ticket?: string | undefined;
}

/** What reads one connection. `heard`: it stands, or gave a sign of life, a ping for example. */
export interface Reader {
  take: (frame: Frame) => void;
  heard: () => void;
  signal: AbortSignal;
}

export interface Source {
  /** What the run is called; undefined until the server has told it. */
  runId: string | undefined;
  begun(runId: string): void;
  /** A request about the run, which must be known. `below` is what comes behind its address. */
  about(below: string, question?: Question): Promise<Response>;
  /** One connection, to its end. False if there is nothing more to come. */
  connect(lastId: string, parser: EventStreamParser, reader: Reader): Promise<boolean>;
}

/** `known` is told what the run is called. */
export function sourceOf(
  url: string,
  options: StreamOptions,
  beginning: Beginning,
  known: (runId: string) => void,
): Source {
  const { transport = "fetch", events = ["token", "field", "invalid"] } = options;
  const runs = options.runs ?? url.replace(/[^/]*\/?$/, "runs");
  const wanted = `?events=${events.join()}`;
  let ticket: string | null | undefined = beginning.ticket; // null: there are none here
  let isFresh = ticket !== undefined; // it was told just now

  const source: Source = {
    runId: undefined,
    begun: (runId) => known((source.runId = runId)),
    about: (below, question = {}) => ask(addressOf(below), question, options),
    async connect(lastId, parser, reader) {
      const { signal } = reader;
      if (!source.runId && transport === "fetch") {
        await readBody(await begin(`stream${wanted}&detach=true`, signal), parser, reader);
        return true;
      }
      if (!source.runId) await beginApart(signal);
      if (transport === "eventsource") {
        await refresh(signal);
        await readSource(addressOf(`${eventsPath()}&ping=event&last_event_id=${lastId}`), reader);
        return true;
      }
      const headers = lastId ? { "last-event-id": lastId } : {};
      const response = await source.about(eventsPath(), { headers, signal });
      if (response.status === 204) return false;
      await readBody(response, parser, reader);
      return true;
    },
  };

  function addressOf(below: string): string {
    return `${runs}/${encodeURIComponent(source.runId as string)}${below}`;
  }

  function eventsPath(): string {
    return `/events${wanted}${ticket ? `&ticket=${encodeURIComponent(ticket)}` : ""}`;
  }

  /** However often it is asked, the key makes it one run. */
  function begin(path: string, signal: AbortSignal): Promise<Response> {
    const headers = { "idempotency-key": beginning.key as string };
    return ask(`${url.replace(/\/$/, "")}/${path}`, { headers, body: { input: beginning.input }, signal }, options);
  }

  async function beginApart(signal: AbortSignal): Promise<void> {
    const receipt = await json<RunReceipt>(await begin("runs", signal));
    ticket = receipt.ticket ?? null;
    isFresh = true;
    source.begun(receipt.run_id);
  }

  /**
   * An EventSource does not say why it was refused. So it is asked beforehand: for another ticket, where there are any, else
   * after the run.
   */
  async function refresh(signal: AbortSignal): Promise<void> {
    if (!isFresh) {
      if (ticket !== null) {
        const response = await source.about("/tickets", { method: "POST", signal }).catch(unlessMissing);
        ticket = response ? (await json<TicketReceipt>(response)).ticket : null;
      }
      if (ticket === null) await source.about("", { signal });
    }
    isFresh = false;
  }

  if (beginning.runId) source.begun(beginning.runId);
  return source;
}

function unlessMissing(error: StreamError): undefined {
  if (error.status !== 404) throw error;
}
