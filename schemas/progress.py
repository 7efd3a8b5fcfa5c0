"""How far a run has come, as its events tell it: what a reader is told who comes late, and a worker that takes it over.

`Fold` knows the object; this knows also what of it has settled, what the user holds, and what is in doubt.
"""

from collections.abc import Collection
from typing import Any, Self

from schemas.errors import Breach, Code
from schemas.events import Cancelled, Complete, Event, Failed, FieldSettled, Invalid, Partial, Pinned, Reset, Token
from schemas.fold import Fold, copy_json
from schemas.pointer import from_pointer

TAKEOVERS = frozenset({Code.WORKER_LOST, Code.SHUTTING_DOWN})
"""The reasons of a `reset` that are not the answer's fault: another worker goes on."""


class Progress:
    """A fold over all of a run's events, in order.

    - `seq`: the number of the last event; 0 before the first
    - `attempt`: which attempt it is in; `repairs` of them were made because an answer could not be used
    - `settled`: pointer → milliseconds since the run began, in the order in which they settled; a pin does not say
      when it came, so it has the time of the last event before it that does
    - `pinned`: the properties that are the user's
    - `written`: the properties that stand as the model closed them
    - `lasting`: the properties that no attempt may change any more: given ones, and what a repair has kept
    - `spoke`: whether anything that the model wrote has been told
    - `ms`: when the last field settled
    - `end`: the name of the terminal event; empty while there is none
    """

    def __init__(self) -> None:
        self.seq = 0
        self.attempt = 1
        self.repairs = 0
        self.settled: dict[str, int] = {}
        self.pinned: set[str] = set()
        self.written: set[str] = set()
        self.lasting: set[str] = set()
        self.spoke = False
        self.ms = 0
        self.end = ""
        self._fold = Fold()
        self._broken: list[tuple[Breach, ...]] = []  # in this attempt, by event, and not mended by a pin

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def value(self) -> dict[str, Any]:
        """The object so far, live: copy it (`copy_json`) before keeping it."""
        return self._fold.value

    @property
    def topmost(self) -> tuple[str, ...]:
        """What has settled, without what lies inside something that has."""
        return topmost(self.settled)

    @property
    def errors(self) -> tuple[Breach, ...]:
        """Every rule that is broken now."""
        return tuple(breach for broken in self._broken for breach in broken)

    @property
    def doubted(self) -> set[str]:
        """The properties that broken rules have put in doubt in this attempt. A rule of the whole doubts them all."""
        paths = {breach.path for breach in self.errors}
        return set(map(_property, self.settled if "" in paths else paths)) - self.lasting - self.pinned

    def partial(self) -> Partial:
        """The object so far as an event, for a reader who comes late."""
        return Partial(seq=self.seq, value=copy_json(self.value), settled=self.topmost, resumed=True)

    # -- folding -------------------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Takes the next event in."""
        self.seq = event.seq
        if isinstance(event, Partial):  # which says nothing new
            return
        self._fold.apply(event)
        match event:
            case Token():
                self.spoke = True
            case FieldSettled():
                self._settle(event)
            case Pinned():
                self._pin(event.path)
            case Invalid():
                self._broken.append(event.errors)
            case Reset():
                self._reset(event)
            case Complete() | Failed() | Cancelled():
                self.end = event.type

    def _settle(self, event: FieldSettled) -> None:
        self.settled[event.path] = self.ms = event.ms
        self.spoke = self.spoke or event.source == "model"
        if event.source == "given":
            self.lasting.add(_property(event.path))
        elif event.source == "model" and event.path.count("/") == 1:
            self.written.add(_property(event.path))

    def _pin(self, path: str) -> None:
        """What was told of its inside is no longer so, nor what was wrong with it, alone or with others."""
        name = _property(path)
        self.settled = {at: ms for at, ms in self.settled.items() if _property(at) != name}
        self.settled[path] = self.ms
        self.pinned.add(name)
        self.written.discard(name)
        self._broken = [
            broken
            for broken in self._broken
            if name not in {_property(breach.path) for breach in broken if breach.path}
        ]

    def _reset(self, event: Reset) -> None:
        kept = set(map(_property, event.keep))
        self.attempt = event.attempt
        self.settled = {at: ms for at, ms in self.settled.items() if _property(at) in kept}
        self.written &= kept
        self._broken = []
        if event.reason not in TAKEOVERS:
            self.repairs += 1
            self.lasting = kept

    # -- keeping -------------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "seq": self.seq,
            "attempt": self.attempt,
            "repairs": self.repairs,
            "settled": dict(self.settled),
            "pinned": sorted(self.pinned),
            "written": sorted(self.written),
            "lasting": sorted(self.lasting),
            "spoke": self.spoke,
            "ms": self.ms,
            "end": self.end,
            "value": copy_json(self.value),
            "broken": [[breach.model_dump() for breach in broken] for broken in self._broken],
        }

    def copy(self) -> Self:
        """The same, which goes on by itself."""
        return self.load(self.dump())

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """What was dumped."""
        progress = cls()
        progress.seq = dumped["seq"]
        progress.attempt = dumped["attempt"]
        progress.repairs = dumped["repairs"]
        progress.settled = dict(dumped["settled"])
        progress.pinned = set(dumped["pinned"])
        progress.written = set(dumped["written"])
        progress.lasting = set(dumped["lasting"])
        progress.spoke = dumped["spoke"]
        progress.ms = dumped["ms"]
        progress.end = dumped["end"]
        progress._fold.apply(Partial(seq=1, value=dumped["value"], settled=()))  # which replaces all
        progress._broken = [tuple(map(Breach.model_validate, broken)) for broken in dumped["broken"]]
        return progress


def topmost(settled: Collection[str]) -> tuple[str, ...]:
    """Of pointers to properties and to their items, those that are inside none of the others."""
    return tuple(path for path in settled if path.count("/") == 1 or path[: path.index("/", 1)] not in settled)


def _property(pointer: str) -> str:
    """The property that a pointer leads to, or into."""
    return str(from_pointer(pointer)[0])
