// Reads text/event-stream, as the WHATWG HTML standard §9.2.6 defines it. Nothing here knows what the events mean.

/** One event as it came: its name, its text, and the id that stands for it. */
export interface Frame {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/**
 * Turns text, cut anywhere, into frames. Each character is looked at once, however the text was cut.
 * A frame that the end of the stream leaves unfinished is dropped, as the standard says.
 */
export class EventStreamParser {
  /** The milliseconds that the server asks a client to wait before it connects again, once it has said. */
  retry: number | undefined;
  #line: string[] = []; // what has come of the line that is not whole
  #afterCR = false;
  #data: string[] = [];
  #event = "";
  #id = "";

  /** The frames that this piece of text has finished. It has no byte order mark: whatever made it text has dropped that. */
  feed(text: string): Frame[] {
    const frames: Frame[] = [];
    // A CR ends its line at once, without waiting to see whether an LF follows: that LF is no other line's end.
    const lines = text.slice(this.#afterCR && text[0] === "\n" ? 1 : 0).split(/\r\n|\n|\r/);
    if (text) this.#afterCR = text.endsWith("\r");
    lines.forEach((part, index) => {
      if (index > 0) this.#take(this.#line.splice(0).join(""), frames);
      this.#line.push(part);
    });
    return frames;
  }

  #take(line: string, frames: Frame[]): void {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) as unknown as [string, string, string?];
    if (line === "") this.#dispatch(frames);
    else if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }

  #dispatch(frames: Frame[]): void {
    const data = this.#data.splice(0);
    if (data.length) frames.push({ event: this.#event || "message", data: data.join("\n"), id: this.#id });
    this.#event = "";
  }
}
