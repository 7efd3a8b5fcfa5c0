// Puts the page together.

import { mountChat } from "./chat.js";
import { mountForm } from "./form.js";
import { mountLog } from "./log.js";
import { watchServer } from "./server.js";
import { pageLanguage, setLanguage, speakAll } from "./words.js";

const log = mountLog();
mountForm(log);
mountChat(log);
watchServer();

for (const choice of document.querySelectorAll("input[name=page-language]")) {
  choice.checked = choice.value === pageLanguage();
  choice.addEventListener("change", () => setLanguage(choice.value));
}
speakAll();
