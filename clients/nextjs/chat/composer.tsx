"use client";
// Where one types. Enter sends, but for the Enter that only ends the composing of a Korean letter.

import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useApp } from "../shell/context";
import { Icon } from "../shell/icons";
import styles from "./composer.module.css";

const MOST_CHARACTERS = 2_000; // that the server takes

interface Props {
  isOpen: boolean;
  isLive: boolean;
  say: (text: string) => void;
  stop: () => void;
  wake: () => void;
}

export function Composer({ isOpen, isLive, say, stop, wake }: Props) {
  const { chat } = useApp().words;
  const [text, setText] = useState("");
  const input = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    if (isOpen) input.current?.focus();
  }, [isOpen]);

  function send(event: FormEvent) {
    event.preventDefault();
    if (isLive || text.trim() === "") return;
    say(text);
    setText("");
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  }

  return (
    <form className={styles.composer} onSubmit={send}>
      <textarea
        ref={input}
        rows={1}
        maxLength={MOST_CHARACTERS}
        aria-label={chat.input}
        placeholder={chat.placeholder}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          wake();
        }}
        onKeyDown={onKeyDown}
      />
      {isLive ? (
        <button className={styles.stop} type="button" aria-label={chat.stop} onClick={stop}>
          <Icon name="stop" />
        </button>
      ) : (
        <button className={styles.send} type="submit" aria-label={chat.send} disabled={text.trim() === ""}>
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
