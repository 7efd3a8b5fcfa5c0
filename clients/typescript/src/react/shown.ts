// What every hook returns of a run.

import { useEffect, useState, useSyncExternalStore } from "react";
import type { StreamError } from "../error.ts";
import type { Connection } from "../options.ts";
import type { RunState } from "../reduce.ts";
import type { Failed } from "../schemas.ts";
import { type HookOptions, Session, type Shown } from "./session.ts";

/** connecting: asked for, and nothing has come · failed: refused, lost, or ended by `failed`: `error` says why */
export type Status = "connecting" | RunState["status"];

export interface Timings {
  /** Measured here, until the run's end tells it. */
  readonly first_token_ms: number | null;
  /** By JSON Pointer: when each settled, counted from the beginning of the run. */
  readonly fields: Readonly<Record<string, number>>;
  readonly total_ms: number | null;
}

export interface Outlook {
  readonly status: Status;
  /** Why there is no answer. Both have `code`, `message` and `retryable`. */
  readonly error: StreamError | Failed | undefined;
  readonly runId: string | undefined;
  readonly connection: Connection | undefined;
  readonly timings: Timings;
}

/** The component's own session, and what it shows: at most once a frame another. */
export function useSession<Value>(url: string, options: HookOptions): { session: Session<Value>; shown: Shown<Value> } {
  const [session] = useState(() => new Session<Value>(url, options));
  useEffect(() => {
    Object.assign(session, { url, options }); // what is begun from now on
  });
  useEffect(() => session.mount(), [session]);
  return { session, shown: useSyncExternalStore(session.subscribe, session.drawn, session.drawn) };
}

export function outlookOn<Value>(shown: Shown<Value>): Outlook {
  const { state, error, runId, connection } = shown;
  const failed = state.end?.type === "failed" ? (state.end as Failed) : undefined;
  return { status: statusOf(shown), error: error ?? failed, runId, connection, timings: timingsOf(shown) };
}

function statusOf<Value>({ state, isLive, isStopped, error }: Shown<Value>): Status {
  if (error) return "failed";
  if (isLive && state.status === "idle") return "connecting";
  return isStopped && !state.end ? "cancelled" : state.status;
}

function timingsOf<Value>({ state, firstTokenMs }: Shown<Value>): Timings {
  if (state.end?.type === "complete") return state.end.timings;
  const known = Object.entries(state.settled).filter((entry): entry is [string, number] => entry[1] !== undefined);
  const first_token_ms = firstTokenMs === undefined ? null : Math.round(firstTokenMs);
  return { first_token_ms, fields: Object.fromEntries(known), total_ms: null };
}
