// What the server says of itself (GET /ready): whether it is ready, and which model writes behind each chain.

import { el } from "./dom.js";
import { onLanguage, pageLanguage, say, words } from "./words.js";

const PAUSE_MS = 1500;
let chains = {};

/** Where a chain is served; before the server has said so, where it usually is. */
export function chainPath(name) {
  return chains[name]?.path ?? `/${name}`;
}

/** The language to ask for: the chosen one, else that of the page. */
export function askedLanguage() {
  return document.getElementById("answer-language").value || pageLanguage();
}

/** The language that will come: a model without the asked one answers in its first, and says so in `start.notes`. */
export function answerLanguage(chain) {
  const spoken = chains[chain]?.languages ?? [];
  return !spoken.length || spoken.includes(askedLanguage()) ? askedLanguage() : spoken[0];
}

/** Shows the model in the header, and passes on whether there is authentication; asks again until all is ready. */
export function watchServer(onAuthentication) {
  onLanguage(() => drawModels());
  ask(onAuthentication);
}

async function ask(onAuthentication) {
  let state = "unreachable";
  try {
    const response = await fetch("/ready");
    const told = await response.json();
    chains = told.chains ?? {};
    onAuthentication(told.authentication === true);
    state = response.ok ? "ready" : String(told.status).startsWith("lost") ? "lost" : "starting";
  } catch {
    // nobody answers: said below, and asked again
  }
  drawModels(state);
  if (state !== "ready") setTimeout(ask, PAUSE_MS, onAuthentication);
}

const STATE_WORDS = { starting: "starting", lost: "modelLost", unreachable: "unreachableModel" };

function drawModels(state = document.getElementById("model").dataset.state) {
  document.getElementById("model").dataset.state = state;
  const name = document.getElementById("model-name");
  const served = Object.values(chains);
  const models = [...new Set(served.map(({ model }) => model).filter(Boolean))].join(", ");
  say(name, STATE_WORDS[state] ?? (models ? "" : "noModel"));
  if (state === "ready" && models) name.textContent = models;
  const abouts = [...new Set(served.map(({ about }) => about).filter(Boolean)), ...limits(served)];
  document.getElementById("model-about").replaceChildren(...abouts.map((about) => el("span", {}, `${about} `)));
}

/** That the model does not speak the language of the page is worth a sentence before anybody asks it. */
function limits(served) {
  const spoken = [...new Set(served.flatMap(({ languages }) => languages ?? []))];
  if (!spoken.length || spoken.includes(pageLanguage())) return [];
  return [words("speaksOnly", { languages: spoken.map((code) => words(`language.${code}`, {}, code)).join(", ") })];
}
