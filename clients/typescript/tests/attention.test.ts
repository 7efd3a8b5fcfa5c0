// In a page: what is not needed is not held open, and what helps is noticed.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { streamRun } from "../src/index.ts";
import { FakePage } from "./page.ts";
import { type Answer, frame, passing, Script, standingClock, stream, told } from "./scripted.ts";

let page: FakePage;

beforeEach(() => {
  standingClock();
  page = new FakePage();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A stream that brings this, and stays open with a ping now and then. */
function lasting(said: string): Answer {
  const bytes = new TextEncoder();
  let timer: ReturnType<typeof setTimeout>;
  return {
    body: new ReadableStream({
      start(into) {
        into.enqueue(bytes.encode(said));
        const ping = () => {
          into.enqueue(bytes.encode(": ping\n\n"));
          timer = setTimeout(ping, 15_000);
        };
        timer = setTimeout(ping, 15_000);
      },
      cancel: () => clearTimeout(timer),
    }),
  };
}

function begun(answers: Answer[], options = {}) {
  const script = new Script(answers);
  const links: [string, number][] = [];
  const onConnection = (state: string) => links.push([state, performance.now()]);
  return { script, links, read: told(streamRun("/chatbot", {}, { fetch: script.fetch, onConnection, ...options })) };
}

async function after(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await new Promise((done) => setImmediate(done));
}

const WHOLE = stream(["2", "complete"]);

test.each(["focus", "pointerdown", "keydown", "online"])(
  "idle for five minutes it is closed, and read on at %s",
  async (sign) => {
    const { script, links, read } = begun([lasting(frame("1", "start")), WHOLE]);
    await after(299_000);
    expect(links.at(-1)?.[0]).toBe("open");
    await after(2_000);
    expect(links.at(-1)?.[0]).toBe("idle");
    await after(3_600_000);
    expect(script.asked).toHaveLength(1);
    page.feels(sign);
    expect((await passing(read)).events).toHaveLength(2);
    expect(script.pauses[0]).toBeLessThan(3_910_000); // at once
    expect(links.map(([state]) => state)).toEqual(["connecting", "open", "idle", "away", "open", "closed"]);
  },
);

test("hidden and idle, it is read on when it is seen; who leaves meanwhile is not waited for", async () => {
  const { script, read } = begun([lasting(frame("1", "start")), WHOLE], { idleMs: 1_000 });
  page.hidden = true;
  await after(1_100);
  page.hidden = true; // which is not being seen
  await after(10_000);
  expect(script.asked).toHaveLength(1);
  page.hidden = false;
  expect((await passing(read)).events).toHaveLength(2);

  const life = new AbortController();
  const other = begun([lasting(frame("1", "start")), { status: 204 }], { idleMs: 1_000, signal: life.signal });
  await after(1_100);
  life.abort();
  expect((await passing(other.read)).error).toBe(life.signal.reason);
  await vi.waitFor(() => expect(other.script.lines).toEqual(["POST /chatbot/stream", "DELETE /runs/r1"]));
});

test("it is not idle while events come, and never if it should not be", async () => {
  const words = [1, 2, 3].map((seq) => frame(String(seq), seq === 1 ? "start" : "token"));
  const slow = new ReadableStream<Uint8Array>({
    async start(into) {
      for (const word of words) {
        into.enqueue(new TextEncoder().encode(word));
        await new Promise((done) => setTimeout(done, 900));
      }
    },
  });
  const { links } = begun([{ body: slow }], { idleMs: 1_000 });
  await after(2_500);
  expect(links.at(-1)?.[0]).toBe("open");
  await after(1_000);
  expect(links.at(-1)?.[0]).toBe("idle");
  const never = begun([lasting(frame("1", "start"))], { idleMs: Infinity });
  await after(3_600_000);
  expect(never.links.at(-1)?.[0]).toBe("open");
});

test("a connection from before the network went is not trusted", async () => {
  const { script, read } = begun([lasting(frame("1", "start")), WHOLE]);
  await after(100);
  page.online = true;
  await passing(read);
  expect(script.asked.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1"]);
  expect(script.pauses[0]).toBeLessThan(200);
});

test("without a network nothing is tried, however long that takes, and with it at once", async () => {
  const { script, read } = begun([stream(["1", "start"]), WHOLE]);
  page.online = false;
  await after(600_000);
  expect(script.asked).toHaveLength(1);
  page.online = true;
  expect((await passing(read)).events).toHaveLength(2);
});

test("a page that is seen again does not wait for its next try", async () => {
  const { script, read } = begun([{ body: `retry: 50000\n${frame("1", "start")}` }, WHOLE]);
  await after(100);
  page.hidden = true;
  await after(1_000);
  page.hidden = false;
  await passing(read);
  expect(script.pauses[0]).toBeLessThan(2_000);
});
