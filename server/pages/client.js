// Made from clients/typescript, by `npm run page` there. Change it there, and make it again.

// src/error.ts
/** Statuses behind which the same request may succeed a moment later. 0: nobody answered. */
const PASSING = [0, 429, 502, 503, 504];
var StreamError = class extends Error {
  constructor(code, told = {}) {
    const {
      message = code,
      status = 0,
      details = [],
      retryable = PASSING.includes(status),
      retryAfterMs,
      cause,
    } = told;
    super(message, { cause });
    Object.assign(this, {
      name: "StreamError",
      code,
      details,
      retryable,
      retryAfterMs,
      status,
    });
  }
};
/** Whether the same request may succeed a moment later, so that it is worth making again unasked. */
function isPassing(error) {
  return error instanceof StreamError && error.retryable && PASSING.includes(error.status);
}
/** The envelope of a response that is no success; a proxy's page of its own is told by its status. */
async function refusal(response) {
  const { status } = response;
  const said = await response.json().catch(() => null);
  const retryAfterMs = Number(response.headers.get("retry-after")) * 1e3 || void 0;
  if (typeof said?.code !== "string")
    return new StreamError("http", {
      message: `HTTP ${status}`,
      status,
      retryAfterMs,
    });
  const { code, message = code, details, retryable = false } = said;
  return new StreamError(code, {
    message,
    details: details ?? [],
    retryable,
    status,
    retryAfterMs,
  });
}

// src/events.ts
/** The events behind which nothing comes. */
const TERMINAL = /* @__PURE__ */ new Set(["complete", "failed", "cancelled"]);
/** All events there are. What is called otherwise is for a later version of this client. */
const EVENTS = ["start", "token", "partial", "field", "invalid", "pinned", "reset", "complete", "failed", "cancelled"];

// src/parser.ts
/**
 * Turns text, cut anywhere, into frames. Each character is looked at once, however the text was cut.
 * A frame that the end of the stream leaves unfinished is dropped, as the standard says.
 */
var EventStreamParser = class {
  /** The milliseconds that the server asks a client to wait before it connects again, once it has said. */
  retry;
  #line = [];
  #afterCR = false;
  #data = [];
  #event = "";
  #id = "";
  /** The frames that this piece of text has finished. It has no byte order mark: whatever made it text has dropped that. */
  feed(text) {
    const frames = [];
    const lines = text.slice(this.#afterCR && text[0] === "\n" ? 1 : 0).split(/\r\n|\n|\r/);
    if (text) this.#afterCR = text.endsWith("\r");
    lines.forEach((part, index) => {
      if (index > 0) this.#take(this.#line.splice(0).join(""), frames);
      this.#line.push(part);
    });
    return frames;
  }
  #take(line, frames) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (line === "") this.#dispatch(frames);
    else if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }
  #dispatch(frames) {
    const data = this.#data.splice(0);
    if (data.length)
      frames.push({
        event: this.#event || "message",
        data: data.join("\n"),
        id: this.#id,
      });
    this.#event = "";
  }
};

// src/pointer.ts
/** "/plan/0/title" → ["plan", 0, "title"]. Digits are read as an index. */
function parsePointer(pointer) {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}
/** The inverse, for one property: "a/b" → "/a~1b". */
function pointerTo(name) {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
/** The property that a pointer leads to, or into: "/plan/0/title" → "plan". Of the whole, it is none. */
function propertyOf(pointer) {
  return String(parsePointer(pointer)[0] ?? "");
}
/** What stands there. Whatever a key is called, nothing is found that was not put in: not even at `__proto__`. */
function own(holder, key) {
  return isHolder(holder) && Object.hasOwn(holder, key) ? holder[key] : void 0;
}
/**
 * The holder with `change` made at `path`; what lies beside the path is the same as before. Lists and objects on the way
 * are made if need be, and items of a list that come before the first known one are null.
 */
function changed(holder, path, change) {
  if (path.length === 0) return change(holder);
  const [key, ...rest] = path;
  const after = changed(own(holder, key), rest, change);
  if (typeof key !== "number" || (isHolder(holder) && !Array.isArray(holder)))
    return {
      ...holder,
      [key]: after,
    };
  const items = Array.isArray(holder) ? holder.slice() : [];
  while (items.length < key) items.push(null);
  items[key] = after;
  return items;
}
/** `after`, in which every part that says the same as in `before` is that part of `before`. */
function shared(before, after) {
  if (!isHolder(before) || !isHolder(after) || Array.isArray(before) !== Array.isArray(after)) return after;
  const entries = Object.entries(after).map(([key, value]) => [key, shared(own(before, key), value)]);
  if (entries.length === Object.keys(before).length && entries.every(([key, value]) => own(before, key) === value))
    return before;
  return Array.isArray(after) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}
function isHolder(value) {
  return typeof value === "object" && value !== null;
}

// src/statuses.ts
/** By pointer: every property, announced or come, and every item of a list. */
function statuses(state) {
  const announced = state.start?.fields.map(({ path }) => propertyOf(path)) ?? [];
  const fields = {};
  for (const name of /* @__PURE__ */ new Set([...announced, ...Object.keys(state.value)])) {
    const value = own(state.value, name);
    const at = pointerTo(name);
    fields[at] = statusOf(state, name, at, value);
    if (!Array.isArray(value)) continue;
    value.forEach((item, index) => {
      fields[`${at}/${index}`] = statusOf(state, name, `${at}/${index}`, item);
    });
  }
  return fields;
}
function statusOf({ pinned, lasting, settled, broken }, name, at, value) {
  const isClosed = at in settled || pointerTo(name) in settled;
  const breaks = (path) => (path === "" ? isClosed : path === at || path.startsWith(`${at}/`));
  if (pinned.includes(name)) return "pinned";
  if (!lasting.includes(name) && broken.flat().some(({ path }) => breaks(path))) return "invalid";
  return isClosed ? "settled" : (value ?? null) === null ? "waiting" : "filling";
}

// src/told.ts
const TAKEOVERS = ["worker_lost", "shutting_down"];
/** By event. */
const TOLD = {
  start: (_, event) => ({
    attempt: event.attempt,
    start: event,
  }),
  token: ({ value }, { path, text }) => ({
    value: put(value, path, (before) => (typeof before === "string" ? before : "") + text),
  }),
  field: (state, { path, value, source, ms }) => ({
    value: put(state.value, path, (before) => shared(before, value)),
    settled: {
      ...state.settled,
      [path]: ms,
    },
    ...(source === "given" && { lasting: [...state.lasting, propertyOf(path)] }),
  }),
  pinned: (state, { path, value }) => ({
    value: put(state.value, path, (before) => shared(before, value)),
    settled: {
      ...only(state.settled, (name) => name !== propertyOf(path)),
      [path]: void 0,
    },
    pinned: [...state.pinned, propertyOf(path)],
    broken: state.broken.filter((rules) => !rules.some((rule) => propertyOf(rule.path) === propertyOf(path))),
  }),
  partial: (state, { value, settled, resumed }) => {
    const told = Object.fromEntries(settled.map((path) => [path, state.settled[path]]));
    const known = resumed
      ? {
          settled: told,
          broken: [],
        }
      : {
          settled: {
            ...state.settled,
            ...told,
          },
        };
    return {
      value: shared(state.value, value),
      ...known,
    };
  },
  invalid: ({ broken }, { errors }) => ({ broken: [...broken, errors] }),
  reset: ({ value, settled, lasting }, { attempt, keep, reason }) => {
    const kept = keep.map(propertyOf);
    return {
      value: Object.fromEntries(Object.entries(value).filter(([name]) => kept.includes(name))),
      settled: only(settled, (name) => kept.includes(name)),
      broken: [],
      lasting: TAKEOVERS.includes(reason) ? lasting : kept,
      attempt,
      reason,
    };
  },
  complete: (state, end) => {
    const settled = {
      ...Object.fromEntries(Object.keys(end.value).map((name) => [pointerTo(name), void 0])),
      ...state.settled,
      ...end.timings.fields,
    };
    return {
      status: "complete",
      value: shared(state.value, end.value),
      settled,
      broken: [],
      end,
    };
  },
  failed: ({ value, broken }, end) => ({
    status: "failed",
    value: shared(value, end.partial),
    broken: end.errors ? [end.errors] : broken,
    end,
  }),
  cancelled: ({ value }, end) => ({
    status: "cancelled",
    value: shared(value, end.partial),
    end,
  }),
};
function put(value, pointer, change) {
  return changed(value, parsePointer(pointer), change);
}
/** What belongs to those properties. */
function only(byPath, isOf) {
  return Object.fromEntries(Object.entries(byPath).filter(([path]) => isOf(propertyOf(path))));
}

// src/reduce.ts
const INITIAL = {
  status: "idle",
  value: {},
  fields: {},
  settled: {},
  broken: [],
  pinned: [],
  lasting: [],
  attempt: 1,
};
/** Before any event. */
function initial() {
  return INITIAL;
}
/**
 * The state behind one more event. What follows an end changes nothing, unless it is the `start` of another run.
 *
 * A token costs what its path is deep and wide, however long the text has become: JavaScript joins a text that grew in
 * pieces when it is looked at.
 */
function reduce(state, event) {
  if (TERMINAL.has(state.status) && event.type !== "start") return state;
  const before = event.type === "start" ? INITIAL : state;
  const change = own(TOLD, event.type);
  const after = {
    ...before,
    status: "streaming",
    ...change?.(before, event),
  };
  const fields = event.type === "token" && isFilling(after.fields, event.path) ? after.fields : statuses(after);
  return {
    ...after,
    fields: shared(before.fields, fields),
  };
}
/** Whether another token there changes no status. */
function isFilling(fields, path) {
  const [name, item] = parsePointer(path);
  const at = pointerTo(String(name));
  return fields[at] === "filling" && (typeof item !== "number" || fields[`${at}/${item}`] === "filling");
}

// src/ask.ts
/** In which an answer must begin; what it brings then may take as long as it likes. */
const ANSWER_MS = 15e3;
/** A response that is a success; everything else is thrown, a `StreamError` each. */
async function ask(url, question, { headers, fetch }) {
  let refused;
  let before;
  for (;;) {
    const shown =
      typeof headers === "function"
        ? await headers({
            url,
            refused,
          })
        : headers;
    const now = JSON.stringify(shown);
    if (refused && now === before) throw refused;
    before = now;
    const response = await answer(
      url,
      {
        ...question,
        headers: {
          ...shown,
          ...question.headers,
        },
      },
      fetch,
    );
    if (response.ok) return response;
    refused = await refusal(response);
    if (response.status !== 401) throw refused;
  }
}
/** What the response holds as JSON. One that was cut may be whole the next time. */
async function json(response) {
  return response.json().catch((cause) => {
    throw new StreamError("not_a_stream", { cause });
  });
}
async function answer(url, { body, signal, ...init }, fetch = globalThis.fetch) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  const sent = body && {
    method: "POST",
    body: JSON.stringify(body),
  };
  const headers = {
    ...init.headers,
    ...(body && { "content-type": "application/json" }),
  };
  try {
    const either = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
    return await fetch(url, {
      cache: "no-store",
      ...init,
      ...sent,
      headers,
      signal: either,
    });
  } catch (cause) {
    throw new StreamError("unreachable", { cause });
  } finally {
    clearTimeout(timer);
  }
}

// src/attention.ts
/** Waits so long, or until trying again is likely to help. Without a network no time is long enough. */
function pause(ms, signal) {
  return until(["online"], signal, ms);
}
/** Waits until somebody is there. */
function attention(signal) {
  return until(["online", "focus", "pointerdown", "keydown"], signal);
}
/** Calls `wake` at any of these signs, until `signal` aborts. */
function at(signs, wake, signal) {
  for (const sign of signs) globalThis.addEventListener?.(sign, wake, { signal });
}
/** Until one of the signs, or the page is seen again, or the time is over, or `signal` aborts. */
function until(signs, signal, ms) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const done = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const late = () => globalThis.navigator?.onLine === false || done();
    const timer = ms === void 0 ? void 0 : setTimeout(late, ms);
    at(signs, done, over.signal);
    const seen = () => document.hidden || done();
    globalThis.document?.addEventListener("visibilitychange", seen, { signal: over.signal });
    signal?.addEventListener("abort", done, { signal: over.signal });
    if (signal?.aborted) done();
  });
}

// src/channel.ts
/** For one reader, which has had enough when it returns. */
var Channel = class {
  #into;
  #from;
  #hasEnded = false;
  /** `left` is called when the reader has had enough. */
  constructor(left) {
    const start = (into) => {
      this.#into = into;
    };
    const cancel = () => {
      this.#hasEnded = true;
      left();
    };
    this.#from = new ReadableStream({
      start,
      cancel,
    }).getReader();
  }
  push(item) {
    if (!this.#hasEnded) this.#into.enqueue(() => item);
  }
  /** Nothing more comes. */
  end() {
    if (!this.#hasEnded) this.#into.close();
    this.#hasEnded = true;
  }
  /** The same; behind what has come the reader is told why, as an exception. */
  fail(error) {
    if (!this.#hasEnded)
      this.#into.enqueue(() => {
        throw error;
      });
    this.end();
  }
  /** The same at once: what has come and was not taken is thrown away. */
  drop(error) {
    if (!this.#hasEnded) this.#into.error(error);
    this.#hasEnded = true;
  }
  async next() {
    const { done, value } = await this.#from.read();
    return done
      ? {
          done,
          value,
        }
      : {
          done,
          value: value(),
        };
  }
  async return() {
    await this.#from.cancel();
    return {
      done: true,
      value: void 0,
    };
  }
};

// src/key.ts
/** Nobody else's. `crypto.randomUUID` would be shorter, but is not there on a page without TLS. */
function newKey() {
  return Array.from(crypto.getRandomValues(/* @__PURE__ */ new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

// src/patience.ts
const SHORTEST_MS = 250;
const LONGEST_MS = 8e3;
const LONGEST_TRY_MS = 2e4;
function patience() {
  let spentMs = 0;
  let failures = 0;
  let since = 0;
  let pauseMs = 0;
  return {
    renew() {
      spentMs = failures = 0;
    },
    failed(leastMs, totalMs) {
      const now = performance.now();
      if (failures) spentMs += Math.min(now - since, pauseMs + LONGEST_TRY_MS);
      since = now;
      const least = Math.max(leastMs, SHORTEST_MS);
      const grown = Math.max(least, Math.min(least * 2 ** failures, LONGEST_MS));
      pauseMs = Math.min(grown * (1 + Math.random() / 2), totalMs);
      return failures++ && spentMs + pauseMs > totalMs ? void 0 : pauseMs;
    },
  };
}

// src/place.ts
const UNSURE = "~";
var Place = class {
  /** What to come again with: the server's words, to be given back as they are. */
  id;
  constructor(id) {
    this.id = id;
  }
  /**
   * The event in a frame, if it is news. A snapshot of how far the run has come takes its reader there, be it back.
   * A frame that does not say what it promises was garbled on the way: what follows it cannot be trusted, either.
   */
  take({ event: name, data, id }) {
    const event = parse(data);
    const seq = Number.parseInt(id, 10);
    if (event?.type !== name || event.seq !== seq) throw new StreamError("not_a_stream");
    const anew = (event.type === "partial" && event.resumed) || (event.type === "start" && this.id.endsWith(UNSURE));
    if (!EVENTS.includes(event.type) || (seq <= Number.parseInt(this.id, 10) && !anew)) return void 0;
    this.id = id;
    return event;
  }
};
function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return;
  }
}

// src/reading.ts
const RETRY_MS = 2e3;
const BEGINS_MS = 1e4;
/** Returns behind the terminal event, or when nobody listens any more. Throws a `StreamError` if the run is refused or lost. */
async function read(source, place, options, listener) {
  const { stallMs = 45e3, patienceMs = 6e4, idleMs = 3e5 } = options;
  const { left, onEvent, onConnection, isWanted } = listener;
  const { renew, failed } = patience();
  let retryMs = RETRY_MS;
  let stood = false;
  /** One connection, to its end. */
  async function connection() {
    const parser = new EventStreamParser();
    const closed = new AbortController();
    const { signal } = closed;
    let end;
    const close = (why) => {
      if (!signal.aborted) end = why;
      closed.abort();
    };
    const stalls = alarm(stallMs, () => close(), signal);
    const idles = alarm(globalThis.document ? idleMs : Infinity, () => close("idle"), signal);
    at(["online"], () => close("online"), signal);
    const heard = () => {
      stood = true;
      onConnection("open");
      stalls();
    };
    const take = (frame) => {
      const event = signal.aborted ? void 0 : place.take(frame);
      if (!event) return;
      idles();
      renew();
      onEvent(event, frame);
      if (TERMINAL.has(event.type)) close("over");
    };
    try {
      if (
        !(await source.connect(place.id, parser, {
          take,
          heard,
          signal: AbortSignal.any([left, signal]),
        }))
      )
        close("over");
    } catch (error) {
      if (!signal.aborted && !isPassing(error)) throw error;
      close(error);
    } finally {
      closed.abort();
      retryMs = parser.retry ?? retryMs;
    }
    return end;
  }
  /** The milliseconds to wait before the next connection. Throws if there should be none. */
  function untilNext(error) {
    const leastMs = Math.max(isWanted() ? retryMs : 0, error?.retryAfterMs ?? 0);
    if (source.runId) {
      const ms = failed(leastMs, patienceMs);
      if (ms === void 0) throw new StreamError("lost", { cause: error });
      return ms;
    }
    const ms =
      hasNotBegun(error) && (leastMs >= BEGINS_MS || !isWanted())
        ? void 0
        : failed(leastMs, Math.min(patienceMs, BEGINS_MS));
    if (ms === void 0) throw error ?? new StreamError("unreachable");
    return ms;
  }
  while (!left.aborted) {
    const end = await connection();
    if (end === "over" || left.aborted) return;
    if (end === "idle") {
      onConnection("idle");
      await attention(left);
    }
    if (stood) onConnection("away");
    if (end !== "idle" && end !== "online") await pause(untilNext(end), left);
  }
}
/** The server said so. Where nobody answered, or only somebody in between, it may have begun all the same. */
function hasNotBegun(error) {
  return error !== void 0 && error.status > 0 && error.code !== "http";
}
/** Rings so long after it was last set. Too long for a timer is never. */
function alarm(ms, ring, signal) {
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    if (ms < 2 ** 31 && !signal.aborted) timer = setTimeout(ring, ms);
  };
}

// src/body.ts
/** Returns when the body has ended, however, or is not wanted any more. */
async function readBody(response, parser, reader) {
  const { headers, body, status } = response;
  if (!body || !headers.get("content-type")?.startsWith("text/event-stream"))
    throw new StreamError("not_a_stream", { status });
  const bytes = body.getReader();
  const decoder = new TextDecoder();
  const leave = () => bytes.cancel().catch(() => {});
  reader.signal.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      reader.heard();
      const { done, value } = await bytes.read().catch(() => ({
        done: true,
        value: void 0,
      }));
      if (done || reader.signal.aborted) return;
      parser.feed(decoder.decode(value, { stream: true })).forEach(reader.take);
    }
  } finally {
    leave();
  }
}

// src/eventsource.ts
/**
 * Returns when the connection has ended, or is not wanted any more. An EventSource would connect again by itself, but gives up
 * for good at any status that is not 200; so each is used for one connection only.
 */
function readSource(url, { take, heard, signal }) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(url);
    const over = new AbortController();
    const end = () => {
      clearTimeout(late);
      source.close();
      over.abort();
      resolve();
    };
    const late = setTimeout(end, ANSWER_MS);
    const stands = () => {
      clearTimeout(late);
      heard();
    };
    const told = ({ type, data, lastEventId }) => {
      heard();
      try {
        if (type !== "ping")
          take({
            event: type,
            data,
            id: lastEventId,
          });
      } catch (error) {
        reject(error);
        end();
      }
    };
    for (const name of [...EVENTS, "ping"]) source.addEventListener(name, told);
    source.addEventListener("open", stands);
    source.addEventListener("error", end);
    signal.addEventListener("abort", end, { signal: over.signal });
    if (signal.aborted) end();
  });
}

// src/source.ts
/** `known` is told what the run is called. */
function sourceOf(url, options, beginning, known) {
  const { transport = "fetch", events = ["token", "field", "invalid"] } = options;
  const runs = options.runs ?? url.replace(/[^/]*\/?$/, "runs");
  const wanted = `?events=${events.join()}`;
  let ticket = beginning.ticket;
  let isFresh = ticket !== void 0;
  const source = {
    runId: void 0,
    begun: (runId) => known((source.runId = runId)),
    about: (below, question = {}) => ask(addressOf(below), question, options),
    async connect(lastId, parser, reader) {
      const { signal } = reader;
      if (!source.runId && transport === "fetch") {
        await readBody(await begin(`stream${wanted}&detach=true`, signal), parser, reader);
        return true;
      }
      if (!source.runId) await beginApart(signal);
      if (transport === "eventsource") {
        await refresh(signal);
        await readSource(addressOf(`${eventsPath()}&ping=event&last_event_id=${lastId}`), reader);
        return true;
      }
      const headers = lastId ? { "last-event-id": lastId } : {};
      const response = await source.about(eventsPath(), {
        headers,
        signal,
      });
      if (response.status === 204) return false;
      await readBody(response, parser, reader);
      return true;
    },
  };
  function addressOf(below) {
    return `${runs}/${encodeURIComponent(source.runId)}${below}`;
  }
  function eventsPath() {
    return `/events${wanted}${ticket ? `&ticket=${encodeURIComponent(ticket)}` : ""}`;
  }
  /** However often it is asked, the key makes it one run. */
  function begin(path, signal) {
    const headers = { "idempotency-key": beginning.key };
    return ask(
      `${url.replace(/\/$/, "")}/${path}`,
      {
        headers,
        body: { input: beginning.input },
        signal,
      },
      options,
    );
  }
  async function beginApart(signal) {
    const receipt = await json(await begin("runs", signal));
    ticket = receipt.ticket ?? null;
    isFresh = true;
    source.begun(receipt.run_id);
  }
  /**
   * An EventSource does not say why it was refused. So it is asked beforehand: for another ticket, where there are any, else
   * after the run.
   */
  async function refresh(signal) {
    if (!isFresh) {
      if (ticket !== null) {
        const response = await source
          .about("/tickets", {
            method: "POST",
            signal,
          })
          .catch(unlessMissing);
        ticket = response ? (await json(response)).ticket : null;
      }
      if (ticket === null) await source.about("", { signal });
    }
    isFresh = false;
  }
  if (beginning.runId) source.begun(beginning.runId);
  return source;
}
function unlessMissing(error) {
  if (error.status !== 404) throw error;
}

// src/run.ts
const INSISTS_MS = 1e4;
/**
 * Begins a run of the chain at `url`, at once, and reads it.
 *
 * The iteration ends behind the run's one terminal event; it throws a `StreamError` if the run is refused or lost. Whoever
 * leaves it (`break`) leaves the run, which goes on. Aborting `signal` stops the run, and the iteration throws its reason.
 */
function streamRun(url, input, options = {}) {
  return attend(
    url,
    {
      input,
      key: options.idempotencyKey ?? newKey(),
    },
    options,
    "",
  );
}
/** The same for a run that has begun, from its beginning or from where it was left. */
function resumeRun(url, runId, options = {}) {
  return attend(
    url,
    {
      runId,
      ticket: options.ticket,
    },
    options,
    options.lastEventId ?? "",
  );
}
function attend(url, beginning, options, lastEventId) {
  const { signal, onFrame, onConnection } = options;
  const left = new AbortController();
  const told = new Channel(() => left.abort());
  const place = new Place(lastEventId);
  let source;
  let missed;
  const id = new Promise((known, unknown) => {
    source = sourceOf(url, options, beginning, known);
    missed = unknown;
  });
  id.catch(() => {});
  let state;
  let isWanted = true;
  let isOver = false;
  function tell(now) {
    if (state === "closed" || state === now) return;
    state = now;
    onConnection?.(now);
  }
  async function readToEnd() {
    try {
      tell("connecting");
      await read(source, place, options, {
        left: left.signal,
        isWanted: () => isWanted,
        onConnection: tell,
        onEvent(event, frame) {
          if (event.type === "start") source.begun(event.run_id);
          if (state !== "closed") onFrame?.(frame);
          told.push(event);
        },
      });
      isOver = !left.signal.aborted;
      told.end();
    } catch (error) {
      if (error instanceof StreamError) error.runId = source.runId;
      told.fail(error);
      missed(error);
    }
    missed(new StreamError("unreachable"));
    left.abort();
    tell("closed");
  }
  async function cancel() {
    isWanted = false;
    if ((await id.catch(() => "")) && !isOver) await stop(source);
  }
  /** What has been asked for may have begun: it is followed until it has said what it is called. */
  function abort() {
    told.drop(signal?.reason);
    tell("closed");
    const leave = () => left.abort();
    cancel().then(leave, leave);
  }
  if (signal?.aborted) {
    told.drop(signal.reason);
    missed(signal.reason);
  } else {
    signal?.addEventListener("abort", abort, { signal: left.signal });
    readToEnd();
  }
  return {
    id,
    get lastEventId() {
      return place.id;
    },
    async pin(path, value) {
      await id;
      return (
        await json(
          await source.about("/pins", {
            body: {
              path,
              value,
            },
          }),
        )
      ).seq;
    },
    cancel,
    [Symbol.asyncIterator]: () => told,
  };
}
/** Returns when the server knows, or there is nothing to stop any more. */
async function stop(source) {
  const { failed } = patience();
  for (;;)
    try {
      await source.about("", {
        method: "DELETE",
        keepalive: true,
      });
      return;
    } catch (error) {
      if (error instanceof StreamError && [404, 410].includes(error.status)) return;
      const ms = isPassing(error) ? failed(error.retryAfterMs ?? 0, INSISTS_MS) : void 0;
      if (ms === void 0) throw error;
      await pause(ms);
    }
}

export { EventStreamParser, StreamError, TERMINAL, initial, reduce, resumeRun, streamRun };
