"use client";
// How the run goes, in a line: what it is doing, what it waits for, why it ended.

import type { MeetingInfo } from "moim-stream";
import type { StructuredStream } from "moim-stream/react";
import { useApp } from "../shell/context";
import { problemText, type Words } from "../shell/words";
import styles from "./news.module.css";

interface Props {
  stream: StructuredStream<MeetingInfo>;
  again: () => void;
}

export function News({ stream, again }: Props) {
  const { words } = useApp();
  const { status, error, connection } = stream;
  const isFailed = status === "failed" && error !== undefined;
  const isAway = connection === "away" || connection === "idle";
  return (
    <div className={styles.news} data-tone={isFailed ? "bad" : isAway ? "away" : "calm"}>
      <p role="status">{isFailed ? problemText(words, error) : lineFor(words, stream)}</p>
      {isFailed && error.retryable && (
        <button className="quiet" type="button" onClick={again}>
          {words.form.retry}
        </button>
      )}
      {status === "complete" && <Timings stream={stream} />}
    </div>
  );
}

function lineFor({ form }: Words, { status, connection, attempt, reason }: StructuredStream<MeetingInfo>): string {
  if (status === "idle" || status === "failed") return "";
  if (connection === "away") return form.away;
  if (connection === "idle") return form.idle;
  if (status !== "streaming" || attempt === 1) return form[status];
  return reason === "worker_lost" || reason === "shutting_down" ? form.takenOver : form.attempt(attempt);
}

function Timings({ stream: { timings } }: Pick<Props, "stream">) {
  const { form } = useApp().words;
  if (timings.first_token_ms === null || timings.total_ms === null) return null;
  return (
    <p className={styles.timings}>
      {form.first(form.seconds(timings.first_token_ms))} · {form.total(form.seconds(timings.total_ms))}
    </p>
  );
}
