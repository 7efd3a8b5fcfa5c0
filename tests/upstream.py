"""A scripted server of OpenAI's protocol on raw sockets: it says exactly what it is told, and sees who leaves.

    with Upstream() as upstream:
        script = upstream.plays(*stream(says("Hel"), says("lo"), ends(), DONE))
        ...                      # something asks `upstream.base_url`
        script.next_call().body  # what was asked

A script is played to every request until the next one; `plays_in_turn` has another for each further request. Its steps
are bytes, sent as they are, and functions of the call: `stall`, `gate`, `pause`, `cut`, `reset`, `forever`. A client
that leaves ends the script where it is.
"""

import asyncio
import json
import queue
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Self

Step = bytes | Callable[["Call"], Awaitable[None]]

DONE = b"data: [DONE]\n\n"
_LAST_CHUNK = b"0\r\n\r\n"
_WAIT_S = 10.0


# -- what it can say ---------------------------------------------------------------------------------------------------


def answer(status: int, body: Any = None, **headers: str) -> bytes:
    """A whole response with a JSON body; `retry_after="7"` becomes a header."""
    payload = json.dumps(body if body is not None else {"error": {"message": "scripted"}}).encode()
    lines = {"content-type": "application/json", "content-length": str(len(payload)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return _head(status, lines) + payload


def stream(*steps: Step) -> tuple[Step, ...]:
    """The steps as an event stream of status 200: each piece of bytes leaves as one HTTP chunk, in one write."""
    head = _head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked", "connection": "close"})
    pieces = [b"%x\r\n%s\r\n" % (len(step), step) if isinstance(step, bytes) else step for step in steps]
    return (head, *pieces, _LAST_CHUNK)


def sse(data: Any) -> bytes:
    """One frame of JSON."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def chunk(delta: dict[str, Any], finish_reason: str | None = None, **top: Any) -> bytes:
    """One `chat.completion.chunk`."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return sse({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **top})


def says(text: str) -> bytes:
    return chunk({"content": text})


def calls_tool(arguments: str, name: str | None = None) -> bytes:
    """A piece of a tool call's arguments; the first piece names the tool."""
    first: dict[str, Any] = {"id": "call_1", "type": "function"} if name else {}
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return chunk({"tool_calls": [{"index": 0, "function": function, **first}]})


def ends(finish_reason: str = "stop") -> bytes:
    return chunk({}, finish_reason)


def usage(input_tokens: int, output_tokens: int) -> bytes:
    counted = {
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }
    return sse(
        {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": counted}
    )


def whole(text: str, size: int = 7) -> tuple[Step, ...]:
    """A faultless answer: role, text in pieces, finish reason, usage, end."""
    pieces = [says(text[at : at + size]) for at in range(0, len(text), size)]
    return stream(chunk({"role": "assistant", "content": ""}), *pieces, ends(), usage(11, len(pieces)), DONE)


# -- what it can do ----------------------------------------------------------------------------------------------------


async def stall(call: "Call") -> None:
    """Says nothing more, for ever."""
    await asyncio.Event().wait()


async def gate(call: "Call") -> None:
    """Waits for the test's `call.permit()`."""
    await call.permits.acquire()


class _Over(Exception):
    """The script ends here, and with it the connection."""


async def cut(call: "Call") -> None:
    """Closes the connection in the middle of the body, as a process that dies does."""
    raise _Over


async def reset(call: "Call") -> None:
    """Ends the connection by a TCP reset."""
    await call.writer.drain()
    connection = call.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    call.writer.transport.abort()
    raise _Over


def pause(seconds: float) -> Step:
    """Says nothing for so long."""
    return lambda call: asyncio.sleep(seconds)


def forever(piece: bytes, pause: float = 0.005) -> Step:
    """Repeats the piece as HTTP chunks until the client leaves."""
    framed = b"%x\r\n%s\r\n" % (len(piece), piece)

    async def repeat(call: "Call") -> None:
        while True:
            call.writer.write(framed)
            await call.writer.drain()
            await asyncio.sleep(pause)

    return repeat


# -- the server --------------------------------------------------------------------------------------------------------


class Call:
    """One request and its fate. `left` is set when the client closed the connection before the script was over."""

    def __init__(self, headers: dict[str, str], body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        self.headers = headers
        self.body = body
        self.writer = writer
        self.permits = asyncio.Semaphore(0)
        self.left = threading.Event()
        self._loop = asyncio.get_running_loop()

    def permit(self) -> None:
        """Lets the script pass one `gate`. For any thread."""
        self._loop.call_soon_threadsafe(self.permits.release)

    async def play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, bytes):
                self.writer.write(step)
                await self.writer.drain()
            else:
                await step(self)


class Script:
    """Steps for each call in turn, the last turn's for all further ones, and the calls that they were played to."""

    def __init__(self, *turns: Iterable[Step]) -> None:
        self.count = 0
        self._turns = [tuple(steps) for steps in turns]
        self._calls: queue.Queue[Call] = queue.Queue()

    def take(self, call: Call) -> tuple[Step, ...]:
        """What is played to this call."""
        self.count += 1
        self._calls.put(call)
        return self._turns[min(self.count, len(self._turns)) - 1]

    def next_call(self) -> Call:
        """The next call, waited for if it has not come yet."""
        return self._calls.get(timeout=_WAIT_S)


class Upstream:
    """Listens on a loopback port, in a thread with an event loop of its own."""

    def __init__(self) -> None:
        self._script = Script([answer(500)])
        self._started: queue.Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()
        self._playing: dict[asyncio.Future[None], asyncio.StreamWriter] = {}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="upstream")

    def __enter__(self) -> Self:
        self._thread.start()
        port, self._loop, self._closing = self._started.get(timeout=_WAIT_S)
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def plays(self, *steps: Step) -> Script:
        """What every request from now on is answered."""
        self._script = Script(steps)
        return self._script

    def plays_in_turn(self, *turns: Iterable[Step]) -> Script:
        """What the next request is answered, the one after it, and so on; the last turn is for all further ones."""
        self._script = Script(*turns)
        return self._script

    async def _serve(self) -> None:
        closing = asyncio.Event()
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self._started.put((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), closing))
        await closing.wait()
        server.close()  # asyncio.run cancels what is still being played ...
        for writer in self._playing.values():
            writer.close()  # ... and what has not begun closes nothing itself

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing = asyncio.ensure_future(self._connected(reader, writer))
        self._playing[playing] = writer
        playing.add_done_callback(self._playing.pop)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._script
        try:
            call = await _read_call(reader, writer)
            await self._play(call, script.take(call), reader)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # no whole request came, or the upstream itself ends
        finally:
            writer.close()

    async def _play(self, call: Call, steps: Iterable[Step], reader: asyncio.StreamReader) -> None:
        playing = asyncio.ensure_future(call.play(steps))
        leaving = asyncio.ensure_future(reader.read())
        await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        playing.cancel()
        fate, _ = await asyncio.gather(playing, leaving, return_exceptions=True)
        if isinstance(fate, asyncio.CancelledError | ConnectionError):
            call.left.set()


async def _read_call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers["content-length"]))
    return Call(headers, json.loads(body), writer)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
