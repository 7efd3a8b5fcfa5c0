// A run is read to its end over however many connections that takes: each event is told once, and patience ends.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { resumeRun, streamRun } from "../src/index.ts";
import { type Answer, codeOf, frame, passing, refused, Script, standingClock, stream, told } from "./scripted.ts";

const URL = "https://host/ai/chatbot";

beforeEach(standingClock);
afterEach(() => vi.useRealTimers());

async function read(answers: Answer[], options = {}) {
  const script = new Script(answers);
  const links: string[] = [];
  const run = streamRun(URL, {}, { fetch: script.fetch, onConnection: (state) => links.push(state), ...options });
  return { script, links, ...(await passing(told(run))) };
}

test("a cut run goes on behind the last event", async () => {
  const half = { body: frame("3", "token").split("data")[0] as string }; // cut within a frame, which does not count
  const answers = [stream(["1", "start"], ["2", "token"]), stream(), half, stream(["3", "token"], ["4", "complete"])];
  const { script, events, links, error } = await read(answers);
  expect(error).toBeUndefined();
  expect(events).toEqual([
    [1, "start"],
    [2, "token"],
    [3, "token"],
    [4, "complete"],
  ]);
  expect(script.lines).toEqual([
    "POST https://host/ai/chatbot/stream",
    ...Array(3).fill("GET https://host/ai/runs/r1/events"),
  ]);
  expect(script.asked.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "2", "2", "2"]);
  expect(links).toEqual(["connecting", "open", "away", "open", "away", "open", "away", "open", "closed"]);
});

test("what is asked for is asked for on every connection", async () => {
  const { script } = await read([stream(["1", "start"]), stream(["2", "complete"])], { events: ["token", "partial"] });
  const queries = script.asked.map(({ url }) => Object.fromEntries(new globalThis.URL(url).searchParams));
  expect(queries).toEqual([{ events: "token,partial", detach: "true" }, { events: "token,partial" }]);
  expect(script.asked[0]?.headers["content-type"]).toBe("application/json");
});

test("what is told again is told once", async () => {
  const { events } = await read([
    stream(["1", "start"], ["2", "token"]),
    stream(["1", "start"], ["2", "token"], ["3", "token"], ["4", "complete"]),
  ]);
  expect(events.map(([seq]) => seq)).toEqual([1, 2, 3, 4]);
});

test.each(["partial", "start"])("a mark is given back, and the run may go on from before: %s", async (anew) => {
  const { script, events } = await read([
    stream(["1", "start"], ["2", "token"], ["3~", "token"]),
    stream(["1", anew], ["2", "token"], ["3", "complete"]),
  ]);
  expect(script.asked[1]?.headers["last-event-id"]).toBe("3~");
  expect(events.map(([seq]) => seq)).toEqual([1, 2, 3, 1, 2, 3]);
});

test("it comes again when the server wants it to, and ever later", async () => {
  const retry = { body: `retry: 3000\n${frame("1", "start")}` };
  const busy = refused(503, "too_busy", { retryable: true, after: "12" });
  const { script, events, links } = await read([
    retry,
    stream(),
    stream(),
    busy,
    stream(["2", "token"]),
    stream(["3", "complete"]),
  ]);
  const least = [3_000, 6_000, 8_000, 12_000, 3_000]; // news makes it patient
  expect(script.pauses).toHaveLength(least.length);
  script.pauses.forEach((pause, index) => {
    expect(pause).toBeGreaterThanOrEqual(least[index] as number);
    expect(pause).toBeLessThan((least[index] as number) * 1.5);
  });
  expect(events).toHaveLength(3);
  expect(links.filter((state) => state === "away")).toHaveLength(4); // while it was refused it was away all the time
});

test("no two wait as long", async () => {
  const pauses = new Set<number>();
  for (let one = 0; one < 5; one += 1) {
    const { script } = await read([stream(["1", "start"]), stream(["2", "complete"])]);
    pauses.add(script.pauses[0] as number);
  }
  expect(pauses.size).toBeGreaterThan(1);
});

test.each([0, 30])("after a minute in vain a run is lost, and says which", async (answers) => {
  const { script, error } = await read([stream(["1", "start"]), ...Array(answers).fill(stream(["1", "start"]))]);
  expect(error).toMatchObject({ code: "lost", retryable: true, runId: "r1" });
  const tried = script.pauses.reduce((sum, pause) => sum + pause, 0);
  expect(tried).toBeGreaterThan(45_000);
  expect(tried).toBeLessThanOrEqual(60_000);
});

test.each([
  [refused(404, "not_found"), "not_found"],
  [refused(410, "gone"), "gone"],
  [refused(401, "unauthenticated"), "unauthenticated"],
  [{ status: 500, type: "text/html" }, "http"],
  [{ status: 200, type: "text/html", body: "<h1>" }, "not_a_stream"],
])("what will not pass ends it at once %#", async (answer, code) => {
  const { script, events, error } = await read([stream(["1", "start"]), answer, stream(["2", "complete"])]);
  expect(codeOf(error)).toBe(code);
  expect(error).toMatchObject({ runId: "r1", status: answer.status });
  expect(script.asked).toHaveLength(2);
  expect(events).toHaveLength(1); // what had come is told first
});

test("a gateway's own page is waited out", async () => {
  const { error, events } = await read([
    stream(["1", "start"]),
    { status: 502, type: "text/html" },
    stream(["2", "complete"]),
  ]);
  expect(error).toBeUndefined();
  expect(events).toHaveLength(2);
});

test.each([
  ["no JSON", "id:2\nevent: token\ndata: {\n\n"],
  ["another number than its id", frame("2", "token").replace("id:2", "id:3")],
  ["another event than it says", frame("2", "token").replace("event: token", "event: tokem")],
  ["no id", frame("2", "token").replace("id:2", "ib:2")],
  ["not an object", "id:2\nevent: token\ndata: null\n\n"],
])("a frame that came garbled is asked for again: %s", async (_, garbled) => {
  const cut = { body: frame("1", "start") + garbled + frame("3", "complete") };
  const { script, events, error } = await read([cut, stream(["2", "token"], ["3", "complete"])]);
  expect(error).toBeUndefined();
  expect(script.asked[1]?.headers["last-event-id"]).toBe("1");
  expect(events.map(([seq]) => seq)).toEqual([1, 2, 3]);
});

test("pings, and events of a later version, are passed over", async () => {
  const body = `${frame("1", "start")}: ping\n\n${frame("2", "thought")}${frame("3", "complete")}`;
  const { script, events } = await read([{ body }]);
  expect(events).toEqual([
    [1, "start"],
    [3, "complete"],
  ]);
  expect(script.asked).toHaveLength(1);
});

test("nothing is read behind the end, and nothing is asked", async () => {
  const { script, events } = await read([stream(["1", "start"], ["2", "complete"], ["3", "token"])]);
  expect(events.map(([seq]) => seq)).toEqual([1, 2]);
  expect(script.asked).toHaveLength(1);
});

test("frames are told as they came, each once, and before their events", async () => {
  const frames: string[] = [];
  const start = frame("1", "start");
  await read([{ body: start }, { body: start + frame("2~", "complete") }], {
    onFrame: ({ id, event, data }: { id: string; event: string; data: string }) =>
      frames.push(`id:${id}\nevent: ${event}\ndata: ${data}\n\n`),
  });
  expect(frames).toEqual([start, frame("2~", "complete")]);
});

test("a silent connection is dead: pings are a sign of life, and silence is not", async () => {
  const encoder = new TextEncoder();
  const talks = new ReadableStream<Uint8Array>({
    async start(bytes) {
      bytes.enqueue(encoder.encode(frame("1", "start")));
      for (let count = 0; count < 4; count += 1) {
        await new Promise((done) => setTimeout(done, 15_000));
        bytes.enqueue(encoder.encode(": ping\n\n"));
      }
    },
  });
  const { script, events } = await read([{ body: talks }, stream(["2", "complete"])], { idleMs: Infinity });
  expect(events).toHaveLength(2);
  expect(script.pauses[0]).toBeGreaterThanOrEqual(60_000 + 45_000);
  expect(script.pauses[0]).toBeLessThan(60_000 + 45_000 + 3_000);
});

test("a run that is resumed is read from where it was left, or from its beginning", async () => {
  const script = new Script([stream(["8", "token"], ["9", "complete"])]);
  const run = resumeRun(URL, "r/1", { fetch: script.fetch, lastEventId: "7~" });
  expect(await run.id).toBe("r/1");
  expect(await passing(told(run))).toEqual({
    events: [
      [8, "token"],
      [9, "complete"],
    ],
    error: undefined,
  });
  expect(run.lastEventId).toBe("9");
  expect(script.lines).toEqual(["GET https://host/ai/runs/r%2F1/events"]);
  expect(script.asked[0]?.headers["last-event-id"]).toBe("7~");

  const anew = new Script([stream(["1", "start"], ["2", "complete"])]);
  const again = resumeRun("/chatbot/", "r1", { fetch: anew.fetch, ticket: "t&1" });
  expect((await passing(told(again))).events).toHaveLength(2);
  expect(anew.asked[0]?.url).toBe("/runs/r1/events?events=token,field,invalid&ticket=t%261");
  expect(anew.asked[0]?.headers).not.toHaveProperty("last-event-id");
});

test("behind the end of a run there is nothing", async () => {
  const script = new Script([{ status: 204 }]);
  expect(await passing(told(resumeRun(URL, "r1", { fetch: script.fetch, lastEventId: "9" })))).toEqual({
    events: [],
    error: undefined,
  });
});
