// Where the user wrote something else than the model: what it would have been, and a way to have it.

import { el, setText } from "./dom.js";
import { say, words } from "./words.js";

/** @returns {{node: HTMLElement, draw: (conflict: {value: any} | undefined) => void}} */
export function conflictLine(name, accept) {
  const text = el("q", { class: "conflict-value", "data-testid": `conflict-${name}` });
  const use = el("button", {
    type: "button",
    class: "mini",
    "data-testid": `accept-${name}`,
    "aria-describedby": `field-${name}-label`,
    onclick: accept,
  });
  const lead = say(el("span"), "conflict.lead");
  const sentence = el("span", {}, lead, " ", text);
  const node = el("p", { class: "conflict", hidden: true }, sentence, say(use, "conflict.use"));

  function draw(conflict) {
    node.hidden = !conflict;
    setText(text, conflict ? inWords(name, conflict.value) : "");
  }
  return { node, draw };
}

/** A field's value as a sentence would hold it. It is a model's: it goes in as text, whatever it holds. */
function inWords(name, value) {
  if (name === "plan" && Array.isArray(value)) return value.map(({ title }, index) => `${index + 1}. ${title}`).join("\n");
  if (Array.isArray(value)) return value.join(", ");
  return words(`${name}.${value}`, {}, String(value)); // a category and a period have words of their own
}
