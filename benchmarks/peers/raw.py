"""The floor: an ASGI app of one route that passes the upstream's bytes on untouched."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from benchmarks.peers.item import MODEL, SYSTEM, Item

Message = dict[str, Any]

UPSTREAM = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
FORMAT = {"type": "json_schema", "json_schema": {"name": "item", "schema": Item.model_json_schema()}}
client = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None), timeout=60)


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return
    question = json.loads(await _body(receive))
    async with _asked(question["subject"]) as pieces:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _asked(subject: str) -> AsyncIterator[AsyncIterator[bytes]]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": subject}]
    body = {"model": MODEL, "messages": messages, "response_format": FORMAT, "stream": True}
    async with client.stream("POST", UPSTREAM, json=body) as response:
        yield response.aiter_raw()


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
