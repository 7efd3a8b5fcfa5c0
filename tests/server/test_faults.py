"""Every fault of the model's server, as the clients of ours are told it: before the first event and after it."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import pytest

from schemas import MEANING, Code, Complete, Failed
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.endpoints import refusal
from tests.server.process import ServerProcess, free_port
from tests.server.reading import PATIENCE_S, ask, data_of, follow, terminal
from tests.upstream import (
    DONE,
    Step,
    Upstream,
    answer,
    chunk,
    cut,
    ends,
    forever,
    gate,
    reset,
    says,
    sse,
    stall,
    stream,
)

PATIENT = {"stream": {"hold_ms": 10_000}}
ONCE = {"limits": {"repairs": 0}}  # what an answer is told to have broken, not what another one would mend
IMPATIENT = {"read_timeout": 0.3}
OPENAI_OVERFLOW = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens. However, your messages had 9000.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
LLAMA_OVERFLOW = {
    "error": {
        "code": 400,
        "message": "the request exceeds the available context size (2048 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 3000,
        "n_ctx": 2048,
    }
}
VLLM_OVERFLOW = {
    "object": "error",
    "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
    "type": "BadRequestError",
    "code": 400,
}
UNWELL = {"error": {"message": "unwell", "type": "server_error", "param": None, "code": None}}


@pytest.fixture(scope="module")
def patient(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url, **PATIENT, **ONCE))


@pytest.fixture(scope="module")
def impatient(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url, IMPATIENT, **PATIENT, **ONCE))


def post(server: ServerProcess, endpoint: str, body: dict[str, Any] | None = None) -> httpx.Response:
    with httpx.Client(timeout=PATIENCE_S) as client:
        return client.post(f"{server.url}/meeting-info/{endpoint}", json=body or {"input": MEETING_INPUT})


EARLY: dict[str, tuple[Step | tuple[Step, ...], Code]] = {
    "401": (answer(401), Code.UPSTREAM_AUTH),
    "403": (answer(403), Code.UPSTREAM_AUTH),
    "404": (answer(404), Code.UPSTREAM_REJECTED),
    "400": (answer(400), Code.UPSTREAM_REJECTED),
    "422": (answer(422), Code.UPSTREAM_REJECTED),
    "429": (answer(429), Code.UPSTREAM_BUSY),
    "500": (answer(500), Code.UPSTREAM_UNAVAILABLE),
    "502, a page": (answer(502, "<html>Bad gateway</html>", content_type="text/html"), Code.UPSTREAM_UNAVAILABLE),
    "503": (answer(503), Code.UPSTREAM_UNAVAILABLE),
    "overflow, as OpenAI": (answer(400, OPENAI_OVERFLOW), Code.REQUEST_TOO_LARGE),
    "overflow, as llama.cpp": (answer(400, LLAMA_OVERFLOW), Code.REQUEST_TOO_LARGE),
    "overflow, as vLLM": (answer(400, VLLM_OVERFLOW), Code.REQUEST_TOO_LARGE),
    "closed at once": (cut, Code.UPSTREAM_UNAVAILABLE),
    "reset at once": (reset, Code.UPSTREAM_UNAVAILABLE),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", Code.UPSTREAM_UNAVAILABLE),
    "200, a page": (answer(200, "<html>Welcome</html>", content_type="text/html"), Code.UPSTREAM_GARBLED),
    "200, nothing": (stream(), Code.UPSTREAM_GARBLED),
    "200, only its end": (stream(DONE), Code.UPSTREAM_GARBLED),
    "200, then cut": (stream(cut), Code.UPSTREAM_UNAVAILABLE),
    "200, then junk": (stream(b"data: <html>\n\n"), Code.UPSTREAM_GARBLED),
    "200, then an error": (stream(sse(UNWELL)), Code.UPSTREAM_UNAVAILABLE),
}


@pytest.mark.parametrize("endpoint", ["stream", "invoke"])
@pytest.mark.parametrize("case", EARLY)
def test_before_the_first_event_a_fault_is_a_status(
    patient: ServerProcess, upstream: Upstream, case: str, endpoint: str
) -> None:
    steps, code = EARLY[case]
    script = upstream.plays(*(steps if isinstance(steps, tuple) else (steps,)))
    envelope = refusal(post(patient, endpoint), MEANING[code].status, code)
    assert envelope.retryable == MEANING[code].retryable
    assert script.count == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [("7", "7"), ("0.2", "1"), (None, "1"), ("Wed, 21 Oct 2015 07:28:00 GMT", "1"), ("-5", "0"), ("inf", "1")],
)
def test_a_busy_upstream_says_when_to_come_back(
    patient: ServerProcess, upstream: Upstream, said: str | None, told: str
) -> None:
    upstream.plays(answer(429, **({"retry_after": said} if said else {})))
    for endpoint in ("stream", "invoke"):
        response = post(patient, endpoint)
        refusal(response, 503, Code.UPSTREAM_BUSY)
        assert response.headers["retry-after"] == told


@pytest.mark.parametrize("steps", [(stall,), stream(stall)], ids=["no answer", "headers only"])
def test_an_upstream_that_says_nothing_is_a_time_out(
    impatient: ServerProcess, upstream: Upstream, steps: tuple[Step, ...]
) -> None:
    upstream.plays(*steps)
    for endpoint in ("stream", "invoke"):
        refusal(post(impatient, endpoint), 504, Code.UPSTREAM_TIMEOUT)


def test_nobody_listens(shared: Callable[[str], ServerProcess]) -> None:
    server = shared(openai(f"http://127.0.0.1:{free_port()}/v1", **PATIENT))
    for endpoint in ("stream", "invoke"):
        refusal(post(server, endpoint), 502, Code.UPSTREAM_UNAVAILABLE)


def test_one_fault_fails_the_batch(patient: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(answer(401))
    refusal(post(patient, "batch", {"inputs": [MEETING_INPUT] * 2}), 502, Code.UPSTREAM_AUTH)


class Late(NamedTuple):
    """What comes behind `{"name": "Half a na`, and what the client is told."""

    steps: tuple[Step, ...]
    code: Code
    ends_body: bool = True


HALF = says('{"name": "Half a na')
LATE: dict[str, Late] = {
    "cut": Late((cut,), Code.UPSTREAM_CUT),
    "reset": Late((reset,), Code.UPSTREAM_CUT),
    "ended without a word": Late((), Code.UPSTREAM_CUT),
    "ended without a reason": Late((DONE,), Code.UPSTREAM_CUT),
    "not JSON": Late((b"data: <html>\n\n",), Code.UPSTREAM_GARBLED),
    "half a frame of JSON": Late((b'data: {"id": "c1", "choi\n\n',), Code.UPSTREAM_GARBLED),
    "not UTF-8": Late((b'data: "\xff\xfe"\n\n',), Code.UPSTREAM_GARBLED),
    "a list": Late((sse([1]),), Code.UPSTREAM_GARBLED),
    "a string": Late((sse("text"),), Code.UPSTREAM_GARBLED),
    "choices that are a number": Late((sse({"choices": 5}),), Code.UPSTREAM_GARBLED),
    "choices of strings": Late((sse({"choices": ["x"]}),), Code.UPSTREAM_GARBLED),
    "a delta that is a string": Late((sse({"choices": [{"index": 0, "delta": "x"}]}),), Code.UPSTREAM_GARBLED),
    "content that is a number": Late((chunk({"content": 5}),), Code.UPSTREAM_GARBLED),
    "an error": Late((sse(UNWELL),), Code.UPSTREAM_UNAVAILABLE),
    "its token limit": Late((ends("length"), DONE), Code.TRUNCATED),
    "a filter": Late((ends("content_filter"), DONE), Code.CONTENT_FILTER),
    "a stop too early": Late((ends("stop"), DONE), Code.NOT_JSON),
    "a control character": Late((says("\n"), ends(), DONE), Code.NOT_JSON),
    "the same key again": Late((says('me", "name": "Other"}'), ends(), DONE), Code.DUPLICATE_KEY),
    "an incomplete object": Late((says('me"}'), ends(), DONE), Code.INVALID_OUTPUT),
    "nesting without end": Late((says('me", "x": ' + "[" * 100), ends(), DONE), Code.TOO_LARGE),
}


@pytest.mark.parametrize("case", LATE)
def test_after_the_first_chunk_a_fault_is_the_last_event(patient: ServerProcess, upstream: Upstream, case: str) -> None:
    late = LATE[case]
    script = upstream.plays(*stream(HALF, *late.steps))
    end = terminal(ask(f"{patient.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Failed)
    assert (end.code, end.phase, end.retryable) == (late.code, *MEANING[late.code][:2])
    assert end.partial["name"].startswith("Half a na")
    assert script.count == 1
    refusal(post(patient, "invoke"), MEANING[late.code].status, late.code)


def test_a_refusal_keeps_its_reason(patient: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*stream(chunk({"refusal": "I cannot "}), chunk({"refusal": "help with that."}), ends(), DONE))
    end = terminal(ask(f"{patient.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Failed)
    assert end.code is Code.REFUSED
    assert "I cannot help with that." in end.message
    assert "I cannot help with that." in refusal(post(patient, "invoke"), 422, Code.REFUSED).message


def test_a_broken_rule_is_told_by_place_and_name(patient: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*stream(says(text({**MEETING, "max_members": 1000, "category": "none"})), ends(), DONE))
    end = terminal(ask(f"{patient.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Failed)
    assert end.code is Code.INVALID_OUTPUT
    assert {breach.path for breach in end.errors or ()} == {"/max_members", "/category"}
    assert end.partial["name"] == MEETING["name"]


@pytest.mark.parametrize(
    "steps", [(ends("length"), DONE), (ends("length"),), (DONE,), (), (cut,), (reset,), (sse(UNWELL),)]
)
def test_what_comes_behind_a_whole_object_does_not_spoil_it(
    patient: ServerProcess, upstream: Upstream, steps: tuple[Step, ...]
) -> None:
    upstream.plays(*stream(says(text(MEETING)), *steps))
    end = terminal(ask(f"{patient.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Complete)
    assert end.value == MEETING


def test_silence_half_way_ends_by_the_clients_read_time_out(impatient: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*stream(HALF, stall))
    end = terminal(ask(f"{impatient.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Failed)
    assert (end.code, end.partial) == (Code.UPSTREAM_TIMEOUT, {"name": "Half a na"})


def test_silence_half_way_ends_by_the_runs_own_limit(
    shared: Callable[[str], ServerProcess], upstream: Upstream
) -> None:
    server = shared(openai(upstream.base_url, **PATIENT, limits={"idle_s": 0.3}))
    script = upstream.plays(*stream(HALF, stall))
    end = terminal(ask(f"{server.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Failed)
    assert (end.code, end.partial) == (Code.UPSTREAM_TIMEOUT, {"name": "Half a na"})
    assert script.next_call().left.wait(PATIENCE_S)


def test_a_run_that_never_ends_is_ended(shared: Callable[[str], ServerProcess], upstream: Upstream) -> None:
    server = shared(openai(upstream.base_url, **PATIENT, limits={"total_s": 0.5}))
    script = upstream.plays(*stream(HALF, forever(says(" "))))
    end = terminal(ask(f"{server.url}/meeting-info", MEETING_INPUT))
    assert isinstance(end, Failed)
    assert end.code is Code.TIME_LIMIT
    assert end.partial["name"].startswith("Half a na  ")
    assert script.next_call().left.wait(PATIENCE_S)


def test_a_status_is_held_no_longer_than_it_says(shared: Callable[[str], ServerProcess], upstream: Upstream) -> None:
    """The upstream fails only after the client has had `start`: with no limit on the hold both would wait for ever."""
    server = shared(openai(upstream.base_url, stream={"hold_ms": 50}))
    script = upstream.plays(gate, answer(401))
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        closing(follow(client, f"{server.url}/meeting-info", MEETING_INPUT)) as frames,
    ):
        assert next(frames).event == "start"
        script.next_call().permit()
        [end] = list(frames)
    assert (end.event, data_of(end)["code"]) == ("failed", "upstream_auth")
