"use client";
// Text that grows in its box, with a caret behind it, and that one may write into at any moment.

import { type FormEvent, type KeyboardEvent, useLayoutEffect, useRef } from "react";
import { useApp } from "../shell/context";
import type { InputProps } from "./input-props";
import { MOST } from "./meeting";
import styles from "./text-input.module.css";

interface Props extends InputProps<string> {
  most: number;
  isOneLine: boolean;
}

function TextInput({ id, describedBy, isInvalid, value = "", standing, write, release, most, isOneLine }: Props) {
  const { form } = useApp().words;
  const box = useRef<HTMLTextAreaElement>(null);
  useShown(box, value);

  function onInput({ currentTarget }: FormEvent<HTMLTextAreaElement>) {
    write(isOneLine ? currentTarget.value.replace(/[\r\n]+/g, " ") : currentTarget.value);
  }

  /** Enter begins no second line where there is none; and it sends no form that is half full. */
  function onKeyDown(event: KeyboardEvent) {
    if (isOneLine && event.key === "Enter" && !event.nativeEvent.isComposing) event.preventDefault();
  }

  return (
    <div className={styles.grows} data-standing={standing} data-lines={isOneLine ? "one" : "many"}>
      <textarea
        ref={box}
        id={id}
        rows={1}
        maxLength={most}
        placeholder={standing === "open" ? form.open : ""}
        aria-describedby={describedBy}
        aria-invalid={isInvalid}
        defaultValue=""
        onInput={onInput}
        onKeyDown={onKeyDown}
        onBlur={() => standing === "mine" && value.trim() === "" && release()}
      />
      <div className={styles.mirror} aria-hidden="true">
        {value}
        {standing === "filling" && <span className="caret" />}
      </div>
    </div>
  );
}

/** Not by the element's `value` property alone: setting that throws a user's cursor to the end, at each token. */
function useShown(box: React.RefObject<HTMLTextAreaElement | null>, value: string): void {
  useLayoutEffect(() => {
    const node = box.current;
    if (!node || node.value === value) return;
    const { selectionStart, selectionEnd } = node;
    node.value = value;
    if (document.activeElement === node) node.setSelectionRange(selectionStart, selectionEnd);
  }, [box, value]);
}

export function NameInput(props: InputProps<string>) {
  return <TextInput {...props} most={MOST.name} isOneLine />;
}

export function SummaryInput(props: InputProps<string>) {
  return <TextInput {...props} most={MOST.summary} isOneLine />;
}

export function DescriptionInput(props: InputProps<string>) {
  return <TextInput {...props} most={MOST.description} isOneLine={false} />;
}
