// The frames of one connection of an EventSource.

import { ANSWER_MS } from "./ask.ts";
import { EVENTS } from "./events.ts";
import type { Reader } from "./source.ts";

/**
 * Returns when the connection has ended, or is not wanted any more. An EventSource would connect again by itself, but gives up
 * for good at any status that is not 200; so each is used for one connection only.
 */
export function readSource(url: string, { take, heard, signal }: Reader): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = new EventSource(url);
    const over = new AbortController();
    const end = () => {
      clearTimeout(late);
      source.close();
      over.abort();
      resolve();
    };
    const late = setTimeout(end, ANSWER_MS);
    const stands = () => {
      clearTimeout(late);
      heard();
    };
    const told = ({ type, data, lastEventId }: MessageEvent<string>) => {
      heard();
      try {
        if (type !== "ping") take({ event: type, data, id: lastEventId });
      } catch (error) {
        reject(error);
        end();
      }
    };
    for (const name of [...EVENTS, "ping"]) source.addEventListener(name, told);
    source.addEventListener("open", stands);
    source.addEventListener("error", end);
    signal.addEventListener("abort", end, { signal: over.signal });
    if (signal.aborted) end();
  });
}
