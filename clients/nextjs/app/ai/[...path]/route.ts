// Passes what the browser asks of the chains on to the AI server, and its answers back as they come.
//
// No rewrite of next.config.ts: those are fixed when the app is built, and they give up a connection by their own clock.

import type { NextRequest } from "next/server";
import { upstream } from "../../../shell/settings";

const ASKED = ["accept", "authorization", "content-type", "idempotency-key", "last-event-id", "traceparent"];
const ANSWERED = ["cache-control", "content-type", "retry-after", "x-accel-buffering"];

/** Whoever leaves here is gone there, too: the connection's end is the signal. */
async function pass(request: NextRequest): Promise<Response> {
  const { pathname, search } = request.nextUrl;
  const question: RequestInit & { duplex: "half" } = {
    method: request.method,
    headers: only(ASKED, request.headers),
    body: request.body,
    duplex: "half",
    redirect: "manual",
    signal: request.signal,
  };
  try {
    const answer = await fetch(`${upstream()}${pathname.slice("/ai".length)}${search}`, question);
    return new Response(answer.body, { status: answer.status, headers: only(ANSWERED, answer.headers) });
  } catch {
    return new Response(null, { status: 502 }); // not in the server's words: nobody knows what it has done
  }
}

function only(names: readonly string[], headers: Headers): Headers {
  const passed = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return passed;
}

export { pass as DELETE, pass as GET, pass as POST };
