// Requests to the server, and what it means when one has no success.

import { Patience, pause } from "./patience.js";
import { dropToken, heldToken, UNAUTHENTICATED } from "./token.js";

const ANSWER_MS = 15_000;
const INSISTS_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const RUNS = "/runs/";
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
  return `${RUNS}${encodeURIComponent(id)}`;
}

/**
 * A response that is a success. It must begin in time; what it brings then may take as long as it likes.
 *
 * With the access token, if there is one. But a run is asked after without it: its ticket has brought a cookie, which
 * knows whose run it is, and is good as long as the run is, although the token may be over by then, or another user's.
 * Where no cookies are kept, the token must do there, too.
 * @param {RequestInit & {withinMs?: number, token?: string}} options
 * @returns {Promise<Response>} rejected with a `Problem`
 */
export async function ask(url, { token, ...options } = {}) {
  if (!url.startsWith(RUNS)) return request(url, token ?? heldToken(), options);
  try {
    return await request(url, "", options);
  } catch (problem) {
    if (problem.code !== UNAUTHENTICATED || !heldToken()) throw problem;
    return request(url, heldToken(), options);
  }
}

async function request(url, token, { withinMs = ANSWER_MS, signal, headers, ...options }) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), withinMs);
  const either = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
  try {
    const shown = token ? { ...headers, authorization: `Bearer ${token}` } : { ...headers };
    const response = await fetch(url, { cache: "no-store", ...options, headers: shown, signal: either }).catch(() => {
      throw new Problem("unreachable");
    });
    if (response.ok) return response;
    const problem = await refusal(response);
    if (problem.code === UNAUTHENTICATED) dropToken(token);
    throw problem;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Tries again, a few times, where nobody answers, or only somebody in between. What is tried must do no harm twice.
 * Whoever is told to come back much later is not kept waiting here.
 * @template T
 * @param {() => Promise<T>} attempt
 */
export async function insist(attempt) {
  const patience = new Patience(INSISTS_MS);
  for (;;) {
    try {
      return await attempt();
    } catch (problem) {
      const leastMs = problem.retryAfterMs ?? FIRST_PAUSE_MS;
      const ms = problem.passing && leastMs < INSISTS_MS ? patience.failed(leastMs) : null;
      if (ms === null) throw problem;
      await pause(ms);
    }
  }
}

/** The envelope of a response that is no success; a proxy's page of its own is told by its status. */
async function refusal(response) {
  const { status } = response;
  const envelope = await response.json().catch(() => null);
  const seconds = Number(response.headers.get("retry-after"));
  const retryAfterMs = seconds > 0 ? seconds * 1000 : null;
  if (typeof envelope?.code !== "string") return new Problem("http", { message: String(status), retryAfterMs, status });
  return new Problem(envelope.code, { ...envelope, retryAfterMs, status });
}
