// The chat: a conversation that is sent back whole with each message, and the reply that types itself.

import { assistantBubble, userBubble } from "./bubble.js";
import { el, perFrame, stickToEnd } from "./dom.js";
import { sampleGroups } from "./groups.js";
import { answerLanguage, askedLanguage, chainPath } from "./server.js";
import { Run } from "./run.js";
import { beginRun } from "./stream.js";
import { onLanguage, say, words } from "./words.js";

const MOST_MESSAGES = 50;
const MOST_CHARACTERS = 2000;
const STARTERS = ["chat.example.1", "chat.example.2", "chat.example.3"];

export function mountChat(log) {
  const part = (id) => document.getElementById(id);
  const list = part("messages");
  const entry = part("chat-entry");
  const atEnd = stickToEnd(list);
  let messages = []; // oldest first, as the server wants them
  let turn = null; // the assistant's latest: {run, bubble, stop}

  function send(text) {
    if (text.trim() === "") return;
    settleTurn();
    messages.push({ role: "user", content: clip(text) });
    atEnd(() => list.append(userBubble(text)));
    list.scrollTop = list.scrollHeight;
    answer();
  }

  /** The turn before is over: a run that still writes is stopped, its quick replies go, its text joins the conversation. */
  function settleTurn() {
    turn?.stop();
    turn?.bubble.retire();
    const said = turn?.run.field("reply").value;
    if (said) messages.push({ role: "assistant", content: clip(said) });
    turn = null;
  }

  function answer() {
    const run = new Run();
    const language = answerLanguage("chatbot");
    const want = new FormData(part("chat-form")).get("want");
    const groups = sampleGroups(language);
    const bubble = assistantBubble({ groups, lang: language, wanted: want, pick: send, retry: again });
    const draw = perFrame(() => atEnd(() => bubble.draw(run)));
    const input = { messages: messages.slice(-MOST_MESSAGES), want, language: askedLanguage() };
    if (want === "recommendation") input.candidates = groups;

    run.begin();
    atEnd(() => list.append(bubble.node));
    const logged = log.opened("chatbot");
    const { stop } = beginRun(chainPath("chatbot"), input, {
      onEvent: (event) => {
        logged(event);
        run.apply(event.data);
        draw([""]);
        if (event.name === "failed") fail(bubble, event.data);
        if (event.name === "complete") part("chat-aloud").textContent = event.data.value.reply;
      },
      onEnd: (trouble) => {
        if (trouble) run.end(trouble.code === "stopped" ? "stopped" : run.phase === "connecting" ? "refused" : "lost");
        if (trouble && trouble.code !== "stopped") fail(bubble, trouble);
        draw([""]);
        drawActions();
      },
    });
    turn = { run, bubble, stop };
    draw([""]);
    drawActions();
  }

  function fail(bubble, { code, message, details, errors, retryable, retryAfterMs, retry_after_ms }) {
    const known = (details ?? errors ?? []).map((breach) => ({ ...breach, path: "" })); // no form here to show them at
    bubble.problem.show({ code, message, details: known, retryable, retryAfterMs: retryAfterMs ?? retry_after_ms });
  }

  /** The same question again: the answer that failed makes way. */
  function again() {
    turn?.stop();
    turn?.bubble.node.remove();
    turn = null;
    answer();
    entry.focus();
  }

  function startOver() {
    turn?.stop();
    turn = null;
    messages = [];
    list.replaceChildren();
    drawActions();
    entry.focus();
  }

  function drawActions() {
    part("chat-stop").hidden = !turn?.run.live;
    part("chat-starters").hidden = list.childElementCount > 0;
    part("chat-clear").hidden = list.childElementCount === 0;
  }

  function submit(event) {
    event?.preventDefault();
    const text = entry.value;
    if (text.trim() === "") return;
    entry.value = "";
    send(text);
  }

  function drawGroups() {
    const language = answerLanguage("chatbot");
    const items = sampleGroups(language).map(({ name, summary }) =>
      el("li", {}, el("strong", {}, name), ` ${summary}`),
    );
    part("groups").lang = language;
    part("groups").replaceChildren(...items);
  }

  part("chat-form").addEventListener("submit", submit);
  part("chat-stop").addEventListener("click", () => turn?.stop());
  part("chat-clear").addEventListener("click", startOver);
  entry.addEventListener("keydown", (event) => {
    // While a Korean syllable is being composed, Enter finishes the syllable and sends nothing.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  part("chat-starters").append(
    ...STARTERS.map((key) =>
      say(el("button", { type: "button", class: "suggestion", onclick: () => send(words(key)) }), key),
    ),
  );
  onLanguage(drawGroups);
  part("answer-language").addEventListener("change", drawGroups);
  drawActions();
}

/** At most as many characters as the server takes; a character outside the BMP counts once, and is not cut in two. */
function clip(text) {
  return text.length <= MOST_CHARACTERS ? text : [...text].slice(0, MOST_CHARACTERS).join("");
}
