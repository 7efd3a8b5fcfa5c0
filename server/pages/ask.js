// Requests to the server beside the streams of runs, and what it means when one has no success.

import { dropToken, heldToken, UNAUTHENTICATED } from "./token.js";

/** Where runs are. */
export const RUNS = "/runs";
const ANSWER_MS = 15_000;
const GONE = new Set([404, 410]);

/** Why a run was refused, lost or stopped, with a code that the words know. `status`: of HTTP; 0 if nobody answered. */
export class Problem extends Error {
  constructor(code, { message = "", details = [], retryable = true, retryAfterMs = null, status = 0 } = {}) {
    super(message);
    Object.assign(this, { code, details, retryable, retryAfterMs, status });
  }

  /** Whether what was asked after is not there, and will not be. */
  get gone() {
    return GONE.has(this.status);
  }
}

/** Where a run is asked after. */
export function runUrl(id) {
  return `${RUNS}/${encodeURIComponent(id)}`;
}

/**
 * A response that is a success, in time. A run is asked after without the access token, if that will do (`credentials`).
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

async function request(url, token, { withinMs = ANSWER_MS, headers, ...options }) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), withinMs);
  try {
    const shown = token ? { ...headers, authorization: `Bearer ${token}` } : { ...headers };
    const response = await fetch(url, { cache: "no-store", ...options, headers: shown, signal: late.signal }).catch(() => {
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

/** The envelope of a response that is no success; a proxy's page of its own is told by its status. */
async function refusal(response) {
  const { status } = response;
  const envelope = await response.json().catch(() => null);
  if (typeof envelope?.code !== "string") return new Problem("http", { message: String(status), status });
  return new Problem(envelope.code, { ...envelope, status });
}
