"""The OpenAI SDK in a bare FastAPI route: each delta as an event, unparsed."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI

from benchmarks.peers.item import MODEL, SYSTEM, Item, Question

app = FastAPI()
client = AsyncOpenAI()


@app.post("/item/stream")
async def stream(question: Question) -> StreamingResponse:
    return StreamingResponse(_events(question), media_type="text/event-stream")


async def _events(question: Question) -> AsyncIterator[str]:
    chunks = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": question.subject}],
        response_format={"type": "json_schema", "json_schema": {"name": "item", "schema": Item.model_json_schema()}},
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in chunks:
        if chunk.choices and (text := chunk.choices[0].delta.content):
            yield f"data: {json.dumps(text)}\n\n"
    yield "data: [DONE]\n\n"
