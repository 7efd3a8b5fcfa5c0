// What the user has put into the form, kept over a reload together with the run that fills in the rest.

import type { MeetingRequest } from "moim-stream";
import type { Language } from "../shell/words";
import type { Mine } from "./meeting";

export const DRAFT_KEY = "meeting";

export interface Draft {
  readonly goal: string;
  readonly location: string;
  readonly wantsPlan: boolean;
  readonly mine: Mine;
}

export interface KeptDraft extends Draft {
  readonly runId?: string;
}

export const EMPTY_DRAFT: Draft = { goal: "", location: "", wantsPlan: false, mine: {} };

/** What the user holds is given, and not asked of the model. */
export function requestOf({ goal, location, wantsPlan, mine }: Draft, language: Language): MeetingRequest {
  return {
    goal: goal.trim(),
    ...mine,
    ...(location.trim() && { location: location.trim() }),
    include_plan: wantsPlan,
    language,
  };
}
