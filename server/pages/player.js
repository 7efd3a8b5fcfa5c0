// Plays a recording: its events come again at their times, or faster.

import { Problem } from "./ask.js";
import { TERMINAL } from "./client.js";

const LONGEST_PAUSE_MS = 60_000; // of one timer; what is further away is looked at again

/**
 * The same contract as `beginRun`: `onEvent` gets each event, `onEnd` is called exactly once; and nobody need be told of
 * a `stop`. `setSpeed` holds from now on; Infinity plays what is left at once.
 * @returns {{stop: () => void, leave: () => void, setSpeed: (speed: number) => void}}
 */
export function playRecording(events, speed, { onEvent, onEnd }) {
  let next = 0;
  let played = 0; // of the recording's time, when `since` was
  let since = performance.now();
  let timer;
  let ended = false;

  const now = () => (speed === Infinity ? Infinity : played + (performance.now() - since) * speed);

  function end(problem) {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    onEnd(problem);
  }

  function deliver(event) {
    try {
      onEvent(event);
    } catch (error) {
      end(new Problem("page_fault", { message: String(error) }));
    }
  }

  function step() {
    while (!ended && next < events.length && events[next].ms <= now()) {
      next += 1;
      deliver(events[next - 1]);
    }
    if (ended) return;
    if (next < events.length) {
      timer = setTimeout(step, Math.min(LONGEST_PAUSE_MS, Math.ceil((events[next].ms - now()) / speed)));
      return;
    }
    end(TERMINAL.has(events.at(-1).name) ? null : new Problem("recording_ends"));
  }

  function setSpeed(faster) {
    played = Math.min(now(), events.at(-1).ms);
    since = performance.now();
    speed = faster;
    clearTimeout(timer);
    if (!ended) step();
  }

  timer = setTimeout(step); // never before the caller has what is returned here
  const stop = () => end(new Problem("stopped"));
  return { stop, leave: stop, setSpeed };
}
