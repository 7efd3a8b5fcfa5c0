"""Several workers in one process, over one memory: each can begin runs, read those of the others, and die."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from chains import Limits, StructuredChain, chatbot, meeting_info
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import Code, Event, MeetingInfo, StreamError
from server.runs.memory import Memory, MemoryStore
from server.runs.owner import Bounds, Owner
from server.runs.service import Runs
from server.runs.store import Record
from tests.chains.contract import check
from tests.server.configs import CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, text
from tests.server.runs.script import SOON, read_on

INPUTS: dict[str, Any] = {"chatbot": CHAT_INPUT, "meeting-info": MEETING_INPUT}
WHOLE: dict[str, str] = {"chatbot": text(CHAT), "meeting-info": text(MEETING)}
TOTAL_S = 3600.0
CHAIN = "meeting-info"
"""The chain of most runs here."""

_WORKER: ContextVar[str] = ContextVar("worker", default="")


def stalls(chain: str, at: str) -> Reply:
    """An answer that breaks off before these words, and says nothing more."""
    return Reply(text=WHOLE[chain][: WHOLE[chain].index(at)], failure="stall")


NAME_STANDS = stalls(CHAIN, '"summary"')
"""An answer that stops when two properties have settled."""

HALF = stalls(CHAIN, '"description"')
"""An answer that stops when three properties have settled."""

ROUND = WHOLE[CHAIN]
"""A whole one."""


class Worker:
    """One worker's view of all runs. What it starts within `here` dies with it."""

    def __init__(self, name: str, store: MemoryStore, chains: dict[str, StructuredChain], bounds: Bounds) -> None:
        self.name = name
        self.store = store
        owner = Owner(store, chains, dict.fromkeys(chains, TOTAL_S), bounds)
        self.runs = Runs(store, owner, bounds, longest_s=TOTAL_S)
        self.serving = asyncio.create_task(self.runs.errands.serve())

    @contextmanager
    def here(self) -> Iterator[None]:
        """What is done in the block is done by this worker."""
        before = _WORKER.set(self.name)
        try:
            yield
        finally:
            _WORKER.reset(before)

    async def begin(self, chain: str = "chatbot", key: str = "", request: Any = None) -> str:
        """Begins a run of this chain, by default with the input that fits."""
        with self.here():
            return await self.runs.owner.begin(chain, INPUTS[chain] if request is None else request, key)

    async def take_over(self, idle_s: float = 0.0) -> Sequence[Record]:
        """Takes over all runs whose owners were silent for so long. Returns their records."""
        with self.here():
            records = await self.store.claim(idle_s, 100)
            for record in records:
                await self.runs.owner.take_over(record)
        return records

    async def read(self, run_id: str, after: int = 0, *, sure: bool = True) -> list[Event]:
        """A run behind a number, to its end."""
        async with self.runs.reader(run_id, after, sure=sure) as reader:
            return [entry.event for entry in await read_on(reader)]

    async def read_up_to(self, run_id: str, name: str, path: str = "") -> list[Event]:
        """A run from its beginning to the first event of this name at this path."""
        got: list[Event] = []
        until = asyncio.get_running_loop().time() + SOON
        async with self.runs.reader(run_id) as reader:
            while not any(event.type == name and getattr(event, "path", "") == path for event in got):
                news = await reader.next(until)
                assert news, f"no {name} {path} came"
                got += [entry.event for entry in news]
        return got

    @property
    def left(self) -> list[object]:
        """What it still holds, of anything."""
        runs = self.runs
        counts = len(runs._tasks), len(runs.owner._tasks), runs._readers
        return [*runs.owner.owned, *runs._attached, *runs._elsewhere, *filter(None, counts)]

    async def empty(self) -> None:
        """Returns when it holds nothing any more."""
        until = asyncio.get_running_loop().time() + SOON
        while self.left:
            assert asyncio.get_running_loop().time() < until, self.left
            await asyncio.sleep(0)


class Workers:
    """Makes workers over one memory, on one model that gives these answers in turn."""

    def __init__(self, *replies: Reply | str, chunk_size: int = 4, pace_ms: float = 0) -> None:
        self.now = 100.0
        self.memory = Memory(600.0, clock=lambda: self.now)
        self.chat = ScriptedChatModel(
            replies=[Reply.model_validate(reply) for reply in replies], chunk_size=chunk_size, pace_ms=pace_ms
        )
        model = Model(chat=self.chat, name="scripted", languages=("ko", "en"))
        limits = Limits(idle=TOTAL_S, total=TOTAL_S, snapshot=0.0)
        self.chains: dict[str, StructuredChain] = {
            "chatbot": chatbot.build(model, limits),
            "meeting-info": meeting_info.build(model, limits),
        }
        self.hired: list[Worker] = []
        self._tasks: dict[str, WeakSet[asyncio.Task[Any]]] = {}
        asyncio.get_running_loop().set_task_factory(self._make)

    async def hire(
        self, name: str, bounds: Bounds | None = None, *, kind: type[MemoryStore] = MemoryStore, **other: Any
    ) -> Worker:
        """One more worker, with this kind of store; `chains` are those that it serves, if not all."""
        return await self._hire(name, kind(self.memory, name), bounds, **other)

    async def hire_alone(self, name: str, bounds: Bounds | None = None) -> Worker:
        """A worker with a memory of its own."""
        return await self._hire(name, MemoryStore(worker=name), bounds)

    async def _hire(
        self, name: str, store: MemoryStore, bounds: Bounds | None, chains: dict[str, StructuredChain] | None = None
    ) -> Worker:
        await store.open()
        worker = Worker(name, store, chains or self.chains, bounds or Bounds())
        self.hired.append(worker)
        return worker

    async def three(self, bounds: Bounds | None = None) -> tuple[Worker, Worker, Worker]:
        """Three workers."""
        return await self.hire("a", bounds), await self.hire("b", bounds), await self.hire("c", bounds)

    async def kill(self, worker: Worker) -> None:
        """It is gone at once: nothing that it began says another word."""
        await self._end([*self._tasks.get(worker.name, ()), worker.serving])
        await worker.store.close()
        self.hired.remove(worker)

    async def close(self) -> None:
        """All are gone."""
        for worker in list(self.hired):
            await self.kill(worker)

    async def _end(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _make(self, loop: asyncio.AbstractEventLoop, coro: Any, **known: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=loop, **known)
        self._tasks.setdefault(_WORKER.get(), WeakSet()).add(task)
        return task


@asynccontextmanager
async def hiring(*replies: Reply | str, **known: Any) -> AsyncIterator[Workers]:
    """Workers on a model with these answers; at the end they are gone."""
    workers = Workers(*replies, **known)
    try:
        yield workers
    finally:
        await workers.close()


async def half_told(worker: Worker) -> tuple[str, list[Event]]:
    """A run that has come as far as its model goes, and what was told of it."""
    run_id = await worker.begin(CHAIN)
    return run_id, await worker.read_up_to(run_id, "field", "/summary")


async def ends(worker: Worker, run_id: str) -> list[Event]:
    """The whole log of a run, which keeps the contract, wherever it is read and from whatever number."""
    log = await worker.read(run_id)
    check(log, MeetingInfo)
    await worker.empty()
    for after in range(len(log)):
        assert await worker.read(run_id, after) == log[after:]
    return log


def refused(outcome: object, code: Code) -> bool:
    return isinstance(outcome, StreamError) and outcome.code is code


def end_of(events: list[Event]) -> Event:
    """The end of a whole log."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return events[-1]
