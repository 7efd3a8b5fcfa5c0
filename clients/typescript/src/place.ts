// Where in a run's log its reader is.

import { StreamError } from "./error.ts";
import { EVENTS, type StreamEvent } from "./events.ts";
import type { Frame } from "./parser.ts";

const UNSURE = "~"; // behind an id: should the run's worker die, the run may go on differently from before this event

export class Place {
  /** What to come again with: the server's words, to be given back as they are. */
  id: string;

  constructor(id: string) {
    this.id = id;
  }

  /**
   * The event in a frame, if it is news. A snapshot of how far the run has come takes its reader there, be it back.
   * A frame that does not say what it promises was garbled on the way: what follows it cannot be trusted, either.
   */
  take({ event: name, data, id }: Frame): StreamEvent | undefined {
    const event = parse(data);
    const seq = Number.parseInt(id, 10);
    if (event?.type !== name || event.seq !== seq) throw new StreamError("not_a_stream");
    const anew = (event.type === "partial" && event.resumed) || (event.type === "start" && this.id.endsWith(UNSURE));
    if (!EVENTS.includes(event.type) || (seq <= Number.parseInt(this.id, 10) && !anew)) return undefined;
    this.id = id;
    return event;
  }
}

function parse(data: string): StreamEvent | undefined {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
