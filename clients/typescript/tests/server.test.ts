// Against the server itself, over a line that breaks: both transports, to the end.

import { EventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type ChatReply,
  initial,
  type MeetingInfo,
  type RunState,
  reduce,
  resumeRun,
  StreamError,
  type StreamEvent,
  type StreamOptions,
  streamRun,
} from "../src/index.ts";
import { CHAT, cutAfter, Line, MEETING, Server } from "./server.ts";

const GOAL = { goal: "강아지와 산책", language: "ko" };
const HELLO = { messages: [{ role: "user", content: "모임 추천해줘" }] };
const TRANSPORTS = ["fetch", "runs", "eventsource"] as const;
const EVERYTHING = ["token", "partial", "field", "invalid"] as const;

let server: Server;
let line: Line;

beforeAll(async () => {
  vi.stubGlobal("EventSource", EventSource);
  server = await Server.start();
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await server.stop();
});
beforeEach(async () => {
  line = await Line.to(server.port);
});
afterEach(() => line.close());

async function told(run: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

/** Without what differs from run to run. */
function plain(events: StreamEvent[]): unknown[] {
  return events.map((event) => JSON.parse(JSON.stringify(event, (key, value) => (TIMES.has(key) ? 0 : value))));
}
const TIMES = new Set(["run_id", "ms", "timings"]);

describe.each(TRANSPORTS)("%s", (transport) => {
  const options: StreamOptions = { transport, events: EVERYTHING };

  test("a form is filled", async () => {
    let state: RunState<MeetingInfo> = initial();
    const run = streamRun<MeetingInfo>(`${line.url}/meeting-info`, GOAL, { transport });
    for await (const event of run) state = reduce(state, event);
    expect(state.status).toBe("complete");
    expect(state.value).toEqual(MEETING);
    expect(state.start?.run_id).toBe(await run.id);
  });

  test("a chat replies", async () => {
    const events = [];
    for await (const event of streamRun<ChatReply>(`${line.url}/chatbot`, HELLO, { transport })) events.push(event);
    const text = events.map((event) => (event.type === "token" && event.path === "/reply" ? event.text : "")).join("");
    expect(text).toBe(CHAT.reply);
    expect(events.at(-1)).toMatchObject({ type: "complete", value: CHAT });
  });

  test("a refusal says what is wrong", async () => {
    const failure = told(streamRun(`${line.url}/meeting-info`, { goal: "" }, options)).catch((error) => error);
    expect(await failure).toBeInstanceOf(StreamError);
    expect(await failure).toMatchObject({ code: "invalid_request", status: 422, details: [{ path: "/goal" }] });
  });

  test("a run is stopped by who aborts it, and known as such", async () => {
    const life = new AbortController();
    const run = streamRun(`${server.url}/slow-meeting-info`, GOAL, { ...options, signal: life.signal });
    const read = told(run);
    const id = await run.id;
    life.abort();
    await expect(read).rejects.toBe(life.signal.reason);
    const again = await told(resumeRun(`${server.url}/slow-meeting-info`, id, options));
    expect(again[0]?.type).toBe("start");
    expect(again.at(-1)?.type).toBe("cancelled");
  });

  test("one that is aborted before it is known is stopped when it is", async () => {
    const far = await Line.to(server.port);
    const life = new AbortController();
    far.faults = [cutAfter(1)];
    const run = streamRun(`${far.url}/slow-meeting-info`, GOAL, { ...options, signal: life.signal });
    life.abort();
    await expect(told(run)).rejects.toBe(life.signal.reason);
    const events = await told(resumeRun(`${server.url}/slow-meeting-info`, await run.id, options)).finally(() =>
      far.close(),
    );
    expect(events.at(-1)?.type).toBe("cancelled");
  });

  test("a field is the user's from the pin on", async () => {
    const run = streamRun<MeetingInfo>(`${server.url}/slow-meeting-info`, GOAL, options);
    const pinned = run.pin("/description", "내 것");
    const events: StreamEvent<MeetingInfo>[] = [];
    for await (const event of run) events.push(event);
    expect(events.find(({ type }) => type === "pinned")).toMatchObject({ seq: await pinned, value: "내 것" });
    expect(events.at(-1)).toMatchObject({ value: { ...MEETING, description: "내 것" } });
    await expect(run.pin("/nothing", 1)).rejects.toBeInstanceOf(StreamError);
  });

  test("who leaves leaves the run, which is read on where it was left", async () => {
    const run = streamRun(`${server.url}/slow-chatbot`, HELLO, options);
    const first: StreamEvent[] = [];
    for await (const event of run) {
      first.push(event);
      if (event.type === "token") break;
    }
    const { seq = 0 } = first.at(-1) ?? {};
    const rest = await told(
      resumeRun(`${server.url}/slow-chatbot`, await run.id, { ...options, lastEventId: String(seq) }),
    );
    expect(rest[0]?.seq).toBe(seq + 1);
    expect(rest.at(-1)).toMatchObject({ type: "complete", value: CHAT });
  });

  test("a run that nobody knows is not found", async () => {
    const nobody = told(resumeRun(`${line.url}/chatbot`, "01a2", options));
    await expect(nobody).rejects.toMatchObject({ code: "not_found", status: 404, runId: "01a2" });
  });
});

test("a model that writes nonsense ends in an event, not in an exception", async () => {
  const events = await told(streamRun(`${server.url}/nonsense`, HELLO));
  expect(events.at(-1)).toMatchObject({ type: "failed", code: "not_json", retryable: true });
});

test("cut wherever the line breaks, a run is told whole, and is one run", async () => {
  const whole = { events: EVERYTHING, idempotencyKey: "whole" };
  const uncut = plain(await told(streamRun(`${server.url}/chatbot`, HELLO, whole)));
  const cut = async (transport: (typeof TRANSPORTS)[number], place: number) => {
    const broken = await Line.to(server.port);
    broken.faults = [cutAfter(place), cutAfter(place + 300)];
    const run = streamRun(`${broken.url}/chatbot`, HELLO, { ...whole, transport });
    const events = await told(run).finally(() => broken.close());
    expect(plain(events), `${transport} cut at byte ${place}`).toEqual(uncut);
    return run.id;
  };
  const places = Array.from({ length: 16 }, (_, index) => 1 + index * 200);
  const ids = await Promise.all(TRANSPORTS.flatMap((transport) => places.map((place) => cut(transport, place))));
  expect(new Set(ids).size).toBe(1);
});
