// @vitest-environment jsdom
// The hook for forms: drawn once a frame, begun once, left without a trace.

import { Activity, act, memo, type ReactElement, StrictMode, useEffect, useRef } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type HookOptions, type StructuredStream, useStructuredStream } from "../../src/react/index.ts";
import { frame } from "../scripted.ts";
import { Backend, Frames, settle, show } from "./stage.tsx";

interface Plan {
  name: string;
  plan: { title: string }[];
}

let frames: Frames;
let backend: Backend;
let seen: StructuredStream<Plan>;
let renders: number;
let drawnItems: number[];

beforeEach(() => {
  [frames, backend, renders, drawnItems] = [new Frames(), new Backend(), 0, []];
});
afterEach(() => vi.unstubAllGlobals());

const Item = memo(function Item({ index }: { index: number; item: unknown }): null {
  drawnItems.push(index);
  return null;
});

function Form({ options, asks }: { options?: HookOptions; asks?: boolean | "guarded" }): ReactElement {
  renders += 1;
  seen = useStructuredStream<Plan>("/form", { fetch: backend.fetch, ...options });
  const hasAsked = useRef(false);
  useEffect(() => {
    if (!asks || (asks === "guarded" && hasAsked.current)) return;
    hasAsked.current = true;
    seen.run({ goal: "g" });
  }, [asks]);
  return (
    <>
      {seen.value.plan?.map((item, index) => (
        <Item key={String(index)} index={index} item={item} />
      ))}
    </>
  );
}

const START = frame("1", "start", {
  fields: [
    { path: "/name", settle: "char" },
    { path: "/plan", settle: "grow" },
  ],
});

function token(seq: number, path = "/name", text = "x"): string {
  return frame(String(seq), "token", { path, text });
}

async function begun(options?: HookOptions) {
  const render = await show(<Form {...(options && { options })} />);
  await act(async () => seen.run({ goal: "g" }));
  await settle();
  return render;
}

describe("drawing", () => {
  test("it draws once a frame, however much comes, and not at all if nothing does", async () => {
    await begun();
    await backend.stream.says(START);
    await frames.tick();
    const before = renders;
    for (let seq = 2; seq < 102; seq += 1) await backend.stream.says(token(seq));
    expect(renders).toBe(before);
    await frames.tick();
    expect(renders).toBe(before + 1);
    expect(seen.value.name).toBe("x".repeat(100));
    await frames.tick();
    expect([renders, frames.waiting]).toEqual([before + 1, 0]);
  });

  test("hidden, where no frames come, it is drawn all the same", async () => {
    await begun();
    await backend.stream.says(START, token(2));
    expect(seen.value.name).toBeUndefined();
    await act(() => vi.waitFor(() => expect(seen.value.name).toBe("x")));
    expect(frames.waiting).toBe(0);
  });

  test("what has not changed is not drawn", async () => {
    await begun();
    await backend.stream.says(START, token(2, "/plan/0/title"), token(3, "/plan/1/title"));
    await frames.tick();
    drawnItems = [];
    await backend.stream.says(token(4, "/plan/1/title"), token(5, "/name"));
    await frames.tick();
    expect(drawnItems).toEqual([1]);
  });

  test("it says how things stand", async () => {
    await begun();
    await frames.tick();
    expect([seen.status, seen.connection]).toEqual(["connecting", "open"]);
    const field = frame("3", "field", { path: "/name", value: "x", source: "model", ms: 12 });
    const broken = { path: "/plan", rule: "r", message: "No." };
    await backend.stream.says(START, token(2), field, frame("4", "invalid", { paths: ["/plan"], errors: [broken] }));
    await frames.tick();
    expect([seen.status, seen.runId, seen.errors]).toEqual(["streaming", "r1", [broken]]);
    expect(seen.fields).toEqual({ "/name": "settled", "/plan": "invalid" });
    expect(seen.timings).toEqual({ first_token_ms: expect.any(Number), fields: { "/name": 12 }, total_ms: null });
    const timings = { first_token_ms: 5, fields: { "/name": 12, "/plan": 20 }, total_ms: 21 };
    const conflicts = [{ path: "/name", model_value: "y" }];
    await backend.stream.says(frame("5", "complete", { value: { name: "x", plan: [] }, timings, conflicts }));
    await frames.tick();
    expect(seen).toMatchObject({ status: "complete", value: { name: "x", plan: [] }, timings, conflicts, errors: [] });
    expect(seen.connection).toBe("closed");
  });

  test("the functions stay the same", async () => {
    await begun();
    const { run, stop, retry, resume, pin } = seen;
    await backend.stream.says(START);
    await frames.tick();
    expect(seen).toMatchObject({ run, stop, retry, resume, pin });
  });
});

describe("beginning and leaving", () => {
  test.each([true, "guarded"] as const)(
    "where React is strict, one run is begun (%s), and none is left open",
    async (asks) => {
      const render = await show(
        <StrictMode>
          <Form asks={asks} />
        </StrictMode>,
      );
      expect(backend.asked).toEqual(["POST /form/stream"]);
      await backend.stream.says(START, token(2));
      await frames.tick();
      expect(seen.value.name).toBe("x");
      await render(null);
      expect(backend.streams.map(({ isOpen }) => isOpen)).toEqual([false]);
      expect(frames.waiting).toBe(0);
    },
  );

  test("unmounting closes the connection and leaves the run", async () => {
    const render = await begun();
    await backend.stream.says(START, token(2));
    await render(null);
    expect(backend.stream.isOpen).toBe(false);
    expect(backend.asked).toEqual(["POST /form/stream"]);
    expect(frames.waiting).toBe(0);
  });

  test("unmounting stops the run if it should", async () => {
    const render = await begun({ stopOnUnmount: true });
    await backend.stream.says(START);
    await render(null);
    expect(backend.asked).toEqual(["POST /form/stream", "DELETE /runs/r1"]);
    expect(backend.stream.isOpen).toBe(false);
  });

  test("hidden with its surroundings it is left, and read on when it is back, known or not", async () => {
    const at = (mode: "visible" | "hidden") => (
      <Activity mode={mode}>
        <Form asks="guarded" />
      </Activity>
    );
    const render = await show(at("visible"));
    await render(at("hidden"));
    expect(backend.stream.isOpen).toBe(false);
    await render(at("visible"));
    expect(backend.asked).toEqual(["POST /form/stream", "POST /form/stream"]);
    expect(backend.keys[1]).toBe(backend.keys[0]);
    await backend.stream.says(START, token(2));
    await render(at("hidden"));
    await render(at("visible"));
    expect(backend.asked[2]).toBe("GET /runs/r1/events");
    expect(backend.lastIds[2]).toBe("2");
    await backend.stream.says(token(3));
    await frames.tick();
    expect(seen.value.name).toBe("xx");
  });

  test("another run takes the place of the first, which is stopped, and of which nothing more is seen", async () => {
    await begun();
    const first = backend.stream;
    await first.says(START, token(2, "/name", "first"));
    await act(async () => seen.run({ goal: "h" }));
    await settle();
    expect(backend.asked).toEqual(["POST /form/stream", "POST /form/stream", "DELETE /runs/r1"]);
    expect(first.isOpen).toBe(false);
    await backend.stream.says(START, token(2, "/name", "second"));
    await frames.tick();
    expect(seen.value.name).toBe("second");
    expect(backend.keys[1]).not.toBe(backend.keys[0]);
  });

  test("a run that has begun elsewhere is read from its beginning", async () => {
    await show(<Form />);
    await act(async () => seen.resume("r9"));
    await settle();
    expect(backend.asked).toEqual(["GET /runs/r9/events"]);
    await backend.stream.says(START, token(2));
    await frames.tick();
    expect([seen.value.name, seen.timings.first_token_ms === null]).toEqual(["x", false]);
  });

  test("what counts is what the component says when a run is begun", async () => {
    const render = await show(<Form options={{ events: ["partial"] }} />);
    await render(<Form options={{ transport: "runs" }} />);
    await act(async () => seen.run({}));
    await settle();
    expect(backend.asked).toEqual(["POST /form/runs"]);
  });
});

describe("ends", () => {
  test("stopping tells the server, and its word is waited for", async () => {
    await begun();
    await backend.stream.says(START, token(2));
    await act(async () => seen.stop());
    await settle();
    expect(backend.asked.at(-1)).toBe("DELETE /runs/r1");
    await frames.tick();
    expect(seen.status).toBe("streaming");
    await backend.stream.says(frame("3", "cancelled", { reason: "r", partial: { name: "x" } }));
    await frames.tick();
    expect(seen).toMatchObject({ status: "cancelled", value: { name: "x" }, error: undefined });
  });

  test("what is stopped before it was asked for is not asked for", async () => {
    await show(<Form />);
    await act(async () => {
      seen.run({});
      seen.stop();
    });
    await settle();
    await frames.tick();
    expect([seen.status, backend.asked]).toEqual(["cancelled", []]);
  });

  test("but not for long", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await begun();
      await backend.stream.says(START, token(2));
      await act(async () => seen.stop());
      await act(() => vi.advanceTimersByTimeAsync(3_100));
      await frames.tick();
      expect(seen.status).toBe("cancelled");
      await settle();
      expect(backend.stream.isOpen).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a refusal is an error, and is asked again as another run", async () => {
    const details = [{ path: "/goal", rule: "missing", message: "m" }];
    const body = JSON.stringify({ code: "invalid_request", message: "No.", retryable: false, details });
    backend.refusals = [new Response(body, { status: 422 })];
    await begun();
    await frames.tick();
    expect(seen).toMatchObject({
      status: "failed",
      error: { code: "invalid_request", message: "No." },
      errors: details,
    });
    await act(async () => seen.retry());
    await settle();
    await backend.stream.says(START);
    await frames.tick();
    expect(seen).toMatchObject({ status: "streaming", error: undefined });
    expect(backend.bodies).toEqual(Array(2).fill({ input: { goal: "g" } }));
  });

  test("a run that failed says why", async () => {
    await begun();
    const failed = { code: "truncated", phase: "upstream", message: "m", retryable: true, partial: {} };
    await backend.stream.says(START, frame("2", "failed", failed));
    await frames.tick();
    expect(seen).toMatchObject({ status: "failed", error: failed });
  });

  test("a run that was lost keeps what it had, and is read on", async () => {
    await begun({ patienceMs: 0 });
    await backend.stream.says(START, token(2));
    backend.refusals = Array.from({ length: 9 }, () => new Response("", { status: 503 }));
    await backend.stream.ends();
    await act(() => vi.waitFor(() => expect(seen.error?.code).toBe("lost")));
    expect([seen.status, seen.value.name]).toEqual(["failed", "x"]);
    backend.refusals = [];
    await act(async () => seen.retry());
    await settle();
    expect(backend.asked.at(-1)).toBe("GET /runs/r1/events");
    expect(backend.lastIds.at(-1)).toBe("2");
    await backend.stream.says(token(3));
    await frames.tick();
    expect([seen.status, seen.value.name]).toEqual(["streaming", "xx"]);
  });

  test("pins are told, and refused where there is no run", async () => {
    await show(<Form />);
    await expect(seen.pin("/name", "x")).rejects.toMatchObject({ code: "not_found" });
    await act(async () => seen.run({}));
    await settle();
    await backend.stream.says(START);
    expect(await seen.pin("/name", "mine")).toBe(7);
    await backend.stream.says(frame("2", "pinned", { path: "/name", value: "mine" }));
    await frames.tick();
    expect([seen.value.name, seen.fields["/name"]]).toEqual(["mine", "pinned"]);
  });
});
