"""Keys reach nobody, and users' words no log: canaries carried through every door, and looked for wherever anything is
written.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chains import chatbot
from chains.models.spec import OpenAISpec
from chains.recording import recorded
from schemas import StreamError
from tests.redis import RedisServer
from tests.server import canaries
from tests.server.canaries import ANSWERS, CONTENT, INPUTS, KEY, SECRETS, Driven, Visitor, found
from tests.server.configs import openai
from tests.server.process import ROOT, server_environment, serving
from tests.upstream import Upstream

SETTINGS: dict[str, dict[str, Any]] = {
    "development, at debug": {"level": "debug", "mode": "development"},
    "production": {"level": "info", "mode": "production"},
}


@dataclass
class Visited:
    """A server that was visited and has ended: what it answered, and what it left behind."""

    driven: Driven
    log: str


@pytest.fixture(scope="module", params=SETTINGS)
def visited(
    request: pytest.FixtureRequest, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visited]:
    folder = tmp_path_factory.mktemp("visited")
    with RedisServer(folder, requirepass=canaries.REDIS) as redis:
        config = canaries.config(upstream, **SETTINGS[request.param])
        with serving(
            config,
            folder,
            may_fault=True,
            OPENAI_API_KEY=KEY,
            REDIS_URL=redis.url.replace("//", f"//:{canaries.REDIS}@"),
            SERVICE_KEY=canaries.SERVICE,
            SERVER_SECRET=canaries.SIGNING,
        ) as server:
            driven = Visitor(server.url, upstream).visit()
        yield Visited(driven, server.log)


# -- a server, visited -------------------------------------------------------------------------------------------------


def test_the_visitor_was_everywhere(visited: Visited) -> None:
    """Or else the canaries were never where they could have been lost."""
    driven = visited.driven
    assert driven.statuses >= {200, 201, 204, 400, 404, 405, 413, 415, 422, 502, 503}
    assert canaries.WRITTEN in driven.answers["whole at /chatbot/invoke"]
    assert canaries.ASKED in driven.answers["a late look"]
    assert "event: complete" in driven.answers["whole, kept"]
    assert '"code":"upstream_auth"' in driven.answers["401 at /chatbot/invoke"]
    assert visited.log


def test_no_secret_is_written(visited: Visited) -> None:
    assert found(visited.log, SECRETS) == []


def test_no_ticket_and_no_cookie_is_written(visited: Visited) -> None:
    assert found(visited.log, tuple(visited.driven.issued)) == []


def test_no_words_of_anybody_are_written(visited: Visited) -> None:
    assert found(visited.log, CONTENT) == []


def test_no_secret_is_answered(visited: Visited) -> None:
    told = visited.driven.told | _not_of_insides(visited.driven)
    assert {name: lines for name, text in told.items() if (lines := found(text, SECRETS))} == {}


def test_what_an_upstream_says_of_its_trouble_is_not_passed_on(visited: Visited) -> None:
    answers = _not_of_insides(visited.driven)
    assert {name: lines for name, text in answers.items() if (lines := found(text, (canaries.ECHOED,)))} == {}


def test_what_the_server_tells_of_itself_has_nobodys_words(visited: Visited) -> None:
    assert {path: lines for path, text in visited.driven.told.items() if (lines := found(text, CONTENT))} == {}


def test_a_refusal_does_not_say_what_was_tried(visited: Visited) -> None:
    """Not even to who has tried it: of an answer, proxies and error trackers hear as well."""
    answers = _not_of_insides(visited.driven)
    assert {name: lines for name, text in answers.items() if (lines := found(text, (canaries.TRIED,)))} == {}


def _not_of_insides(driven: Driven) -> dict[str, str]:
    """The answers without those of `stream_log`, which in development shows all that LangChain knows of a run."""
    return {name: text for name, text in driven.answers.items() if "/stream_log" not in name}


# -- beside a server ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_recording_has_no_secret(
    name: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    address = f"{upstream.base_url}?key={canaries.IN_URL}"
    chain = chatbot.build(OpenAISpec(provider="openai", base_url=address, name="m", max_retries=0).load())
    upstream.plays(*ANSWERS[name])
    file = tmp_path / "run.sse"
    caplog.set_level("DEBUG", "chains")
    try:
        async with aclosing(recorded(chain.astream_typed(INPUTS["chatbot"], hold=0), file)) as events:
            last = [event async for event in events][-1].model_dump_json()
    except StreamError as error:
        last = f"{error!r} {error.__cause__}"
    assert found(file.read_text(encoding="utf-8") + last, (*SECRETS, canaries.ECHOED)) == []
    assert found(caplog.text, (*SECRETS, *CONTENT)) == []


@pytest.mark.parametrize("what", ["the model's spec", "a model", "a chain"])
def test_what_is_shown_of_a_model_has_no_secret(what: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a traceback with local variables, a debugger's window, a notebook's cell."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    spec = OpenAISpec(provider="openai", base_url=f"{upstream.base_url}?key={canaries.IN_URL}", name="m")
    model = spec.load()
    shown = {"the model's spec": spec, "a model": model, "a chain": chatbot.build(model)}[what]
    if what != "the model's spec":  # which is the settings file's own text
        assert found(repr(shown) + str(shown), SECRETS) == []
    assert KEY not in repr(shown)


BROKEN: dict[str, tuple[str, dict[str, str]]] = {
    "a key in the file": (f"models: {{demo: {{provider: openai, api_key: {KEY}}}}}\nchains: {{}}", {}),
    "a key for a number": (openai("http://127.0.0.1:9/v1", {"max_tokens": KEY}), {}),
    "a key for a parameter": (openai("http://127.0.0.1:9/v1", {"parameters": {"temperature": KEY}}), {}),
    "broken YAML": (f"models: {{demo: [{KEY}", {}),
    "no URL of Redis": (
        openai("http://127.0.0.1:9/v1", runs={"store": "redis"}),
        {"REDIS_URL": f"redis://:{canaries.REDIS}@127.0.0.1:port/0"},
    ),
    "nobody at Redis' URL": (
        openai("http://127.0.0.1:9/v1", runs={"store": "redis"}),
        {"REDIS_URL": f"redis://user:{canaries.REDIS}@127.0.0.1:9/0"},
    ),
    "another scheme": (
        openai("http://127.0.0.1:9/v1", runs={"store": "redis"}),
        {"REDIS_URL": f"postgres://:{canaries.REDIS}@127.0.0.1/0"},
    ),
    "too short a key": (
        openai("http://127.0.0.1:9/v1", auth={"key_env": "SERVICE_KEY"}),
        {"SERVICE_KEY": "canary-of-redis"},
    ),
    "too short a secret": (
        openai("http://127.0.0.1:9/v1", auth={"key_env": "SERVICE_KEY"}),
        {"SERVICE_KEY": canaries.SERVICE, "SERVER_SECRET": "canary-of-redis"},
    ),
    "no port": (openai("http://127.0.0.1:9/v1"), {"PORT": "99999999"}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_server_that_cannot_start_says_why_without_a_secret(case: str, tmp_path: Path) -> None:
    config, environment = BROKEN[case]
    file = tmp_path / "langserve.yaml"
    file.write_text(config, encoding="utf-8")
    known = {"OPENAI_API_KEY": KEY, "HOST": "127.0.0.1", "PORT": "0", "CONFIG": str(file), **environment}
    done = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=ROOT,
        env=server_environment(**known),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr
    assert found(done.stdout + done.stderr, SECRETS) == []


def test_the_process_list_shows_no_secret(upstream: Upstream, tmp_path: Path) -> None:
    with serving(openai(upstream.base_url), tmp_path, OPENAI_API_KEY=KEY) as server:
        shown = Path(f"/proc/{server.pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    assert "-m server" in shown
    assert found(shown, SECRETS) == []
