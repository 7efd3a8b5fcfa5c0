// A line that cuts, stalls and garbles at every byte: what is told is the run, or what of it was not garbled, once.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type StreamEvent, streamRun } from "../src/index.ts";
import { frame, passing, standingClock } from "./scripted.ts";

const FRAMES = [
  frame("1", "start"),
  frame("2", "token", { text: "주말  산책 🐾\u2028" }),
  frame("3", "field", { path: "/name", value: " 주말 ", source: "model", ms: 3 }),
  frame("4", "complete", { value: { name: " 주말 " } }),
];
const EVENTS: StreamEvent[] = FRAMES.map((text) => JSON.parse(text.slice(text.indexOf("{"))));
const WHOLE = new TextEncoder().encode(`retry: 1\n${FRAMES.join("")}`);

beforeEach(standingClock);
afterEach(() => vi.useRealTimers());

type Into = ReadableStreamDefaultController<Uint8Array>;
type Fault = (into: Into, bytes: Uint8Array, at: number) => void;

const FAULTS: Record<string, Fault> = {
  "cut, and closed": (into, bytes, at) => {
    into.enqueue(bytes.subarray(0, at));
    into.close();
  },
  "cut, and broken": (into, bytes, at) => {
    into.enqueue(bytes.subarray(0, at));
    setTimeout(() => into.error(new TypeError("terminated")), 1);
  },
  stalled: (into, bytes, at) => into.enqueue(bytes.subarray(0, at)),
  "brought in two": (into, bytes, at) => {
    into.enqueue(bytes.subarray(0, at));
    into.enqueue(bytes.subarray(at));
    into.close();
  },
};

/** A run's server, whose first answer has a fault. What has begun is read from where the reader was. */
function faulty(fault: Fault, at: number): typeof fetch {
  let isFirst = true;
  return async (_, { headers } = {}) => {
    const { "last-event-id": last = "0" } = headers as Record<string, string>;
    const rest = new TextEncoder().encode(FRAMES.slice(Number(last)).join(""));
    const answer = isFirst ? (into: Into) => fault(into, WHOLE, at) : (into: Into) => whole(into, rest);
    isFirst = false;
    const body = new ReadableStream<Uint8Array>({ start: answer });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

function whole(into: Into, bytes: Uint8Array): void {
  into.enqueue(bytes);
  into.close();
}

/** What is told at each place of the fault. */
async function told(fault: Fault): Promise<StreamEvent[][]> {
  return passing(Promise.all([...WHOLE.keys()].map((at) => all(faulty(fault, at)))));
}

async function all(fetch: typeof globalThis.fetch): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of streamRun("/chatbot", {}, { fetch })) events.push(event);
  return events;
}

test.each(Object.entries(FAULTS))("%s at every byte, the run is told whole", async (_, fault) => {
  (await told(fault)).forEach((events, at) => {
    expect(events, `at byte ${at}`).toEqual(EVENTS);
  });
});

test.each([0x00, 0x0a, 0x22, 0x7b, 0xff])(
  "garbled by a %i at any byte, it ends, and nothing is told twice",
  async (byte) => {
    const garble: Fault = (into, bytes, at) => whole(into, bytes.with(at, byte));
    (await told(garble)).forEach((events, at) => {
      const numbers = events.map(({ seq }) => seq);
      expect(numbers, `at byte ${at}`).toEqual([...new Set(numbers)].sort());
      expect(events.at(-1)?.type, `at byte ${at}`).toBe("complete");
    });
  },
);
