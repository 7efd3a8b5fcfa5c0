import { useEffect, useRef } from "react";

import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";

// `api`, `body`, `headers`: where it asks, and what it sends beside its own. `runs`: where runs that go on are read.
export function Chat({ api, body, headers, runs, resume = false, messages = [], see }) {
  const run = useRef(runOf(messages));
  const chat = useChat({
    id: "chat-1",
    messages,
    resume,
    transport: new DefaultChatTransport({
      api,
      body,
      headers,
      prepareReconnectToStreamRequest: () => ({ api: `${runs}/${run.current}/events?protocol=ai-sdk` }),
    }),
    onData: ({ type, data, transient }) => see({ told: type, data, transient }),
    onFinish: ({ finishReason, isAbort, isDisconnect, isError }) =>
      see({ finished: finishReason ?? null, isAbort, isDisconnect, isError }),
  });
  const { status, error } = chat;

  useEffect(() => {
    run.current = runOf(chat.messages);
    see({ status, error: error && { message: error.message, status: error.statusCode }, messages: chat.messages });
  }, [status, error, chat.messages, see]);
  useEffect(() => {
    window.hook = chat;
  });
  return <ol>{chat.messages.map(said)}</ol>;
}

function runOf(messages) {
  return messages.at(-1)?.metadata?.run_id;
}

function said({ id, parts }) {
  return <li key={id}>{parts.map((part) => part.text)}</li>;
}
