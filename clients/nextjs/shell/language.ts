// Which language a request is answered in: the one chosen before, else the browser's first, else Korean.

import { cookies, headers } from "next/headers";
import type { Language } from "./words";

export async function languageOfRequest(): Promise<Language> {
  const chosen = (await cookies()).get("language")?.value;
  if (chosen === "ko" || chosen === "en") return chosen;
  return /^\s*en\b/i.test((await headers()).get("accept-language") ?? "") ? "en" : "ko";
}
