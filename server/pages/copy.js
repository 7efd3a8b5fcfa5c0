// A button that copies a text, and says whether it could.

import { say } from "./words.js";

const SAID_MS = 2000;

/** @param {() => string} text */
export function mountCopy(button, text) {
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard?.writeText(text()).then(
      () => true,
      () => false,
    );
    say(button, copied ? "form.copied" : "form.copy.failed");
    setTimeout(() => say(button, "form.copy"), SAID_MS);
  });
}
