// The chat: a conversation that is sent back whole with each message, and the reply that types itself.

import { beginRun, rejoinRun } from "./begin.js";
import { voice } from "./aloud.js";
import { assistantBubble, saidBubble, userBubble } from "./bubble.js";
import { el, keepFocus, perFrame, stickToEnd } from "./dom.js";
import { sampleGroups } from "./groups.js";
import { keeping, keptRun } from "./kept.js";
import { attemptLine, onNetwork, stateKey } from "./problem.js";
import { quietWatch } from "./quiet.js";
import { answerLanguage, askedLanguage, chainPath } from "./server.js";
import { Run } from "./run.js";
import { onLanguage, say, words } from "./words.js";

const CHAIN = "chatbot";
const MOST_MESSAGES = 50;
const MOST_CHARACTERS = 2000;
const STARTERS = ["chat.example.1", "chat.example.2", "chat.example.3"];

/** @returns {{play: (begin: Function) => void}} `play` shows a recording as a turn of the conversation */
export function mountChat(recorder) {
  const part = (id) => document.getElementById(id);
  const list = part("messages");
  const entry = part("chat-entry");
  const atEnd = stickToEnd(list);
  const { tell } = voice(part("chat-aloud"));
  const turns = new Map(); // by bubble: what draws it anew
  let messages = []; // oldest first, as the server wants them
  let turn = null; // the assistant's latest: {run, bubble, heldUp, stop, leave, recording}

  function send(text) {
    if (text.trim() === "") return;
    settleTurn();
    messages.push({ role: "user", content: clip(text) });
    atEnd(() => list.append(userBubble(text)));
    list.scrollTop = list.scrollHeight;
    answer();
  }

  /** The turn before is over: a run that still writes is stopped, its quick replies go, its text joins what was said. */
  function settleTurn() {
    turn?.leave();
    turn?.bubble.retire();
    const said = turn?.run.field("reply").value;
    if (said && !turn.recording) messages.push({ role: "assistant", content: clip(said) });
    turn = null;
  }

  function answer() {
    const language = answerLanguage(CHAIN);
    const want = new FormData(part("chat-form")).get("want");
    const groups = sampleGroups(language);
    const input = { messages: messages.slice(-MOST_MESSAGES), want, language: askedLanguage() };
    if (want === "recommendation") input.candidates = groups;
    stream(input, groups, language, (on) => beginRun(chainPath(CHAIN), input, on));
  }

  /** The page was loaded anew while the model wrote: the conversation is as it was sent, and the reply types on. */
  function rejoin({ id, input }) {
    messages = input.messages;
    const bubbleOf = ({ role, content }) =>
      role === "user" ? userBubble(content) : saidBubble(content, input.language);
    atEnd(() => list.append(...messages.map(bubbleOf)));
    stream(input, input.candidates ?? [], input.language, (on) => rejoinRun(id, on));
  }

  function stream(input, groups, lang, begin) {
    const bubble = assistantBubble({ groups, lang, wanted: input.want, pick: send, retry: again });
    converse(recorder.recorded(CHAIN, keeping(CHAIN, input, begin)), bubble);
  }

  /** A recording is a turn to look at: it does not join the conversation. */
  function play(begin) {
    settleTurn();
    const lang = answerLanguage(CHAIN);
    converse(begin, assistantBubble({ groups: sampleGroups(lang), lang, wanted: "", retry: again }), { recording: true });
    part("chat").scrollIntoView();
  }

  function converse(begin, bubble, { recording = false } = {}) {
    const run = new Run();
    const draw = perFrame(() => atEnd(() => bubble.draw(run)));
    run.begin();
    atEnd(() => list.append(bubble.node));
    const heldUp = (how) => {
      Object.assign(run, how);
      tell(words(stateKey(run)));
      draw([""]);
    };
    const quiet = quietWatch((slow) => heldUp({ slow }));
    turns.set(bubble, () => draw([""]));
    quiet.heard();
    heldUp({});
    const { stop, leave } = begin({
      onEvent: ({ data }) => {
        quiet.heard();
        run.apply(data);
        draw([""]);
        if (data.type === "failed") fail(bubble, data, recording);
        if (data.type === "reset") tell(attemptLine(run));
        if (data.type === "complete") tell(aloud(data.value));
      },
      onAway: (away) => heldUp({ away }),
      onAsked: (asked) => heldUp({ asked }),
      onEnd: (trouble) => {
        quiet.over();
        if (trouble) run.end(trouble.code);
        if (run.phase === "stopped" || run.phase === "cancelled") tell(words(`code.${run.phase}`));
        if (trouble && trouble.code !== "stopped") fail(bubble, trouble, recording);
        draw([""]);
        drawActions();
      },
    });
    turn = { run, bubble, heldUp, stop, leave, recording };
    draw([""]);
    drawActions();
  }

  function fail(bubble, { code, message, details, errors, retryable, retryAfterMs, retry_after_ms }, recording) {
    const known = (details ?? errors ?? []).map((breach) => ({ ...breach, path: "" })); // no form here to show them at
    const after = retryAfterMs ?? retry_after_ms;
    bubble.problem.show({ code, message, details: known, retryable: retryable && !recording, retryAfterMs: after });
  }

  /** The same question again: the answer that failed makes way. */
  function again() {
    turn?.leave();
    turns.delete(turn?.bubble);
    turn?.bubble.node.remove();
    turn = null;
    answer();
    entry.focus();
  }

  function startOver() {
    turn?.leave();
    turn = null;
    messages = [];
    turns.clear();
    list.replaceChildren();
    drawActions();
    entry.focus();
  }

  function drawActions() {
    keepFocus(() => (part("chat-stop").hidden = !turn?.run.live), [entry]);
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
    const language = answerLanguage(CHAIN);
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
  onLanguage(() => turns.forEach((draw) => draw()));
  onNetwork(() => turn?.run.live && turn.heldUp({}));
  part("answer-language").addEventListener("change", drawGroups);
  drawActions();
  keptRun(CHAIN).then((kept) => kept && list.childElementCount === 0 && rejoin(kept));
  return { play };
}

/** What there is to hear of an answer. */
function aloud({ reply = "", options = [] }) {
  const replies = [options].flat().join(", ");
  return replies ? words("aloud.reply", { reply, options: replies }) : reply;
}

/** At most as many characters as the server takes; a character outside the BMP counts once, and is not cut in two. */
function clip(text) {
  return text.length <= MOST_CHARACTERS ? text : [...text].slice(0, MOST_CHARACTERS).join("");
}
