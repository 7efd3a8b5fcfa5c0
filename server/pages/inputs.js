// The simple inputs of a form. Each gives `{node, get, set}`; `set` leaves an equal value, and so the caret, alone.

import { el } from "./dom.js";
import { say } from "./words.js";

/** A text area that grows; with `oneLine`, Enter sends the form and no line break gets in. */
export function textInput(id, changed, { maxlength, rows, oneLine = false, placeholder = "form.open" }) {
  const node = el("textarea", { id, maxlength, rows, class: oneLine ? "line" : "" });
  say(node, placeholder, {}, { target: "placeholder" });
  node.addEventListener("input", () => {
    if (oneLine && /[\r\n]/.test(node.value)) node.value = node.value.replace(/[\r\n]+/g, " ");
    changed("", node.value);
  });
  node.addEventListener("keydown", (event) => {
    if (!oneLine || event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    node.form.requestSubmit();
  });
  return { node, get: () => node.value, set: (value) => write(node, value ?? "") };
}

export function numberInput(id, changed, { min, max }) {
  const node = el("input", { id, type: "number", inputmode: "numeric", min, max, step: 1 });
  say(node, "form.choose", {}, { target: "placeholder" });
  const get = () => (node.value === "" ? undefined : Number(node.value));
  node.addEventListener("input", () => changed("", get()));
  return { node, get, set: (value) => get() !== value && write(node, value === undefined ? "" : String(value)) };
}

export function choiceInput(id, changed, kind, choices) {
  const open = say(el("option", { value: "" }), "form.choose");
  const options = choices.map((value) => say(el("option", { value }), `${kind}.${value}`));
  const node = el("select", { id }, open, ...options);
  node.addEventListener("change", () => changed("", node.value));
  return { node, get: () => node.value, set: (value) => write(node, value ?? "") };
}

function write(input, value) {
  if (input.value !== value) input.value = value;
}
