// Readers in a browser of what is said below /ai.

window.heard = []; // [seconds since the epoch, name, event] for each event
window.cuts = 0;
window.over = false;

async function frames(answer, on) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of answer.body) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split("\n\n");
    rest = parts.pop();
    for (const part of parts) on(part);
  }
}

function hear(frame) {
  const field = (name) => frame.match(new RegExp(`^${name}: ?(.*)$`, "m"))?.[1];
  const data = field("data");
  if (data !== undefined && field("event") !== "ping") {
    window.heard.push([Date.now() / 1000, field("event"), JSON.parse(data)]);
  }
}

// By the product's own client, which comes again until it has had the end.
window.readRun = async (chain, input, headers) => {
  const { streamRun } = await import("/moim-stream.js");
  const run = streamRun(`${location.origin}/ai/${chain}`, input, {
    headers,
    events: ["token", "partial", "field", "invalid", "complete"],
    patienceMs: 120_000,
    onConnection: (state) => {
      if (state === "away") window.cuts += 1;
    },
  });
  for await (const event of run) window.heard.push([Date.now() / 1000, event.type, event]);
  window.over = true;
};

// By hand, and once: a cut is the end.
window.readStream = async (chain, input, headers, { signal } = {}) => {
  const options = { method: "POST", headers: { ...headers, "content-type": "application/json" }, signal };
  const answer = await fetch(`/ai/${chain}/stream`, { ...options, body: JSON.stringify({ input }) });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  await frames(answer, hear).catch(() => (window.cuts += 1));
  window.over = true;
};
