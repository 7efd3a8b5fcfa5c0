// Where a field stands, as its user sees it.

import type { FieldStatus } from "moim-stream";

/**
 * open: nobody has written there · waiting, filling, settled, invalid: as the run tells it · mine: the user's · cut: the run
 * ended while it was being written
 */
export type Standing = "open" | "waiting" | "filling" | "settled" | "invalid" | "mine" | "cut";

export function standingOf(isMine: boolean, status: FieldStatus | undefined, isLive: boolean): Standing {
  if (isMine || status === "pinned") return "mine";
  if (status === "settled" || status === "invalid") return status;
  if (isLive) return status ?? "waiting";
  return status === "filling" ? "cut" : "open";
}
