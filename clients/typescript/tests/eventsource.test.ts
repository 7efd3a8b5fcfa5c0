// The EventSource transport: what it is opened with, how it gives up, and what is asked then.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { resumeRun, streamRun } from "../src/index.ts";
import { type Answer, codeOf, frame, passing, refused, Script, says, standingClock, told } from "./scripted.ts";

const RECEIPT = { run_id: "r1", events_url: "/elsewhere", ticket: null };
const BEGIN = "POST https://host/chatbot/runs";
const LOOK = "GET https://host/runs/r1";
const TICKETS = "POST https://host/runs/r1/tickets";

/** What each opening brings, in turn: frames, or null for a refusal. Behind them it fails, for good. */
let openings: (string | null)[];
let opened: string[];
let open: number;

type FrameParts = [string, lastEventId: string, name: string, data: string];

class FakeEventSource extends EventTarget {
  #isOpen = true;

  constructor(url: string) {
    super();
    opened.push(url.replace("https://host/runs/r1/events", ""));
    open += 1;
    setImmediate(() => this.#play(openings.shift() ?? null));
  }

  #play(said: string | null): void {
    if (said !== null) this.#tell(new Event("open"));
    for (const text of said?.split("\n\n").filter(Boolean) ?? []) {
      const [, lastEventId, name, data] = /^id:(.*)\nevent: (.*)\ndata: (.*)$/.exec(text) as unknown as FrameParts;
      this.#tell(new MessageEvent(name, { data, lastEventId }));
    }
    this.#tell(new Event("error"));
  }

  #tell(event: Event): void {
    if (this.#isOpen) this.dispatchEvent(event);
  }

  close(): void {
    open -= Number(this.#isOpen);
    this.#isOpen = false;
  }
}

beforeEach(() => {
  standingClock();
  vi.stubGlobal("EventSource", FakeEventSource);
  [openings, opened, open] = [[], [], 0];
});
afterEach(() => {
  expect(open).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function query(url: string, name: string): string | null {
  return new URLSearchParams(url).get(name);
}

function begun(answers: Answer[], frames: (string | null)[]) {
  openings = frames;
  const script = new Script(answers);
  return {
    script,
    read: told(streamRun("https://host/chatbot", {}, { fetch: script.fetch, transport: "eventsource" })),
  };
}

test("a run is begun apart, read with an EventSource, and closed at its end", async () => {
  const ping = 'id:1\nevent: ping\ndata: {"type":"ping"}\n\n';
  const said = `${frame("1", "start")}${ping}${frame("2", "complete")}${frame("3", "token")}`;
  const { script, read } = begun([says(RECEIPT, 201)], [said]);
  expect((await passing(read)).events).toEqual([
    [1, "start"],
    [2, "complete"],
  ]);
  expect(script.lines).toEqual([BEGIN]);
  expect(opened).toEqual(["?events=token,field,invalid&ping=event&last_event_id="]);
});

test("one that has given up is made again, behind the last event, by its mark", async () => {
  const { script, read } = begun(
    [says(RECEIPT, 201), says({}), refused(503, "store_unavailable", { retryable: true, after: "7" }), says({})],
    [frame("1", "start"), frame("2~", "token"), frame("3", "complete")],
  );
  expect((await passing(read)).events).toHaveLength(3);
  expect(script.lines).toEqual([BEGIN, LOOK, LOOK, LOOK]); // which says why, where an EventSource does not
  expect(script.pauses[2]).toBeGreaterThanOrEqual(7_000);
  expect(opened.map((url) => query(url, "last_event_id"))).toEqual(["", "1", "2~"]);
});

test("where the server asks who comes, each opening has a ticket of its own", async () => {
  const { script, read } = begun(
    [says({ ...RECEIPT, ticket: "t&1" }, 201), says({ ticket: "t2", expires_s: 60 }, 201)],
    [frame("1", "start"), frame("2", "complete")],
  );
  expect((await passing(read)).events).toHaveLength(2);
  expect(script.lines).toEqual([BEGIN, TICKETS]);
  expect(opened.map((url) => query(url, "ticket"))).toEqual(["t&1", "t2"]);
});

test.each([
  [[says(RECEIPT, 201), refused(410, "gone")], "gone"],
  [[says({ ...RECEIPT, ticket: "t" }, 201), refused(401, "unauthenticated")], "unauthenticated"],
  [[refused(422, "invalid_request")], "invalid_request"],
  [[says(RECEIPT, 201)], "lost"],
])("why it was refused is told %#", async (answers, code) => {
  expect(codeOf((await passing(begun(answers, []).read)).error)).toBe(code);
});

test("who resumes a run asks for a ticket, and does without where there are none", async () => {
  openings = [frame("4", "complete")];
  const script = new Script([refused(404, "not_found"), says({})]);
  const options = { fetch: script.fetch, transport: "eventsource", lastEventId: "3" } as const;
  expect((await passing(told(resumeRun("https://host/chatbot", "r1", options)))).events).toEqual([[4, "complete"]]);
  expect(script.lines).toEqual([TICKETS, LOOK]);
  expect(opened).toEqual(["?events=token,field,invalid&ping=event&last_event_id=3"]);
});

test("an EventSource that does not open is given up", async () => {
  let isDead = true;
  vi.stubGlobal("EventSource", function dead(url: string) {
    const source = isDead ? Object.assign(new EventTarget(), { close: () => {} }) : new FakeEventSource(url);
    isDead = false;
    return source;
  });
  const { script, read } = begun([says(RECEIPT, 201), says({})], [frame("1", "complete")]);
  expect((await passing(read)).events).toHaveLength(1);
  expect(script.pauses[0]).toBeGreaterThanOrEqual(15_000);
});

test("a garbled frame, and a listener that throws, close it", async () => {
  const { read } = begun([says(RECEIPT, 201), says({})], ["id:2\nevent: token\ndata: {\n\n", frame("1", "complete")]);
  expect((await passing(read)).events).toHaveLength(1);
  openings = [frame("1", "start")];
  const fault = new Error("of the page");
  const onFrame = () => {
    throw fault;
  };
  const { fetch } = new Script([says(RECEIPT, 201)]);
  expect((await passing(told(streamRun("/chatbot", {}, { fetch, onFrame, transport: "eventsource" })))).error).toBe(
    fault,
  );
});
