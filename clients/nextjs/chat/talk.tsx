"use client";
// What was said, what is being said, and what one could say next.

import type { Message } from "moim-stream";
import { memo } from "react";
import { useApp } from "../shell/context";
import { problemText } from "../shell/words";
import type { Group } from "./groups";
import { Recommended } from "./recommended";
import styles from "./talk.module.css";
import type { Conversation } from "./use-conversation";

interface Props {
  conversation: Conversation;
  groups: readonly Group[];
}

export function Talk({ conversation, groups }: Props) {
  const { words } = useApp();
  const { messages, reply, cards, isLive, isResting, status, connection, say } = conversation;
  const options = messages.length === 0 ? words.chat.openers : conversation.options;
  const card = (at: number) => cards[at]?.group_id && <Recommended recommendation={cards[at]} groups={groups} />;

  return (
    // The last lines stay in view while text grows, because this box is filled from its end (see the styles).
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <div className={styles.scroll} role="log" aria-live="off" aria-label={words.chat.talk} tabIndex={0}>
      <div className={styles.talk}>
        <Said by="assistant" text={words.chat.hello} />
        {messages.map((message, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a conversation only grows
          <div key={at} className={styles.turn}>
            <Said by={message.role} text={message.content} />
            {card(at)}
          </div>
        ))}
        {isLive && (reply ? <Said by="assistant" text={reply} isGrowing /> : <Thinking />)}
        {isLive && card(messages.length)}
        {status === "cancelled" && <p className={styles.aside}>{words.chat.stopped}</p>}
        <Problem conversation={conversation} />
        {connection === "away" && <p className={styles.aside}>{words.chat.away}</p>}
        {isResting && <p className={styles.aside}>{words.chat.resting}</p>}
        {!isLive && !isResting && <QuickReplies options={options} say={say} />}
      </div>
    </div>
  );
}

/** For those who do not see it grow: each answer, once, when it is whole. */
export function Aloud({ conversation: { status, messages } }: Pick<Props, "conversation">) {
  return (
    <p className="unseen" role="status">
      {status === "complete" && messages.at(-1)?.content}
    </p>
  );
}

interface SaidProps {
  by: Message["role"];
  text: string;
  isGrowing?: boolean;
}

const Said = memo(function Said({ by, text, isGrowing = false }: SaidProps) {
  const { chat } = useApp().words;
  return (
    <p className={`${styles.said} ${styles[by]}`}>
      <span className="unseen">{by === "user" ? chat.you : chat.assistant}: </span>
      {text}
      {isGrowing && <span className="caret" />}
    </p>
  );
});

function Thinking() {
  const { chat } = useApp().words;
  return (
    <p className={`${styles.said} ${styles.assistant} ${styles.thinking}`} role="status">
      <span className="unseen">{chat.thinking}</span>
      <i />
      <i />
      <i />
    </p>
  );
}

function Problem({ conversation: { error, status, retry } }: Pick<Props, "conversation">) {
  const { words } = useApp();
  if (status !== "failed" || !error) return null;
  return (
    <div className={styles.problem} role="alert">
      <p>{problemText(words, error)}</p>
      {error.retryable && (
        <button className="quiet" type="button" onClick={retry}>
          {words.chat.retry}
        </button>
      )}
    </div>
  );
}

function QuickReplies({ options, say }: { options: readonly string[]; say: (text: string) => void }) {
  const { chat } = useApp().words;
  if (options.length === 0) return null;
  return (
    <ul className={styles.options} aria-label={chat.quick}>
      {options.map((option) => (
        <li key={option}>
          <button type="button" onClick={() => say(option)}>
            {option}
          </button>
        </li>
      ))}
    </ul>
  );
}
