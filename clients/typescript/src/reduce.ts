// What a client makes of a run's events: the object so far, how each field stands, and the end. Pure: no clock, no network.

import { type DeepPartial, type JsonObject, type StreamEvent, TERMINAL } from "./events.ts";
import { own, parsePointer, pointerTo, shared } from "./pointer.ts";
import type { Breach, Code, Start } from "./schemas.ts";
import { type FieldStatus, statuses } from "./statuses.ts";
import { TOLD } from "./told.ts";

/** The event that ended a run. */
export type End<Value = JsonObject> = Extract<StreamEvent<Value>, { type: "complete" | "failed" | "cancelled" }>;

export interface RunState<Value = JsonObject> {
  readonly status: "idle" | "streaming" | "complete" | "failed" | "cancelled";
  /** The object so far. What an event did not change is the same object as before: a memoised view need not draw it. */
  readonly value: DeepPartial<Value>;
  /**
   * By JSON Pointer: every property, in the order in which they come, and the items of lists as they come.
   * At an end other than `complete`, what was not finished stays as it was: waiting or filling.
   */
  readonly fields: Readonly<Record<string, FieldStatus>>;
  /** By JSON Pointer: what has settled, and how many milliseconds after the run began, as far as that was told. */
  readonly settled: Readonly<Record<string, number | undefined>>;
  /** The rules that are broken now. Those that one event told are one list: what mends one of them mends them all. */
  readonly broken: readonly (readonly Breach[])[];
  /** Properties that are the user's by now. */
  readonly pinned: readonly string[];
  /** Properties that no attempt may change any more: given ones, and what a repair has kept. */
  readonly lasting: readonly string[];
  readonly attempt: number;
  /** Why the attempt before was not enough. */
  readonly reason?: Code;
  readonly start?: Start;
  readonly end?: End<Value>;
}

const INITIAL: RunState = {
  status: "idle",
  value: {},
  fields: {},
  settled: {},
  broken: [],
  pinned: [],
  lasting: [],
  attempt: 1,
};

/** Before any event. */
export function initial<Value = JsonObject>(): RunState<Value> {
  return INITIAL as RunState<Value>;
}

/**
 * The state behind one more event. What follows an end changes nothing, unless it is the `start` of another run.
 *
 * A token costs what its path is deep and wide, however long the text has become: JavaScript joins a text that grew in
 * pieces when it is looked at.
 */
export function reduce<Value>(state: RunState<Value>, event: StreamEvent<Value>): RunState<Value> {
  if (TERMINAL.has(state.status) && event.type !== "start") return state;
  const before = (event.type === "start" ? INITIAL : state) as RunState;
  const change = own(TOLD, event.type) as ((state: RunState, event: StreamEvent<Value>) => object) | undefined;
  const after: RunState = { ...before, status: "streaming", ...change?.(before, event) };
  const fields = event.type === "token" && isFilling(after.fields, event.path) ? after.fields : statuses(after);
  return { ...after, fields: shared(before.fields, fields) } as RunState<Value>;
}

/** Whether another token there changes no status. */
function isFilling(fields: RunState["fields"], path: string): boolean {
  const [name, item] = parsePointer(path);
  const at = pointerTo(String(name));
  return fields[at] === "filling" && (typeof item !== "number" || fields[`${at}/${item}`] === "filling");
}
