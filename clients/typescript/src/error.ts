// Why a run was refused or lost. What goes wrong inside a stream is no exception: that is the event `failed`.

import type { Breach, Code, ErrorEnvelope } from "./schemas.ts";

/**
 * What this client says itself. unreachable: nobody answered a request · lost: the run is known, and no connection to it can
 * be made any more · http: a status without the server's own words · not_a_stream: an answer that is not what was asked for
 */
export type ClientCode = "unreachable" | "lost" | "http" | "not_a_stream";

interface Told {
  message?: string;
  details?: readonly Breach[];
  retryable?: boolean;
  retryAfterMs?: number | undefined;
  status?: number;
  cause?: unknown;
}

/** Statuses behind which the same request may succeed a moment later. 0: nobody answered. */
const PASSING: readonly number[] = [0, 429, 502, 503, 504];

export class StreamError extends Error {
  declare readonly code: Code | ClientCode;
  /** The rules that the request broke. */
  declare readonly details: readonly Breach[];
  /** Whether trying again can help. */
  declare readonly retryable: boolean;
  declare readonly retryAfterMs: number | undefined;
  /** Of HTTP; 0 if nobody answered. */
  declare readonly status: number;
  /** The run that it is about, if one is known. */
  declare runId: string | undefined;

  constructor(code: Code | ClientCode, told: Told = {}) {
    const {
      message = code,
      status = 0,
      details = [],
      retryable = PASSING.includes(status),
      retryAfterMs,
      cause,
    } = told;
    super(message, { cause });
    Object.assign(this, { name: "StreamError", code, details, retryable, retryAfterMs, status });
  }
}

/** Whether the same request may succeed a moment later, so that it is worth making again unasked. */
export function isPassing(error: unknown): error is StreamError {
  return error instanceof StreamError && error.retryable && PASSING.includes(error.status);
}

/** The envelope of a response that is no success; a proxy's page of its own is told by its status. */
export async function refusal(response: Response): Promise<StreamError> {
  const { status } = response;
  const said: Partial<ErrorEnvelope> | null = await response.json().catch(() => null);
  const retryAfterMs = Number(response.headers.get("retry-after")) * 1000 || undefined;
  if (typeof said?.code !== "string")
    return new StreamError("http", { message: `HTTP ${status}`, status, retryAfterMs });
  const { code, message = code, details, retryable = false } = said;
  return new StreamError(code, { message, details: details ?? [], retryable, status, retryAfterMs });
}
