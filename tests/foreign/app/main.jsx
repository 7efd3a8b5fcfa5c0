// A page with one of the AI SDK's hooks in it, as its users write one. The test calls `show`, reads `seen`: each state
// that was rendered, in order, and what the hook called back; and presses the buttons of `hook`.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Chat } from "./chat.jsx";
import { Form } from "./form.jsx";

const hooks = { chat: Chat, form: Form };

window.seen = [];
window.show = (name, options) => {
  const Hook = hooks[name];
  const see = (state) => window.seen.push(structuredClone(state));
  const page = (
    <StrictMode>
      <Hook {...options} see={see} />
    </StrictMode>
  );
  createRoot(document.body.appendChild(document.createElement("main"))).render(page);
};
