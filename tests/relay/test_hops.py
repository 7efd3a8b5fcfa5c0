"""Browser, nginx, the Spring relay, this server, and a model: whether anything is kept back on the way, and what each
hop's death is to whoever reads at the other end.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from playwright.sync_api import Page

from benchmarks import answers
from benchmarks.simulator import Script
from schemas import TERMINAL
from tests import figures
from tests.deploy.browser import browsing
from tests.deploy.front import Front
from tests.redis import RedisServer
from tests.relay import hops
from tests.relay.hops import Hop, Nginx
from tests.server.auth.callers import token_of
from tests.server.configs import CHAINS, MEETING_INPUT
from tests.server.process import ROOT
from tests.upstream import Upstream, forever, says, stream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

SCRIPT = Script(size=700, rate=40)
"""Some four seconds of an answer: time enough to kill somebody."""

SUBJECT = {"subject": "An easy group that walks: stream-1"}
READER = Path(__file__).with_name("reader.js")
CLIENT = ROOT / "server" / "pages" / "client.js"
"""What clients/typescript is built to, for browsers."""

LATE_S = 1.0
LEFT_S = 3.0


class Stage(NamedTuple):
    """All hops, from the browser to the model."""

    front: Front
    nginx: Nginx
    relay: Hop
    server: Hop
    simulator: Hop
    model: Upstream
    """Another model, that sees who leaves it."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("hops")
    with ExitStack() as held:
        jar = hops.jar(tmp_path_factory.mktemp("relay"))
        model = held.enter_context(Upstream())
        redis = held.enter_context(RedisServer(folder))
        keys_url = held.enter_context(hops.publishing())
        simulator = held.enter_context(hops.running(hops.simulator(folder)))
        served = hops.ai_server(folder, config(simulator, model), redis.url)
        server = held.enter_context(hops.running(served))
        relay = held.enter_context(hops.running(hops.relay(folder, jar, server.url, keys_url)))
        nginx, front = held.enter_context(hops.nginx(folder, relay))
        yield Stage(front, nginx, relay, server, simulator, model)


def config(simulator: Hop, model: Upstream) -> str:
    over_http = {"provider": "openai", "name": "simulated", "max_retries": 0}
    return yaml.safe_dump(
        {
            "models": {
                "simulated": {**over_http, "base_url": f"{simulator.url}/v1"},
                "scripted": {**over_http, "base_url": model.base_url},
            },
            "chains": {
                "item": {"runnable": "benchmarks.peers.ours:build", "path": "/item", "model": "simulated"},
                "meeting-info": {**CHAINS["meeting-info"], "model": "scripted"},
            },
            "runs": {"store": "redis", "lease_s": 2},
            "auth": {"key_env": "SERVICE_KEY", "user_header": "x-user-id"},
        }
    )


@pytest.fixture(scope="module")
def opened(stage: Stage) -> Iterator[Page]:
    """One page for all tests, since a front's name leads to one place only."""
    with browsing() as open_page:
        page = open_page(stage.front)
        page.route("**/moim-stream.js", lambda route: route.fulfill(path=CLIENT, content_type="text/javascript"))
        yield page


@pytest.fixture
def page(stage: Stage, opened: Page) -> Page:
    """A reader who has heard nothing yet, before a model that has said nothing."""
    hops.plays(stage.simulator, SCRIPT)
    opened.goto(f"{stage.front.url}/metrics")
    opened.add_script_tag(path=READER)
    return opened


def begin(page: Page, how: str, chain: str, question: dict[str, Any]) -> None:
    """Lets the browser begin, and does not wait for it."""
    page.evaluate(
        "([how, ...what]) => { window.reading = window[how](...what); }", [how, chain, question, token_of("kim")]
    )


def events(page: Page) -> list[tuple[float, dict[str, Any]]]:
    """What the browser has heard when it has had the end: sound, and once."""
    page.evaluate("() => window.reading")
    heard = [(at, data) for at, _, data in page.evaluate("window.heard")]
    numbers = [data["seq"] for _, data in heard]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [data["type"] for _, data in heard if data["type"] in TERMINAL] == [heard[-1][1]["type"]]
    return heard


def await_words(page: Page) -> None:
    """Returns when some of the answer has arrived, and the better part of it has not."""
    page.wait_for_function("window.heard.filter(([, event]) => event === 'token').length > 5")


def test_what_the_model_writes_arrives_as_it_is_written(stage: Stage, page: Page) -> None:
    """Through everything: over as long a time, in as many moments, and later by no more than a busy machine is."""
    begin(page, "readStream", "item", SUBJECT)
    heard = [(at, data) for at, data in events(page) if data["type"] == "token"]
    arrived, said = [at for at, _ in heard], hops.written(stage.simulator)
    assert arrived[-1] - arrived[0] > 0.7 * (said[-1] - said[0])
    assert len({round(at, 2) for at in arrived}) > len(arrived) / 3
    late = statistics.median(lags(heard, said))
    figures.measured.append(
        f"from the model through the server, Spring and nginx to a browser: p50 {1000 * late:.0f} ms"
    )
    assert late < LATE_S


def lags(heard: list[tuple[float, dict[str, Any]]], said: list[float]) -> list[float]:
    """How long after the model had written the last character of a token it was there."""
    ends = {(path, number): end for path, number, end in answers.shown(SCRIPT.size)}
    known = dict.fromkeys((path for path, _ in ends), 0)
    late = []
    for at, token in heard:
        path = token["path"]
        if path in known:
            known[path] += len(token["text"])
            late.append(at - said[(ends[path, known[path]] - 1) // answers.TOKEN])
    return late


@pytest.mark.parametrize("dying", ["nginx", "relay", "server"])
def test_a_hop_that_dies_takes_nothing_with_it(stage: Stage, page: Page, dying: str) -> None:
    hop: Hop = getattr(stage, dying)
    begin(page, "readRun", "item", SUBJECT)
    await_words(page)
    hop.kill()
    page.wait_for_function("window.cuts > 0")
    assert not page.evaluate("window.over")
    hop.start()
    heard = events(page)
    assert heard[-1][1]["type"] == "complete"
    assert heard[-1][1]["value"] == answers.value(SCRIPT.size)
    resets = [data["reason"] for _, data in heard if data["type"] == "reset"]
    assert resets == (["worker_lost"] if dying == "server" else [])


@pytest.mark.parametrize("dying", ["nginx", "relay", "server"])
def test_a_stream_that_is_not_kept_is_cut_and_ends_in_nothing(stage: Stage, page: Page, dying: str) -> None:
    """Whoever has not begun a run is told by the cut that there is no end, and by no word."""
    hop: Hop = getattr(stage, dying)
    begin(page, "readStream", "item", SUBJECT)
    await_words(page)
    hop.kill()
    page.evaluate("() => window.reading")
    hop.start()
    names = page.evaluate("window.heard.map(([, event]) => event)")
    assert not TERMINAL & set(names)
    assert page.evaluate("window.cuts") == 1


def test_a_model_that_dies_is_a_failure_with_its_reason(stage: Stage, page: Page) -> None:
    begin(page, "readRun", "item", SUBJECT)
    await_words(page)
    stage.simulator.kill()
    last = events(page)[-1][1]
    stage.simulator.start()
    assert (last["type"], last["code"], last["retryable"]) == ("failed", "upstream_cut", True)
    assert page.evaluate("window.cuts") == 0


@pytest.mark.parametrize("talking", [True, False], ids=["talking", "silent"])
def test_a_browser_that_leaves_stops_the_model(stage: Stage, page: Page, talking: bool) -> None:
    script = stage.model.plays(*stream(says('{"name": "a'), forever(says(" ") if talking else b": \n\n", 0.05)))
    page.evaluate(
        """([what, input, headers]) => {
          const leaving = new AbortController();
          window.leave = () => leaving.abort();
          window.reading = window.readStream(what, input, headers, {signal: leaving.signal}).catch(() => undefined);
        }""",
        ["meeting-info", MEETING_INPUT, token_of("kim")],
    )
    page.wait_for_function("window.heard.length > 0")
    call, left_at = script.next_call(), time.monotonic()
    page.evaluate("() => window.leave()")
    assert call.left.wait(LEFT_S)
    took_ms = 1000 * (time.monotonic() - left_at)
    figures.measured.append(
        f"a browser leaves, and the model ({'talking' if talking else 'silent'}) is left after {took_ms:.0f} ms"
    )


def test_nobody_else_is_let_in(stage: Stage, page: Page) -> None:
    status = page.evaluate("async () => (await fetch('/ai/item/stream', {method: 'POST'})).status")
    assert status == 401


def test_no_hop_logs_a_token(stage: Stage) -> None:
    for log in (stage.relay.log, stage.server.log, stage.front.log):
        assert log
        assert "eyJ" not in log  # how every JWT begins
