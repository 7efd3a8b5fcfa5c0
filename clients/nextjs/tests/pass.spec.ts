// The way to the AI server through this app (app/ai): nothing is kept back on it, and nobody is left waiting at its end.

import { expect, test } from "./fixtures";

const QUESTION = {
  method: "POST",
  headers: { "content-type": "application/json", authorization: "Bearer of-the-user", cookie: "language=ko" },
  body: JSON.stringify({ input: { goal: "등산" } }),
};

test.describe("a model that stalls", () => {
  test.use({ scene: "stalled" });

  test("events arrive while it does, and who leaves is gone at the other end", async ({ stack, line }) => {
    const leaving = new AbortController();
    const url = `${stack.url}/ai/meeting-info/stream?events=field`;
    const response = await fetch(url, { ...QUESTION, signal: leaving.signal });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toContain("no-transform");
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await until(response, "event: field")).toContain("event: start\n");
    leaving.abort();
    await expect.poll(() => line.left).toBe(1);
  });

  test("where the server breaks off, so does the answer", async ({ stack, line }) => {
    const response = await fetch(`${stack.url}/ai/meeting-info/stream`, QUESTION);
    const reader = response.body?.getReader();
    await reader?.read();
    line.goesDown();
    await expect(async () => {
      while (!(await reader?.read())?.done);
    }).rejects.toThrow();
  });
});

test("who leaves before anything has come is gone at the other end as well", async ({ stack, line }) => {
  line.isDeaf = true;
  const leaving = new AbortController();
  const asked = fetch(`${stack.url}/ai/meeting-info/stream`, { ...QUESTION, signal: leaving.signal });
  await expect.poll(() => line.asked).toEqual(["POST /meeting-info/stream"]);
  leaving.abort();
  await expect(asked).rejects.toThrow("aborted");
  await expect.poll(() => line.left).toBe(1);
});

test("its refusals come back as they are", async ({ stack }) => {
  const response = await fetch(`${stack.url}/ai/meeting-info/stream`, { ...QUESTION, body: '{"input": {}}' });
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ code: "invalid_request", retryable: false });
});

test("only what it must know is passed on", async ({ stack, line }) => {
  await fetch(`${stack.url}/ai/meeting-info/stream`, QUESTION).then((response) => response.text());
  expect(line.heads[0]).toMatchObject({ authorization: "Bearer of-the-user", "content-type": "application/json" });
  expect(line.heads[0]).not.toHaveProperty("cookie");
});

test("nobody at its end is a status without anybody's words", async ({ stack, line }) => {
  line.goesDown();
  const response = await fetch(`${stack.url}/ai/meeting-info/stream`, QUESTION);
  expect(response.status).toBe(502);
  expect(await response.text()).toBe("");
});

/** What has come when `words` have. */
async function until(response: Response, words: string): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let come = "";
  while (!come.includes(words)) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) throw new Error(`It ended before "${words}" came: ${come}`);
    come += value;
  }
  return come;
}
