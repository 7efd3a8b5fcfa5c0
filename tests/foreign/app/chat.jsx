import { useEffect } from "react";

import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";

// `api`, `body`, `headers`: where it asks, and what it sends beside its own. `rereads`: where a run is that goes on.
export function Chat({ api, body, headers, rereads, resume = false, messages = [], see }) {
  const chat = useChat({
    id: "chat-1",
    messages,
    resume,
    transport: new DefaultChatTransport({
      api,
      body,
      headers,
      prepareReconnectToStreamRequest: () => ({ api: window.rereads ?? rereads }),
    }),
    onData: ({ type, data, transient }) => see({ told: type, data, transient }),
    onFinish: ({ finishReason, isAbort, isDisconnect, isError }) =>
      see({ finished: finishReason ?? null, isAbort, isDisconnect, isError }),
  });
  const { status, error } = chat;

  useEffect(() => {
    see({ status, error: error && { message: error.message, status: error.statusCode }, messages: chat.messages });
  }, [status, error, chat.messages, see]);
  useEffect(() => {
    window.hook = chat;
  });
  return <ol>{chat.messages.map(said)}</ol>;
}

function said({ id, parts }) {
  return <li key={id}>{parts.map((part) => part.text)}</li>;
}
