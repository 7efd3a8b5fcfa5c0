"""Running the grid: order, places, the cache, failures, and the end that somebody else makes of it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from chains.limits import Limits
from chains.models.model import Gate, Model
from chains.models.scripted import Reply, ScriptedChatModel
from lab.bench import Bench, bench
from lab.cases import Case
from schemas import Code
from tests.chains.answers import MEETING, model_saying, script_of, text
from tests.lab.bench.trials import KO, WARM, cases, outcomes

GOALS = [f"목표 {number}" for number in range(6)]


async def run(models: dict[str, Model] | Model, asked: list[Case] | None = None, **known: Any) -> Bench:
    named = models if isinstance(models, dict) else {"m": models}
    settings: dict[str, Any] = {"prompts": [KO, WARM], "progress": False, **known}
    return await bench("meeting_info", asked or cases(*GOALS), models=named, **settings)


class Turnstile(Gate):
    """A gate that knows how many were at it at once, waiting ones too."""

    def __init__(self, slots: int, together: asyncio.Barrier | None = None) -> None:
        super().__init__(slots)
        self.most = 0
        self._now = 0
        self._together = together

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            if self._together:
                await self._together.wait()
            async with super().place():
                yield
        finally:
            self._now -= 1


class Stalling(ScriptedChatModel):
    """A script that ends so many calls, says so when all further places are taken, and then never ends another."""

    whole: int
    then: Callable[[], object]
    places: int = 2

    def _next(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> Reply:
        reply = super()._next(messages, kwargs)
        if len(self.calls) <= self.whole:
            return reply
        if len(self.calls) == self.whole + self.places:
            self.then()
        return Reply(text='{"name": "한', failure="stall")


def suffixes(folder: Path) -> list[str]:
    return [file.suffix for file in folder.iterdir()]


@pytest.mark.parametrize(("slots", "concurrency", "most"), [(3, None, 3), (3, 2, 2), (2, 8, 2), (1, 1, 1)])
async def test_so_many_run_at_once_and_no_more(slots: int, concurrency: int | None, most: int) -> None:
    gate = Turnstile(slots)
    await run(replace(model_saying(text(MEETING)), gate=gate), concurrency=concurrency)
    assert gate.most == most


async def test_a_concurrency_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="concurrency of 0"):
        await run(model_saying(text(MEETING)), concurrency=0)


async def test_models_do_not_wait_for_one_another() -> None:
    both = asyncio.Barrier(2)  # which lets a call go on only when the other model has one as well
    models = {name: replace(model_saying(text(MEETING)), gate=Turnstile(1, both)) for name in ("a", "b")}
    async with asyncio.timeout(20):
        found = await run(models)
    assert set(outcomes(found.trials)) == {"complete"}


async def test_results_are_in_the_grids_order_whoever_is_first() -> None:
    slow = {"chunks": list(text(MEETING))}
    models = {name: replace(model_saying(slow, text(MEETING)), gate=Gate(4)) for name in ("a", "b")}
    found = await run(models, repeats=2)
    assert [(each.model, each.case.id, each.prompt.name, each.repeat) for each in found.trials] == [
        (model, f"g-{case}", prompt, repeat)
        for model in ("a", "b")
        for case in range(6)
        for prompt in ("ko", "ko_warm")
        for repeat in (0, 1)
    ]


async def test_each_call_is_sent_its_runs_seed_and_the_prompt_that_is_told() -> None:
    model = model_saying(text(MEETING))
    found = await run(replace(model, gate=Gate(1)))
    sent = sorted(
        (arguments["seed"], "아주 따뜻하게" in messages[0].text) for messages, arguments in script_of(model).calls
    )
    assert sent == sorted((each.seed, each.prompt.name == "ko_warm") for each in found.trials)
    for each in found.trials:
        begin = each.events[0].event
        assert begin.type == "start"
        assert begin.prompt == each.prompt.ref


# -- the cache ---------------------------------------------------------------------------------------------------------


async def test_a_second_bench_asks_nobody_and_says_so(tmp_path: Path) -> None:
    model = model_saying(text(MEETING))
    first, second = [await run(model, cache=tmp_path) for _ in range(2)]
    assert len(script_of(model).calls) == len(first.trials) == 12
    assert not any(each.cached for each in first.trials)
    assert all(each.cached for each in second.trials)
    assert [each.events for each in second.trials] == [each.events for each in first.trials]
    assert "none from the cache" in first.caption[0]
    assert "12 of them from the cache, with the times of when they were made" in second.caption[0]


async def test_only_what_is_new_is_asked(tmp_path: Path) -> None:
    model = model_saying(text(MEETING))
    await run(model, cases(*GOALS[:2]), cache=tmp_path)
    found = await run(model, cases(*GOALS[:3]), cache=tmp_path)
    assert len(script_of(model).calls) == 6
    assert [each.case.id for each in found.trials if not each.cached] == ["g-2", "g-2"]


async def test_without_a_cache_every_run_is_made_and_nothing_stays() -> None:
    model = model_saying(text(MEETING))
    for _ in range(2):
        found = await run(model)
        assert not any(each.cached for each in found.trials)
    assert len(script_of(model).calls) == 24


async def test_the_same_prompt_twice_is_run_twice(tmp_path: Path) -> None:
    model = model_saying(text(MEETING))
    await run(model, prompts={"one": KO, "other": KO}, cache=tmp_path)
    assert len(script_of(model).calls) == 12


# -- failures ----------------------------------------------------------------------------------------------------------


async def test_a_run_that_fails_is_a_row_and_is_tried_again_if_the_connection_was_at_fault(tmp_path: Path) -> None:
    asked = cases(*GOALS[:3])
    model = model_saying(text(MEETING), {"failure": "busy"}, "No.")
    once = {"prompts": [KO], "cache": tmp_path, "concurrency": 1, "limits": Limits(repairs=0)}
    found = await run(model, asked, **once)
    assert outcomes(found.trials) == ["complete", "upstream_busy", "not_json"]
    assert found.trials[1].model_name == "scripted"  # it had begun, and says so
    again = await run(model, asked, **once)
    assert outcomes(again.trials) == ["complete", "complete", "not_json"]
    assert [each.cached for each in again.trials] == [True, False, True]


async def test_a_request_that_is_refused_is_a_row(tmp_path: Path) -> None:
    asked = [*cases("걷기"), Case(id="bad", input={"goal": "", "language": "ko"}), *cases("걷기", "읽기")[1:]]
    found = await run(model_saying(text(MEETING)), asked, prompts=[KO], cache=tmp_path)
    assert outcomes(found.trials) == ["complete", "invalid_request", "complete"]
    bad = found.trials[1]
    assert bad.code is Code.INVALID_REQUEST
    assert [breach.path for breach in bad.breaches] == ["/goal"]
    assert suffixes(tmp_path) == [".sse"] * 2  # neither it nor anything half-done


async def test_cancelling_stops_every_model_and_keeps_what_was_done(tmp_path: Path) -> None:
    stalled = asyncio.Event()
    script = Stalling(replies=[Reply(text=text(MEETING))], whole=3, then=stalled.set)
    model = Model(chat=script, name="scripted", gate=Gate(2))
    task = asyncio.create_task(run(model, cache=tmp_path))
    await stalled.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(script.stopped_after) == len(script.calls)  # nobody is still being asked
    assert suffixes(tmp_path) == [".sse"] * 3


# -- progress ----------------------------------------------------------------------------------------------------------


async def test_progress_says_how_many_came_from_the_cache_and_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known: dict[str, Any] = {"prompts": [KO], "cache": tmp_path, "concurrency": 1, "limits": Limits(repairs=0)}
    await run(model_saying(text(MEETING), "No."), cases("걷기"), **known)
    await run(model_saying(text(MEETING), "No."), cases("걷기", "읽기", "쓰기"), progress=True, **known)
    told = capsys.readouterr()
    last = re.split(r"[\r\n]", told.err.strip())[-1]
    assert "3/3" in last
    assert "from cache=1, failed=1" in last
    assert told.out == ""
