// Saves the last run as a file, and plays such files again: a bug report is a recording.

import { el } from "./dom.js";
import { playRecording } from "./player.js";
import { NotARecording, readRecording, writeRecording } from "./recording.js";
import { say } from "./words.js";

const MOST_BYTES = 64 * 1024 * 1024; // no run comes near it

/**
 * @param {{opened: Function}} log
 * `recorded` wraps what begins a run; `playInto` says which function plays the runs of which chain (by `start.chain`).
 */
export function mountRecorder(log) {
  const part = (id) => document.getElementById(id);
  const file = part("recording-file");
  let players = {};
  let last = []; // the events of the last run
  let playing = null;

  /** Logs the events of the run that `begin` begins, and keeps them for saving. */
  function recorded(chain, begin) {
    return (on) => {
      const logged = log.opened(chain);
      const kept = [];
      const onEvent = (event) => {
        const { seq, name, raw } = event;
        if (kept.push({ seq, name, raw, ms: logged(event) }) === 1 && name === "start") {
          last = kept;
          part("recording-save").disabled = false;
        }
        on.onEvent(event);
      };
      return begin({ ...on, onEvent });
    };
  }

  function save() {
    const { chain, run_id } = JSON.parse(last[0].raw);
    const url = URL.createObjectURL(new Blob([writeRecording(last)], { type: "text/event-stream" }));
    el("a", { href: url, download: `${chain}-${run_id.slice(-8)}.sse` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // not at once: the browser may still be asking where to put it
  }

  async function open(chosen) {
    try {
      play(readRecording(await textOf(chosen)), chosen.name);
    } catch (error) {
      if (!(error instanceof NotARecording)) throw error;
      tell(`recording.${error.code}`, { file: chosen.name, ...error.args }, true);
    }
  }

  function play(events, name) {
    const { chain } = events[0].data;
    if (!Object.hasOwn(players, chain)) throw new NotARecording("other_chain", { chain });
    playing?.stop();
    tell("recording.playing", { file: name, n: events.length });
    players[chain]((on) => {
      const logged = log.opened(`▶ ${chain}`);
      const onEvent = (event) => (logged(event), on.onEvent(event));
      const onEnd = (problem) => (tell(problem ? "" : "recording.played", { file: name }), on.onEnd(problem));
      playing = playRecording(events, speed(), { onEvent, onEnd });
      return playing;
    });
  }

  function speed() {
    return Number(part("recording-speed").value) || Infinity;
  }

  function tell(key, args, bad = false) {
    say(part("recording-said"), key, args);
    part("recording-said").classList.toggle("bad", bad);
  }

  part("recording-save").addEventListener("click", save);
  part("recording-open").addEventListener("click", () => file.click());
  part("recording-speed").addEventListener("change", () => playing?.setSpeed(speed()));
  file.addEventListener("change", () => {
    const [chosen] = file.files;
    if (chosen) open(chosen);
    file.value = ""; // the same file may be chosen again
  });
  return { recorded, playInto: (by) => (players = by) };
}

async function textOf(file) {
  if (file.size > MOST_BYTES) throw new NotARecording("too_large");
  return file.text().catch(() => {
    throw new NotARecording("unreadable");
  });
}
