"""Runs the grid: so many at once, each result in its place, nothing left running whatever the end is."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Never

from tqdm.auto import tqdm

from chains.limits import Limits
from chains.models.model import Model
from chains.recording import Recorded
from lab.bench.cache import Cache
from lab.bench.grid import Plan, Prompts, grid, in_turn
from lab.bench.result import Bench
from lab.bench.trial import Trial
from lab.cases import Case, ChainName
from schemas import Failed, StreamError


async def bench(
    chain: ChainName,
    cases: Sequence[Case],
    prompts: Prompts,
    models: Mapping[str, Model],
    *,
    repeats: int = 1,
    seed: int = 1,
    concurrency: int | None = None,
    cache: Path | None = None,
    progress: bool = True,
    limits: Limits | None = None,
) -> Bench:
    """Every case by every prompt on every model, `repeats` times.

    - `prompts`: as they are named, or under labels: `{"served": prompt, "warm": Prompt.parse(text)}`
    - `models`: under whatever names; their owner closes them
    - `seed`: another one gives other dice. Each case and repeat has its own, the same for all prompts and models; a
      prompt that sets a seed of its own is run with that, as it would be served
    - `concurrency`: runs at once on each model; never more than it has places, by default as many
    - `cache`: a folder in which runs are kept and found again (`lab.bench.CACHE`); None: all are made now

    A run that fails is a row like any other. `ValueError` says in words why the grid cannot be run at all, before
    anything is. Cancelling it stops every model; what is in the cache by then stays there.
    """
    bounds = limits or Limits()
    plans = grid(chain, cases, prompts, models, repeats=repeats, seed=seed, limits=bounds)
    places = {name: _places(model, concurrency) for name, model in models.items()}
    began = datetime.now(UTC)
    with tqdm(total=len(plans), unit="run", disable=not progress) as bar:
        async with _kept_in(cache) as kept:
            trials = await _all(plans, places, kept, _Tally(bar))
    about = {name: model.about for name, model in models.items()}
    return Bench(chain=chain, trials=tuple(trials), seed=seed, began=began, about=about)


class _Tally:
    """The progress bar's words: how many runs there were, from the cache and failed."""

    def __init__(self, bar: "tqdm[Never]") -> None:
        self._bar = bar
        self._cached = 0
        self._failed = 0

    def count(self, trial: Trial) -> None:
        self._cached += trial.cached
        self._failed += not trial.complete
        self._bar.set_postfix({"from cache": self._cached, "failed": self._failed}, refresh=False)
        self._bar.update()


async def _all(plans: Sequence[Plan], places: Mapping[str, int], cache: Cache, tally: _Tally) -> list[Trial]:
    """Every plan's run, in the plans' order."""
    trials: dict[Plan, Trial] = {}

    def take(plan: Plan, events: tuple[Recorded, ...], *, cached: bool) -> None:
        trials[plan] = trial = plan.trial(events, cached=cached)
        tally.count(trial)

    async def work(queue: Iterator[Plan]) -> None:
        for plan in queue:
            take(plan, await _run(plan, cache), cached=False)

    for plan in plans:  # before any run, whose times reading files would disturb
        if events := await asyncio.to_thread(cache.get, plan.key):
            take(plan, events, cached=True)
    async with asyncio.TaskGroup() as workers:
        for model, count in places.items():
            queue = iter(in_turn(plan for plan in plans if plan.model == model and plan not in trials))
            for _ in range(count):
                workers.create_task(work(queue))
    return [trials[plan] for plan in plans]


async def _run(plan: Plan, cache: Cache) -> tuple[Recorded, ...]:
    """The run, made. One that is refused before it begins has its refusal for an end."""
    try:
        return await cache.record(plan.key, plan.chain.astream_typed(plan.case.input, hold=0))
    except StreamError as error:
        return (Recorded(0, Failed.by(error, seq=1, partial={}, errors=error.details)),)


def _places(model: Model, concurrency: int | None) -> int:
    """How many runs at once. More than the model has places would only wait there, and their times with them."""
    if concurrency is not None and concurrency < 1:
        raise ValueError(f"Nothing can run with a concurrency of {concurrency}.")
    return min(concurrency or model.gate.slots, model.gate.slots)


@asynccontextmanager
async def _kept_in(folder: Path | None) -> AsyncIterator[Cache]:
    """The cache of a folder, or one that is gone in the end."""
    if folder:
        yield Cache(folder)
        return
    with TemporaryDirectory(prefix="bench-") as passing:
        yield Cache(Path(passing))
