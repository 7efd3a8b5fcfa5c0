// The frames in the body of a response.

import { StreamError } from "./error.ts";
import type { EventStreamParser } from "./parser.ts";
import type { Reader } from "./source.ts";

/** Returns when the body has ended, however, or is not wanted any more. */
export async function readBody(response: Response, parser: EventStreamParser, reader: Reader): Promise<void> {
  const { headers, body, status } = response;
  if (!body || !headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new StreamError("not_a_stream", { status });
  }
  const bytes = body.getReader();
  const decoder = new TextDecoder(); // which puts characters together that were cut between two reads
  const leave = () => bytes.cancel().catch(() => {});
  reader.signal.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      reader.heard();
      const { done, value } = await bytes.read().catch(() => ({ done: true, value: undefined }));
      if (done || reader.signal.aborted) return;
      parser.feed(decoder.decode(value, { stream: true })).forEach(reader.take);
    }
  } finally {
    leave();
  }
}
