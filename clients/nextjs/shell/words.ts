// What the app says, in the languages that it speaks.

import type { StreamError } from "moim-stream";
import type { Outlook } from "moim-stream/react";
import { en } from "./en";
import { ko, type Words } from "./ko";

export type { Words };
export type Language = "ko" | "en";

export const WORDS: Readonly<Record<Language, Words>> = { ko, en };

type Problem = NonNullable<Outlook["error"]> | StreamError;

/** A refusal is told as its author says it; everything else in our own words. */
export function problemText(words: Words, { code, message }: Problem): string {
  return code === "refused" ? message : (words.problems[code] ?? words.problem);
}
