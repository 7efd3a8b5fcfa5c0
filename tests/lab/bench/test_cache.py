"""The cache: what makes a run another run, and what is kept of runs."""

import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chains import meeting_info
from chains.limits import Limits
from chains.models.model import Model
from chains.models.scripted import Reply
from chains.models.spec import OpenAISpec
from chains.prompts import Prompt
from lab.bench.cache import Cache
from lab.bench.grid import grid
from lab.bench.identity import identity_of, settings_of
from lab.cases import Case
from schemas import Event
from tests.chains.answers import GOAL, MEETING, model_saying, script_of, text
from tests.lab.bench.trials import KO, WARM, cases

CANARY = "sk-canary"
WALK = cases()[0]


def key(
    case: Case = WALK,
    prompt: Prompt = KO,
    model: Model | None = None,
    repeat: int = 0,
    seed: int = 1,
    limits: Limits | None = None,
) -> str:
    models = {"m": model or model_saying(text(MEETING))}
    return grid("meeting_info", [case], [prompt], models, repeats=2, seed=seed, limits=limits or Limits())[repeat].key


def scripted(**changes: Any) -> Model:
    return replace(model_saying(text(MEETING)), **changes)


def asked(**changes: Any) -> Case:
    return WALK.model_copy(update={"input": {**WALK.input, **changes}})


ANOTHER: dict[str, Callable[[], str]] = {
    "the goal": lambda: key(asked(goal="달리기")),
    "a field that is given": lambda: key(asked(max_members=5)),
    "the prompt's text": lambda: key(prompt=WARM),
    "the prompt's name": lambda: key(prompt=Prompt.parse(KO.text, "other")),
    "the model's name": lambda: key(model=scripted(name="other")),
    "how it is held to a schema": lambda: key(model=scripted(way="prompt")),
    "its dialect": lambda: key(model=scripted(dialect="strict")),
    "its context": lambda: key(model=scripted(context_tokens=9000)),
    "the length of its answers": lambda: key(model=scripted(max_tokens=99)),
    "how it counts": lambda: key(model=scripted(wide_tokens=2.0)),
    "what each call is sent": lambda: key(model=scripted(parameters={"temperature": 0.9})),
    "its script": lambda: key(model=model_saying(text(MEETING | {"name": "다른 이름"}))),
    "its pace": lambda: key(model=model_saying(text(MEETING), pace_ms=1)),
    "the limits": lambda: key(limits=Limits(repairs=0)),
    "the seed": lambda: key(seed=2),
    "the repeat": lambda: key(repeat=1),
}


@pytest.mark.parametrize("other", ANOTHER.values(), ids=ANOTHER)
def test_whatever_may_change_an_answer_makes_another_run(other: Callable[[], str]) -> None:
    assert other() != key()


def test_the_same_run_is_the_same_under_another_day_and_label() -> None:
    assert key() == key()
    assert key(model=scripted(about="A script.", languages=("ko", "en"))) == key()


async def remote(url: str, *, api_key: str = CANARY, **parameters: Any) -> Model:
    """A model behind a server; nothing connects yet."""
    spec = OpenAISpec(provider="openai", name="gpt", parameters=parameters)
    chat = spec.chat(model="gpt", base_url=url, api_key=api_key)
    return spec.model(chat=chat, name="gpt", dialect="plain")


async def test_the_embedded_models_port_is_not_its_identity() -> None:
    here = identity_of(await remote("http://127.0.0.1:4001/v1"))
    assert here == identity_of(await remote("http://127.0.0.1:4002/v1", api_key="another"))
    assert here != identity_of(await remote("http://10.0.0.1:4001/v1"))
    assert identity_of(await remote("http://10.0.0.1:1/v1")) != identity_of(await remote("http://10.0.0.1:2/v1"))


@pytest.mark.parametrize("parameters", [{"temperature": 0.9}, {"extra_body": {"min_p": 0.2}}, {"seed": 3}])
async def test_how_a_server_is_asked_is_the_models_identity(parameters: dict[str, Any]) -> None:
    url = "http://10.0.0.1/v1"
    assert identity_of(await remote(url, **parameters)) != identity_of(await remote(url))


async def test_no_secret_is_in_an_identity_or_beside_a_figure() -> None:
    model = await remote(f"https://user:{CANARY}@example.com/v1?key={CANARY}", default_headers={"x-key": CANARY})
    assert CANARY not in json.dumps(identity_of(model))
    settings = settings_of(await remote("https://example.com", extra_body={"note": CANARY, "min_p": 0.1}))
    assert CANARY not in json.dumps(settings)
    assert settings["min_p"] == 0.1


# -- what is kept ------------------------------------------------------------------------------------------------------


def run(*replies: str | dict[str, Any], repairs: int = 0) -> AsyncGenerator[Event]:
    chain = meeting_info.build(model_saying(*replies), Limits(repairs=repairs))
    return chain.astream_typed(GOAL, hold=0)


def kept(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "cache")
    made = await cache.record("k", run(text(MEETING)))
    assert cache.get("k") == made
    assert cache.get("other") is None


ENDS: dict[str, tuple[str | dict[str, Any], bool]] = {
    "complete": (text(MEETING), True),
    "broken rules": (text(MEETING | {"max_members": 1000}), True),
    "not JSON": ("No.", True),
    "truncated": ({"text": '{"name": "한', "finish_reason": "length"}, True),
    "refused": ({"refusal": "I would rather not."}, True),
    "filtered": ({"text": "{", "finish_reason": "content_filter"}, True),
    **{failure: ({"text": '{"name": "한', "failure": failure}, False) for failure in ("busy", "unavailable", "cut")},
    "timeout": ({"failure": "timeout"}, False),
    "auth": ({"failure": "auth"}, False),
}


@pytest.mark.parametrize(("reply", "stays"), ENDS.values(), ids=ENDS)
async def test_answers_are_kept_and_bad_connections_are_not(
    tmp_path: Path, reply: str | dict[str, Any], stays: bool
) -> None:
    await Cache(tmp_path).record("k", run(reply))
    assert kept(tmp_path) == (["k.sse"] if stays else [])


async def test_a_run_that_is_left_leaves_nothing(tmp_path: Path) -> None:
    class Left(Exception):
        pass

    async def left() -> AsyncGenerator[Event]:
        async for event in run(text(MEETING)):
            yield event
            raise Left

    with pytest.raises(Left):
        await Cache(tmp_path).record("k", left())
    assert kept(tmp_path) == []


def _without(file: str, last: int) -> str:
    """The recording less this many frames at its end."""
    return "\n\n".join(file.split("\n\n")[: -1 - last]) + "\n\n"


SPOILT: dict[str, Callable[[str], str]] = {
    "nothing in it": lambda file: "",
    "no recording": lambda file: "<html>",
    "its end is missing": lambda file: _without(file, 1),
    "cut within a frame": lambda file: file[:-40],
    "a frame is missing": lambda file: "\n\n".join(file.split("\n\n")[1:]),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
async def test_a_file_that_is_not_whole_is_no_run(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    cache, file = Cache(tmp_path), tmp_path / "k.sse"
    await cache.record("k", run(text(MEETING)))
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")
    assert cache.get("k") is None
    made = await cache.record("k", run(text(MEETING)))
    assert cache.get("k") == made


def test_a_script_is_told_apart_although_langchain_does_not() -> None:
    one, other = model_saying("a"), model_saying("b")
    assert script_of(one)._get_llm_string() == script_of(other)._get_llm_string()
    assert script_of(one).replies == [Reply(text="a")]
    assert identity_of(one) != identity_of(other)
