// One box per field of the form: label, status, the input itself, and what is wrong with it.

import { el, setAttributes } from "./dom.js";
import { planInput } from "./plan.js";
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

function numberInput(id, changed, { min, max }) {
  const node = el("input", { id, type: "number", inputmode: "numeric", min, max, step: 1 });
  say(node, "form.choose", {}, { target: "placeholder" });
  const get = () => (node.value === "" ? undefined : Number(node.value));
  node.addEventListener("input", () => changed("", get()));
  return { node, get, set: (value) => get() !== value && write(node, value === undefined ? "" : String(value)) };
}

function choiceInput(id, changed, kind, choices) {
  const open = say(el("option", { value: "" }), "form.choose");
  const options = choices.map((value) => say(el("option", { value }), `${kind}.${value}`));
  const node = el("select", { id }, open, ...options);
  node.addEventListener("change", () => changed("", node.value));
  return { node, get: () => node.value, set: (value) => write(node, value ?? "") };
}

function write(input, value) {
  if (input.value !== value) input.value = value;
}

/**
 * @param {{changed: (below: string, value: any) => void, keep: () => void, clear: () => void}} on
 * @returns {{node: HTMLElement, draw: (field: object, live: boolean) => void, get: () => any}}
 */
export function fieldBox(name, on) {
  const id = `field-${name}`;
  const input = FIELDS[name](id, on.changed);
  const grouped = !("value" in input.node);
  const label = say(el(grouped ? "span" : "label", grouped ? { id: `${id}-label` } : { for: id }), `field.${name}`);
  const status = el("span", { class: "pill", id: `${id}-status`, "data-testid": `status-${name}` });
  const time = el("span", { class: "time" });
  const keep = miniButton("keep", name, on.keep);
  const clear = miniButton("clear", name, on.clear);
  const error = el("p", { class: "error", id: `${id}-error`, "data-testid": `error-${name}`, hidden: true });
  const head = el("div", { class: "head" }, label, status, time, el("span", { class: "minis" }, keep, clear));
  const node = el("div", { class: "field", "data-testid": id, "data-name": name }, head, input.node, error);
  setAttributes(input.node, { "aria-describedby": `${id}-status ${id}-error` });
  if (grouped) setAttributes(input.node, { role: "group", "aria-labelledby": `${id}-label` });

  function draw({ value, status: state, errors, ms }, live) {
    setAttributes(node, { "data-status": state, "aria-busy": state === "filling" ? "true" : undefined });
    say(status, `status.${state}`);
    time.textContent = ms === undefined || state !== "settled" ? "" : duration(ms);
    input.set(value, { live });
    keep.hidden = live || !["settled", "cut"].includes(state);
    clear.hidden = live || !["given", "edited"].includes(state);
    error.hidden = errors.length === 0;
    error.textContent = errors.map(({ rule, message }) => words(`rule.${rule}`, {}, message)).join(" ");
    setAttributes(input.node, { "aria-invalid": errors.length ? "true" : undefined });
  }
  return { node, draw, get: input.get };
}

function miniButton(kind, name, onclick) {
  const node = el("button", { type: "button", class: "mini", "data-testid": `${kind}-${name}`, hidden: true, onclick });
  say(node, `field.${kind}`);
  return node;
}
