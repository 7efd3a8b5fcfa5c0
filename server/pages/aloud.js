// What the page says to those who hear it: what matters at once, and of fields that fill one sentence now and then.

import { setText } from "./dom.js";
import { words } from "./words.js";

const GATHERED_MS = 2_500; // about as long as one such sentence is spoken

/** @param {HTMLElement} region a live one, which nobody sees */
export function voice(region) {
  let filled = []; // names of fields, not yet told
  let timer;

  /** At once. Fields that have been filled meanwhile are told with the next ones. */
  function tell(sentence) {
    clearTimeout(timer);
    timer = undefined;
    setText(region, sentence);
  }

  /** Together with the fields that follow within a moment. */
  function tellFilled(name, run) {
    filled.push(name);
    timer ??= setTimeout(() => {
      const fields = filled.map((each) => words(`field.${each}`)).join(", ");
      filled = [];
      tell(words("aloud.filled", { fields, ...run.progress }));
    }, GATHERED_MS);
  }

  /** Another run begins, or this one has ended: what was not told yet is told by `sentence`. */
  function turn(sentence) {
    filled = [];
    tell(sentence);
  }
  return { tell, tellFilled, turn };
}
