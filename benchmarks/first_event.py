"""How long after the model's first token does the client have it? `python -m benchmarks.first_event [RUNS]`

The real server, as a process, between a scripted model server and a client that reads the socket's bytes as they come.
The model server notes when it writes its first text, the client when the `token` event with it is whole. The same is
done without the server between them, which is what the machine and the two ends alone cost.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.upstream import Call, Upstream, chunk, sse, stream

TEXT = '{"name": "Slow Hikers'
CONFIG = "langserve.yaml"
CHOICES = [{"index": 0, "delta": {"content": TEXT}, "finish_reason": None}]


class FirstText:
    """A step that waits until the stream is open everywhere, then writes the first text and notes when."""

    def __init__(self) -> None:
        self.written = 0.0

    async def __call__(self, call: Call) -> None:
        await asyncio.sleep(0.05)
        data = sse({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": CHOICES})
        self.written = time.monotonic()
        call.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await call.writer.drain()


def measure(runs: int, url: str, body: dict[str, object], upstream: Upstream, mark: bytes) -> list[float]:
    """Milliseconds from the first text's writing to its whole frame at the client, sorted."""
    step = FirstText()
    upstream.plays(*stream(chunk({"role": "assistant", "content": ""}), step, b": end\n\n"))
    taken = []
    with httpx.Client(timeout=30) as client:
        for _ in range(runs):
            seen = b""
            with client.stream("POST", url, json=body) as response:
                for piece in response.iter_raw():
                    seen += piece
                    if mark in seen and seen.endswith(b"\n\n"):
                        taken.append((time.monotonic() - step.written) * 1000)
                        break
    return sorted(taken)


@contextmanager
def serving(upstream: Upstream) -> Iterator[str]:
    """The real server in front of the upstream."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"OPENAI_BASE_URL": upstream.base_url, "MODEL": "scripted", "PORT": str(port), "CONFIG": CONFIG}
    process = subprocess.Popen(
        [sys.executable, "-m", "server"],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise RuntimeError("the server ended; run `python -m server` to see why")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").is_success
    except httpx.TransportError:
        return False


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with Upstream() as upstream, serving(upstream) as url:
        question = {"input": {"goal": "hiking"}}
        measure(20, f"{url}/meeting-info/stream", question, upstream, b"event: token")  # warm
        through = measure(runs, f"{url}/meeting-info/stream", question, upstream, b"event: token")
        alone = measure(runs, f"{upstream.base_url}/chat/completions", {}, upstream, b"Slow")
    for name, taken in (("without the server", alone), ("through the server", through)):
        p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
        print(f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms over {len(taken)} runs")


if __name__ == "__main__":
    main()
