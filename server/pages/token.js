// The user's access token, where the server wants one. It is held here and nowhere else: in no storage, no address and no
// element. So it is gone with the page; a run that has begun goes on without it, by its cookie (`ask`).

export const UNAUTHENTICATED = "unauthenticated"; // the code of whoever is not let in

const changes = new EventTarget();
let held = "";

/** Empty if there is none. */
export function heldToken() {
  return held;
}

/** The user has given a token, and the server has let it in. */
export function holdToken(token) {
  held = token;
  changes.dispatchEvent(new Event("held"));
}

/** The server does not let this one in any more. The user may have given another meanwhile, which stays. */
export function dropToken(token) {
  if (token === "" || token !== held) return;
  held = "";
  changes.dispatchEvent(new Event("over"));
}

/** @param {"held"|"over"|"wanted"} change wanted: something cannot go on without a token */
export function onToken(change, listener) {
  changes.addEventListener(change, listener);
}

/**
 * What `attempt` brings, as soon as it is let in: until the user has given a token for it, it is waited for.
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {{signal: AbortSignal, onAsked: (asked: boolean) => void}} on once `signal` is aborted nothing is attempted
 */
export async function admitted(attempt, { signal, onAsked }) {
  for (;;) {
    try {
      return await attempt();
    } catch (problem) {
      if (problem.code !== UNAUTHENTICATED || signal.aborted) throw problem;
      if (held) continue; // given while the attempt was under way
      onAsked(true);
      changes.dispatchEvent(new Event("wanted"));
      await new Promise((given) => changes.addEventListener("held", given, { once: true }));
      onAsked(false);
      if (signal.aborted) throw problem;
    }
  }
}
