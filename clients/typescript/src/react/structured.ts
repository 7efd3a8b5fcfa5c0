// A hook for forms: one object that a model fills in, field by field.

import { useMemo } from "react";
import type { DeepPartial, JsonObject } from "../events.ts";
import type { RunState } from "../reduce.ts";
import type { Breach, Code, Conflict, Note } from "../schemas.ts";
import type { HookOptions } from "./session.ts";
import { type Outlook, outlookOn, useSession } from "./shown.ts";

export interface StructuredStream<Value> extends Outlook {
  /** The object so far. What has not changed keeps its identity. */
  readonly value: DeepPartial<Value>;
  /** By JSON Pointer: how each property stands, and each item of a list. */
  readonly fields: RunState["fields"];
  /** The rules that are broken now, of the request or of the answer. */
  readonly errors: readonly Breach[];
  /** Fields of the user's for which the model wrote something else. */
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly Note[];
  readonly attempt: number;
  /** Why the attempt before was not enough. */
  readonly reason: Code | undefined;
  /** Begins a run, in the place of the one that goes on, which is stopped. */
  run(input: object): void;
  /** Reads a run that has begun elsewhere, or before the page was loaded. */
  resume(runId: string): void;
  stop(): void;
  /** Reads on if the run was lost, else asks again. */
  retry(): void;
  /** The user takes a top-level field over. */
  pin(path: string, value: unknown): Promise<number>;
}

/** The functions stay the same for the life of the component; options count from the next run on. */
export function useStructuredStream<Value = JsonObject>(
  url: string,
  options: HookOptions = {},
): StructuredStream<Value> {
  const { session, shown } = useSession<Value>(url, options);
  return useMemo(() => {
    const { state, error } = shown;
    return {
      ...outlookOn(shown),
      value: state.value,
      fields: state.fields,
      errors: error?.details ?? state.broken.flat(),
      conflicts: (state.end?.type === "complete" && state.end.conflicts) || [],
      notes: state.start?.notes ?? [],
      attempt: state.attempt,
      reason: state.reason,
      run: session.begin,
      resume: session.resume,
      stop: session.stop,
      retry: session.retry,
      pin: session.pin,
    };
  }, [session, shown]);
}
