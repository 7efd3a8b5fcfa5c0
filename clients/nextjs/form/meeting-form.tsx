"use client";
// A new meeting: one says what it is for, and what one has left open fills in.

import { type FormEvent, startTransition, useActionState, useState } from "react";
import { createMeeting } from "../app/meetings/new/actions";
import { useApp } from "../shell/context";
import { Brief } from "./brief";
import { Created } from "./created";
import { MeetingField } from "./meeting-field";
import styles from "./meeting-form.module.css";
import { News } from "./news";
import { Progress } from "./progress";
import { meetingOf, useMeetingForm } from "./use-meeting-form";

/** One meeting after another. */
export function NewMeeting() {
  const [number, setNumber] = useState(0);
  return <MeetingForm key={number} another={() => setNumber(number + 1)} />;
}

function MeetingForm({ another }: { another: () => void }) {
  const { words } = useApp();
  const form = useMeetingForm();
  const { stream, fields, doneCount, isLive } = form;
  const [created, create, isCreating] = useActionState(async () => {
    const made = await createMeeting(meetingOf(form)).catch(() => null); // nobody may have been reached
    if (made) form.forget();
    return { made };
  }, undefined);

  /** Not as the form's `action`: behind one React empties what it does not hold itself. */
  function onSubmit(event: FormEvent) {
    event.preventDefault();
    startTransition(create);
  }

  if (created?.made) return <Created name={created.made.name} another={another} />;
  return (
    <>
      <Brief
        draft={form.draft}
        isLive={isLive}
        hasBegun={stream.status !== "idle"}
        change={form.change}
        begin={form.begin}
        stop={stream.stop}
      />
      <News stream={stream} again={form.again} />
      <form className={styles.form} onSubmit={onSubmit} aria-busy={isLive}>
        <h2 className="unseen">{words.form.fields}</h2>
        {fields.map((field) => (
          <MeetingField key={field.name} {...field} write={form.write} release={form.release} />
        ))}
        <footer className={styles.foot}>
          <Progress done={doneCount} of={fields.length} />
          <button className="primary" type="submit" disabled={isLive || isCreating || doneCount < fields.length}>
            {isCreating ? words.form.creating : words.form.create}
          </button>
          {created && !created.made && <p role="alert">{words.form.notCreated}</p>}
        </footer>
      </form>
    </>
  );
}
