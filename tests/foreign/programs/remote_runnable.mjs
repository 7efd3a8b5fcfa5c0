// LangServe's client for JavaScript, in the ways that it can be asked. Task: {url, way, input, options?, timeout?}.

import { RemoteRunnable } from "@langchain/core/runnables/remote";
import { concat } from "@langchain/core/utils/stream";

import { task, tell, whenStopped } from "./told.mjs";

const ways = {
  async invoke(remote, options) {
    tell({ value: await remote.invoke(task.input, options) });
  },
  async batch(remote, options) {
    tell({ value: await remote.batch(task.input, options) });
  },
  async stream(remote, options) {
    let sum;
    for await (const chunk of await remote.stream(task.input, options)) {
      tell({ chunk });
      sum = sum === undefined ? chunk : concat(sum, chunk);
    }
    tell({ value: sum });
  },
  async events(remote, options) {
    for await (const { event, data } of remote.streamEvents(task.input, { ...options, version: "v2" })) {
      tell({ event, data });
    }
  },
};

const leaving = new AbortController();
whenStopped(() => leaving.abort());
const remote = new RemoteRunnable({ url: task.url, options: { timeout: task.timeout } });
try {
  await ways[task.way](remote, { signal: leaving.signal, ...task.options });
} catch (error) {
  tell({ raised: error.message, name: error.name });
}
