"""Both drivers against a real server: they read what it says, and it does what they ask."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest

from moim_client import AsyncRun, RunCancelled, astream_run
from schemas import ChatRequest, Code, MeetingInfo, Message, RequestError, ServerError, UpstreamError
from tests.clients.drivers import Driver, rest, up_to
from tests.proxy import Proxy
from tests.server.configs import CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, both, openai, scripted, text
from tests.server.process import ServerProcess, Start
from tests.server.reading import terminal
from tests.upstream import DONE, Call, Script, Step, Upstream, chunk, cut, ends, gate, says, stream

Shared = Callable[[str], ServerProcess]
EVERYTHING = ("token", "partial", "field", "invalid")
KEY = "a key of thirty-two characters ..."


def writing(*steps: str | Step) -> tuple[Step, ...]:
    """What an upstream plays: pieces of text, and `gate`s where the test wants to look."""
    played = [says(step) if isinstance(step, str) else step for step in steps]
    return stream(chunk({"role": "assistant", "content": ""}), *played, ends(), DONE)


@pytest.fixture
async def proxy(shared: Shared, upstream: Upstream) -> AsyncIterator[Proxy]:
    """The way to a server whose model is the upstream."""
    async with Proxy(shared(openai(upstream.base_url, stream={"retry_ms": 250})).port) as proxy:
        yield proxy


def address(proxy: Proxy, chain: str = "chatbot") -> str:
    return f"http://127.0.0.1:{proxy.port}/{chain}"


async def called(script: Script) -> Call:
    return await asyncio.to_thread(script.next_call)


async def is_left(call: Call) -> bool:
    """Whether the model's caller goes, in good time."""
    return await asyncio.to_thread(call.left.wait, 10)


async def view(proxy: Proxy, run_id: str | None) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{proxy.port}/runs/{run_id}")
    told: dict[str, Any] = answer.json()
    return told


class TestWhole:
    async def test_a_form_is_filled(self, driver: Driver, shared: Shared) -> None:
        reader = driver.stream(f"{shared(both()).url}/meeting-info", MEETING_INPUT, events=EVERYTHING)
        [start, *_] = events = await rest(reader)
        assert terminal(events).type == "complete"
        assert start.type == "start"
        assert reader.run.id == start.run_id
        assert reader.run.value == await reader.result() == MEETING
        assert reader.run.settled == tuple(f"/{name}" for name in MeetingInfo.model_fields if name in MEETING)

    async def test_a_chat_is_answered(self, driver: Driver, shared: Shared) -> None:
        asked = ChatRequest(messages=[Message(role="user", content="모임 추천해줘")])
        reader = driver.stream(f"{shared(both()).url}/chatbot", asked, events=["token"])
        events = await rest(reader)
        assert {event.type for event in events} == {"start", "token", "complete"}
        assert (
            "".join(event.text for event in events if event.type == "token" and event.path == "/reply")
            == (CHAT["reply"])
        )
        assert await reader.result() == {**CHAT, "recommendation": None}

    async def test_a_run_that_fails_says_why(self, driver: Driver, shared: Shared) -> None:
        config = scripted({"text": '{"reply": "반', "failure": "cut"})
        reader = driver.stream(f"{shared(config).url}/chatbot", CHAT_INPUT)
        end = (await rest(reader))[-1]
        assert (end.type, reader.run.end) == ("failed", end)
        with pytest.raises(UpstreamError) as raised:
            await reader.result()
        assert raised.value.code == Code.UPSTREAM_CUT
        assert reader.run.value == {"reply": "반"}

    async def test_two_who_begin_under_one_key_read_one_run(
        self, driver: Driver, proxy: Proxy, upstream: Upstream
    ) -> None:
        script = upstream.plays(*writing(text(CHAT)))
        key = uuid4().hex
        first, second = (driver.stream(address(proxy), CHAT_INPUT, idempotency_key=key) for _ in range(2))
        assert await rest(first) == await rest(second)
        assert first.run.id == second.run.id
        assert script.count == 1


class TestRefused:
    async def test_an_input_that_the_chain_cannot_take(self, driver: Driver, shared: Shared) -> None:
        with pytest.raises(RequestError) as raised:
            await rest(driver.stream(f"{shared(both()).url}/meeting-info", {"goal": ""}))
        assert (raised.value.code, [detail.path for detail in raised.value.details]) == (
            Code.INVALID_REQUEST,
            ["/goal"],
        )

    async def test_a_stranger_and_a_user_who_has_had_enough(self, driver: Driver, start: Start) -> None:
        auth = {"key_env": "SERVICE_KEY", "user_header": "x-user-id"}
        server = start(scripted(text(CHAT), auth=auth, limits={"user_starts": 1}), SERVICE_KEY=KEY)
        url, known = f"{server.url}/chatbot", {"authorization": f"Bearer {KEY}", "x-user-id": "kim"}
        with pytest.raises(RequestError) as stranger:
            await rest(driver.stream(url, CHAT_INPUT))
        assert stranger.value.code == Code.UNAUTHENTICATED
        reader = driver.stream(url, CHAT_INPUT, headers=lambda: known)
        assert (await rest(reader))[-1].type == "complete"
        with pytest.raises(ServerError) as enough:
            await rest(driver.stream(url, CHAT_INPUT, headers=known))
        assert enough.value.code == Code.RATE_LIMITED
        assert (enough.value.retry_after_ms or 0) > 0

    @pytest.mark.parametrize("run_id", ["no-such-run", "../chatbot", "a/b?c#d"])
    async def test_a_run_that_there_is_not(self, driver: Driver, shared: Shared, run_id: str) -> None:
        with pytest.raises(RequestError) as raised:
            await rest(driver.resume(f"{shared(both()).url}/chatbot", run_id))
        assert raised.value.code == Code.NOT_FOUND


class TestCuts:
    async def test_cut_behind_every_event_a_run_is_read_whole(
        self, driver: Driver, proxy: Proxy, upstream: Upstream
    ) -> None:
        pieces = [text(CHAT)[at : at + 9] for at in range(0, len(text(CHAT)), 9)]
        script = upstream.plays(*writing(*[step for piece in pieces for step in (piece, gate)]))
        reader = driver.stream(address(proxy), CHAT_INPUT)
        events = await up_to(reader, "start")
        call = await called(script)
        while events[-1].type != "complete":
            proxy.cut()
            call.permit()
            event = await reader.next()
            assert event is not None
            events.append(event)
        assert [event.seq for event in events] == sorted({event.seq for event in events})
        assert (
            "".join(event.text for event in events if event.type == "token" and event.path == "/reply")
            == (CHAT["reply"])
        )
        assert proxy.asked.count(b"POST /chatbot/stream") == script.count == 1
        assert proxy.asked.lower().count(b"last-event-id") >= 3

    async def test_answers_that_get_lost_are_missed_and_asked_for_again(
        self, driver: Driver, proxy: Proxy, upstream: Upstream
    ) -> None:
        script = upstream.plays(*writing('{"reply": "안녕', gate, '하세요", "options": []}'))
        reader = driver.stream(address(proxy), CHAT_INPUT, stall_s=0.5)
        await up_to(reader, "token")
        proxy.deaf = True
        following = asyncio.create_task(rest(reader))
        await proxy.hears(b"/events?")
        (await called(script)).permit()
        proxy.deaf = False
        assert (await following)[-1].type == "complete"
        assert script.count == 1

    async def test_a_run_whose_first_word_got_lost_is_joined(
        self, driver: Driver, proxy: Proxy, upstream: Upstream
    ) -> None:
        script = upstream.plays(*writing(text(CHAT)))
        proxy.deaf = True
        following = asyncio.create_task(rest(driver.stream(address(proxy), CHAT_INPUT, stall_s=0.5, events=EVERYTHING)))
        await called(script)
        proxy.asked.clear()
        await proxy.hears(b"POST /chatbot/stream")
        proxy.deaf = False
        assert terminal(await following).type == "complete"
        assert script.count == 1

    async def test_another_process_reads_on(self, driver: Driver, proxy: Proxy, upstream: Upstream) -> None:
        script = upstream.plays(*writing('{"reply": "안녕', gate, '하세요", "options": []}'))
        reader = driver.stream(address(proxy), CHAT_INPUT, keep=True, events=EVERYTHING)
        first = await up_to(reader, "token")
        await reader.leave()
        (await called(script)).permit()
        assert reader.run.id
        other = driver.resume(address(proxy), reader.run.id, after=reader.run.last_id, events=EVERYTHING)
        assert terminal(first + await rest(other)).type == "complete"


class TestLeaving:
    @pytest.fixture
    def script(self, upstream: Upstream) -> Script:
        return upstream.plays(*writing('{"reply": "안녕', gate, '하세요", "options": []}'))

    async def test_stops_the_model(self, driver: Driver, proxy: Proxy, script: Script) -> None:
        reader = driver.stream(address(proxy), CHAT_INPUT)
        await up_to(reader, "token")
        await reader.leave()
        assert await is_left(await called(script))
        assert (await view(proxy, reader.run.id))["state"] == "cancelled"

    async def test_a_run_can_be_stopped_and_read_to_its_end(self, driver: Driver, proxy: Proxy, script: Script) -> None:
        reader = driver.stream(address(proxy), CHAT_INPUT)
        await up_to(reader, "token")
        await reader.cancel()
        assert (await rest(reader))[-1].type == "cancelled"
        with pytest.raises(RunCancelled) as raised:
            await reader.result()
        assert raised.value.partial == {"reply": "안녕"}

    async def test_a_run_can_be_stopped_before_its_id_is_known(
        self, driver: Driver, proxy: Proxy, script: Script
    ) -> None:
        proxy.deaf = True
        reader = driver.stream(address(proxy), CHAT_INPUT)
        first = asyncio.create_task(reader.next())
        call = await called(script)
        proxy.deaf = False
        await reader.cancel()
        assert await is_left(call)
        proxy.cut()
        await first
        assert (await rest(reader))[-1].type == "cancelled"
        assert script.count == 1

    async def test_a_task_that_is_cancelled_says_goodbye(self, proxy: Proxy, script: Script) -> None:
        run = astream_run(address(proxy), CHAT_INPUT)
        reading, call = await self._reading(run, script)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await is_left(call)

    async def test_so_does_one_whose_scope_is(self, proxy: Proxy, script: Script) -> None:
        """As an ASGI server's tasks are when a browser has left: every further `await` is cancelled, too."""
        run = astream_run(address(proxy), CHAT_INPUT)
        async with anyio.create_task_group() as group:
            group.start_soon(self._read, run)
            call = await called(script)
            group.cancel_scope.cancel()
        assert await is_left(call)

    async def test_and_one_that_is_cancelled_before_a_word_has_come(self, proxy: Proxy, script: Script) -> None:
        proxy.deaf = True
        reading, call = await self._reading(astream_run(address(proxy), CHAT_INPUT), script)
        proxy.deaf = False
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await is_left(call)
        assert script.count == 1

    async def _reading(self, run: AsyncRun, script: Script) -> tuple[asyncio.Task[None], Call]:
        """A task that reads, and waits for the model."""
        reading = asyncio.create_task(self._read(run))
        return reading, await called(script)

    async def _read(self, run: AsyncRun) -> None:
        async for _ in run:
            pass


class TestPins:
    async def test_what_the_user_takes_over_stays_theirs(
        self, driver: Driver, proxy: Proxy, upstream: Upstream
    ) -> None:
        before, _, after = text(MEETING).partition(", ")
        script = upstream.plays(*writing(before + ", ", gate, after))
        reader = driver.stream(address(proxy, "meeting-info"), MEETING_INPUT)
        await up_to(reader, "field")
        call = await called(script)
        seq = await reader.pin("/name", "느린 산책")
        with pytest.raises(RequestError) as refused:
            await reader.pin("/category", "없는 것")
        assert refused.value.code == Code.INVALID_REQUEST
        call.permit()
        events = await rest(reader)
        assert [event.seq for event in events if event.type == "pinned"] == [seq]
        assert await reader.result() == {**MEETING, "name": "느린 산책"}

    async def test_and_stays_in_another_attempt(self, driver: Driver, proxy: Proxy, upstream: Upstream) -> None:
        broken = text({**MEETING, "max_members": 1})
        upstream.plays_in_turn(writing(broken), writing(text({"max_members": 12})), [cut])
        reader = driver.stream(address(proxy, "meeting-info"), MEETING_INPUT)
        kinds = [event.type for event in await rest(reader)]
        assert kinds.count("reset") == 1
        assert await reader.result() == MEETING
