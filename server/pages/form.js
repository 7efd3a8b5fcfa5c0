// The meeting form: what the user typed is kept, what they left open is written by the model, live.

import { mountActions } from "./actions.js";
import { voice } from "./aloud.js";
import { beginRun, rejoinRun } from "./begin.js";
import { keepFocus, perFrame } from "./dom.js";
import { FIELDS, fieldBox } from "./fields.js";
import { follower } from "./follow.js";
import { mountGoal } from "./goal.js";
import { textInput } from "./inputs.js";
import { keeping, keptRun } from "./kept.js";
import { Pins } from "./pins.js";
import { isEmpty, topOf } from "./pointer.js";
import { attemptLine, onNetwork, problemBox, rulesInWords, stateKey } from "./problem.js";
import { quietWatch } from "./quiet.js";
import { Run } from "./run.js";
import { answerLanguage, askedLanguage, chainPath } from "./server.js";
import { onToken } from "./token.js";
import { onLanguage, pageLanguage, words } from "./words.js";

const CHAIN = "meeting-info";
const NAMES = Object.keys(FIELDS);

/** @returns {{play: (begin: Function) => void}} `play` shows a recording in the form, which waits behind it */
export function mountForm(recorder) {
  const part = (id) => document.getElementById(id);
  const goal = mountGoal();
  const location = textInput("location", () => {}, {
    maxlength: 255,
    rows: 1,
    oneLine: true,
    placeholder: "form.location.placeholder",
  });
  const problem = problemBox(submit);
  const follow = follower();
  const { tell, tellFilled, turn } = voice(part("form-aloud"));
  const quiet = quietWatch((slow) => heldUp({ slow }));
  let run = new Run();
  let current = null; // what is being streamed or played: {stop, leave}
  let pins = null; // of the live run; a recording takes none
  let unsent = new Set(); // fields whose pin the server has not heard of
  let shelved = null; // the user's own run, while a recording is shown

  const boxes = new Map(NAMES.map((name) => [name, fieldBox(name, handlers(name))]));
  const drawBar = mountActions({
    stop: () => current?.stop(),
    clear: startOver,
    leave: leaveRecording,
    value: () => run.value(NAMES),
  });
  const draw = perFrame((name) => (name === "" ? drawActions() : drawField(name)));

  function handlers(name) {
    const after = (act) => () => (act(name), draw([name, ""]));
    return {
      changed: (below, value) => edit(name, below, value),
      left: () => pins?.flush(name),
      keep: after(() => run.keep(name)),
      clear: after(() => run.release(name)),
      accept: after(() => run.accept(name)),
    };
  }

  function drawField(name) {
    const field = run.field(name);
    const box = boxes.get(name);
    box?.draw(field, { live: run.live, shown: shelved !== null, unsent: run.live && unsent.has(name) });
    if (name === "goal") goal.complain(rulesInWords(name, field.errors));
    if (field.status === "filling") follow(box?.node);
    const wanted = part("include-plan").checked || (run.live && field.status !== "open") || !isEmpty(field.value);
    if (name === "plan") part("slot-plan").hidden = !wanted;
  }

  function drawActions() {
    drawBar(run, shelved !== null);
  }

  function drawAll() {
    draw([...NAMES, ""]);
  }

  function edit(name, below, value) {
    run.own(`/${name}${below}`, value);
    unsent.delete(name);
    pin(name);
    draw([name, ""]);
  }

  /** What the user holds whole, over what the model wrote or will write, is theirs on the server, too. */
  function pin(name) {
    const { value, status } = run.field(name);
    if (run.live && run.holds(name) && status !== "given") pins?.change(name, value);
  }

  function answered(name, { fate, details }) {
    if (fate === "unsent") unsent.add(name);
    else unsent.delete(name);
    if (fate === "unsent") tell(words("field.unsent"));
    if (fate === "refused") {
      run.refuse(name, details);
      announceBroken(details);
    }
    draw([name, ""]);
  }

  function submit() {
    if (run.live && !shelved) return; // Enter in a field that is being written ends no run
    if (goal.get().trim() === "") {
      goal.complain(words("form.goal.missing"));
      goal.focus();
      return;
    }
    leaveRecording();
    current?.leave();
    const input = { goal: goal.get(), ...run.begin() };
    if (location.get().trim()) input.location = location.get();
    if (part("include-plan").checked) input.include_plan = true;
    input.language = askedLanguage();
    part("field-grid").lang = answerLanguage(CHAIN);
    stream(input, (on) => beginRun(chainPath(CHAIN), input, on));
  }

  /** The page was loaded anew while the model wrote: the form is as it was asked, and fills again, and on. */
  function rejoin({ id, input }) {
    goal.set(input.goal);
    location.set(input.location ?? "");
    part("include-plan").checked = input.include_plan === true;
    part("field-grid").lang = input.language;
    for (const name of NAMES.filter((each) => each in input)) run.own(`/${name}`, input[name]);
    run.begin();
    stream(input, (on) => rejoinRun(id, on));
  }

  function stream(input, begin) {
    pins = new Pins(answered);
    start(recorder.recorded(CHAIN, keeping(CHAIN, input, begin)));
  }

  /** A recording takes the form's place; what the user has there is shelved, and edits meanwhile go nowhere. */
  function play(begin) {
    current?.leave();
    shelved ??= run;
    run = new Run();
    run.begin();
    pins = null;
    start(begin);
    part("meeting").scrollIntoView();
  }

  function leaveRecording() {
    if (!shelved) return;
    current?.leave();
    run = shelved;
    shelved = null;
    problem.hide();
    turn("");
    drawAll();
  }

  function start(begin) {
    unsent = new Set();
    follow.begin();
    keepFocus(() => problem.hide(), [part("fill")]);
    drawActions(); // at once: whoever pressed what goes now is still there
    turn(words(stateKey(run)));
    quiet.heard();
    drawAll();
    current = begin({
      onEvent: ({ data }) => {
        quiet.heard();
        take(data);
      },
      onAway: (away) => {
        heldUp({ away });
        if (!away) sendAgain();
      },
      onAsked: (asked) => heldUp({ asked }),
      onEnd: (trouble) => {
        pins?.close();
        quiet.over();
        if (trouble) fail(trouble);
      },
    });
  }

  /** Said quietly: nothing is lost. */
  function heldUp(how) {
    Object.assign(run, how);
    tell(words(stateKey(run)));
    draw([""]);
  }

  function sendAgain() {
    unsent.forEach((name) => pins?.again(name));
  }

  function take(event) {
    draw([...run.apply(event), ...(event.type === "token" ? [] : [""])]);
    meanings[event.type]?.(event);
  }

  /** What an event means beyond the fields that it touches. */
  const meanings = {
    start: ({ run_id, fields }) => pins?.open(run_id, fields.map(({ path }) => topOf(path))),
    field: ({ path }) => {
      if (path !== `/${topOf(path)}`) return;
      if (boxes.has(topOf(path))) tellFilled(topOf(path), run);
      pin(topOf(path)); // steps that were edited while the plan was written are settled with it
    },
    invalid: ({ errors }) => announceBroken(errors),
    reset: () => turn(attemptLine(run)),
    complete: () => turn(words("aloud.complete", run.progress)),
    cancelled: () => turn(words(stateKey(run))),
    failed: (event) =>
      problem.show({
        ...event,
        retryable: event.retryable && !shelved,
        retryAfterMs: event.retry_after_ms,
        details: event.errors ?? [],
      }),
  };

  function announceBroken(breaches) {
    for (const breach of breaches) {
      const name = topOf(breach.path);
      const rule = rulesInWords(name, [breach]);
      if (boxes.has(name)) tell(words("field.invalidAloud", { field: words(`field.${name}`), rule }));
    }
  }

  function fail(trouble) {
    draw([...run.end(trouble.code, trouble.details), ...NAMES, ""]);
    turn(trouble.code === "stopped" ? words(stateKey(run)) : ""); // a problem speaks for itself
    if (trouble.code === "stopped") return;
    problem.show({ ...trouble, message: trouble.message, retryable: trouble.retryable && !shelved });
  }

  function startOver() {
    current?.leave();
    run = new Run();
    goal.set("");
    location.set("");
    problem.hide();
    goal.complain("");
    drawAll();
    goal.focus();
  }

  part("location-slot").append(location.node);
  for (const [name, box] of boxes) part(`slot-${name}`).append(box.node);
  part("form-problem").append(problem.node);
  part("meeting-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  part("include-plan").addEventListener("change", () => draw(["plan"]));
  onLanguage(drawAll);
  onNetwork(() => run.live && heldUp({}));
  onToken("held", sendAgain);
  part("field-grid").lang = pageLanguage();
  drawAll();
  keptRun(CHAIN).then((kept) => kept && run.phase === "idle" && !shelved && rejoin(kept));
  return { play };
}
