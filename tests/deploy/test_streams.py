"""Streams through nginx as it is deployed: nothing is held back, silence is borne, and leaving is noticed."""

import json
import ssl
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Page

from tests import figures
from tests.deploy.browser import browsing
from tests.deploy.front import NAME, Front, fronting, port_of
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.endpoints import refusal
from tests.server.process import serving
from tests.server.reading import PATIENCE_S, events_of, terminal
from tests.upstream import DONE, Call, Script, Step, Upstream, chunk, ends, forever, pause, says, sse, stall, stream
from tests.upstream import whole as whole_answer

SILENCE_S = 65
SOON_S = 0.1
LEFT_S = 1.0
HALF_S = 10
PLACES = 200
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PATH = "/meeting-info/stream"
BODY = {"input": MEETING_INPUT}
HALF = f"POST {PATH} HTTP/1.1\r\nhost: {NAME}\r\ncontent-length: 9\r\n\r\n".encode()
HTTP: dict[str, Any] = {"hosts": [NAME], "proxies": ["127.0.0.1"]}

READ_STREAM = """async ([path, body]) => {
  const heard = [], decoder = new TextDecoder();
  const answer = await fetch(path, {method: 'POST', headers: {'content-type': 'application/json'}, body});
  for await (const piece of answer.body) heard.push([Date.now() / 1000, decoder.decode(piece, {stream: true})]);
  const entries = () => performance.getEntriesByName(answer.url);
  while (entries().length === 0) await new Promise((later) => setTimeout(later)); // they are told of behind the end
  return {heard, protocol: entries()[0].nextHopProtocol};
}"""
READ_LATER = "() => { window.heard = fetch('/', {method: 'POST', body: '{}'}).then((got) => got.text()); }"
LEAVE_STREAM = """async ([path, body]) => {
  const leaving = new AbortController(), {signal} = leaving;
  const answer = await fetch(path, {method: 'POST', headers: {'content-type': 'application/json'}, body, signal});
  await answer.body.getReader().read();
  leaving.abort();
}"""

OpenPage = Callable[[Front], Page]


class Stage(NamedTuple):
    """The server behind nginx, and the model behind the server."""

    front: Front
    model: Upstream


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with (
        Upstream() as model,
        serving(openai(model.base_url, http=HTTP), folder) as server,
        fronting(folder, [server.port]) as front,
    ):
        yield Stage(front, model)


@pytest.fixture(scope="module")
def open_page() -> Iterator[OpenPage]:
    with browsing() as open_page:
        yield open_page


@pytest.fixture(scope="module", autouse=True)
def silence(tmp_path_factory: pytest.TempPathFactory, open_page: OpenPage) -> Iterator[tuple[Future[str], Page]]:
    """A word, over a minute of nothing, and another word: begun before this module's tests, awaited behind them."""
    folder = tmp_path_factory.mktemp("silence")
    with Upstream() as quiet, ThreadPoolExecutor() as threads, fronting(folder, [port_of(quiet)]) as front:
        quiet.plays(*stream(sse("before"), pause(SILENCE_S), sse("after")))
        page = open_page(front)
        page.evaluate(READ_LATER)
        yield threads.submit(read_patiently, front), page


def read_patiently(front: Front) -> str:
    with front.client() as client:
        return client.post("/", content=b"{}", timeout=2 * SILENCE_S).text


def letter_by_letter(model: Upstream) -> list[float]:
    """A name that the model says one letter at a time. Returns when it has said each, once it has."""
    said: list[float] = []

    async def note(call: Call) -> None:
        said.append(time.time())

    letters: list[Step] = [step for letter in LETTERS for step in (pause(0.02), note, says(letter))]
    rest = text({**MEETING, "name": "?"}).partition("?")[2]
    model.plays(*stream(chunk({"role": "assistant"}), says('{"name": "'), *letters, says(rest), ends(), DONE))
    return said


def lag(said: list[float], heard: list[float], how: str) -> float:
    """How late an event is as a rule. The machine may be busy for a moment; what buffers is late every time."""
    assert len(said) == len(heard) == len(LETTERS)
    lags = [1000 * (there - here) for here, there in zip(said, heard, strict=True)]
    median = statistics.median(lags)
    figures.measured.append(f"from the model through nginx, {how}: p50 {median:.1f} ms, max {max(lags):.1f} ms")
    return median / 1000


def letters_in(pieces: Iterator[tuple[float, str]]) -> list[float]:
    """When each letter of the name arrived. What one read from the model has brought is one token."""
    arrived: list[float] = []
    rest = ""
    for at, piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        name = "".join(event["text"] for event in events if event["type"] == "token" and event["path"] == "/name")
        arrived += [at] * len(name)
    return arrived


def test_events_arrive_when_they_are_sent(stage: Stage) -> None:
    said = letter_by_letter(stage.model)
    with stage.front.client() as client, client.stream("POST", PATH, json=BODY) as answer:
        heard = letters_in((time.time(), piece) for piece in answer.iter_text())
    assert lag(said, heard, "HTTP/1.1") < SOON_S


def test_events_arrive_when_they_are_sent_in_a_browser_over_http2(stage: Stage, open_page: OpenPage) -> None:
    said = letter_by_letter(stage.model)
    read = open_page(stage.front).evaluate(READ_STREAM, [PATH, json.dumps(BODY)])
    assert read["protocol"] == "h2"
    assert lag(said, letters_in((at, piece) for at, piece in read["heard"]), "HTTP/2") < SOON_S


def test_a_stream_is_never_compressed(stage: Stage) -> None:
    stage.model.plays(*whole_answer(text(MEETING)))
    with stage.front.client() as client:
        answer = client.post(PATH, json=BODY, headers={"accept-encoding": "gzip, deflate, br"})
    assert "content-encoding" not in answer.headers
    assert terminal(events_of(answer.text)).type == "complete"


def test_browsers_are_told_once_to_stay_on_tls(stage: Stage) -> None:
    """By the server, which knows from nginx that it is reached over TLS."""
    with stage.front.client() as client:
        assert client.get("/health").headers.get_list("strict-transport-security") == ["max-age=31536000"]


def test_a_reader_who_comes_again_gets_the_rest(stage: Stage) -> None:
    stage.model.plays(*whole_answer(text(MEETING)))
    with stage.front.client() as client:
        events_url = client.post("/meeting-info/runs", json=BODY).json()["events_url"]
        everything = events_of(client.get(events_url).text)
        rest = events_of(client.get(events_url, headers={"last-event-id": "3"}).text)
    assert rest == everything[3:]


def test_who_leaves_is_noticed_at_once(stage: Stage) -> None:
    script = endless(stage.model)
    with stage.front.client() as client, client.stream("POST", PATH, json=BODY) as answer:
        next(answer.iter_text())
    assert script.next_call().left.wait(LEFT_S)


def test_a_browser_that_leaves_over_http2_is_noticed_at_once(stage: Stage, open_page: OpenPage) -> None:
    script = endless(stage.model)
    open_page(stage.front).evaluate(LEAVE_STREAM, [PATH, json.dumps(BODY)])
    assert script.next_call().left.wait(LEFT_S)


def test_who_leaves_before_the_first_byte_is_noticed_too(stage: Stage) -> None:
    script = stage.model.plays(stall)
    with stage.front.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/meeting-info/invoke", json=BODY, timeout=0.5)
    assert script.next_call().left.wait(LEFT_S)


def test_half_a_request_is_not_waited_for(stage: Stage) -> None:
    """Headers that never end and a body that never comes, beside somebody who is served meanwhile."""
    with stage.front.connected() as headers, stage.front.connected() as body, stage.front.client() as client:
        headers.sendall(f"GET / HTTP/1.1\r\nhost: {NAME}\r\nx-slow: ".encode())
        body.sendall(HALF)
        assert client.get("/health").status_code == 200
        assert [last_words(slow) for slow in (headers, body)] == [b"", b""]


def test_one_address_cannot_take_all_places(stage: Stage) -> None:
    """Requests whose bodies do not come yet are requests. When they have gone there is a place again."""
    with stage.front.client() as client:
        with ExitStack() as connections:
            for _ in range(PLACES):
                connections.enter_context(stage.front.connected()).sendall(HALF)
            until(lambda: client.get("/health").status_code != 200)
            refused = client.get("/health")
        refusal(refused, 429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
        until(lambda: client.get("/health").status_code == 200)


@pytest.mark.timeout(3 * SILENCE_S)
def test_more_than_a_minute_of_silence_cuts_nobody(silence: tuple[Future[str], Page]) -> None:
    over_http1, page = silence
    both = [over_http1.result(2 * SILENCE_S), page.evaluate("window.heard")]
    assert both == [(sse("before") + sse("after")).decode()] * 2


def last_words(slow: ssl.SSLSocket) -> bytes:
    """What is said before a connection is closed. `TimeoutError` if it is not."""
    slow.settimeout(2 * HALF_S)
    try:
        return slow.recv(1 << 16)
    except (ConnectionError, ssl.SSLError):
        return b""


def until(holds: Callable[[], bool]) -> None:
    """Returns when something holds in another process, which can only be asked again and again."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline


def endless(model: Upstream) -> Script:
    """An answer that goes on until somebody leaves."""
    return model.plays(*stream(says('{"name": "a'), forever(says(" "))))
