// How the types are used, and how they cannot be: read by the compiler only.

import { type ChatReply, initial, type MeetingInfo, reduce, type StreamEvent, streamRun } from "../src/index.ts";
import { useChatStream, useStructuredStream } from "../src/react/index.ts";

export async function events(): Promise<void> {
  const run = streamRun<MeetingInfo>("/meeting-info", { goal: "g" }, { events: ["token", "field"] });
  let state = initial<MeetingInfo>();
  for await (const event of run) {
    state = reduce(state, event);
    if (event.type === "token") event.text.trim();
    else if (event.type === "complete") event.value.tags.map((tag) => tag.length);
    else if (event.type === "failed") event.code satisfies string;
    // @ts-expect-error: only some events have a text
    event.text;
  }
  state.value.plan?.[0]?.title?.length;
  // @ts-expect-error: while it is written, anything may be missing
  state.value.name.length;
  // @ts-expect-error: what is not known yet is null
  state.value.tags?.[0].length;
  // @ts-expect-error: states are not changed
  state.value = {};
  // @ts-expect-error: no such status
  state.fields["/name"] === "done";
  // @ts-expect-error: no such event
  streamRun("/meeting-info", {}, { events: ["tokens"] });
}

export function all(event: StreamEvent<ChatReply>): string {
  switch (event.type) {
    case "start":
      return event.run_id;
    case "token":
    case "field":
    case "pinned":
      return event.path;
    case "partial":
      return event.value.reply ?? "";
    case "invalid":
      return event.paths.join();
    case "reset":
    case "cancelled":
      return event.reason;
    case "complete":
      return event.value.reply;
    case "failed":
      return event.message;
    default:
      return event satisfies never; // there are no others
  }
}

export function Component(): null {
  const form = useStructuredStream<MeetingInfo>("/meeting-info", { stopOnUnmount: true });
  form.run({ goal: form.value.name ?? "" });
  form.error?.message.length;
  const chat = useChatStream("/chatbot", { request: { want: "question" } });
  chat.recommendation?.reason?.length;
  // @ts-expect-error: a signal would be one for all runs
  useStructuredStream("/meeting-info", { signal: new AbortController().signal });
  // @ts-expect-error: the messages are the hook's
  useChatStream("/chatbot", { request: { messages: [] } });
  return null;
}
