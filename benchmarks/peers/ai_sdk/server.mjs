// The Vercel AI SDK: each partial object of `streamText` as an event. Its series 6, since 7 needs Node 22 and was no faster.

import { createServer } from "node:http";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, jsonSchema, streamText } from "ai";

const SYSTEM = "You describe things that people do together. Answer with one JSON object.";
const provider = createOpenAICompatible({
  name: "simulated",
  baseURL: process.env.OPENAI_BASE_URL,
  supportsStructuredOutputs: true,
});
const model = provider.chatModel("simulated");
const schema = jsonSchema({
  type: "object",
  properties: {
    title: { type: "string" },
    summary: { type: "string" },
    reply: { type: "string" },
    options: { type: "array", items: { type: "string", maxLength: 40 } },
  },
  required: ["title", "summary", "reply", "options"],
  additionalProperties: false,
});

async function answer(request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const { subject } = JSON.parse(Buffer.concat(pieces));
  const result = streamText({ model, system: SYSTEM, prompt: subject, output: Output.object({ schema }) });
  response.writeHead(200, { "content-type": "text/event-stream" });
  for await (const partial of result.partialOutputStream) {
    if (!response.write(`data: ${JSON.stringify(partial)}\n\n`)) {
      await new Promise((resume) => response.once("drain", resume));
    }
  }
  response.end("data: [DONE]\n\n");
}

const server = createServer((request, response) => {
  if (request.method !== "POST") {
    response.writeHead(404).end();
    return;
  }
  answer(request, response).catch((error) => response.destroy(error));
});
server.listen(Number(process.env.PORT), "127.0.0.1");
