// The tags of a meeting as chips: single words, added with Enter, a comma or a blank.

import { el, keepFocus } from "./dom.js";
import { say } from "./words.js";

const MOST = 5;

export function tagsInput(id, changed) {
  let tags = [];
  const list = el("ul", { class: "chips" });
  const entry = el("input", {
    id: `${id}-entry`,
    type: "text",
    maxlength: 10,
    autocomplete: "off",
    class: "chip-entry",
  });
  say(entry, "tags.add", {}, { target: "aria-label" });
  say(entry, "tags.hint", {}, { target: "placeholder" });
  const node = el("div", { id, class: "input tags" }, list, entry);

  function chip(tag) {
    const remove = el("button", { type: "button", class: "chip-remove", onclick: () => drop(tag) }, "×");
    say(remove, "tags.remove", { tag }, { target: "aria-label" });
    return el("li", { class: "chip", "data-testid": "tag" }, el("span", {}, tag), remove);
  }

  /** A chip that stays is left alone, under the finger or the focus that is on it. */
  function draw() {
    const left = [...list.children];
    const wanted = tags.map((tag) => {
      const at = left.findIndex((node) => node.firstElementChild.textContent === tag);
      return at < 0 ? chip(tag) : left.splice(at, 1)[0];
    });
    keepFocus(() => {
      left.forEach((node) => node.remove());
      wanted.forEach((node, index) => list.children[index] !== node && list.insertBefore(node, list.children[index]));
      entry.hidden = tags.length >= MOST;
    }, [entry, ...wanted.slice(-1).map((node) => node.lastElementChild)]);
  }

  function change(next) {
    tags = next;
    draw();
    changed("", tags);
  }

  function drop(tag) {
    change(tags.filter((other) => other !== tag));
    entry.focus();
  }

  function add() {
    const fresh = entry.value.split(/[\s,#]+/).filter((word) => word && !tags.includes(word));
    entry.value = "";
    if (fresh.length) change([...tags, ...new Set(fresh)].slice(0, MOST));
  }

  entry.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter ends a Korean syllable here, not the tag
    if (event.key === "Backspace" && entry.value === "" && tags.length) drop(tags.at(-1));
    if (![",", " ", "Enter"].includes(event.key)) return;
    if (event.key === "Enter" && entry.value === "") return; // an empty Enter sends the form
    event.preventDefault();
    add();
  });
  entry.addEventListener("blur", add);

  const get = () => tags;
  const set = (value = []) => {
    if (JSON.stringify(value) === JSON.stringify(tags)) return;
    tags = [...value]; // the run's list goes on growing
    draw();
  };
  return { node, get, set };
}
