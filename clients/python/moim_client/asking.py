"""The requests there are, and where they go. A run's routes are its chain's siblings, also behind a relay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel

from schemas import EventName

READING = {
    "accept": "text/event-stream",
    "accept-encoding": "identity",  # what packs a stream on its way also holds it back
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Ask:
    """A request to be made."""

    method: Literal["GET", "POST", "DELETE"]
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None


@dataclass(frozen=True)
class Beginning:
    """What a run is begun with. Asked again with the same `key`, it is the same run."""

    input: Mapping[str, Any] | BaseModel
    key: str

    @property
    def body(self) -> Any:
        """As chains take it."""
        given = self.input
        return {"input": given.model_dump(mode="json", exclude_unset=True) if isinstance(given, BaseModel) else given}


class Addresses:
    """Where a chain and its runs are asked. `runs`: if they are not beside the chain."""

    def __init__(self, url: str, runs: str | None, events: Sequence[EventName]) -> None:
        self._chain = url.rstrip("/")
        self._runs = (runs or _beside(self._chain)).rstrip("/")
        self._params = {"events": ",".join(events)}

    def stream(self, beginning: Beginning) -> Ask:
        """Begins the run, if it has not begun, and reads it from its beginning."""
        headers = {**READING, "idempotency-key": beginning.key}
        return Ask("POST", f"{self._chain}/stream", {"detach": "true", **self._params}, headers, beginning.body)

    def receipt(self, beginning: Beginning) -> Ask:
        """Asks which run has begun."""
        return Ask("POST", f"{self._chain}/runs", headers={"idempotency-key": beginning.key}, json=beginning.body)

    def events(self, run_id: str, after: str) -> Ask:
        """Reads a run on behind the last id that its reader had."""
        headers = {**READING, "last-event-id": after} if after else READING
        return Ask("GET", f"{self._run(run_id)}/events", self._params, headers)

    def pin(self, run_id: str, path: str, value: Any) -> Ask:
        """Takes a field over."""
        return Ask("POST", f"{self._run(run_id)}/pins", json={"path": path, "value": value})

    def stop(self, run_id: str) -> Ask:
        """Stops a run."""
        return Ask("DELETE", self._run(run_id))

    def _run(self, run_id: str) -> str:
        return f"{self._runs}/{quote(run_id, safe='')}"


def _beside(chain: str) -> str:
    """`https://host/ai/runs` for `https://host/ai/meeting-info`."""
    parts = urlsplit(chain)
    if not parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"not a chain's URL, as https://host/meeting-info is: {chain!r}")
    return f"{chain.rpartition('/')[0]}/runs"
