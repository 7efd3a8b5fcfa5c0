// What each event changes of what is known of a run.

import type { EventName, JsonObject, StreamEvent } from "./events.ts";
import { changed, parsePointer, pointerTo, propertyOf, shared } from "./pointer.ts";
import type { RunState } from "./reduce.ts";
import type { Code } from "./schemas.ts";

type Told = {
  readonly [Name in EventName]: (state: RunState, event: Extract<StreamEvent, { type: Name }>) => Partial<RunState>;
};

const TAKEOVERS: readonly Code[] = ["worker_lost", "shutting_down"];

/** By event. */
export const TOLD: Told = {
  start: (_, event) => ({ attempt: event.attempt, start: event }),
  token: ({ value }, { path, text }) => ({
    value: put(value, path, (before) => (typeof before === "string" ? before : "") + text),
  }),
  field: (state, { path, value, source, ms }) => ({
    value: put(state.value, path, (before) => shared(before, value)),
    settled: { ...state.settled, [path]: ms },
    ...(source === "given" && { lasting: [...state.lasting, propertyOf(path)] }),
  }),
  // What was told of its inside is no longer so, nor what was wrong with it, alone or with others.
  pinned: (state, { path, value }) => ({
    value: put(state.value, path, (before) => shared(before, value)),
    settled: { ...only(state.settled, (name) => name !== propertyOf(path)), [path]: undefined },
    pinned: [...state.pinned, propertyOf(path)],
    broken: state.broken.filter((rules) => !rules.some((rule) => propertyOf(rule.path) === propertyOf(path))),
  }),
  // One that is resumed stands for what is not told again: what was known else is void.
  partial: (state, { value, settled, resumed }) => {
    const told = Object.fromEntries(settled.map((path) => [path, state.settled[path]]));
    const known = resumed ? { settled: told, broken: [] } : { settled: { ...state.settled, ...told } };
    return { value: shared(state.value, value), ...known };
  },
  invalid: ({ broken }, { errors }) => ({ broken: [...broken, errors] }),
  reset: ({ value, settled, lasting }, { attempt, keep, reason }) => {
    const kept = keep.map(propertyOf);
    return {
      value: Object.fromEntries(Object.entries(value).filter(([name]) => kept.includes(name))),
      settled: only(settled, (name) => kept.includes(name)),
      broken: [],
      lasting: TAKEOVERS.includes(reason) ? lasting : kept,
      attempt,
      reason,
    };
  },
  complete: (state, end) => {
    const whole = Object.fromEntries(Object.keys(end.value).map((name) => [pointerTo(name), undefined]));
    const settled = { ...whole, ...state.settled, ...end.timings.fields };
    return { status: "complete", value: shared(state.value, end.value), settled, broken: [], end };
  },
  failed: ({ value, broken }, end) => ({
    status: "failed",
    value: shared(value, end.partial),
    broken: end.errors ? [end.errors] : broken,
    end,
  }),
  cancelled: ({ value }, end) => ({ status: "cancelled", value: shared(value, end.partial), end }),
};

function put(value: JsonObject, pointer: string, change: (before: unknown) => unknown): JsonObject {
  return changed(value, parsePointer(pointer), change) as JsonObject;
}

/** What belongs to those properties. */
function only<Item>(byPath: Readonly<Record<string, Item>>, isOf: (name: string) => boolean): Record<string, Item> {
  return Object.fromEntries(Object.entries(byPath).filter(([path]) => isOf(propertyOf(path))));
}
