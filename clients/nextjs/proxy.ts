// Gives every page its Content-Security-Policy, with a nonce that Next.js puts on its own scripts.

import { type NextRequest, NextResponse } from "next/server";
import { contentSecurityPolicy } from "./shell/policy";
import { settings } from "./shell/settings";

export function proxy(request: NextRequest): NextResponse {
  const policy = contentSecurityPolicy(btoa(crypto.randomUUID()), settings().aiUrl);
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  return response;
}

export const config = { matcher: "/((?!ai/|_next/static/|icon).*)" };
