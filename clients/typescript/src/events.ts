// What a stream tells: the events of src/schemas.ts, with the type of the object that they build.

import type {
  Cancelled,
  Complete,
  Failed,
  FieldSettled,
  Invalid,
  Partial,
  Pinned,
  Reset,
  Start,
  Token,
} from "./schemas.ts";

/** Any JSON object. */
export type JsonObject = { [key: string]: unknown };

/** An object that is being written: anything may be missing, and a list's item that is not known yet is null. */
export type DeepPartial<Value> = Value extends readonly (infer Item)[]
  ? (DeepPartial<Item> | null)[]
  : Value extends object
    ? { [Key in keyof Value]?: DeepPartial<Value[Key]> }
    : Value;

type With<Event, Changed> = Omit<Event, keyof Changed> & Changed;

/** One event, told apart by `type`. `Value` is what the chain answers with. */
export type StreamEvent<Value = JsonObject> =
  | Start
  | Token
  | With<Partial, { value: DeepPartial<Value> }>
  | FieldSettled
  | Invalid
  | Pinned
  | Reset
  | With<Complete, { value: Value }>
  | With<Failed, { partial: DeepPartial<Value> }>
  | With<Cancelled, { partial: DeepPartial<Value> }>;

export type EventName = StreamEvent["type"];

/** The events behind which nothing comes. */
export const TERMINAL: ReadonlySet<string> = new Set<EventName>(["complete", "failed", "cancelled"]);

/** All events there are. What is called otherwise is for a later version of this client. */
export const EVENTS: readonly EventName[] = [
  "start",
  "token",
  "partial",
  "field",
  "invalid",
  "pinned",
  "reset",
  "complete",
  "failed",
  "cancelled",
];
