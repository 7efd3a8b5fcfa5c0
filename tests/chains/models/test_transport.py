"""aiohttp beneath httpx2: connections are used again within an event loop, and end with it; errors are httpx2's."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from chains.models.transport import AiohttpTransport
from tests.upstream import DONE, Upstream, answer, cut, forever, says, stream

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=AiohttpTransport())


def test_a_connection_is_used_again_whichever_client_asks_and_ends_with_the_event_loop() -> None:
    def answer_on_one_connection(listening: socket.socket, times: int) -> bytes:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(10)
            for _ in range(times):
                connection.recv(4096)
                connection.sendall(ANSWER)
            return connection.recv(1)

    async def ask(url: str) -> None:
        for _ in range(2):
            async with client() as asking:
                for _ in range(2):
                    assert (await asking.get(url, timeout=5)).text == "ok"

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as threads:
        answering = threads.submit(answer_on_one_connection, listening, 4)
        asyncio.run(ask(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        assert answering.result() == b""


def test_one_event_loop_after_another(upstream: Upstream) -> None:
    """Each has connections of its own, and leaves none open behind it: that would be a warning, and so an error."""
    upstream.plays(answer(200, {"ok": True}))
    asking = client()
    for _ in range(3):
        assert asyncio.run(asking.post(upstream.base_url, json={})).json() == {"ok": True}


async def test_leaving_a_response_closes_its_connection(upstream: Upstream) -> None:
    script = upstream.plays(*stream(forever(says("a"))))
    async with client() as asking, asking.stream("POST", upstream.base_url, json={}) as response:
        async for _ in response.aiter_raw():
            break
    assert await asyncio.to_thread(script.next_call().left.wait, 10)


async def test_one_read_gives_all_that_has_come(upstream: Upstream) -> None:
    upstream.plays(b"".join(step for step in stream(*[says("a")] * 50, DONE) if isinstance(step, bytes)))
    async with client() as asking, asking.stream("POST", upstream.base_url, json={}) as response:
        reads = [read async for read in response.aiter_raw()]
    assert b"".join(reads) == says("a") * 50 + DONE
    assert len(reads) == 1


async def test_a_proxy_of_the_environment_is_asked(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", upstream.base_url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    script = upstream.plays(answer(200, {"by": "proxy"}))
    async with client() as asking:
        assert (await asking.post("http://model.invalid/v1", json={})).json() == {"by": "proxy"}
    assert script.next_call().headers["host"] == "model.invalid"


class TestErrors:
    async def test_nobody_listens(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            async with client() as asking:
                with pytest.raises(httpx2.ConnectError):
                    await asking.get(f"http://127.0.0.1:{free.getsockname()[1]}")

    async def test_no_name(self) -> None:
        async with client() as asking:
            with pytest.raises(httpx2.ConnectError):
                await asking.get("http://nobody.invalid")

    async def test_no_answer(self, upstream: Upstream) -> None:
        upstream.plays(cut)
        async with client() as asking:
            with pytest.raises(httpx2.RemoteProtocolError):
                await asking.post(upstream.base_url, json={})

    async def test_no_http(self, upstream: Upstream) -> None:
        upstream.plays(b"SSH-2.0-OpenSSH\r\n\r\n")
        async with client() as asking:
            with pytest.raises(httpx2.RemoteProtocolError):
                await asking.post(upstream.base_url, json={})

    async def test_a_body_that_breaks_off(self, upstream: Upstream) -> None:
        upstream.plays(*stream(says("a"), cut))
        async with client() as asking:
            with pytest.raises(httpx2.RemoteProtocolError):
                await asking.post(upstream.base_url, json={})

    @pytest.mark.parametrize("begun", [True, False])
    async def test_silence(self, upstream: Upstream, begun: bool) -> None:
        async def silent(call: object) -> None:
            await asyncio.Event().wait()

        upstream.plays(*(stream(says("a"), silent) if begun else (silent,)))
        async with client() as asking:
            with pytest.raises(httpx2.ReadTimeout):
                await asking.post(upstream.base_url, json={}, timeout=httpx2.Timeout(10, read=0.1))
