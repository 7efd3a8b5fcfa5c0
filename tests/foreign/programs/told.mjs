// What every program here shares: its task comes as one JSON argument, what its user sees leaves as lines of JSON on
// standard output, and whatever is written to standard input means that the user stops.

import { createInterface } from "node:readline";

export const task = JSON.parse(process.argv[2]);

export function tell(seen) {
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

export function whenStopped(stop) {
  const lines = createInterface({ input: process.stdin });
  lines.once("line", stop);
  process.stdin.unref?.(); // nobody need stop it; a file has none, and keeps no program going
}
