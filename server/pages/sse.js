// Reads text/event-stream, as the WHATWG HTML standard §9.2.6 defines it. Nothing here knows what the events mean.

/**
 * Turns text, cut anywhere, into events. Each character is looked at once, however the text was cut.
 * An event that the end of the stream leaves unfinished is dropped, as the standard says.
 */
export class EventStreamParser {
  /** Milliseconds the server asks a client to wait before it connects again, or null. */
  retry = null;
  #line = "";
  #afterCR = false;
  #atStart = true;
  #data = [];
  #type = "";
  #id = "";

  /** @returns {{type: string, data: string, id: string}[]} the events that this piece of text finished */
  feed(text) {
    const events = [];
    let from = 0;
    if (this.#atStart && text) {
      this.#atStart = false;
      if (text[0] === "\uFEFF") from = 1;
    }
    // A CR ended its line at once, without waiting to see whether an LF follows; here that LF is passed over.
    if (this.#afterCR && text) {
      if (text[from] === "\n") from += 1;
      this.#afterCR = false;
    }
    const lineEnd = /\r\n|\n|\r/g;
    lineEnd.lastIndex = from;
    for (let end = lineEnd.exec(text); end; end = lineEnd.exec(text)) {
      const line = this.#line + text.slice(from, end.index);
      this.#line = "";
      const event = this.#take(line);
      if (event) events.push(event);
      from = lineEnd.lastIndex;
      this.#afterCR = end[0] === "\r" && from === text.length;
    }
    this.#line += text.slice(from);
    return events;
  }

  #take(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // a comment: the server's ping
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #dispatch() {
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#type = "";
    return empty ? null : event;
  }
}

/**
 * The events of a stream of bytes. Characters cut between two reads are put together again.
 * @param {ReadableStream<Uint8Array>} bytes
 */
export async function* readEvents(bytes, parser = new EventStreamParser()) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // the parser drops the mark, and only the first
  const reader = bytes.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Leaving early (a terminal event, a break) closes the connection instead of reading on unseen.
    await reader.cancel().catch(() => {});
  }
}
