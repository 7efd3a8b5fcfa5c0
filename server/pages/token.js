// The user's access token, where the server wants one. It is held here and nowhere else: in no storage, no address and no
// element. So it is gone with the page; a run that has begun goes on without it, by its cookie.

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
 * What each request of a run shows, as the client asks for it. A run that has begun is asked after without the token:
 * its ticket has brought a cookie, which knows whose run it is, and is good as long as the run is, although the token may
 * be over by then, or another user's. Where no cookies are kept, the token must do there, too. And as long as there is
 * none that does, the user's next one is waited for.
 * @param {{signal: AbortSignal, onAsked: (asked: boolean) => void}} on once `signal` is aborted nothing is waited for
 */
export function credentials({ signal, onAsked }) {
  const shown = new Map(); // by address: the token that was shown there last
  return async ({ url, refused }) => {
    const last = shown.get(url) ?? "";
    const isDone = refused && refused.code !== UNAUTHENTICATED; // a refusal that no token could mend
    if (refused && !isDone) {
      dropToken(last);
      if (held === "") await given(signal, onAsked);
    }
    const token = isDone ? last : refused || !url.startsWith("/runs/") ? held : "";
    shown.set(url, token);
    return token ? { authorization: `Bearer ${token}` } : {};
  };
}

/** Until the user has given a token. */
async function given(signal, onAsked) {
  signal.throwIfAborted();
  onAsked(true);
  changes.dispatchEvent(new Event("wanted"));
  await new Promise((resolve, reject) => {
    changes.addEventListener("held", resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  onAsked(false);
}
