"""Whoever leaves a run that they began stops it, unless they said otherwise; and what else is said to a run."""

import json

import anyio
import anyio.lowlevel
import httpx
import pytest

from moim_client import ConnectionLost, RunCancelled, UnexpectedAnswer, astream_run, stream_run
from schemas import Cancelled, Code, RequestError
from tests.clients.conftest import Serves
from tests.clients.drivers import rest
from tests.clients.scripted import NOBODY, URL, Scripted, complete, refused, start, stream, word

BEGINS, STOPS = "POST /ai/meeting-info/stream", "DELETE /ai/runs/r%201"
ASKS_WHICH = "POST /ai/meeting-info/runs"
RECEIPT = {"run_id": "r 1", "events_url": "/runs/r%201/events", "ticket": None}


class TestLeaving:
    async def test_stops_what_was_begun(self, serves: Serves) -> None:
        server, driver = serves(stream(start(), word(2), word(3)))
        reader = driver.stream(URL, {}, headers={"authorization": "Bearer t"})
        await reader.next()
        await reader.leave()
        assert server.lines == [BEGINS, STOPS]
        assert server.asked[1].headers["authorization"] == "Bearer t"

    async def test_but_not_what_is_to_be_kept(self, serves: Serves) -> None:
        server, driver = serves(stream(start(), word(2)))
        reader = driver.stream(URL, {}, keep=True)
        await reader.next()
        await reader.leave()
        assert server.lines == [BEGINS]

    async def test_nor_what_is_over(self, serves: Serves) -> None:
        server, driver = serves(stream(start(), complete(2)))
        reader = driver.stream(URL, {})
        await reader.next()
        await reader.next()
        await reader.leave()
        assert server.lines == [BEGINS]

    @pytest.mark.parametrize("keep", [None, False])
    async def test_nor_a_run_that_somebody_else_began_unless_told_to(self, serves: Serves, keep: bool | None) -> None:
        server, driver = serves(stream(word(2), word(3)))
        reader = driver.resume(URL, "r 1", **({} if keep is None else {"keep": keep}))
        await reader.next()
        await reader.leave()
        assert server.lines[1:] == ([] if keep is None else [STOPS])

    async def test_what_began_before_its_id_was_known_is_asked_for(self, serves: Serves) -> None:
        server, driver = serves(stream(), stream(), httpx.Response(201, json=RECEIPT))
        with pytest.raises(ConnectionLost):
            await rest(driver.stream(URL, {"goal": "산책"}, idempotency_key="k", patience_s=0))
        assert server.lines == [BEGINS, BEGINS, ASKS_WHICH, STOPS]
        assert {request.headers["idempotency-key"] for request in server.asked[:3]} == {"k"}
        assert json.loads(server.asked[2].content) == {"input": {"goal": "산책"}}

    @pytest.mark.parametrize("answer", [NOBODY, refused(503, "too_busy"), httpx.Response(201, json={})])
    async def test_a_goodbye_that_fails_hides_nothing(self, serves: Serves, answer: httpx.Response) -> None:
        _, driver = serves(stream(), stream(), lambda _: answer)
        with pytest.raises(ConnectionLost, match="the connection to the run is lost"):
            await rest(driver.stream(URL, {}, patience_s=0))

    async def test_a_run_that_speaks_another_protocol_all_at_once_is_stopped(self, serves: Serves) -> None:
        server, driver = serves(stream(start(), b"data: what?\n\n"))
        with pytest.raises(UnexpectedAnswer):
            await rest(driver.stream(URL, {}))
        assert server.lines == [BEGINS, STOPS]

    async def test_whoever_comes_back_reads_on(self, serves: Serves) -> None:
        server, driver = serves(stream(start(), word(2)), stream(Cancelled(seq=3, reason="left", partial={})))
        reader = driver.stream(URL, {})
        await reader.next()
        await reader.leave()
        with pytest.raises(RunCancelled, match="left"):
            await reader.result()
        assert server.lines == [BEGINS, STOPS, "GET /ai/runs/r%201/events 1"]


class TestLoops:
    """What leaves: a loop, or where there is one, the block around it."""

    def test_a_loop(self) -> None:
        server = Scripted(stream(start(), word(2), word(3)))
        with httpx.Client(transport=server.transport()) as client:
            for _ in stream_run(URL, {}, client=client):
                break
            assert server.lines == [BEGINS, STOPS]

    def test_a_loop_that_an_exception_ends(self) -> None:
        server = Scripted(stream(start(), word(2), word(3)))

        def read(client: httpx.Client) -> None:
            for event in stream_run(URL, {}, client=client):
                raise KeyError(event.type)

        with httpx.Client(transport=server.transport()) as client:
            with pytest.raises(KeyError):
                read(client)
            assert server.lines == [BEGINS, STOPS]

    def test_a_block(self) -> None:
        server = Scripted(stream(start(), word(2), word(3)))
        with httpx.Client(transport=server.transport()) as client:
            with stream_run(URL, {}, client=client) as run:
                seen = [next(iter(run)).seq, next(iter(run)).seq]
                for event in run:
                    seen.append(event.seq)
                    break
                assert (seen, server.lines) == ([1, 2, 3], [BEGINS])
            assert server.lines == [BEGINS, STOPS]
            assert list(run) == []

    async def test_a_loop_of_a_coroutine(self) -> None:
        server = Scripted(stream(start(), word(2), word(3)))
        async with httpx.AsyncClient(transport=server.transport()) as client:
            async for _ in astream_run(URL, {}, client=client):
                break
            with anyio.fail_after(5):
                while STOPS not in server.lines:
                    await anyio.lowlevel.checkpoint()

    async def test_a_block_of_a_coroutine(self) -> None:
        server = Scripted(stream(start(), word(2), word(3)))
        async with httpx.AsyncClient(transport=server.transport()) as client:
            async with astream_run(URL, {}, client=client) as run:
                seen = [(await anext(aiter(run))).seq, (await anext(aiter(run))).seq]
                async for event in run:
                    seen.append(event.seq)
                    break
                assert (seen, server.lines) == ([1, 2, 3], [BEGINS])
            assert server.lines == [BEGINS, STOPS]

    async def test_headers_may_be_waited_for(self) -> None:
        async def headers() -> dict[str, str]:
            return {"authorization": "Bearer t"}

        server = Scripted(stream(start(), complete(2)))
        async with httpx.AsyncClient(transport=server.transport()) as client:
            assert await astream_run(URL, {}, client=client, headers=headers).result() == {"reply": "whole"}
        assert server.asked[0].headers["authorization"] == "Bearer t"


class TestSaying:
    async def test_a_field_is_taken_over(self, serves: Serves) -> None:
        server, driver = serves(stream(start(), word(2)), httpx.Response(200, json={"seq": 7}))
        reader = driver.stream(URL, {})
        await reader.next()
        assert await reader.pin("/name", ["값"]) == 7
        assert server.lines[-1] == "POST /ai/runs/r%201/pins"
        assert json.loads(server.asked[-1].content) == {"path": "/name", "value": ["값"]}
        await reader.leave()

    async def test_a_pin_that_is_refused_raises_why_and_the_run_goes_on(self, serves: Serves) -> None:
        _, driver = serves(stream(start(), word(2), complete(3)), refused(422, "invalid_request"), NOBODY, refused(404))
        reader = driver.stream(URL, {})
        await reader.next()
        with pytest.raises(RequestError) as raised:
            await reader.pin("/name", "")
        assert raised.value.code == Code.INVALID_REQUEST
        with pytest.raises(ConnectionLost):
            await reader.pin("/name", "")
        with pytest.raises(UnexpectedAnswer):
            await reader.pin("/name", "")
        assert [event.seq for event in await rest(reader)] == [2, 3]

    async def test_a_run_is_stopped_and_read_to_its_end(self, serves: Serves) -> None:
        end = Cancelled(seq=2, reason="cancelled by request", partial={"name": "반"})
        server, driver = serves(stream(start(), end))
        reader = driver.stream(URL, {})
        await reader.next()
        await reader.cancel()
        assert [event.seq for event in await rest(reader)] == [2]
        assert server.lines == [BEGINS, STOPS]
        with pytest.raises(RunCancelled, match="cancelled by request") as raised:
            await reader.result()
        assert raised.value.partial == {"name": "반"}

    async def test_a_run_is_stopped_by_its_id(self, serves: Serves) -> None:
        server, driver = serves()
        await driver.resume(URL, "r 1").cancel()
        assert server.lines == [STOPS]
