// @vitest-environment jsdom
// The hook for chats: what was said goes back whole, and what grows becomes part of it.

import { act, type ReactElement } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ChatOptions, type ChatStream, useChatStream } from "../../src/react/index.ts";
import { frame } from "../scripted.ts";
import { Backend, Frames, settle, show } from "./stage.tsx";

let frames: Frames;
let backend: Backend;
let seen: ChatStream;

beforeEach(() => {
  [frames, backend] = [new Frames(), new Backend()];
});
afterEach(() => vi.unstubAllGlobals());

function Chat({ options }: { options?: ChatOptions }): ReactElement | null {
  seen = useChatStream("/chatbot", { fetch: backend.fetch, ...options });
  return null;
}

const PLACES = ["/reply", "/options", "/recommendation"].map((path) => ({ path, settle: "char" }));

/** The server takes the conversation, and says the beginning of a reply. */
async function replies(run: string, text: string): Promise<void> {
  const start = frame("1", "start", { run_id: run, fields: PLACES });
  await backend.stream.says(start, frame("2", "token", { path: "/reply", text }));
  await frames.tick();
}

async function completes(reply: string, more: object = {}): Promise<void> {
  const value = { reply, options: [], recommendation: null, ...more };
  await backend.stream.says(frame("9", "complete", { value }));
  await frames.tick();
}

async function send(text: string): Promise<void> {
  await act(async () => seen.send(text));
  await settle();
  await frames.tick();
}

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const sent = () => (backend.bodies.findLast((body) => body !== undefined) as { input: { messages: unknown[] } }).input;

test("a reply grows beside what was said, and then belongs to it", async () => {
  await show(<Chat options={{ request: { language: "ko", want: "recommendation" } }} />);
  await send("Hello");
  expect(seen).toMatchObject({ messages: [user("Hello")], reply: "", status: "connecting" });
  await replies("r1", "Hi th");
  expect(seen).toMatchObject({ messages: [user("Hello")], reply: "Hi th", status: "streaming" });
  const more = { options: ["Hiking"], recommendation: { group_id: "g", reason: "Near." } };
  await completes("Hi there", more);
  expect(seen).toMatchObject({
    messages: [user("Hello"), assistant("Hi there")],
    reply: "",
    status: "complete",
    ...more,
  });
  await send("Hiking");
  const messages = [user("Hello"), assistant("Hi there"), user("Hiking")];
  expect(sent()).toEqual({ language: "ko", want: "recommendation", messages });
  expect(seen).toMatchObject({ messages, options: [], recommendation: null });
});

test("who speaks meanwhile stops the reply, and what there was of it was said", async () => {
  await show(<Chat />);
  await send("Hello");
  await replies("r1", "Well, ");
  await send("Never mind");
  expect(backend.asked).toContain("DELETE /runs/r1");
  expect(sent().messages).toEqual([user("Hello"), assistant("Well, "), user("Never mind")]);
});

test("an answer that failed makes way for another one", async () => {
  await show(<Chat />);
  await send("Hello");
  await replies("r1", "Half");
  const failed = { code: "upstream_cut", phase: "upstream", message: "m", retryable: true, partial: { reply: "Half" } };
  await backend.stream.says(frame("3", "failed", failed));
  await frames.tick();
  expect(seen).toMatchObject({ status: "failed", reply: "", messages: [user("Hello"), assistant("Half")] });
  await act(async () => seen.retry());
  await settle();
  expect(sent().messages).toEqual([user("Hello")]);
  await replies("r2", "Who");
  await completes("Whole");
  expect(seen.messages).toEqual([user("Hello"), assistant("Whole")]);
});

test("nothing is not sent, and no more than the server takes; what is shown is all of it", async () => {
  const before = Array.from({ length: 60 }, (_, index) => assistant(`${index}`) as ChatStream["messages"][number]);
  await show(<Chat options={{ messages: before }} />);
  expect(seen.messages).toEqual(before);
  await send("  ");
  expect(backend.asked).toEqual([]);
  await send("🐾".repeat(2_001));
  expect(sent().messages).toHaveLength(50);
  expect(sent().messages.at(-1)).toEqual(user("🐾".repeat(2_000)));
  expect(seen.messages).toHaveLength(61);
});

test("a reply that goes on elsewhere is read here, behind what was said", async () => {
  const before = [{ role: "user", content: "Hello" }] as const;
  await show(<Chat options={{ messages: before }} />);
  await act(async () => seen.resume("r7"));
  await settle();
  expect(backend.asked).toEqual(["GET /runs/r7/events"]);
  await replies("r7", "Hi");
  await completes("Hi!");
  expect(seen.messages).toEqual([user("Hello"), assistant("Hi!")]);
});

test("stopping is the server's to confirm, and keeps what was said", async () => {
  await show(<Chat />);
  await send("Hello");
  await replies("r1", "Well, ");
  await act(async () => seen.stop());
  await settle();
  await backend.stream.says(frame("3", "cancelled", { reason: "r", partial: { reply: "Well, " } }));
  await frames.tick();
  expect(seen).toMatchObject({ status: "cancelled", messages: [user("Hello"), assistant("Well, ")] });
});
