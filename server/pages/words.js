// The page's words in Korean and English: one key per sentence, spoken again when the language changes.

import { en } from "./words-en.js";
import { ko } from "./words-ko.js";

const BOOKS = { en, ko };
const REMEMBERED = "page-language";
const listeners = [];
let language = remembered() ?? (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en");

export function pageLanguage() {
  return language;
}

/** The sentence of a key, its `{names}` filled in; without one, the fallback. */
export function words(key, args = {}, fallback = key) {
  const sentence = BOOKS[language][key];
  if (sentence === undefined) return fallback;
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(args[name] ?? ""));
}

/** Which part of an element a sentence goes to, and where the element remembers its key. */
const TARGETS = {
  text: "data-words",
  "aria-label": "data-words-label",
  placeholder: "data-words-placeholder",
  title: "data-words-title",
};

/** Says a sentence in an element, now and after every change of language. An empty key unsays it. */
export function say(node, key, args = {}, { target = "text", fallback = key } = {}) {
  const memory = JSON.stringify({ key, args, fallback });
  if (node.getAttribute(TARGETS[target]) === memory) return node;
  node.setAttribute(TARGETS[target], memory);
  speak(node, target);
  return node;
}

function speak(node, target) {
  const memory = node.getAttribute(TARGETS[target]);
  const { key, args = {}, fallback = key } = memory.startsWith("{") ? JSON.parse(memory) : { key: memory };
  const sentence = key === "" ? "" : words(key, args, fallback);
  if (target === "text") node.textContent = sentence;
  else node.setAttribute(target, sentence);
}

export function setLanguage(next) {
  language = next;
  try {
    localStorage.setItem(REMEMBERED, next);
  } catch {
    // storage may be forbidden: then the choice holds until the page is closed
  }
  speakAll();
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function speakAll() {
  document.documentElement.lang = language;
  document.title = words("title");
  for (const [target, attribute] of Object.entries(TARGETS)) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) speak(node, target);
  }
  listeners.forEach((listener) => listener());
}

export function duration(ms) {
  return ms < 1000 ? words("milliseconds", { n: ms }) : words("seconds", { n: (ms / 1000).toFixed(1) });
}

/** How long to wait, about: seconds while they are few, then minutes, then hours. */
export function waitingTime(ms) {
  const [unit, one] = ms < 100_000 ? ["second", 1000] : ms < 6_000_000 ? ["minute", 60_000] : ["hour", 3_600_000];
  const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" });
  return format.format(Math.ceil(ms / one));
}

function remembered() {
  try {
    const kept = localStorage.getItem(REMEMBERED);
    return kept in BOOKS ? kept : null;
  } catch {
    return null;
  }
}
