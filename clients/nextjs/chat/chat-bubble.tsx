"use client";
// The button at the lower right, and the chat that it opens. The chat goes on while it is closed.

import { useEffect, useId, useRef, useState } from "react";
import { useApp } from "../shell/context";
import { Icon } from "../shell/icons";
import { forget, look } from "../shell/kept";
import styles from "./chat-bubble.module.css";
import { ChatPanel } from "./chat-panel";
import type { Group } from "./groups";
import { CHAT_KEY, type Kept, NOTHING_SAID } from "./use-conversation";

interface Chat {
  number: number;
  before: Kept;
}

export function ChatBubble({ groups }: { groups: readonly Group[] }) {
  const { words } = useApp();
  const [chat, setChat] = useState<Chat>(); // none before the tab's storage could be looked at
  const [isOpen, setIsOpen] = useState(false);
  const [isUnread, setIsUnread] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => setChat({ number: 0, before: look<Kept>(CHAT_KEY) ?? NOTHING_SAID }), []);

  function close() {
    setIsOpen(false);
    opener.current?.focus();
  }

  function beginAnew() {
    forget(CHAT_KEY);
    setChat((chat) => ({ number: (chat?.number ?? 0) + 1, before: NOTHING_SAID }));
  }

  return (
    <>
      <button
        ref={opener}
        className={styles.opener}
        type="button"
        aria-expanded={isOpen}
        aria-controls={id}
        aria-label={isUnread ? `${words.chat.open}: ${words.chat.unread}` : words.chat.open}
        onClick={() => (isOpen ? close() : setIsOpen(true))}
      >
        <Icon name={isOpen ? "close" : "chat"} />
        {isUnread && <span className={styles.unread} />}
      </button>
      {chat && (
        <ChatPanel
          key={chat.number}
          id={id}
          isOpen={isOpen}
          before={chat.before}
          groups={groups}
          close={close}
          beginAnew={beginAnew}
          setIsUnread={setIsUnread}
        />
      )}
    </>
  );
}
