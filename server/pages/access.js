// The row that asks for an access token, on a server that wants one.

import { ask } from "./ask.js";
import { chainPath } from "./server.js";
import { holdToken, onToken, UNAUTHENTICATED } from "./token.js";
import { say } from "./words.js";

const SENDABLE = /^[!-~]+$/; // what a header can hold of it
const BEHIND_THE_DOOR = new Set([404, 405, 429]); // these answers are given to those only who are let in

/** @returns {{offer: (authentication: boolean) => void}} `offer` shows the row if there is authentication */
export function mountAccess() {
  const part = (id) => document.getElementById(id);
  const row = part("access");
  const input = part("access-token");

  /**
   * @param {"asked"|"checking"|"held"|"wanted"|"over"|"refused"} state asked: in case it is needed · wanted: something
   *   waits for it · over: it was let in, and is not any more
   * @param {string} key of what is said of it
   */
  function show(state, key = `access.${state}`) {
    row.dataset.state = state;
    row.hidden = false;
    part("access-give").disabled = state === "checking";
    input.setAttribute("aria-invalid", String(state === "refused" || state === "over"));
    say(part("access-said"), key);
  }

  function open(state, key) {
    show(state, key);
    input.focus();
  }

  async function give() {
    const token = input.value.trim();
    if (token === "") return input.focus();
    show("checking");
    const code = await refusalOf(token);
    if (code === UNAUTHENTICATED) return open("refused");
    if (code) return open("refused", `code.${code}`);
    input.value = "";
    show("held");
    part("access-change").focus(); // where the focus was is hidden now
    holdToken(token);
  }

  /** Whoever is writing somewhere is not interrupted. */
  function want() {
    if (row.hidden || row.dataset.state === "asked") show("wanted");
    if (!document.activeElement?.value) input.focus();
  }

  function offer(authentication) {
    if (authentication && row.hidden) show("asked");
  }

  row.addEventListener("submit", (event) => {
    event.preventDefault();
    give();
  });
  part("access-change").addEventListener("click", () => open("asked"));
  onToken("wanted", want);
  onToken("over", () => show("over"));
  return { offer };
}

/** Why the server does not let this token in, as a code; empty if it does. */
async function refusalOf(token) {
  if (!SENDABLE.test(token)) return UNAUTHENTICATED;
  try {
    await ask(`${chainPath("chatbot")}/input_schema`, { token }); // asks nothing of a model
  } catch (problem) {
    if (!BEHIND_THE_DOOR.has(problem.status)) return problem.code;
  }
  return "";
}
