"""A store in memory that is away, slow, forgetful or taken from its worker, whenever a test says so."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.memory import Memory, MemoryStore
from server.runs.store import NewRun, StoreUnavailable

Trouble = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
"""What happens to a request that would be done by calling what it is given."""


class TroubledStore(MemoryStore):
    """Each append meets the next of these troubles, and those after the last meet none.

    `appended` has the numbers of each append that was tried.
    """

    def __init__(self, *troubles: Trouble) -> None:
        super().__init__(Memory(), "owner")
        self.appended: list[list[int]] = []
        self._troubles = list(troubles)

    def plays(self, *troubles: Trouble) -> None:
        """These come after the others."""
        self._troubles += troubles

    def forget(self) -> None:
        """It is restarted empty."""
        self._memory = Memory()

    def other(self) -> MemoryStore:
        """The same store, for another worker."""
        return MemoryStore(self._memory, "other")

    async def append(self, run_id: str, entries: Sequence[Entry], base: Progress | None = None) -> None:
        self.appended.append([entry.seq for entry in entries])

        async def do() -> None:
            await super(TroubledStore, self).append(run_id, entries, base)

        trouble = self._troubles.pop(0) if self._troubles else none
        await trouble(do)

    # -- troubles ------------------------------------------------------------------------------------------------------

    async def forgets(self, do: Callable[[], Awaitable[None]]) -> None:
        """It has been restarted empty."""
        self.forget()
        await do()

    async def changes_hands(self, do: Callable[[], Awaitable[None]]) -> None:
        """Another worker has claimed all there is."""
        await self.other().claim(0, 100)
        await do()


async def none(do: Callable[[], Awaitable[None]]) -> None:
    """It is done at once."""
    await do()


async def away(do: Callable[[], Awaitable[None]]) -> None:
    """It cannot be reached."""
    raise StoreUnavailable


async def unheard(do: Callable[[], Awaitable[None]]) -> None:
    """It is done, but the answer is lost."""
    await do()
    raise StoreUnavailable


def late(turns: int) -> Trouble:
    """The answer comes so many turns of the event loop too late."""

    async def trouble(do: Callable[[], Awaitable[None]]) -> None:
        await do()
        for _ in range(turns):
            await asyncio.sleep(0)

    return trouble


class Held:
    """A trouble that lasts until the test lets go of it."""

    def __init__(self, then: Trouble = none) -> None:
        self.reached = asyncio.Event()
        self._then = then
        self._over = asyncio.Event()

    async def __call__(self, do: Callable[[], Awaitable[None]]) -> None:
        self.reached.set()
        await self._over.wait()
        await self._then(do)

    def let_go(self) -> None:
        """It goes on."""
        self._over.set()


async def stored(store: MemoryStore, new: NewRun) -> tuple[int, list[int]]:
    """Up to which number the store has let go of a run's log, and the numbers of what it still has."""
    stretch = await store.read(new.id)
    return stretch.base.seq if stretch.base else 0, [entry.seq for entry in stretch.entries]


def numbers(entries: Iterable[Entry]) -> list[int]:
    """Their numbers."""
    return [entry.seq for entry in entries]
