// Where hooks are tried: a page whose frames come when a test says so, and a server that says what a test says.

import { act, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, vi } from "vitest";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** The frames of the page. */
export class Frames {
  #waiting = new Map<number, () => void>();
  #count = 0;

  constructor() {
    vi.stubGlobal("requestAnimationFrame", (draw: () => void) => {
      this.#waiting.set(++this.#count, draw);
      return this.#count;
    });
    vi.stubGlobal("cancelAnimationFrame", (id: number) => this.#waiting.delete(id));
  }

  /** How many draw with the next frame. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The next frame comes. */
  async tick(): Promise<void> {
    await act(async () => {
      const draws = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const draw of draws) draw();
    });
  }
}

/** What is under way gets as far as it can. */
export async function settle(): Promise<void> {
  await act(async () => {
    for (let turn = 0; turn < 8; turn += 1) await new Promise((done) => setImmediate(done));
  });
}

/** One answer of the server's, which goes on while the test does. */
export class Stream {
  isOpen = true;
  readonly #into: ReadableStreamDefaultController<Uint8Array>;
  readonly response: Response;

  constructor() {
    let into!: ReadableStreamDefaultController<Uint8Array>;
    const start = (controller: typeof into) => {
      into = controller;
    };
    const cancel = () => {
      this.isOpen = false;
    };
    const body = new ReadableStream<Uint8Array>({ start, cancel });
    this.#into = into;
    this.response = new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  async says(...frames: string[]): Promise<void> {
    this.#into.enqueue(new TextEncoder().encode(frames.join("")));
    await settle();
  }

  async ends(): Promise<void> {
    this.isOpen = false;
    this.#into.close();
    await settle();
  }
}

/** Streams for who asks for one, and a success for all else, unless `refusals` come first. */
export class Backend {
  readonly asked: string[] = [];
  readonly bodies: unknown[] = [];
  readonly streams: Stream[] = [];
  readonly lastIds: (string | undefined)[] = [];
  readonly keys: (string | undefined)[] = [];
  refusals: Response[] = [];

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { method = "GET", body, signal } = init;
    const headers = init.headers as Record<string, string>;
    this.asked.push(`${method} ${String(url).replace(/\?.*/, "")}`);
    this.bodies.push(body ? JSON.parse(String(body)) : undefined);
    signal?.throwIfAborted();
    const refusal = this.refusals.shift();
    if (refusal) return refusal;
    if (method === "DELETE") return new Response(null, { status: 204 });
    if (String(url).endsWith("/pins")) return new Response('{"seq": 7}');
    this.lastIds.push(headers["last-event-id"]);
    this.keys.push(headers["idempotency-key"]);
    const stream = new Stream();
    this.streams.push(stream);
    return stream.response;
  };

  /** The last answer. */
  get stream(): Stream {
    return this.streams.at(-1) as Stream;
  }
}

const shown = new Set<(next: null) => Promise<void>>();
afterEach(async () => {
  for (const render of shown) await render(null);
  shown.clear();
});

/** Shows it until the test is over. Returns what shows something else in its place; null takes it away. */
export async function show(element: ReactElement): Promise<(next: ReactElement | null) => Promise<void>> {
  const root = createRoot(document.createElement("div"));
  const render = async (next: ReactElement | null) => {
    await act(async () => root.render(next));
    await settle();
  };
  shown.add(render);
  await render(element);
  return render;
}
