// What the group is for: the one thing that the form cannot do without.

import { el, setText } from "./dom.js";
import { textInput } from "./inputs.js";
import { say, words } from "./words.js";

const EXAMPLES = ["form.example.1", "form.example.2", "form.example.3"];

/** @returns {{get: () => string, set: (text: string) => void, focus: () => void, complain: (sentence: string) => void}} */
export function mountGoal() {
  const error = document.getElementById("goal-error");
  const options = { maxlength: 256, rows: 2, oneLine: true, placeholder: "form.goal.placeholder" };
  const { node, get, set } = textInput("goal", () => complain(""), options);
  node.required = true;
  node.setAttribute("aria-describedby", "goal-error");
  document.getElementById("goal-slot").append(node);
  document.getElementById("examples").append(...EXAMPLES.map(example));

  /** Says what is wrong with the goal; an empty sentence unsays it. */
  function complain(sentence) {
    error.hidden = sentence === "";
    setText(error, sentence);
    node.setAttribute("aria-invalid", String(sentence !== ""));
  }

  function example(key) {
    const use = () => {
      set(words(key));
      complain("");
      node.focus();
    };
    return say(el("button", { type: "button", class: "suggestion", onclick: use }), key);
  }
  return { get, set, focus: () => node.focus(), complain };
}
