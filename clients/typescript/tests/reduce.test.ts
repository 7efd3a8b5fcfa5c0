// The reducer: it makes of every run what the server does, changes nothing that is not new, and is quick.

import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import {
  type EventName,
  type FieldStatus,
  initial,
  type JsonObject,
  type RunState,
  reduce,
  type StreamEvent,
  TERMINAL,
} from "../src/index.ts";
import { least } from "./least.ts";
import { PYTHON, ROOT } from "./project.ts";
import { VECTORS } from "./vectors.ts";

interface Account {
  value: JsonObject;
  settled: string[];
  doubted: string[];
  pinned: string[];
  errors: unknown[];
}

const ACCOUNTS: Record<string, Account[]> = JSON.parse(
  execFileSync(PYTHON, ["clients/typescript/tests/progress.py"], { cwd: ROOT, encoding: "utf8" }),
);
const ALWAYS: EventName[] = ["start", "reset", "pinned"];
const START = {
  type: "start",
  run_id: "r",
  chain: "c",
  model: "m",
  attempt: 1,
  schema: { name: "S", hash: "0" },
  fields: ["/name", "/plan", "/plan/-/title", "/tags"].map((path) => ({ path, settle: "char" })),
  notes: [],
};

/** What these events make of a state. They need no numbers here. */
function played(events: readonly object[], from: RunState = initial()): RunState {
  return events.reduce<RunState>((state, event) => reduce(state, event as StreamEvent), from);
}

function states(events: readonly StreamEvent[]): RunState[] {
  let state: RunState = initial();
  return events.map((event) => (state = reduce(state, event)));
}

function topLevel({ fields }: RunState, wanted: FieldStatus): string[] {
  const having = Object.keys(fields).filter((path) => fields[path] === wanted && path.lastIndexOf("/") === 0);
  return having.map((path) => path.slice(1)).sort();
}

describe.each(VECTORS)("$name", ({ name, events, readings, value }) => {
  test("is what the server makes of it, after every event", () => {
    const accounts = ACCOUNTS[name] as Account[];
    states(events).forEach((state, index) => {
      const account = accounts[index] as Account;
      expect(state.value).toEqual(account.value);
      // The server's own account knows of no reader who comes again, and of an end no more than its name.
      if (name === "resumed" || TERMINAL.has(state.status)) return;
      expect(topLevel(state, "invalid")).toEqual(account.doubted);
      expect(topLevel(state, "pinned")).toEqual(account.pinned);
      expect(state.broken.flat()).toEqual(account.errors);
      expect(Object.keys(state.settled).sort()).toEqual(account.settled);
    });
  });

  test.each(Object.keys(readings))("adds up in the reading %s", (reading) => {
    const names = reading === "all" ? events.map(({ type }) => type) : reading.split(",");
    const isRead = (event: StreamEvent) =>
      [...names, ...ALWAYS].includes(event.type) || (event.type === "partial" && event.resumed);
    expect(played(events.filter((event) => isRead(event) && !TERMINAL.has(event.type))).value).toEqual(
      readings[reading],
    );
  });

  test("ends as it says", () => {
    const end = states(events).at(-1) as RunState;
    expect(end.status).toBe(events.at(-1)?.type);
    if (value === null) return;
    expect(end.value).toEqual(value);
    expect(Object.values(end.fields).filter((status) => status !== "settled" && status !== "pinned")).toEqual([]);
  });

  test("changes no state that was handed out", () => {
    const kept = states(events).map((state) => [state, structuredClone(state)]);
    for (const [state, copy] of kept) expect(state).toEqual(copy);
  });
});

const NO = { path: "/name", rule: "x", message: "No." };

test("fields are told in the order in which they come, and items as they come", () => {
  const state = played([
    START,
    { type: "token", path: "/plan/0/title", text: "A" },
    { type: "field", path: "/plan/0", value: { title: "A" }, source: "model", ms: 5 },
    { type: "token", path: "/plan/1/title", text: "B" },
    { type: "field", path: "/tags", value: ["a"], source: "given", ms: 0 },
  ]);
  expect(Object.entries(state.fields)).toEqual([
    ["/name", "waiting"],
    ["/plan", "filling"],
    ["/plan/0", "settled"],
    ["/plan/1", "filling"],
    ["/tags", "settled"],
    ["/tags/0", "settled"],
  ]);
  expect(state.settled).toEqual({ "/plan/0": 5, "/tags": 0 });
});

test("a rule of the whole puts in doubt what has settled, but nothing that lasts or is the user's", () => {
  const state = played([
    START,
    { type: "field", path: "/tags", value: ["a"], source: "given", ms: 0 },
    { type: "field", path: "/name", value: "n", source: "model", ms: 1 },
    { type: "token", path: "/plan/0/title", text: "A" },
    { type: "invalid", paths: [""], errors: [{ ...NO, path: "" }] },
  ]);
  expect(state.fields).toMatchObject({ "/name": "invalid", "/tags": "settled", "/plan": "filling" });
  expect(played([{ type: "pinned", path: "/name", value: "mine" }], state).fields["/name"]).toBe("pinned");
});

test.each([
  ["invalid_output", "settled"],
  ["worker_lost", "invalid"],
  ["shutting_down", "invalid"],
])("what a reset for %s keeps can still be put in doubt, or not: %s", (reason, status) => {
  const state = played([
    START,
    { type: "field", path: "/name", value: "n", source: "model", ms: 1 },
    { type: "field", path: "/tags", value: ["t"], source: "model", ms: 2 },
    { type: "reset", attempt: 2, keep: ["/name"], reason },
    { type: "invalid", paths: ["/name"], errors: [NO] },
  ]);
  expect(state.fields).toMatchObject({ "/name": status, "/tags": "waiting" });
  expect(state).toMatchObject({ value: { name: "n" }, settled: { "/name": 1 }, attempt: 2, reason });
});

test("an end that is none keeps what was not finished, and blames what was wrong", () => {
  const state = played([
    START,
    { type: "token", path: "/name", text: "Half" },
    {
      type: "failed",
      code: "invalid_output",
      phase: "validate",
      message: "m",
      retryable: true,
      partial: { name: "Half" },
      errors: [{ ...NO, path: "/tags" }],
    },
  ]);
  expect(state.fields).toEqual({ "/name": "filling", "/plan": "waiting", "/tags": "invalid" });
  expect(state.end).toMatchObject({ code: "invalid_output" });
});

test("nothing counts behind an end, but the start of another run, which begins anew", () => {
  const over = played([
    START,
    { type: "token", path: "/name", text: "Half" },
    { type: "cancelled", reason: "r", partial: {} },
  ]);
  expect(played([{ type: "token", path: "/name", text: "more" }], over)).toBe(over);
  const again = played([START], over);
  expect(again.status).toBe("streaming");
  expect(again.value).toEqual({});
  expect(again.end).toBeUndefined();
});

test("who comes again is told how far the run is, and forgets what it knew but what is the user's", () => {
  const state = played([
    START,
    { type: "pinned", path: "/tags", value: ["mine"] },
    { type: "field", path: "/name", value: "old", source: "model", ms: 1 },
    { type: "invalid", paths: ["/plan"], errors: [{ ...NO, path: "/plan" }] },
    { type: "partial", value: { name: "new", tags: ["mine"] }, settled: [], resumed: true },
  ]);
  expect(state.value).toEqual({ name: "new", tags: ["mine"] });
  expect(state.fields).toMatchObject({ "/name": "filling", "/plan": "waiting", "/tags": "pinned" });
  expect(state.settled).toEqual({});
});

test("what an event does not touch keeps its identity, in the value and in the statuses", () => {
  const before = played([
    START,
    { type: "field", path: "/plan/0", value: { title: "A", details: ["x"] }, source: "model", ms: 1 },
    { type: "token", path: "/plan/1/title", text: "B" },
    { type: "field", path: "/tags", value: ["a", "b"], source: "model", ms: 2 },
  ]);
  type Plan = { plan: object[]; tags: string[] };
  const [one, other] = (before.value as Plan).plan;
  const token = played([{ type: "token", path: "/plan/1/title", text: "b" }], before);
  expect((token.value as Plan).plan[0]).toBe(one);
  expect((token.value as Plan).plan[1]).not.toBe(other);
  expect((token.value as Plan).tags).toBe((before.value as Plan).tags);
  expect(token.fields).toBe(before.fields);
  const snapshot = structuredClone(before.value);
  expect(played([{ type: "partial", value: snapshot, settled: [] }], before).value).toBe(before.value);
  const whole = { ...structuredClone(before.value), name: "n" };
  const end = played([{ type: "complete", value: whole, timings: { fields: {} } }], before);
  expect((end.value as Plan).plan).toBe((before.value as Plan).plan);
});

test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("a key %s is a name like any other", (name) => {
  const state = played([
    { ...START, fields: [{ path: `/${name}`, settle: "grow" }] },
    { type: "token", path: `/${name}/polluted`, text: "yes" },
    { type: "token", path: `/${name}/polluted`, text: "!" },
    { type: "partial", value: JSON.parse(`{"${name}": {"polluted": "yes!"}}`), settled: [] },
    { type: "field", path: `/${name}`, value: JSON.parse(`{"${name}": {}}`), source: "model", ms: 1 },
  ]);
  expect(JSON.stringify(state.value)).toBe(`{"${name}":{"${name}":{}}}`);
  expect(state.fields[`/${name}`]).toBe("settled");
  expect(({} as JsonObject).polluted).toBeUndefined();
  expect(played([{ type: name }], state).value).toBe(state.value);
});

test("a key with a slash or a tilde is found again", () => {
  const state = played([
    { ...START, fields: [] },
    { type: "token", path: "/a~1b~0/x", text: "t" },
  ]);
  expect(state.value).toEqual({ "a/b~": { x: "t" } });
  expect(state.fields).toEqual({ "/a~1b~0": "filling" });
});

test("a long text costs what its tokens cost, however long it has become", () => {
  const write = (tokens: number) => {
    let state = played([START]);
    for (let seq = 2; seq < tokens + 2; seq += 1) {
      state = reduce(state, { type: "token", seq, path: "/plan/0/title", text: "가나다" });
    }
    expect((state.value as { plan: { title: string }[] }).plan[0]?.title.length).toBe(3 * tokens);
  };
  expect(least(() => write(54_000))).toBeLessThan(20 * 6 * least(() => write(2_700))); // were it quadratic: 20 * 20
});
