// How each field of a run stands, as its events tell it: the same as the server's own account (schemas/progress.py).

import { own, pointerTo, propertyOf } from "./pointer.ts";
import type { RunState } from "./reduce.ts";

/**
 * waiting: nothing has come · filling: it is being written · settled: closed and valid, or given by the user ·
 * invalid: a rule that it breaks, alone or with others, has put it in doubt · pinned: the user took it over
 */
export type FieldStatus = "waiting" | "filling" | "settled" | "invalid" | "pinned";

/** By pointer: every property, announced or come, and every item of a list. */
export function statuses(state: RunState): Record<string, FieldStatus> {
  const announced = state.start?.fields.map(({ path }) => propertyOf(path)) ?? [];
  const fields: Record<string, FieldStatus> = {};
  for (const name of new Set([...announced, ...Object.keys(state.value)])) {
    const value = own(state.value, name);
    const at = pointerTo(name);
    fields[at] = statusOf(state, name, at, value);
    if (!Array.isArray(value)) continue;
    value.forEach((item, index) => {
      fields[`${at}/${index}`] = statusOf(state, name, `${at}/${index}`, item);
    });
  }
  return fields;
}

function statusOf(
  { pinned, lasting, settled, broken }: RunState,
  name: string,
  at: string,
  value: unknown,
): FieldStatus {
  const isClosed = at in settled || pointerTo(name) in settled;
  // A rule of the whole puts everything in doubt that has settled.
  const breaks = (path: string) => (path === "" ? isClosed : path === at || path.startsWith(`${at}/`));
  if (pinned.includes(name)) return "pinned";
  if (!lasting.includes(name) && broken.flat().some(({ path }) => breaks(path))) return "invalid";
  return isClosed ? "settled" : (value ?? null) === null ? "waiting" : "filling";
}
