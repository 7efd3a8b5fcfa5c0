// The bar below the form: what the run is doing, how far it has come, and what can be done about it.

import { mountCopy } from "./copy.js";
import { keepFocus, setText } from "./dom.js";
import { isEmpty } from "./pointer.js";
import { attemptLine, showNotes, stateKey } from "./problem.js";
import { progressOf } from "./progress.js";
import { timingsChart } from "./timings.js";
import { say } from "./words.js";

/**
 * @param {{stop: () => void, clear: () => void, leave: () => void, value: () => object}} on
 *   leave: puts the recording away that is shown · value: what there is to copy
 * @returns {(run: import("./run.js").Run, shown: boolean) => void} draws it; `shown`: the run is a recording
 */
export function mountActions({ stop, clear, leave, value }) {
  const part = (id) => document.getElementById(id);
  const drawProgress = progressOf(part("form-strip"), part("form-filled"));
  const timings = timingsChart();

  function draw(run, shown) {
    say(part("phase"), stateKey(run));
    keepFocus(() => {
      part("stop").hidden = !run.live;
      part("fill").hidden = run.live && !shown; // what is being written is not thrown away by a slip
      part("clear").hidden = run.live || shown;
      part("form-recording").hidden = !shown;
    }, [part("stop"), part("fill")]);
    say(part("fill"), run.live || run.phase === "idle" || shown ? "form.fill" : "form.again");
    part("copy").disabled = isEmpty(Object.keys(value()));
    drawProgress(run);
    timings.draw(run);
    drawAttempt(attemptLine(run));
    showNotes(part("form-notes"), run);
  }

  function drawAttempt(sentence) {
    const note = part("form-attempt");
    if (note.textContent === sentence) return;
    setText(note, sentence);
    note.hidden = sentence === "";
    // The bar has grown, and so may the fields have: who is writing in one does not lose sight of it.
    document.activeElement?.closest(".field")?.scrollIntoView({ block: "nearest" });
  }

  part("form-timings").append(timings.node);
  part("stop").addEventListener("click", stop);
  part("clear").addEventListener("click", clear);
  part("form-leave").addEventListener("click", leave);
  mountCopy(part("copy"), () => JSON.stringify(value(), null, 2));
  return draw;
}
