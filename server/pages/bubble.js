// One turn of the conversation: a bubble that types itself, quick replies, and a recommended group.

import { el, keepFocus, setAttributes, setText } from "./dom.js";
import { fadeAway, holdSize, letGo } from "./motion.js";
import { attemptLine, problemBox, showNotes, stateKey } from "./problem.js";
import { timingsChart } from "./timings.js";
import { say, words } from "./words.js";

const HOLD_UP = new Set(["phase.asked", "phase.reconnecting", "phase.offline", "phase.slow"]);

export function userBubble(text) {
  const who = say(el("span", { class: "unseen" }), "chat.you");
  return el("li", { class: "turn mine", "data-testid": "bubble-user" }, who, el("div", { class: "bubble" }, text));
}

/** What the assistant said in a turn that is over, and of which no more than that is known. */
export function saidBubble(text, lang) {
  const who = say(el("span", { class: "unseen" }), "chat.assistant");
  return el("li", { class: "turn theirs" }, who, el("div", { class: "bubble", lang }, text));
}

/**
 * The assistant's turn. `draw(run)` writes what the run knows; `retire()` takes the quick replies away once answered.
 * Without `pick`, the turn is a recording's: it says so, and nothing in it can be answered.
 * @param {{groups: {id: string, name: string}[], lang: string, wanted: string, pick?: (text: string) => void, retry: () => void}} on
 */
export function assistantBubble({ groups, lang, wanted, pick, retry }) {
  const text = el("span", { class: "reply", "data-testid": "reply", lang });
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  const bubble = el("div", { class: "bubble" }, text, dots);
  const card = groupCard(groups, lang);
  const options = el("div", { class: "options", role: "group", lang });
  const notes = el("ul", { class: "notes", hidden: true });
  const line = el("span");
  const timings = timingsChart();
  const meta = el("div", { class: "meta", "data-testid": "chat-timings" }, line, timings.node);
  const problem = problemBox(retry);
  const who = say(el("span", { class: pick ? "unseen" : "group-label" }), pick ? "chat.assistant" : "chat.recording");
  const node = el(
    "li",
    { class: "turn theirs", "data-testid": "bubble-assistant" },
    who,
    notes,
    bubble,
    card.node,
    options,
    problem.node,
    meta,
  );
  let retired = false;
  let attempt = 1;
  say(options, "chat.options", {}, { target: "aria-label" });

  function draw(run) {
    if (run.attempt > attempt) withdraw(run);
    if (!run.live) [bubble, options].forEach(letGo);
    const reply = run.field("reply");
    setText(text, reply.value ?? "");
    dots.hidden = !run.live || reply.status === "settled";
    setAttributes(node, { "data-phase": run.phase, "aria-busy": run.live ? "true" : undefined });
    bubble.hidden = !run.live && !reply.value;
    drawOptions(retired ? [] : (run.field("options").value ?? []));
    card.draw(run.field("recommendation"), run.phase === "complete" && wanted === "recommendation");
    showNotes(notes, run);
    setText(line, lineOf(run));
    timings.draw(run);
  }

  function lineOf(run) {
    if (HOLD_UP.has(stateKey(run))) return words(stateKey(run));
    const halted = run.phase === "stopped" || run.phase === "cancelled";
    return halted ? words(`code.${run.phase}`) : attemptLine(run);
  }

  /** What the reset made void fades, in a box that keeps its size: nothing jumps under who is reading. */
  function withdraw(run) {
    attempt = run.attempt;
    for (const [name, box, shown] of [["reply", bubble, text], ["options", options, options]]) {
      if (run.field(name).status !== "waiting" || box.hidden) continue;
      holdSize(box);
      fadeAway(shown);
    }
  }

  /** Options only ever come at the end of the list: a button that is there stays, under the finger about to tap it. */
  function drawOptions(wantedTexts) {
    wantedTexts.forEach((option, index) => {
      if (options.children[index]?.textContent === option) return;
      const button = el(
        "button",
        { type: "button", class: "option", "data-testid": "option", disabled: !pick, onclick: () => pick(option) },
        option,
      );
      if (options.children[index]) options.children[index].replaceWith(button);
      else options.append(button);
    });
    while (options.childElementCount > wantedTexts.length) options.lastElementChild.remove();
    options.hidden = wantedTexts.length === 0 && options.style.minHeight === "";
  }

  /** Whoever pressed one of them goes on among the messages: what comes next is just behind. */
  function retire() {
    retired = true;
    keepFocus(() => drawOptions([]), [node.parentElement]);
  }
  return { node, draw, retire, problem };
}

function groupCard(groups, lang) {
  const title = el("strong", { class: "group-name", "data-testid": "group-name" });
  const reason = el("p", { class: "group-reason", "data-testid": "group-reason" });
  const node = el("div", { class: "group-card", "data-testid": "recommendation", lang, hidden: true });
  const heading = say(el("span", { class: "group-label" }), "chat.recommends");

  function draw({ value }, none) {
    node.hidden = !value && !none;
    if (!value) {
      if (none) node.replaceChildren(say(el("p", { class: "group-reason" }), "chat.noMatch"));
      return;
    }
    if (!title.isConnected) node.replaceChildren(heading, title, reason);
    const group = groups.find(({ id }) => id === value.group_id);
    if (value.group_id && !group) say(title, "chat.unknownGroup", { id: value.group_id });
    else setText(title, group?.name ?? " ");
    setText(reason, value.reason ?? "");
  }
  return { node, draw };
}
