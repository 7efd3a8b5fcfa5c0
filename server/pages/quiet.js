// Whether anything comes. A model that is long in answering is told apart from a page that hangs.

const QUIET_MS = 8_000;

/**
 * @param {(quiet: boolean) => void} tell is called when nothing has come for a while, and when something comes again
 * @returns {{heard: () => void, over: () => void}} `heard`: something has come, or just been asked for
 */
export function quietWatch(tell) {
  let timer;
  let quiet = false;

  function turn(now) {
    if (now !== quiet) tell((quiet = now));
  }

  function heard() {
    clearTimeout(timer);
    timer = setTimeout(turn, QUIET_MS, true);
    turn(false);
  }

  function over() {
    clearTimeout(timer);
    quiet = false;
  }
  return { heard, over };
}
