"use client";
// What the user says of the meeting before anything is written: the goal, and what no model could know.

import type { FormEvent, KeyboardEvent } from "react";
import { useApp } from "../shell/context";
import styles from "./brief.module.css";
import type { Draft } from "./draft";
import { MOST } from "./meeting";

interface Props {
  draft: Draft;
  isLive: boolean;
  hasBegun: boolean;
  change: (part: Partial<Draft>) => void;
  begin: () => void;
  stop: () => void;
}

export function Brief({ draft, isLive, hasBegun, change, begin, stop }: Props) {
  const { form } = useApp().words;

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!isLive && draft.goal.trim()) begin();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  }

  return (
    <form className={styles.brief} onSubmit={onSubmit}>
      <label className={styles.goal}>
        <span>{form.goal}</span>
        <textarea
          required
          rows={2}
          maxLength={MOST.goal}
          placeholder={form.goalPlaceholder}
          value={draft.goal}
          onChange={({ target }) => change({ goal: target.value })}
          onKeyDown={onKeyDown}
        />
      </label>
      <label>
        <span>{form.location}</span>
        <input
          maxLength={MOST.location}
          placeholder={form.locationPlaceholder}
          value={draft.location}
          onChange={({ target }) => change({ location: target.value })}
        />
      </label>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={draft.wantsPlan}
          onChange={({ target }) => change({ wantsPlan: target.checked })}
        />
        <span>{form.wantsPlan}</span>
      </label>
      {isLive ? (
        <button className="quiet" type="button" onClick={stop}>
          {form.stop}
        </button>
      ) : (
        <button className={hasBegun ? "quiet" : "primary"} type="submit" disabled={!draft.goal.trim()}>
          {hasBegun ? form.again : form.fill}
        </button>
      )}
    </form>
  );
}
