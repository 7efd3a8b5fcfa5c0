"use server";
// Where the product's own backend takes over: it looks at the meeting again, and keeps it. Nothing is kept here.

import type { MeetingInfo } from "moim-stream";
import { FIELDS, keepsRule } from "../../../form/meeting";

/** What the backend made of it, or null if it did not take it. */
export async function createMeeting(meeting: MeetingInfo): Promise<{ name: string } | null> {
  const isWhole = FIELDS.every((name) => (name === "plan" && !meeting.plan) || keepsRule(name, meeting[name]));
  return isWhole ? { name: meeting.name } : null;
}
