// Requests to the server, and who they are shown to come from.

import { refusal, StreamError } from "./error.ts";

export type RequestHeaders = Record<string, string>;

/** Gives the headers of a request to `url`. `refused` is why it must be made again: what it showed let nobody in. */
export type HeadersFor = (asking: {
  url: string;
  refused: StreamError | undefined;
}) => RequestHeaders | Promise<RequestHeaders>;

export interface Asking {
  /**
   * Headers of every request, or what gives them, each time it is asked. After a 401 it is asked again, and may take as long
   * as it likes, so that a user can be asked for a token: with other headers than before the request is made again.
   */
  headers?: RequestHeaders | HeadersFor;
  fetch?: typeof fetch;
}

export interface Question {
  method?: string;
  headers?: RequestHeaders;
  /** Sent as JSON. */
  body?: object;
  signal?: AbortSignal;
  keepalive?: boolean;
}

/** In which an answer must begin; what it brings then may take as long as it likes. */
export const ANSWER_MS = 15_000;

/** A response that is a success; everything else is thrown, a `StreamError` each. */
export async function ask(url: string, question: Question, { headers, fetch }: Asking): Promise<Response> {
  let refused: StreamError | undefined;
  let before: string | undefined;
  for (;;) {
    const shown = typeof headers === "function" ? await headers({ url, refused }) : headers;
    const now = JSON.stringify(shown);
    if (refused && now === before) throw refused;
    before = now;
    const response = await answer(url, { ...question, headers: { ...shown, ...question.headers } }, fetch);
    if (response.ok) return response;
    refused = await refusal(response);
    if (response.status !== 401) throw refused;
  }
}

/** What the response holds as JSON. One that was cut may be whole the next time. */
export async function json<Body>(response: Response): Promise<Body> {
  return response.json().catch((cause) => {
    throw new StreamError("not_a_stream", { cause });
  });
}

async function answer(url: string, { body, signal, ...init }: Question, fetch = globalThis.fetch): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  const sent = body && { method: "POST", body: JSON.stringify(body) };
  const headers = { ...init.headers, ...(body && { "content-type": "application/json" }) };
  try {
    const either = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
    return await fetch(url, { cache: "no-store", ...init, ...sent, headers, signal: either });
  } catch (cause) {
    throw new StreamError("unreachable", { cause });
  } finally {
    clearTimeout(timer);
  }
}
