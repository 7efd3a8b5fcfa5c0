"use client";
// Single words. Each comes whole, and can be taken away.

import { type KeyboardEvent, useState } from "react";
import { useApp } from "../shell/context";
import type { InputProps } from "./input-props";
import { MOST } from "./meeting";
import styles from "./tags-input.module.css";

const NONE: string[] = [];

export function TagsInput({
  id,
  describedBy,
  isInvalid,
  value = NONE,
  standing,
  write,
  release,
}: InputProps<string[]>) {
  const { tags: words, form } = useApp().words;
  const [text, setText] = useState("");

  function add() {
    const tag = text.replace(/[\s#]/g, "");
    setText("");
    if (tag && !value.includes(tag)) write([...value, tag]);
  }

  function remove(tag: string) {
    const others = value.filter((other) => other !== tag);
    if (others.length > 0) write(others);
    else release();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" || event.key === " " || event.key === ",") {
      event.preventDefault();
      add();
    }
  }

  return (
    <div className={styles.tags} data-standing={standing}>
      {value.map((tag) => (
        <span key={tag} className={styles.tag}>
          {tag}
          <button type="button" aria-label={words.remove(tag)} onClick={() => remove(tag)}>
            ×
          </button>
        </span>
      ))}
      {value.length < MOST.tags && (
        <input
          id={id}
          maxLength={MOST.tag}
          placeholder={standing === "open" ? form.open : standing === "waiting" ? "" : words.add}
          aria-describedby={describedBy}
          aria-invalid={isInvalid}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={onKeyDown}
          onBlur={add}
        />
      )}
    </div>
  );
}
