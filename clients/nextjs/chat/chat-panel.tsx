"use client";
// One conversation, with its title and where one types.

import { type KeyboardEvent, useEffect, useId } from "react";
import { useApp } from "../shell/context";
import { Icon } from "../shell/icons";
import styles from "./chat-panel.module.css";
import { Composer } from "./composer";
import type { Group } from "./groups";
import { Aloud, Talk } from "./talk";
import { type Kept, useConversation } from "./use-conversation";

interface Props {
  id: string;
  isOpen: boolean;
  before: Kept;
  groups: readonly Group[];
  close: () => void;
  beginAnew: () => void;
  setIsUnread: (isUnread: boolean) => void;
}

export function ChatPanel({ id, isOpen, before, groups, close, beginAnew, setIsUnread }: Props) {
  const { words } = useApp();
  const conversation = useConversation(before, groups);
  const { status, messages, isLive } = conversation;
  const title = useId();

  // What came to its end while nobody looked is unread.
  useEffect(() => setIsUnread(!isOpen && status === "complete"), [isOpen, status, setIsUnread]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Escape") close();
  }

  return (
    <section id={id} className={styles.panel} hidden={!isOpen} aria-labelledby={title} onKeyDown={onKeyDown}>
      <header className={styles.header}>
        <h2 id={title}>{words.chat.title}</h2>
        {messages.length > 0 && (
          <button className={styles.fresh} type="button" onClick={beginAnew}>
            {words.chat.fresh}
          </button>
        )}
        <button className={styles.close} type="button" aria-label={words.chat.close} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <Talk conversation={conversation} groups={groups} />
      <Aloud conversation={conversation} />
      <Composer
        isOpen={isOpen}
        isLive={isLive}
        say={conversation.say}
        stop={conversation.stop}
        wake={conversation.wake}
      />
    </section>
  );
}
