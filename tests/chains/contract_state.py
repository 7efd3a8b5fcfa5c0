"""What the events of a log add up to, as far as one has read: what the promises of `tests.chains.contract` look at."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas import (
    ALWAYS_SENT,
    TERMINAL,
    Event,
    FieldSettled,
    Fold,
    Invalid,
    Path,
    Pinned,
    Reset,
    Settle,
    Start,
    Token,
    from_pointer,
    to_pointer,
)
from schemas.progress import TAKEOVERS
from schemas.settle import HELD
from schemas.text import TRIM

READINGS = {"token,field": {"token", "field"}, "partial": {"partial"}, "all": {"token", "field", "partial", "invalid"}}
"""The readings worth naming: which events each asks for. What is always sent comes with all of them."""


NOTHING = object()


class SoFar:
    """A log, as far as it has been read. Whatever is void since the last `reset` is forgotten."""

    def __init__(self, result: type[BaseModel]) -> None:
        self.result = result
        self.count = 0
        self.last: Event | None = None
        self.kinds: set[str] = set()
        """The names of the events."""
        self.places: dict[str, Settle] = {}
        """How each place settles, as `start` announced it."""
        self.attempt = 1
        self.repairs = 0
        """How many attempts were made because an answer could not be used."""
        self.readings = {name: Fold() for name in READINGS}
        self.told = Fold()
        """What the events add up to without the snapshots."""
        self.settled: dict[str, FieldSettled | Pinned] = {}
        """Pointer → the event that told it last."""
        self.items = Counter[str]()
        """Pointer of a list → how many of its items have settled."""
        self.by_source = defaultdict[str, set[str]](set)
        """Who told a field → pointers."""
        self.ms = 0
        """When the last field settled."""
        self.kept: set[str] = set()
        """Pointers that the last `reset` kept; `mended` those that the last repair did."""
        self.mended: set[str] = set()
        self.pinned: set[str] = set()
        """Pointers."""
        self.overruled: dict[str, Any] = {}
        """Pinned pointer → what the model had settled there before; whoever takes a run over does not know."""
        self.broken: list[Invalid] = []
        """What is invalid and was not mended by a pin."""
        self.texts: dict[str, list[str]] = {}
        """Pointer → its tokens."""
        self._schema = result.model_json_schema()

    @property
    def names(self) -> list[str]:
        """The top-level pointers that were announced."""
        return [path for path in self.places if path.count("/") == 1]

    @property
    def void(self) -> set[str]:
        """The top-level pointers that are invalid."""
        return {top(path) for invalid in self.broken for path in invalid.paths}

    def settle_of(self, path: Path) -> Settle:
        """How a place settles; what was not announced is held."""
        return self.places.get(to_pointer("-" if isinstance(key, int) else key for key in path), HELD.settle)

    def trims(self, path: Path) -> bool:
        """Whether the schema names a place as trimmed."""
        node = self._resolved(self._schema)
        for key in path:
            node = self._resolved(node["items"] if isinstance(key, int) else node["properties"][key])
        return TRIM in node

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema behind a reference, or beside a null."""
        if "$ref" in node:
            return self._resolved(self._schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
        real = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
        return self._resolved(real[0]) if len(real) == 1 else node

    def take(self, event: Event) -> None:
        """Reads on."""
        self.count, self.last = self.count + 1, event
        self.kinds.add(event.type)
        for name, fold in self.readings.items():
            if event.type in READINGS[name] | ALWAYS_SENT:
                fold.apply(event)
        if event.type not in TERMINAL | {"partial"}:
            self.told.apply(event)
        match event:
            case Start():
                self.places = {place.path: place.settle for place in event.fields}
            case Token():
                self.texts.setdefault(event.path, []).append(event.text)
            case FieldSettled():
                self._settle(event)
            case Invalid():
                self.broken.append(event)
            case Pinned():
                self._pin(event)
            case Reset():
                self._reset(event)

    def _settle(self, event: FieldSettled) -> None:
        self.settled[event.path], self.ms = event, event.ms
        self.by_source[event.source].add(event.path)
        if event.path.count("/") == 2:
            self.items[top(event.path)] += 1

    def _pin(self, event: Pinned) -> None:
        before = self.settled.get(event.path)
        if isinstance(before, FieldSettled) and before.source == "model":
            self.overruled[event.path] = before.value
        self.settled = {path: told for path, told in self.settled.items() if not inside(path, event.path)}
        self.settled[event.path] = event
        self.items[event.path] = 0
        for told in self.by_source.values():
            told.discard(event.path)
        self.pinned.add(event.path)
        self.broken = [invalid for invalid in self.broken if event.path not in map(top, invalid.paths)]

    def _reset(self, event: Reset) -> None:
        self.attempt = event.attempt
        self.kept = set(event.keep)
        if event.reason in TAKEOVERS:
            self.overruled = {}
        else:
            self.repairs, self.mended = self.repairs + 1, self.kept
        self.settled = {path: told for path, told in self.settled.items() if top(path) in self.kept}
        for told in self.by_source.values():
            told.intersection_update(self.settled)
        self.items = Counter({path: count for path, count in self.items.items() if path in self.kept})
        self.broken, self.texts = [], {}


def top(pointer: str) -> str:
    """The pointer of the property that a place belongs to; that of the whole is the whole's own."""
    return to_pointer(from_pointer(pointer)[:1])


def above(pointer: str) -> list[str]:
    """The pointers of a place and of all places that it is in, itself last."""
    return list(accumulate(pointer.split("/")[1:], lambda place, key: f"{place}/{key}", initial=""))[1:]


def inside(pointer: str, other: str) -> bool:
    """Whether a place is below another."""
    return pointer.startswith(f"{other}/")


def strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every string in a value that stands at `path`, with its place."""
    match value:
        case str():
            yield path, value
        case list():
            for index, item in enumerate(value):
                yield from strings(item, (*path, index))
        case dict():
            for key, item in value.items():
                yield from strings(item, (*path, key))


def broken_rules(result: type[BaseModel], path: Path, value: Any) -> list[Any]:
    """Which rules of its own a property, or an item of one, breaks; none where its validators cannot say."""
    name, *index = path
    try:
        result.model_validate_json(json.dumps({name: [value] if index else value}), strict=True)
    except ValidationError as error:
        where = (name, 0) if index else (name,)
        return [item for item in error.errors() if item["loc"][: len(where)] == where]
    except Exception:  # noqa: BLE001  # a validator that breaks is another test's matter
        return []
    return []


def alike(settled: Any, pinned: Any) -> bool:
    """Whether a user's value means what the model's had settled to.

    Blanks around a text may be trimmed; 1.0 is 1, and neither is True; keys that nobody knows are no part of a value,
    and one with a default may be left out.
    """
    match settled, pinned:
        case dict(), dict():
            return all(alike(settled[key], pinned[key]) for key in settled.keys() & pinned.keys())
        case list(), list():
            return len(settled) == len(pinned) and all(map(alike, settled, pinned))
        case str(), str():
            return settled.strip() == pinned.strip()
        case _:
            return isinstance(settled, bool) == isinstance(pinned, bool) and bool(settled == pinned)


def at(value: Any, path: Path) -> Any:
    """What stands at a path; a thing like no other where nothing does."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return NOTHING
    return value


def name_at(pointer: str) -> str:
    """The property that a top-level pointer names."""
    return str(from_pointer(pointer)[0])
