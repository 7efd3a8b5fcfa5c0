"""A model whose answer broke its schema is asked again, and everybody who reads gets the mended object."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from schemas import Code, Complete, Failed, FieldSettled, Invalid, Reset
from tests.server.configs import CHAINS, CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, openai, text
from tests.server.endpoints import body_of, refusal
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S, ask, terminal
from tests.server.turns import in_turn
from tests.upstream import DONE, Call, Step, Upstream, chunk, cut, ends, reset, says, sse, stall, stream, usage, whole

KEPT = {"name": MEETING["name"]}
OPEN = {name: value for name, value in MEETING.items() if name not in KEPT}
BROKEN = {**KEPT, "category": "none"}


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url, stream={"hold_ms": 10_000}))


def doomed(value: Any) -> tuple[Step, ...]:
    """An answer without an end: whoever waits for it, instead of leaving at once, waits for ever."""
    return stream(says(text(value)[:-1]), stall)


def broken(said: str, finish_reason: str = "stop") -> tuple[Step, ...]:
    """A whole answer that is no object, or not the right one."""
    return stream(says(said), ends(finish_reason), usage(10, 5), DONE)


def post(server: ServerProcess, endpoint: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{server.url}/{endpoint}", json=body, timeout=PATIENCE_S)


def asked_for(call: Call) -> set[str]:
    """The properties of the schema that the call was held to."""
    return set(call.body["response_format"]["json_schema"]["schema"]["properties"])


class TestStream:
    def test_what_had_settled_stays_and_the_rest_is_asked_again(
        self, server: ServerProcess, upstream: Upstream
    ) -> None:
        script = upstream.plays(in_turn(doomed(BROKEN), whole(text(OPEN))))
        events = ask(f"{server.url}/meeting-info", MEETING_INPUT)
        end = terminal(events)
        assert isinstance(end, Complete)
        assert (end.value, end.attempts, end.repaired) == (MEETING, 2, True)
        assert end.usage
        assert end.usage.uncounted == 1

        [invalid] = [event for event in events if isinstance(event, Invalid)]
        [again] = [event for event in events if isinstance(event, Reset)]
        assert invalid.paths == ("/category",)
        assert again.seq == invalid.seq + 1
        assert (again.attempt, again.keep, again.reason) == (2, ("/name",), Code.INVALID_OUTPUT)
        settled = [event.path for event in events if isinstance(event, FieldSettled)]
        assert settled.count("/name") == 1
        assert {path for path in settled if path.count("/") == 1} == {f"/{name}" for name in MEETING}

        first, second = script.next_call(), script.next_call()
        assert first.left.wait(PATIENCE_S)
        assert asked_for(first) == set(MEETING)
        assert asked_for(second) == set(OPEN)
        messages = second.body["messages"]
        assert messages[: len(first.body["messages"])] == first.body["messages"]
        assert [message["role"] for message in messages[-2:]] == ["assistant", "user"]
        assert "/category" in messages[-1]["content"]
        assert script.count == 2

    @pytest.mark.parametrize(
        ("said", "finish_reason", "reason"),
        [
            ("I would rather not write JSON.", "stop", Code.NOT_JSON),
            (text(MEETING)[:90], "stop", Code.NOT_JSON),
            (text(KEPT)[:-1] + ", 'category': 1}", "stop", Code.NOT_JSON),
            (text(KEPT)[:-1] + ', "name": "again"}', "stop", Code.DUPLICATE_KEY),
            (text(KEPT)[:-1] + ', "category": "기', "length", Code.TRUNCATED),
            (text(KEPT), "stop", Code.INVALID_OUTPUT),
        ],
        ids=["prose", "a stop too early", "single quotes", "a key twice", "its token limit", "fields left out"],
    )
    def test_whatever_another_answer_can_mend(
        self, server: ServerProcess, upstream: Upstream, said: str, finish_reason: str, reason: Code
    ) -> None:
        script = upstream.plays(in_turn(broken(said, finish_reason), whole(text(MEETING))))
        events = ask(f"{server.url}/meeting-info", MEETING_INPUT)
        end = terminal(events)
        assert isinstance(end, Complete)
        assert end.value == MEETING
        assert [event.reason for event in events if isinstance(event, Reset)] == [reason]
        assert script.count == 2

    @pytest.mark.parametrize(
        "steps",
        [
            (cut,),
            (reset,),
            (sse({"error": {"message": "unwell", "type": "server_error"}}),),
            (sse([1]),),
            (ends("content_filter"), DONE),
            (chunk({"refusal": "No."}), ends(), DONE),
            (ends("length"), DONE),
            (says('a", "x": ' + "[" * 100), ends(), DONE),
        ],
        ids=["cut", "reset", "error", "garbled", "filtered", "refused", "truncated at once", "too large"],
    )
    def test_nothing_else_is_asked_again(
        self, server: ServerProcess, upstream: Upstream, steps: tuple[Step, ...]
    ) -> None:
        script = upstream.plays(*stream(says('{"name": "Half'), *steps))
        events = ask(f"{server.url}/meeting-info", MEETING_INPUT)
        assert isinstance(terminal(events), Failed)
        assert not any(isinstance(event, Reset) for event in events)
        assert script.count == 1

    def test_when_the_repair_is_no_better_every_error_of_it_is_told(
        self, server: ServerProcess, upstream: Upstream
    ) -> None:
        worse = {**OPEN, "category": "none", "tags": ["하나"], "max_members": 1000}
        script = upstream.plays(in_turn(doomed(BROKEN), whole(text(worse))))
        end = terminal(ask(f"{server.url}/meeting-info", MEETING_INPUT))
        assert isinstance(end, Failed)
        assert end.code is Code.INVALID_OUTPUT
        assert {breach.path for breach in end.errors or ()} == {"/category", "/tags", "/max_members"}
        assert end.partial["name"] == MEETING["name"]
        assert end.partial["description"] == MEETING["description"]
        assert script.count == 2


class TestOtherEndpoints:
    def test_invoke(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(in_turn(doomed(BROKEN), whole(text(OPEN))))
        response = post(server, "meeting-info/invoke", {"input": MEETING_INPUT})
        assert response.json()["output"] == MEETING
        assert script.count == 2

    def test_batch(self, server: ServerProcess, upstream: Upstream) -> None:
        """Each of the three has one broken answer, in whatever order they come."""

        async def answer(call: Call) -> None:
            again = asked_for(call) == {"options"}
            await call.play(whole(text({"options": CHAT["options"]} if again else {**CHAT, "options": [1]})))

        script = upstream.plays(answer)
        response = post(server, "chatbot/batch", {"inputs": [CHAT_INPUT] * 3})
        assert response.json()["output"] == [{**CHAT, "recommendation": None}] * 3
        assert script.count == 6

    def test_stream_events(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(in_turn(doomed(BROKEN), whole(text(OPEN))))
        response = post(server, "meeting-info/stream_events", {"input": MEETING_INPUT})
        frames = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
        last = [frame for frame in frames if '"on_chain_end"' in frame][-1]
        assert text(MEETING["tags"])[1:-1].replace(" ", "") in last.replace(" ", "")

    @pytest.mark.parametrize("endpoint", ["invoke", "batch"])
    def test_a_second_failure_is_a_status(self, server: ServerProcess, upstream: Upstream, endpoint: str) -> None:
        script = upstream.plays(in_turn(doomed(BROKEN), whole(text({**OPEN, "category": "none"}))))
        path = f"meeting-info/{endpoint}"
        details = refusal(post(server, path, body_of(path, MEETING_INPUT)), 502, "invalid_output").details
        assert [breach.path for breach in details or ()] == ["/category"]
        assert script.count == 2


class TestSettings:
    def test_none_at_all(self, shared: Callable[[str], ServerProcess], upstream: Upstream) -> None:
        server = shared(openai(upstream.base_url, limits={"repairs": 0}))
        script = upstream.plays(*whole(text({**BROKEN, "max_members": 1000})))
        end = terminal(ask(f"{server.url}/meeting-info", MEETING_INPUT))
        assert isinstance(end, Failed)
        assert {breach.path for breach in end.errors or ()} >= {"/category", "/max_members"}
        assert script.count == 1

    def test_more_of_them(self, shared: Callable[[str], ServerProcess], upstream: Upstream) -> None:
        server = shared(openai(upstream.base_url, limits={"repairs": 3}))
        script = upstream.plays(in_turn(*[broken("no")] * 3, whole(text(MEETING))))
        events = ask(f"{server.url}/meeting-info", MEETING_INPUT)
        end = terminal(events)
        assert isinstance(end, Complete)
        assert (end.value, end.attempts) == (MEETING, 4)
        assert [event.attempt for event in events if isinstance(event, Reset)] == [2, 3, 4]
        assert end.usage
        assert (end.usage.input_tokens, end.usage.uncounted) == (10 * 3 + 11, 0)
        assert script.count == 4

    def test_a_chains_own(self, shared: Callable[[str], ServerProcess], upstream: Upstream) -> None:
        chains = {**CHAINS, "chatbot": {**CHAINS["chatbot"], "repairs": 0}}
        server = shared(openai(upstream.base_url, chains=chains))
        for path, wanted, calls in (("chatbot", CHAT_INPUT, 1), ("meeting-info", MEETING_INPUT, 2)):
            script = upstream.plays(*broken("no"))
            assert isinstance(terminal(ask(f"{server.url}/{path}", wanted)), Failed)
            assert script.count == calls
