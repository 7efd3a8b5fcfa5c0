// What a page may load and run: scripts by this response's nonce alone, styles and data from here, and no frames.

/** A model's text is shown as text; should anything ever make it markup, this keeps it from being run. */
export function contentSecurityPolicy(nonce: string, aiUrl: string): string {
  const isDevelopment = process.env.NODE_ENV === "development"; // React explains its errors there with eval
  const ai = URL.canParse(aiUrl) ? new URL(aiUrl).origin : "";
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    `style-src 'self'${isDevelopment ? " 'unsafe-inline'" : ""}`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self' ${ai}`.trimEnd(),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
