// A server that is played: what it answers is given beforehand, and time passes only while somebody waits.

import { vi } from "vitest";
import { type Run, StreamError } from "../src/index.ts";

/** What is answered. `body`: of a stream, unless it has another status. `gone`: nobody answers. */
export interface Answer {
  status?: number;
  type?: string;
  body?: string | ReadableStream<Uint8Array>;
  headers?: Record<string, string>;
  gone?: boolean;
}

export interface Asked {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
  /** When, in milliseconds. */
  at: number;
}

/** Answers requests in turn; when there are no answers left, nobody is there. `when` sees each request come. */
export class Script {
  readonly asked: Asked[] = [];
  readonly #answers: Answer[];
  readonly #when: (asked: Asked) => void;

  constructor(answers: Answer[], when: (asked: Asked) => void = () => {}) {
    this.#answers = [...answers];
    this.#when = when;
  }

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { method = "GET", headers, body, signal } = init;
    const sent = { url: String(url), method, headers: headers as Asked["headers"], at: performance.now() };
    const asked = { ...sent, body: body ? JSON.parse(String(body)) : undefined };
    this.asked.push(asked);
    this.#when(asked);
    signal?.throwIfAborted();
    const answer = this.#answers.shift() ?? { gone: true };
    if (answer.gone) throw new TypeError("nobody is there");
    const { status = 200, type = "text/event-stream", body: said = "", headers: more = {} } = answer;
    const open =
      said instanceof ReadableStream ? said.pipeThrough(new TransformStream(), signal ? { signal } : {}) : said;
    return new Response(status === 204 ? null : open, { status, headers: { "content-type": type, ...more } });
  };

  /** What the requests were, in short. */
  get lines(): string[] {
    return this.asked.map(({ method, url }) => `${method} ${url.replace(/\?.*/, "")}`);
  }

  /** How long it was left alone between them. */
  get pauses(): number[] {
    return this.asked.slice(1).map(({ at }, index) => at - (this.asked[index] as Asked).at);
  }
}

/** A frame as the server writes it. `mark` is the id: a number, and "~" if the store was away. */
export function frame(mark: string, name: string, data: object = {}): string {
  const event = { type: name, seq: Number.parseInt(mark, 10), ...SAID[name], ...data };
  return `id:${mark}\nevent: ${name}\ndata: ${JSON.stringify(event)}\n\n`;
}

const SAID: Record<string, object> = {
  start: { run_id: "r1", attempt: 1, fields: [], notes: [] },
  token: { path: "/name", text: "x" },
  partial: { value: {}, settled: [], resumed: true },
  complete: { value: {}, timings: { fields: {} } },
};

/** A connection that brings these events, by id and name, and is cut behind them. */
export function stream(...events: [mark: string, name: string][]): Answer {
  return { body: events.map(([mark, name]) => frame(mark, name)).join("") };
}

/** The envelope of a refusal. */
export function refused(status: number, code: string, more: { retryable?: boolean; after?: string } = {}): Answer {
  const { retryable = false, after } = more;
  const body = JSON.stringify({ code, message: `It is ${code}.`, retryable });
  return { status, type: "application/json", body, headers: after ? { "retry-after": after } : {} };
}

/** JSON that is a success. */
export function says(body: object, status = 200): Answer {
  return { status, type: "application/json", body: JSON.stringify(body) };
}

/** A clock that stands still unless somebody waits. */
export function standingClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
}

const breath = setImmediate;

/** What the work comes to, with time passing whenever nothing else happens. */
export async function passing<Result>(work: Promise<Result>): Promise<Result> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  for (let idle = 0; !isOver; idle += 1) {
    await new Promise((done) => breath(done));
    if (idle > 5) await vi.advanceTimersToNextTimerAsync();
  }
  return work;
}

export interface Told {
  events: [number, string][];
  error: unknown;
}

/** All that a run tells, and how its iteration ends. */
export async function told(run: Run): Promise<Told> {
  const events: [number, string][] = [];
  try {
    for await (const event of run) events.push([event.seq, event.type]);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

export function codeOf(error: unknown): string {
  if (!(error instanceof StreamError)) throw error;
  return error.code;
}
