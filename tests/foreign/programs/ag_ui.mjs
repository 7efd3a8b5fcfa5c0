// AG-UI's HttpAgent, and all that a subscriber of it is told. Task: {url, messages?, state?, run?, rereads?}.

import { HttpAgent } from "@ag-ui/client";

import { task, tell, whenStopped } from "./told.mjs";

// It says so here, and nowhere else, when it drops a part of what it was sent, or cannot apply it.
for (const level of ["warn", "error"]) console[level] = (...words) => tell({ [level]: words.map(String).join(" ") });

const subscriber = {
  onRunStartedEvent: ({ event }) => tell({ started: event }),
  onMessagesChanged: ({ messages }) => tell({ messages }),
  onStateChanged: ({ state }) => tell({ state }),
  onCustomEvent: ({ event }) => tell({ custom: event.name, value: event.value }),
  onRunFinishedEvent: ({ outcome, event }) => tell({ outcome, usage: event.usage }),
  onRunErrorEvent: ({ event }) => tell({ failure: event.message, code: event.code }),
  onRunFailed: ({ error }) => tell({ raised: error.message, status: error.status, payload: error.payload }),
};

const agent = new HttpAgent({
  url: task.url,
  threadId: "thread-1",
  initialMessages: task.messages,
  initialState: task.state,
  // A run that goes on is read by GET: `fetch` is the option that its makers give for requests of another kind.
  ...(task.rereads && { fetch: (url, { signal }) => fetch(url, { signal }) }),
});
whenStopped(() => agent.abortRun());
try {
  const { result, newMessages } = await agent.runAgent(task.run, subscriber);
  tell({ resolved: true, result, newMessages, state: agent.state });
} catch {
  tell({ resolved: false, state: agent.state }); // onRunFailed has told why
}
