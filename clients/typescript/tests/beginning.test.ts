// A run is begun once, whatever happens on the way, and what is not wanted any more is stopped.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HeadersFor, resumeRun, type StreamOptions, streamRun } from "../src/index.ts";
import { type Answer, codeOf, passing, refused, Script, says, standingClock, stream, told } from "./scripted.ts";

const URL = "https://host/chatbot";
const WHOLE = stream(["1", "start"], ["2", "complete"]);
const KEY = "idempotency-key";

beforeEach(standingClock);
afterEach(() => vi.useRealTimers());

function begun(answers: Answer[], options: StreamOptions = {}) {
  const script = new Script(answers);
  return { script, run: streamRun(URL, { goal: "g" }, { fetch: script.fetch, ...options }) };
}

describe("beginning", () => {
  test.each([
    ["nobody answered", { gone: true }],
    ["the answer was cut before the run was known", stream()],
    ["a gateway answered", { status: 504, type: "text/html" }],
    ["the server was busy", refused(503, "too_busy", { retryable: true })],
  ])("the same request joins the same run: %s", async (_, answer) => {
    const { script, run } = begun([answer, answer, WHOLE]);
    expect((await passing(told(run))).events).toHaveLength(2);
    expect(await run.id).toBe("r1");
    expect(script.lines).toEqual(Array(3).fill("POST https://host/chatbot/stream"));
    expect(new Set(script.asked.map(({ headers }) => headers[KEY])).size).toBe(1);
    expect(script.asked[2]?.body).toEqual({ input: { goal: "g" } });
  });

  test("another run has another key, unless it is given one", async () => {
    const keys = [{}, {}, { idempotencyKey: "k" }].map(
      (options) => begun([WHOLE], options).script.asked[0]?.headers[KEY],
    );
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).not.toBe(keys[0]);
    expect(keys[2]).toBe("k");
  });

  test.each([
    [refused(422, "invalid_request"), "invalid_request"],
    [refused(502, "upstream_auth"), "upstream_auth"], // which will be no better in a moment
    [refused(429, "rate_limited", { retryable: true, after: "30" }), "rate_limited"], // which is too long to be kept waiting
    [{ status: 404, type: "text/html" }, "http"],
  ])("a refusal is told at once %#", async (answer, code) => {
    const { script, run } = begun([answer, WHOLE]);
    expect(codeOf((await passing(told(run))).error)).toBe(code);
    expect(script.asked).toHaveLength(1);
    await expect(run.id).rejects.toMatchObject({ code });
  });

  test("a refusal says what the server said", async () => {
    const details = [{ path: "/goal", rule: "missing", message: "Field required" }];
    const body = { code: "invalid_request", message: "No.", details, retryable: false, run_id: null };
    const { run } = begun([{ ...says(body, 422), headers: { "retry-after": "3" } }]);
    const { error } = await passing(told(run));
    expect(error).toMatchObject({ name: "StreamError", code: "invalid_request", message: "No.", details });
    expect(error).toMatchObject({ retryable: false, retryAfterMs: 3_000, status: 422, runId: undefined });
  });

  test("where nobody is, that is told after a few tries", async () => {
    const { script, run } = begun([]);
    const { error } = await passing(told(run));
    expect(error).toMatchObject({ code: "unreachable", status: 0, retryable: true });
    expect((error as Error).cause).toBeInstanceOf(TypeError);
    expect(script.asked.length).toBeGreaterThan(2);
    expect(performance.now()).toBeLessThan(12_000);
  });

  test("an answer that does not begin is not waited for for ever", async () => {
    const script = new Script([WHOLE]);
    const deaf: typeof fetch = (_, init) =>
      new Promise((_done, fail) => init?.signal?.addEventListener("abort", () => fail(new Error("aborted"))));
    let first = true;
    const either: typeof fetch = (url, init) => {
      const answer = first ? deaf(url, init) : script.fetch(url as string, init);
      first = false;
      return answer;
    };
    expect((await passing(told(streamRun(URL, {}, { fetch: either })))).events).toHaveLength(2);
    expect(script.asked[0]?.at).toBeGreaterThanOrEqual(15_000);
  });

  test("runs are asked after where one says", async () => {
    const { script, run } = begun([stream(["1", "start"]), WHOLE], { runs: "/relay/runs" });
    await passing(told(run));
    expect(script.lines[1]).toBe("GET /relay/runs/r1/events");
  });

  test("a run may be begun apart, and is read by the ticket that this brings", async () => {
    const receipt = { run_id: "r1", events_url: "/elsewhere", ticket: "t1" };
    const { script, run } = begun([{ gone: true }, says(receipt, 201), { gone: true }, WHOLE], { transport: "runs" });
    expect((await passing(told(run))).events).toHaveLength(2);
    const begin = "POST https://host/chatbot/runs";
    const read = "GET https://host/runs/r1/events";
    expect(script.lines).toEqual([begin, begin, read, read]);
    expect(script.asked[0]?.headers[KEY]).toBe(script.asked[1]?.headers[KEY]);
    expect(script.asked[2]?.url).toContain("&ticket=t1");
  });

  test("what comes is kept until it is taken, and the failure behind it, too", async () => {
    const { run } = begun([stream(["1", "start"]), refused(404, "not_found")]);
    await passing(run.id);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await passing(told(run))).toMatchObject({ events: [[1, "start"]], error: { code: "not_found" } });
  });
});

describe("stopping", () => {
  const open = () => ({ body: new ReadableStream<Uint8Array>() });

  test("an aborted run ends here at once, and is stopped on the server", async () => {
    const life = new AbortController();
    const reason = new Error("enough");
    const script = new Script([stream(["1", "start"]), open(), { status: 204 }], ({ method }) => {
      if (method === "GET") setImmediate(() => life.abort(reason));
    });
    const run = streamRun(URL, {}, { fetch: script.fetch, signal: life.signal });
    const { error } = await passing(told(run));
    expect(error).toBe(reason);
    await vi.waitFor(() => expect(script.lines.at(-1)).toBe("DELETE https://host/runs/r1"));
  });

  test("what was asked for when it was aborted is followed until it can be stopped", async () => {
    const life = new AbortController();
    const script = new Script([stream(), { gone: true }, stream(["1", "start"]), { status: 204 }], () => life.abort());
    const links: string[] = [];
    const [onConnection, onFrame] = [(state: string) => links.push(state), () => links.push("frame")];
    const run = streamRun(URL, {}, { fetch: script.fetch, signal: life.signal, onConnection, onFrame });
    expect((await passing(told(run))).error).toBe(life.signal.reason);
    expect(await passing(run.id)).toBe("r1");
    await vi.waitFor(() => expect(script.lines.slice(3)).toEqual(["DELETE https://host/runs/r1"]));
    expect(new Set(script.asked.slice(0, 3).map(({ headers }) => headers[KEY])).size).toBe(1);
    expect(links).toEqual(["connecting", "closed"]); // whoever has aborted it hears nothing more
  });

  test("what the server has refused is not asked for again to be stopped", async () => {
    const life = new AbortController();
    const script = new Script([refused(503, "too_busy", { retryable: true }), WHOLE], () => life.abort());
    const run = streamRun(URL, {}, { fetch: script.fetch, signal: life.signal });
    await passing(told(run));
    await expect(passing(run.id)).rejects.toMatchObject({ code: "too_busy" });
    expect(script.asked).toHaveLength(1);
  });

  test("what was aborted beforehand is not asked for", async () => {
    const { script, run } = begun([WHOLE], { signal: AbortSignal.abort("no") });
    expect((await passing(told(run))).error).toBe("no");
    await expect(run.id).rejects.toBe("no");
    expect(script.asked).toEqual([]);
  });

  test("a cancelled run is told of to its end", async () => {
    const { script, run } = begun([stream(["1", "start"]), { status: 204 }, stream(["2", "cancelled"])]);
    const read = told(run);
    await passing(run.id);
    await run.cancel();
    expect((await passing(read)).events.at(-1)).toEqual([2, "cancelled"]);
    expect(script.lines).toContain("DELETE https://host/runs/r1");
  });

  test("a stop that cannot be told at once is told later; what is gone needs none", async () => {
    const { script, run } = begun([
      stream(["1", "start"]),
      { gone: true },
      refused(503, "store_unavailable", { retryable: true }),
      { status: 202 },
    ]);
    await passing(run.id);
    const iterator = run[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    await passing(run.cancel());
    expect(script.lines.slice(1)).toEqual(Array(3).fill("DELETE https://host/runs/r1"));

    const gone = resumeRun(URL, "r2", { fetch: new Script([open(), refused(404, "not_found")]).fetch });
    await passing(gone.cancel());
    const forbidden = resumeRun(URL, "r2", { fetch: new Script([open(), refused(403, "forbidden")]).fetch });
    await expect(passing(forbidden.cancel())).rejects.toMatchObject({ code: "forbidden" });
  });

  test("who leaves, leaves the run: the connection closes, and nothing else is asked", async () => {
    let closed = false;
    const body = new ReadableStream<Uint8Array>({
      start: (bytes) => bytes.enqueue(new TextEncoder().encode(stream(["1", "start"]).body as string)),
      cancel: () => {
        closed = true;
      },
    });
    const { script, run } = begun([{ body }, WHOLE]);
    for await (const event of run) if (event.type === "start") break;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closed).toBe(true);
    expect(script.asked).toHaveLength(1);
  });
});

describe("pins", () => {
  test("are told as soon as the run is known, once", async () => {
    const { script, run } = begun([stream(["1", "start"]), says({ seq: 7 }), stream(["2", "complete"])]);
    const pinned = run.pin("/name", null);
    expect(await passing(pinned)).toBe(7);
    const { url, method, body } = script.asked[1] ?? {};
    expect([method, url, body]).toEqual(["POST", "https://host/runs/r1/pins", { path: "/name", value: null }]);
  });

  test("say what is wrong with them, and that nobody answered", async () => {
    const breach = { path: "/name", rule: "max", message: "Too long." };
    const said = says({ code: "invalid_request", message: "m", retryable: false, details: [breach] }, 422);
    const script = new Script([{ body: new ReadableStream() }, said]);
    const run = resumeRun(URL, "r1", { fetch: script.fetch });
    await expect(run.pin("/name", "x")).rejects.toMatchObject({ status: 422, details: [breach] });
    await expect(run.pin("/name", "x")).rejects.toMatchObject({ status: 0, code: "unreachable" });
    expect(script.asked).toHaveLength(3);
  });

  test("of a run that has not begun are none", async () => {
    const { run } = begun([refused(422, "invalid_request")]);
    await expect(passing(run.pin("/name", "x"))).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("headers", () => {
  test("are shown with every request", async () => {
    const { script, run } = begun([stream(["1", "start"]), WHOLE], { headers: { authorization: "Bearer a" } });
    await passing(told(run));
    await run.cancel();
    expect(script.asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer a", "Bearer a"]);
  });

  test("are asked for anew each time, and again by what was refused, until they do", async () => {
    const tokens = ["old", "worse", "good", "good"];
    const asked: unknown[] = [];
    const headers: HeadersFor = async ({ url, refused }) => {
      asked.push([url.replace(/\?.*/, ""), refused?.code]);
      await new Promise((done) => setTimeout(done, 300_000)); // a user is being asked
      return { authorization: `Bearer ${tokens.shift()}` };
    };
    const no = refused(401, "unauthenticated");
    const { script, run } = begun([no, no, stream(["1", "start"]), WHOLE], { headers });
    expect((await passing(told(run))).error).toBeUndefined();
    expect(script.asked.map(({ headers }) => headers.authorization?.slice(7))).toEqual([
      "old",
      "worse",
      "good",
      "good",
    ]);
    const begin = "https://host/chatbot/stream";
    const no2 = "unauthenticated";
    expect(asked).toEqual([
      [begin, undefined],
      [begin, no2],
      [begin, no2],
      ["https://host/runs/r1/events", undefined],
    ]);
  });

  test("that stay the same end in the refusal, and what they throw is thrown", async () => {
    const { script, run } = begun([refused(401, "unauthenticated"), WHOLE], {
      headers: () => ({ authorization: "a" }),
    });
    expect(codeOf((await passing(told(run))).error)).toBe("unauthenticated");
    expect(script.asked).toHaveLength(1);
    const fault = new Error("no token");
    const { run: other } = begun([WHOLE], { headers: () => Promise.reject(fault) });
    expect((await passing(told(other))).error).toBe(fault);
  });
});

test("what a listener throws ends the run here, and is told", async () => {
  const fault = new Error("of the page");
  const onFrame = () => {
    throw fault;
  };
  const { script, run } = begun([WHOLE], { onFrame });
  expect((await passing(told(run))).error).toBe(fault);
  expect(script.asked).toHaveLength(1);
});
