// Requests to the server, and what it means when one has no success.

import { Patience, pause } from "./patience.js";

const ANSWER_MS = 15_000;
const INSISTS_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const PASSING = new Set([0, 429, 502, 503, 504]);
const GONE = new Set([404, 410]);

/** Why a run was refused, lost or stopped, with a code that the words know. `status`: of HTTP; 0 if nobody answered. */
export class Problem extends Error {
  constructor(code, { message = "", details = [], retryable = true, retryAfterMs = null, status = 0 } = {}) {
    super(message);
    Object.assign(this, { code, details, retryable, retryAfterMs, status });
  }

  /** Whether the same request may succeed a moment later. */
  get passing() {
    return PASSING.has(this.status);
  }

  /** Whether what was asked after is not there, and will not be. */
  get gone() {
    return GONE.has(this.status);
  }
}

/** Where a run is asked after. */
export function runUrl(id) {
  return `/runs/${encodeURIComponent(id)}`;
}

/**
 * A response that is a success. It must begin in time; what it brings then may take as long as it likes.
 * @param {RequestInit & {withinMs?: number}} options
 * @returns {Promise<Response>} rejected with a `Problem`
 */
export async function ask(url, { withinMs = ANSWER_MS, signal, ...options } = {}) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), withinMs);
  const either = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
  try {
    const response = await fetch(url, { cache: "no-store", ...options, signal: either }).catch(() => {
      throw new Problem("unreachable");
    });
    if (!response.ok) throw await refusal(response);
    return response;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Tries again, a few times, where nobody answers, or only somebody in between. What is tried must do no harm twice.
 * @template T
 * @param {() => Promise<T>} attempt
 */
export async function insist(attempt) {
  const patience = new Patience(INSISTS_MS);
  for (;;) {
    try {
      return await attempt();
    } catch (problem) {
      const ms = problem.passing ? patience.failed(problem.retryAfterMs ?? FIRST_PAUSE_MS) : null;
      if (ms === null) throw problem;
      await pause(ms);
    }
  }
}

/** The envelope of a response that is no success; a proxy's page of its own is told by its status. */
export async function refusal(response) {
  const { status } = response;
  const envelope = await response.json().catch(() => null);
  const seconds = Number(response.headers.get("retry-after"));
  const retryAfterMs = seconds > 0 ? seconds * 1000 : null;
  if (typeof envelope?.code !== "string") return new Problem("http", { message: String(status), retryAfterMs, status });
  return new Problem(envelope.code, { ...envelope, retryAfterMs, status });
}
