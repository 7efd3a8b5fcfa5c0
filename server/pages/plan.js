// The plan of a meeting: steps with a title and up to three details, one a line.

import { el, keepFocus } from "./dom.js";
import { say } from "./words.js";

const MOST = 8;

/** `changed(below, value)` tells a cell ("/0/title") while the plan is written, so that the other steps go on filling. */
export function planInput(id, changed) {
  let rows = [];
  const list = el("ol", { class: "steps" });
  const add = say(el("button", { type: "button", class: "mini", "data-testid": "plan-add" }), "plan.add");
  const node = el("div", { id, class: "plan" }, list, add);
  let live = false;

  const get = () => rows.map((row, index) => ({ step: index + 1, ...row.get() }));
  const restructure = () => {
    renumber();
    changed("", get());
  };

  function row() {
    const title = el("textarea", { class: "line step-title", rows: 1, maxlength: 40, "data-testid": "plan-title" });
    const details = el("textarea", { class: "step-details", rows: 2, maxlength: 242, "data-testid": "plan-details" });
    const remove = el("button", { type: "button", class: "chip-remove", "data-testid": "plan-remove" }, "×");
    const own = {
      title,
      details,
      remove,
      node: el("li", { class: "step", "data-testid": "plan-step" }, title, remove, details),
      get: () => ({ title: title.value, details: lines(details.value) }),
    };
    title.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    title.addEventListener("input", () => tell(own, "title", title.value));
    details.addEventListener("input", () => tell(own, "details", lines(details.value)));
    remove.addEventListener("click", () => {
      rows = rows.filter((other) => other !== own);
      keepFocus(() => own.node.remove(), [...rows.slice(-1).map(({ title }) => title), add]);
      restructure();
    });
    return own;
  }

  function tell(own, key, value) {
    if (live) changed(`/${rows.indexOf(own)}/${key}`, value);
    else changed("", get());
  }

  function grow(count) {
    while (rows.length < count) {
      rows.push(row());
      list.append(rows.at(-1).node);
    }
    rows.splice(count).forEach((gone) => gone.node.remove());
    renumber();
  }

  function renumber() {
    rows.forEach(({ title, details, remove }, index) => {
      const n = index + 1;
      say(title, "plan.title", { n }, { target: "aria-label" });
      say(title, "plan.step", { n }, { target: "placeholder" });
      say(details, "plan.details", { n }, { target: "aria-label" });
      say(details, "plan.details.placeholder", {}, { target: "placeholder" });
      say(remove, "plan.remove", { n }, { target: "aria-label" });
    });
    add.hidden = live || rows.length >= MOST;
    for (const { remove } of rows) remove.hidden = live;
  }

  add.addEventListener("click", () => {
    grow(rows.length + 1);
    restructure();
    rows.at(-1).title.focus();
  });

  /** Writes only the cells that differ: what the user types in one is never rewritten under the caret. */
  function set(steps = [], state) {
    live = state.live; // while the model writes steps, the user edits them but adds and removes none
    grow(steps.length);
    steps.forEach(({ title = "", details = [] }, index) => {
      const cell = rows[index];
      if (cell.title.value !== title) cell.title.value = title;
      if (lines(cell.details.value).join("\n") !== details.join("\n")) cell.details.value = details.join("\n");
    });
  }
  return { node, get, set };
}

function lines(text) {
  return text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== "");
}
