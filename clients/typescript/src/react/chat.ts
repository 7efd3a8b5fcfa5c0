// A hook for chats: a conversation that is sent back whole with each message, and the reply that grows.

import { useCallback, useEffect, useMemo, useRef } from "react";
import type { ChatReply, ChatRequest, Message, Recommendation } from "../schemas.ts";
import type { HookOptions, Shown } from "./session.ts";
import { type Outlook, outlookOn, useSession } from "./shown.ts";

const MOST_MESSAGES = 50; // that the server takes
const MOST_CHARACTERS = 2_000;
const NONE: readonly Message[] = [];

export interface ChatOptions extends HookOptions {
  /** What goes with every message: candidates, what is wanted, the language. */
  request?: Omit<ChatRequest, "messages">;
  /** What was said before. */
  messages?: readonly Message[];
}

export interface ChatStream extends Outlook {
  /** All that was said, and that is over. */
  readonly messages: readonly Message[];
  /** What is being said; empty if nothing is. */
  readonly reply: string;
  /** Of the last answer: what the user could say next. */
  readonly options: readonly string[];
  /** Of the last answer: a group, and why. Its reason grows. */
  readonly recommendation: Partial<Recommendation> | null;
  /** The user says this. A reply that is still growing is stopped. */
  send(text: string): void;
  stop(): void;
  /** Reads on if the reply was lost, else asks for another one. */
  retry(): void;
  /** Reads the reply of a run that has begun elsewhere, or before the page was loaded. */
  resume(runId: string): void;
}

export function useChatStream(url: string, options: ChatOptions = {}): ChatStream {
  const { request, messages: before = NONE, ...own } = options;
  const { session, shown } = useSession<ChatReply>(url, own);
  const latest = useRef({ request, before });
  useEffect(() => {
    latest.current = { request, before };
  });

  const send = useCallback(
    (text: string) => {
      if (text.trim() === "") return;
      const said = [...conversation(session.now, latest.current.before), message("user", text)];
      session.begin({ ...latest.current.request, messages: said.slice(-MOST_MESSAGES) }, said);
    },
    [session],
  );
  const resume = useCallback((runId: string) => session.resume(runId, latest.current.before), [session]);

  return useMemo(() => {
    const { value } = shown.state;
    return {
      ...outlookOn(shown),
      messages: shown.isLive ? said(shown, before) : conversation(shown, before),
      reply: shown.isLive ? (value.reply ?? "") : "",
      options: (value.options ?? []).filter((option) => option !== null),
      recommendation: value.recommendation ?? null,
      send,
      resume,
      stop: session.stop,
      retry: session.retry,
    };
  }, [session, shown, before, send, resume]);
}

/** What the run was asked with, and what it has replied until now, whatever became of it. */
function conversation(shown: Shown<ChatReply>, before: readonly Message[]): readonly Message[] {
  const { reply } = shown.state.value;
  return reply ? [...said(shown, before), message("assistant", reply)] : said(shown, before);
}

function said({ about }: Shown<ChatReply>, before: readonly Message[]): readonly Message[] {
  return (about as readonly Message[] | undefined) ?? before;
}

/** At most as many characters as the server takes; one outside the BMP counts once, and is not cut in two. */
function message(role: Message["role"], text: string): Message {
  return { role, content: text.length > MOST_CHARACTERS ? [...text].slice(0, MOST_CHARACTERS).join("") : text };
}
