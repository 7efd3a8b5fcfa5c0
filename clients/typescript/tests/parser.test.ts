// The parser: WHATWG HTML §9.2.6, whole, character by character, and with whatever line ends.

import { expect, test } from "vitest";
import { EventStreamParser, type Frame } from "../src/index.ts";
import { least } from "./least.ts";

const STREAM = [
  ": a comment",
  "retry: 1500",
  "retry: 2s",
  "event: token",
  "id:7~",
  "data:  two blanks: one goes",
  "data",
  'data:\u2028{"a": "x:y"}',
  "unknown: field",
  "",
  "data: named message, with the id of before",
  "",
  "event: dropped, for it has no data",
  "",
  "id: has\0nul",
  "data: x",
  "",
  "id",
  "data:",
  "",
  "data: unfinished",
];
const FRAMES: Frame[] = [
  { event: "token", data: ' two blanks: one goes\n\n\u2028{"a": "x:y"}', id: "7~" },
  { event: "message", data: "named message, with the id of before", id: "7~" },
  { event: "message", data: "x", id: "7~" },
  { event: "message", data: "", id: "" },
];

test.each(["\n", "\r\n", "\r"])("lines may end in %j, and be cut anywhere", (end) => {
  const text = STREAM.join(end);
  for (const size of [1, 2, 3, 7, text.length]) {
    const parser = new EventStreamParser();
    const frames: Frame[] = [];
    for (let at = 0; at < text.length; at += size)
      frames.push(...parser.feed(text.slice(at, at + size)), ...parser.feed(""));
    expect(frames).toEqual(FRAMES);
    expect(parser.retry).toBe(1500);
  }
});

test("a frame is told with the line end that finishes it, without waiting for what follows", () => {
  for (const end of ["\n", "\r", "\r\n"]) expect(new EventStreamParser().feed(`data: x${end}${end}`)).toHaveLength(1);
  const parser = new EventStreamParser();
  expect(parser.feed("data: x\r\r")).toHaveLength(1);
  expect(parser.feed("\ndata: y\r\n\r\n")).toHaveLength(1); // the LF belongs to the CR before
});

test("a long line costs what it is long, however it is cut", () => {
  const feed = (pieces: number) => {
    const parser = new EventStreamParser();
    parser.feed("data: ");
    for (let count = 0; count < pieces; count += 1) parser.feed("x".repeat(16));
    expect(parser.feed("\n\n")[0]?.data.length).toBe(16 * pieces);
  };
  expect(least(() => feed(200_000))).toBeLessThan(40 * 10 * least(() => feed(5_000))); // were it quadratic: 40 * 40
});
