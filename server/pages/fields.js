// One box per field of the form: label, status, the input itself, and what there is to say about it.

import { conflictLine } from "./conflict.js";
import { el, keepFocus, setAttributes, setText } from "./dom.js";
import { choiceInput, numberInput, textInput } from "./inputs.js";
import { fadeAway } from "./motion.js";
import { planInput } from "./plan.js";
import { rulesInWords } from "./problem.js";
import { tagsInput } from "./tags.js";
import { duration, say, words } from "./words.js";

const CATEGORIES = [
  "반려동물",
  "스포츠",
  "독서/토론",
  "문화/예술",
  "외국/언어",
  "게임/오락",
  "음악/악기",
  "IT/개발",
  "취업/커리어",
  "경제/금융",
  "친목/사교",
  "기타",
];
const PERIODS = ["1개월 이하", "1~3개월", "3~6개월", "6~12개월", "1년 이상"];

/** The fields of a meeting in form order. Each maker gives `{node, get, set}`; `set` leaves an equal value alone. */
export const FIELDS = {
  name: (id, changed) => textInput(id, changed, { maxlength: 64, rows: 1, oneLine: true }),
  category: (id, changed) => choiceInput(id, changed, "category", CATEGORIES),
  summary: (id, changed) => textInput(id, changed, { maxlength: 50, rows: 1, oneLine: true }),
  description: (id, changed) => textInput(id, changed, { maxlength: 400, rows: 5 }),
  tags: tagsInput,
  period: (id, changed) => choiceInput(id, changed, "period", PERIODS),
  max_members: (id, changed) => numberInput(id, changed, { min: 2, max: 100 }),
  plan: planInput,
};

const BEING_WRITTEN = ["waiting", "filling"];
const SHOWS_TEXT = ["filling", "settled", "invalid", "cut"];

/**
 * @param {{changed: (below: string, value: any) => void, left: () => void, keep: () => void, clear: () => void,
 *   accept: () => void}} on
 * @returns {{node: HTMLElement, draw: (field: object, state: {live: boolean, shown: boolean, unsent: boolean}) => void}}
 *   `shown`: only to look at, a recording
 */
export function fieldBox(name, on) {
  const id = `field-${name}`;
  const input = FIELDS[name](id, on.changed);
  const grouped = !("value" in input.node);
  const label = say(el(grouped ? "span" : "label", { id: `${id}-label`, for: !grouped && id }), `field.${name}`);
  const status = el("span", { class: "pill", id: `${id}-status`, "data-testid": `status-${name}` });
  const time = el("span", { class: "time" });
  const keep = miniButton("keep", name, on.keep);
  const clear = miniButton("clear", name, on.clear);
  const error = el("p", { class: "error", id: `${id}-error`, "data-testid": `error-${name}`, hidden: true });
  const hint = el("p", { class: "hint", "data-testid": `hint-${name}`, hidden: true });
  const conflict = conflictLine(name, on.accept);
  const head = el("div", { class: "head" }, label, status, time, el("span", { class: "minis" }, keep, clear));
  const below = [error, say(hint, "field.unsent"), conflict.node];
  const node = el("div", { class: "field", "data-testid": id, "data-name": name }, head, input.node, ...below);
  setAttributes(input.node, { "aria-describedby": `${id}-status ${id}-error` });
  if (grouped) setAttributes(input.node, { role: "group", "aria-labelledby": `${id}-label` });
  node.addEventListener("focusout", on.left);

  function draw(field, { live, shown, unsent }) {
    const { status: state, value } = field;
    if (state === "waiting" && SHOWS_TEXT.includes(node.dataset.status)) fadeAway(input.node);
    setAttributes(node, { "data-status": state, "aria-busy": state === "filling" ? "true" : undefined });
    say(status, `status.${state}`);
    time.textContent = field.ms === undefined || state !== "settled" ? "" : duration(field.ms);
    input.set(value, { live: live && BEING_WRITTEN.includes(state) });
    drawErrors(field);
    hint.hidden = !unsent;
    keepFocus(() => {
      keep.hidden = live || shown || !["settled", "cut"].includes(state);
      clear.hidden = live || shown || !["given", "edited", "pinned"].includes(state);
      conflict.draw(field.conflict);
    }, [keep, clear, input.node, ...input.node.querySelectorAll("textarea, input, button")]);
  }

  /** What is wrong now, else what was wrong in the attempt before: it says why the field is written again. */
  function drawErrors({ errors, past }) {
    const now = rulesInWords(name, errors);
    const before = rulesInWords(name, past);
    const sentence = now || (before && words("field.past", { rule: before }));
    const fresh = sentence !== error.textContent;
    setText(error, sentence);
    error.classList.toggle("past", !now);
    error.hidden = sentence === "";
    setAttributes(input.node, { "aria-invalid": now ? "true" : undefined });
    if (now && fresh && node.contains(document.activeElement)) node.scrollIntoView({ block: "nearest" });
  }
  return { node, draw };
}

function miniButton(kind, name, onclick) {
  const node = el("button", { type: "button", class: "mini", "data-testid": `${kind}-${name}`, hidden: true, onclick });
  // "Keep" alone says nothing to whoever goes from button to button.
  setAttributes(node, { "aria-describedby": `field-${name}-label` });
  return say(node, `field.${kind}`);
}
