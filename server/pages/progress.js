// How far a run has come, by its fields: a cell for each, coloured by its status, and the count in words.

import { el, setAttributes } from "./dom.js";
import { say, words } from "./words.js";

/** @returns {(run: import("./run.js").Run) => void} draws it, or hides it where nothing is known of the fields */
export function progressOf(strip, count) {
  return (run) => {
    const { n, of } = run.progress;
    strip.hidden = of === 0;
    say(count, of ? "progress" : "", { n, of });
    setAttributes(strip, { "aria-valuemax": of, "aria-valuenow": n, "aria-valuetext": words("progress", { n, of }) });
    while (strip.childElementCount < of) strip.append(el("i"));
    while (strip.childElementCount > of) strip.lastElementChild.remove();
    run.planned.forEach((name, index) => {
      strip.children[index].dataset.status = run.field(name).status;
    });
  };
}
