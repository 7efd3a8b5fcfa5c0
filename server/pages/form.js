// The meeting form: what the user typed is kept, what they left open is written by the model, live.

import { follower } from "./follow.js";
import { el, perFrame, setText } from "./dom.js";
import { FIELDS, fieldBox, textInput } from "./fields.js";
import { isEmpty, topOf } from "./pointer.js";
import { problemBox, showNotes } from "./problem.js";
import { answerLanguage, askedLanguage, chainPath } from "./server.js";
import { Run } from "./run.js";
import { beginRun } from "./stream.js";
import { timingsLine } from "./timings.js";
import { onLanguage, pageLanguage, say, words } from "./words.js";

const NAMES = Object.keys(FIELDS);
const EXAMPLES = ["form.example.1", "form.example.2", "form.example.3"];

export function mountForm(log) {
  const part = (id) => document.getElementById(id);
  const form = part("meeting-form");
  const goal = textInput("goal", clearGoalError, {
    maxlength: 256,
    rows: 2,
    oneLine: true,
    placeholder: "form.goal.placeholder",
  });
  const location = textInput("location", () => {}, {
    maxlength: 255,
    rows: 1,
    oneLine: true,
    placeholder: "form.location.placeholder",
  });
  const goalError = part("goal-error");
  const problem = problemBox(submit);
  let run = new Run();
  let current = null;

  const boxes = Object.fromEntries(
    NAMES.map((name) => [
      name,
      fieldBox(name, {
        changed: (below, value) => edit(run.owns(`/${name}`) ? "" : below, name, value),
        keep: () => (run.keep(name), draw([name, ""])),
        clear: () => (run.release(name), draw([name, ""])),
      }),
    ]),
  );
  goal.node.required = true;
  goal.node.setAttribute("aria-describedby", "goal-error");
  part("goal-slot").append(goal.node);
  part("location-slot").append(location.node);
  for (const name of NAMES) part(`slot-${name}`).append(boxes[name].node);
  part("form-problem").append(problem.node);
  part("examples").append(...EXAMPLES.map(example));

  const follow = follower();
  const draw = perFrame((name) => (name === "" ? drawActions() : drawField(name)));

  function drawField(name) {
    const field = run.field(name);
    boxes[name]?.draw(field, run.live);
    if (name === "goal") showGoalError(field.errors.map(({ message }) => message).join(" "));
    if (field.status === "filling") follow(boxes[name]?.node);
    if (name === "plan") part("slot-plan").hidden = !part("include-plan").checked && isEmpty(field.value);
  }

  function drawActions() {
    say(part("phase"), `phase.${run.phase}`);
    part("stop").hidden = !run.live;
    part("clear").hidden = run.live;
    say(part("fill"), run.live || run.phase === "idle" ? "form.fill" : "form.again");
    part("copy").disabled = isEmpty(Object.keys(run.value(NAMES)));
    setText(part("form-timings"), timingsLine(run));
    showNotes(part("form-notes"), run);
  }

  function edit(below, name, value) {
    run.own(`/${name}${below}`, below || name !== "plan" ? value : boxes.plan.get());
    draw([name, ""]);
  }

  function submit() {
    if (goal.get().trim() === "") {
      showGoalError(words("form.goal.missing"));
      goal.node.focus();
      return;
    }
    current?.stop();
    problem.hide();
    follow.begin();
    const input = { goal: goal.get(), ...run.begin() };
    if (location.get().trim()) input.location = location.get();
    if (part("include-plan").checked) input.include_plan = true;
    input.language = askedLanguage();
    part("field-grid").lang = answerLanguage("meeting-info");
    draw([...NAMES, ""]);
    const logged = log.opened("meeting-info");
    current = beginRun(chainPath("meeting-info"), input, {
      onEvent: (event) => {
        logged(event);
        take(event.data);
      },
      onEnd: (trouble) => trouble && fail(trouble),
    });
  }

  function take(event) {
    draw([...run.apply(event), ...(event.type === "token" ? [] : [""])]);
    if (event.type === "field" && event.path === `/${topOf(event.path)}`) announceSettled(topOf(event.path));
    if (event.type === "failed")
      problem.show({ ...event, retryAfterMs: event.retry_after_ms, details: event.errors ?? [] });
    if (event.type === "complete") say(part("form-aloud"), "phase.complete");
  }

  function announceSettled(name) {
    say(part("form-aloud"), "field.settledAloud", { field: words(`field.${name}`) });
  }

  function fail(trouble) {
    const phase = trouble.code === "stopped" ? "stopped" : run.phase === "connecting" ? "refused" : "lost";
    draw([...run.end(phase, trouble.details), ...NAMES, ""]);
    if (trouble.code !== "stopped") problem.show({ ...trouble, message: trouble.message });
  }

  function showGoalError(message) {
    goalError.hidden = message === "";
    setText(goalError, message);
    goal.node.setAttribute("aria-invalid", String(message !== ""));
  }

  function clearGoalError() {
    showGoalError("");
  }

  function example(key) {
    const use = () => {
      goal.set(words(key));
      clearGoalError();
      goal.node.focus();
    };
    return say(el("button", { type: "button", class: "suggestion", onclick: use }), key);
  }

  async function copy() {
    const text = JSON.stringify(run.value(NAMES), null, 2);
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    say(part("copy"), copied ? "form.copied" : "form.copy.failed");
    setTimeout(() => say(part("copy"), "form.copy"), 2000);
  }

  function startOver() {
    current?.stop();
    run = new Run();
    goal.set("");
    location.set("");
    problem.hide();
    clearGoalError();
    draw([...NAMES, ""]);
    goal.node.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  part("stop").addEventListener("click", () => current?.stop());
  part("copy").addEventListener("click", copy);
  part("clear").addEventListener("click", startOver);
  part("include-plan").addEventListener("change", () => draw(["plan"]));
  onLanguage(() => draw([...NAMES, ""]));
  part("field-grid").lang = pageLanguage();
  draw([...NAMES, ""]);
}
