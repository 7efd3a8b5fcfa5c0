// One run after another, as a component shows them: what came of the present one, and what can be done about it.
// Nothing here knows React.

import { StreamError } from "../error.ts";
import type { StreamEvent } from "../events.ts";
import { newKey } from "../key.ts";
import type { Connection, StreamOptions } from "../options.ts";
import { initial, type RunState, reduce } from "../reduce.ts";
import { type Run, resumeRun, streamRun } from "../run.ts";
import { nextFrame } from "./frame.ts";

const STOPS_MS = 3_000;

export interface HookOptions extends Omit<StreamOptions, "signal" | "idempotencyKey"> {
  /** Unmounting stops the run. By default it goes on, and is read on when the component is mounted again. */
  stopOnUnmount?: boolean;
}

/** What is to be shown: another object when something has changed. */
export interface Shown<Value> {
  readonly state: RunState<Value>;
  /** Whether it is asked for, or goes on. */
  readonly isLive: boolean;
  /** Whether it was ended here, without waiting for the server's word. */
  readonly isStopped: boolean;
  /** Why it was refused or lost. */
  readonly error: StreamError | undefined;
  readonly runId: string | undefined;
  readonly connection: Connection | undefined;
  /** Milliseconds from asking for it to its first token, as measured here. */
  readonly firstTokenMs: number | undefined;
  /** What it was asked, and what the component says of that. */
  readonly input: object | undefined;
  readonly about: unknown;
}

export class Session<Value> {
  url: string;
  options: HookOptions;
  #now: Shown<Value> = {
    state: initial(),
    isLive: false,
    isStopped: false,
    error: undefined,
    runId: undefined,
    connection: undefined,
    firstTokenMs: undefined,
    input: undefined,
    about: undefined,
  };
  #drawn = this.#now;
  readonly #listeners = new Set<() => void>();
  #takeBack: (() => void) | undefined; // the frame that is coming
  #isMounted = false;
  #run: Run<Value> | undefined;
  #reading: object | undefined; // stands for the present reading of it; none before it has begun, and when it was left
  #abort = new AbortController();
  #key = "";
  #lastEventId = "";
  #since = 0;
  #stopping: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, options: HookOptions) {
    this.url = url;
    this.options = options;
  }

  // -- what is shown ---------------------------------------------------------------------------------------------------

  /** How things are; what was drawn last may be a frame behind. */
  get now(): Shown<Value> {
    return this.#now;
  }

  readonly drawn = (): Shown<Value> => this.#drawn;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #change(change: Partial<Shown<Value>>): void {
    this.#now = { ...this.#now, ...change };
    if (this.#isMounted) this.#takeBack ??= nextFrame(this.#draw);
  }

  readonly #draw = (): void => {
    this.#takeBack = undefined;
    this.#drawn = this.#now;
    for (const listener of this.#listeners) listener();
  };

  // -- what can be done ------------------------------------------------------------------------------------------------

  /** Another run takes the place of the present one, which is stopped. */
  readonly begin = (input: object, about?: unknown): void => this.#beginAnew({ input, about });

  /** The same with a run that has begun elsewhere, from its beginning. */
  readonly resume = (runId: string, about?: unknown): void => this.#beginAnew({ runId, about, input: undefined });

  /** The server is told, and the run's end comes as its last event. Who has no server to tell stops all the same. */
  readonly stop = (): void => {
    if (!this.#now.isLive) return;
    clearTimeout(this.#stopping);
    if (this.#reading) {
      this.#run?.cancel().catch(() => {});
      this.#stopping = setTimeout(() => this.#end(), STOPS_MS);
    } else {
      this.#end();
    }
  };

  /** A run that was lost is read on; another one is asked again. */
  readonly retry = (): void => {
    const { isLive, error, runId, input, about } = this.#now;
    if (isLive) return;
    if (runId && (error?.code === "lost" || !input)) {
      this.#change({ isLive: true, isStopped: false, error: undefined });
      this.#open();
    } else if (input) {
      this.begin(input, about);
    }
  };

  readonly pin = async (path: string, value: unknown): Promise<number> => {
    if (!this.#run) throw new StreamError("not_found", { message: "There is no run" });
    return this.#run.pin(path, value);
  };

  /** The component is there. Returns what is to be done when it goes. */
  mount(): () => void {
    this.#isMounted = true;
    if (this.#now !== this.#drawn) this.#change({});
    if (this.#now.isLive) this.#open();
    return () => {
      this.#isMounted = false;
      this.#takeBack?.();
      this.#takeBack = undefined;
      if (this.#reading && this.options.stopOnUnmount) this.#end();
      else this.#leave();
    };
  }

  // -- the present run -------------------------------------------------------------------------------------------------

  #beginAnew(change: Partial<Shown<Value>>): void {
    if (this.#reading) this.#end();
    this.#abort = new AbortController();
    this.#key = newKey();
    this.#lastEventId = "";
    this.#since = performance.now();
    const nothing = {
      state: initial<Value>(),
      isStopped: false,
      error: undefined,
      runId: undefined,
      firstTokenMs: undefined,
    };
    this.#change({ ...nothing, isLive: true, connection: undefined, ...change });
    this.#open();
  }

  /**
   * Begins it, or reads it on; not at once, for React mounts twice where it is strict: what the first time has asked for
   * is asked for again, or taken back, before this moment is over.
   */
  #open(): void {
    queueMicrotask(() => {
      if (this.#isMounted && this.#now.isLive && !this.#reading) this.#read();
    });
  }

  async #read(): Promise<void> {
    const reading = (this.#reading = {});
    const isPresent = () => this.#reading === reading;
    const ids: string[] = []; // of the events that have come, and were not taken yet
    const run = this.#connect({
      onFrame: ({ id }) => ids.push(id),
      onConnection: (connection) => isPresent() && this.#change({ connection }),
    });
    this.#run = run;
    run.id.then((runId) => isPresent() && this.#change({ runId })).catch(() => {});
    try {
      for await (const event of run) {
        if (!isPresent()) return;
        this.#lastEventId = ids.shift() as string;
        this.#take(event);
      }
      if (isPresent()) this.#close({});
    } catch (cause) {
      const error =
        cause instanceof StreamError ? cause : new StreamError("unreachable", { message: String(cause), cause });
      if (isPresent()) this.#close({ error });
    }
  }

  #connect({ onFrame, onConnection }: Pick<Required<StreamOptions>, "onFrame" | "onConnection">): Run<Value> {
    const { runId, input = {} } = this.#now;
    const own = this.options;
    const options: StreamOptions = {
      ...own,
      signal: this.#abort.signal,
      onFrame: (frame) => {
        onFrame(frame);
        own.onFrame?.(frame);
      },
      onConnection: (state) => {
        onConnection(state);
        own.onConnection?.(state);
      },
    };
    if (runId) return resumeRun(this.url, runId, { ...options, lastEventId: this.#lastEventId });
    return streamRun(this.url, input, { ...options, idempotencyKey: this.#key });
  }

  #take(event: StreamEvent<Value>): void {
    const { firstTokenMs = event.type === "token" ? performance.now() - this.#since : undefined } = this.#now;
    this.#change({ state: reduce(this.#now.state, event), firstTokenMs });
  }

  /** It ends here at once, and on the server as soon as that can be told. */
  #end(): void {
    if (this.#reading) this.#abort.abort();
    this.#close({ isStopped: true });
  }

  #close(change: Partial<Shown<Value>>): void {
    this.#reading = undefined;
    clearTimeout(this.#stopping);
    this.#change({ isLive: false, connection: "closed", ...change });
  }

  /** The connection closes, and the run goes on. */
  #leave(): void {
    if (!this.#reading) return;
    this.#reading = undefined;
    clearTimeout(this.#stopping);
    this.#run?.[Symbol.asyncIterator]().return?.();
  }
}
