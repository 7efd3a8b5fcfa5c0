// Puts the page together.

import { mountAccess } from "./access.js";
import { mountChat } from "./chat.js";
import { mountForm } from "./form.js";
import { mountLog } from "./log.js";
import { mountRecorder } from "./recorder.js";
import { watchServer } from "./server.js";
import { pageLanguage, setLanguage, speakAll } from "./words.js";

const recorder = mountRecorder(mountLog());
recorder.playInto({ meeting_info: mountForm(recorder).play, chatbot: mountChat(recorder).play });
watchServer(mountAccess().offer);

for (const choice of document.querySelectorAll("input[name=page-language]")) {
  choice.checked = choice.value === pageLanguage();
  choice.addEventListener("change", () => setLanguage(choice.value));
}
speakAll();
