"""Runs that need not be made again: a folder of recordings, each named by all that its answer depends on.

The files are recordings as everywhere (`chains.recording`): `python -m chains.replay build/lab/cache/….sse` plays one.
A run that was cut short leaves nothing. Delete files as you like.

Not in the name is this project's own code: who changes how a chain asks or repairs empties the folder.
"""

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

from chains.limits import Limits
from chains.models.model import Model
from chains.prompts import Prompt
from chains.recording import Recorded, RecordingError, load, recorded
from chains.shape import shape_of
from chains.structured import StructuredChain
from lab.bench.identity import identity_of
from lab.cases import Case
from schemas import MEANING, TERMINAL, Code, Complete, Event, Failed

CACHE = Path(__file__).parents[2] / "build" / "lab" / "cache"
"""Where the commands keep their runs. `bench` keeps none unless it is told where."""

_ANSWERS = {Code.TRUNCATED, Code.CONTENT_FILTER, Code.REFUSED, Code.OVER_BUDGET}
"""Failures that are the model's own doing, although their phase is the connection's or the server's."""


def key_of(chain: StructuredChain, case: Case, prompt: Prompt, model: Model, limits: Limits) -> str:
    """What names a run: another name for whatever may change what is in it.

    `model`: as it is asked, its seed included, which is another one for each repeat.

    The prompt's name is a part: `start` tells it. And twice the same text under two names is two runs, which is how one
    sees what chance alone does.
    """
    parts = {
        "chain": chain.get_name(),
        "schema": shape_of(chain.OutputType).hash,
        "input": case.input,
        "prompt": prompt.reference,
        "model": identity_of(model),
        "limits": asdict(limits),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Cache:
    """A folder of recordings. Processes may share it: a file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def get(self, key: str) -> tuple[Recorded, ...] | None:
        """The run of this name, if it is there and whole."""
        try:
            events = tuple(load(self._folder / f"{key}.sse"))
        except (FileNotFoundError, RecordingError):
            return None
        return events if _is_whole(events) else None

    async def record(self, key: str, run: AsyncGenerator[Event]) -> tuple[Recorded, ...]:
        """Makes a run, and keeps it unless it failed for a reason that may be gone the next time."""
        part = self._folder / f"{key}.{uuid4().hex}.part"
        try:
            async with aclosing(recorded(run, part)) as events:
                async for _ in events:
                    pass
            told = tuple(load(part))
            if _is_worth_keeping(told[-1].event):
                part.replace(self._folder / f"{key}.sse")
            return told
        finally:
            part.unlink(missing_ok=True)


def _is_whole(events: tuple[Recorded, ...]) -> bool:
    numbers = [event.seq for _, event in events]
    return numbers == list(range(1, len(events) + 1)) and events[-1].event.type in TERMINAL


def _is_worth_keeping(end: Event) -> bool:
    """Whether the model would be as likely to end so the next time: it answered, well or badly."""
    match end:
        case Complete():
            return True
        case Failed(code=code):
            return code in _ANSWERS or MEANING[code].phase in ("parse", "validate")
    return False
