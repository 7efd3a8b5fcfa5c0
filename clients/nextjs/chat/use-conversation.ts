"use client";
// A chat as the bubble has it: kept over a reload, with the groups that were recommended along the way.

import type { Message, Recommendation } from "moim-stream";
import { useChatStream } from "moim-stream/react";
import { useEffect, useState } from "react";
import { accessHeaders } from "../shell/access";
import { useApp } from "../shell/context";
import { keep } from "../shell/kept";
import type { Group } from "./groups";
import { useIdle } from "./use-idle";

/** After so long without a word from anybody the chat rests. */
const IDLE_MS = 5 * 60_000;

export const CHAT_KEY = "chat";

/** By the place of the message behind which it was recommended. */
type Cards = Readonly<Record<number, Partial<Recommendation>>>;

export interface Kept {
  messages: readonly Message[];
  cards: Cards;
  options: readonly string[];
  /** The reply that had not come to its end. */
  runId?: string;
}

const NO_OPTIONS: readonly string[] = [];

export const NOTHING_SAID: Kept = { messages: [], cards: {}, options: NO_OPTIONS };

export function useConversation(before: Kept, groups: readonly Group[]) {
  const { settings, language } = useApp();
  const [isFirst, setIsFirst] = useState(before.messages.length === 0);
  const [cards, setCards] = useState(before.cards);
  const chat = useChatStream(`${settings.aiUrl}/chatbot`, {
    headers: accessHeaders,
    idleMs: IDLE_MS,
    messages: before.messages,
    request: {
      candidates: groups.map(({ id, name, summary, tags }) => ({ id, name, summary, tags })),
      want: isFirst ? "question" : "recommendation", // first it gets to know them
      language,
    },
  });
  const { messages, recommendation, runId, status, resume } = chat;
  const isLive = status === "connecting" || status === "streaming";
  const options = isLive ? NO_OPTIONS : status === "idle" ? before.options : chat.options;
  const lastCard = isLive ? null : recommendation;
  const { isIdle, wake } = useIdle(IDLE_MS, isLive);

  useEffect(() => {
    if (before.runId) resume(before.runId);
  }, [before.runId, resume]);

  useEffect(() => {
    if (messages.length === 0) return;
    const kept: Kept = { messages, cards: withCard(cards, messages.length - 1, lastCard), options };
    keep(CHAT_KEY, isLive ? { ...kept, runId } : kept);
  }, [messages, cards, lastCard, options, isLive, runId]);

  // While it grows, the reply is not among the messages.
  const shown = withCard(cards, isLive ? messages.length : messages.length - 1, recommendation);

  function say(text: string): void {
    wake();
    setIsFirst(false);
    setCards(shown);
    chat.send(text);
  }

  return { ...chat, options, cards: shown, isLive, isResting: isIdle || chat.connection === "idle", say, wake };
}

function withCard(cards: Cards, at: number, card: Partial<Recommendation> | null): Cards {
  return card ? { ...cards, [at]: card } : cards;
}

export type Conversation = ReturnType<typeof useConversation>;
