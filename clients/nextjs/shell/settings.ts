// What the environment says of this app. It is read when a page is asked for, so one build serves every environment.

export interface Settings {
  /** Where the browser finds the chains: a path of this app, or another origin that allows it (CORS). */
  readonly aiUrl: string;
}

export function settings(): Settings {
  return { aiUrl: (process.env.AI_URL ?? "/ai").replace(/\/$/, "") };
}

/** The AI server, or the relay before it, to which `/ai` leads; a path may follow: `http://relay:8080/ai`. */
export function upstream(): string {
  return (process.env.AI_UPSTREAM ?? "http://127.0.0.1:8000").replace(/\/$/, "");
}
