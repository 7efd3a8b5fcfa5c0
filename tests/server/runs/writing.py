"""A writer with its log and its store, for tests in which time stands still."""

from collections.abc import Awaitable, Callable

from server.runs.entry import Entry
from server.runs.log import Log
from server.runs.store import NewRun
from server.runs.writer import Writer
from tests.chains.clock import Clock
from tests.server.runs.fleet import new
from tests.server.runs.script import turns
from tests.server.runs.troubled import TroubledStore

NEW = new("run", lives_s=100.0)


class Desk:
    """A writer, its log, its store."""

    def __init__(self, store: TroubledStore, run: NewRun, log: Log, clock: Clock) -> None:
        self.store = store
        self.log = log
        self.clock = clock
        self.writer = Writer(store, run, log)

    def write(self, *written: Entry) -> None:
        """The run says this."""
        for entry in written:
            self.writer.write(entry)

    async def rest(self) -> None:
        """Whatever can happen without time passing has happened."""
        await turns(50)

    async def wait(self, seconds: float) -> None:
        """So much time passes."""
        await self.rest()
        self.clock.now += seconds
        await self.rest()

    @property
    def shown(self) -> list[str]:
        """The ids of the frames that a reader would get now."""
        return [entry.frame.split("\n")[0].removeprefix("id:") for entry in self.log.entries]


Sits = Callable[..., Awaitable[Desk]]
