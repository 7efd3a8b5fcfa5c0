"""The runs that somebody is reading in this process: where a further request about a run finds it."""

from collections.abc import Iterator
from contextlib import contextmanager

from schemas import Code, RequestError
from server.runs import Run


class LiveRuns:
    """Each run by the id that its `start` tells, as long as it is read: never more of them than open responses."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    @contextmanager
    def listed(self, run: Run) -> Iterator[None]:
        """The run, which must have opened, can be found until the block is left."""
        self._runs[run.id] = run
        try:
            yield
        finally:
            del self._runs[run.id]

    def find(self, run_id: str) -> Run:
        """The run of this id. `RequestError` if nobody reads such a run here."""
        try:
            return self._runs[run_id]
        except KeyError:
            raise RequestError("There is no such run here, or it is over.", code=Code.NOT_FOUND) from None
