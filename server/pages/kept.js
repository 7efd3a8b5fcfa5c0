// The run that a panel reads, kept as long as its tab: a page that is loaded anew in the middle goes on with it.

import { ask, runUrl } from "./ask.js";

const MAY_BE_THERE = new Set(["lost", "forgotten"]); // by the code of how its reading ended

/**
 * Keeps the run that `begin` begins, with what it was asked, until it has ended. One that was only lost may be there.
 * How far it was read is not kept: a page that is loaded anew has nothing left to go on from, and reads all of it.
 */
export function keeping(chain, input, begin) {
  return (on) =>
    begin({
      ...on,
      onBegun: (id) => keep(chain, { id, input }),
      onEnd: (problem) => {
        if (!MAY_BE_THERE.has(problem?.code)) forget(chain);
        on.onEnd(problem);
      },
    });
}

/** @returns {Promise<{id: string, input: object}|null>} the chain's kept run, unless the server says that it is gone */
export async function keptRun(chain) {
  const run = look(chain);
  if (!run) return null;
  try {
    await ask(runUrl(run.id));
  } catch (problem) {
    if (problem.gone) return forget(chain);
  }
  return look(chain)?.id === run.id ? run : null; // another may have begun meanwhile
}

// Storage may be forbidden: then a page that is loaded anew begins anew.

function keep(chain, run) {
  try {
    sessionStorage.setItem(slot(chain), JSON.stringify(run));
  } catch {
    // as said
  }
}

function look(chain) {
  try {
    return JSON.parse(sessionStorage.getItem(slot(chain)));
  } catch {
    return null;
  }
}

function forget(chain) {
  try {
    sessionStorage.removeItem(slot(chain));
  } catch {
    // as said
  }
  return null;
}

function slot(chain) {
  return `run of ${chain}`;
}
