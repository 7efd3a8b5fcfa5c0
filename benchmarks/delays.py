"""How late what was sent arrives: the simulator's record joined to what a client received, character by character."""

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple

from benchmarks import answers
from benchmarks.simulator import Script
from benchmarks.wire import Frame


class Mark(NamedTuple):
    """At that time the text at `path` was `length` characters long: as it was sent, or as it was received."""

    at: int
    path: str
    length: int


def sent(script: Script, record: Sequence[int]) -> list[Mark]:
    """How far each write brought each text of the object. What is told only when it is closed is left out."""
    width = answers.TOKEN * script.group

    def write(character: tuple[str, int, int]) -> tuple[int, str]:
        path, _, end = character
        return (end - 1) // width, path

    return [
        Mark(record[number], path, max(length for _, length, _ in characters))
        for (number, path), characters in groupby(answers.shown(script.size), key=write)
    ]


def by_tokens(frames: Iterable[Frame]) -> list[Mark]:
    """How far each `token` event brought its text."""
    lengths: dict[str, int] = {}
    marks = []
    for frame in frames:
        if frame.name == "token":
            event = json.loads(frame.data)
            path = event["path"]
            lengths[path] = lengths.get(path, 0) + len(event["text"])
            marks.append(Mark(frame.at, path, lengths[path]))
    return marks


def by_partials(frames: Iterable[Frame]) -> list[Mark]:
    """How far the texts were in each `partial` event."""
    return [
        Mark(frame.at, f"/{name}", len(text))
        for frame in frames
        if frame.name == "partial"
        for name, text in json.loads(frame.data)["value"].items()
        if isinstance(text, str)
    ]


def delays(sent: Iterable[Mark], received: Iterable[Mark]) -> list[int]:
    """For each mark of the sender, the nanoseconds until the receiver was as far. `ValueError` if it never was."""
    arrivals: dict[str, list[Mark]] = {}
    for mark in received:
        arrivals.setdefault(mark.path, []).append(mark)
    found = []
    for mark in sent:
        there = arrivals.get(mark.path, [])
        index = bisect_left(there, mark.length, key=lambda arrival: arrival.length)
        if index == len(there):
            raise ValueError(f"character {mark.length} of {mark.path} never arrived")
        found.append(there[index].at - mark.at)
    return found


def direct(record: Sequence[int], frames: Iterable[Frame]) -> list[int]:
    """The same for OpenAI's own stream, one token a write: each chunk that has text is one."""
    arrived = [frame.at for frame in frames if frame.data != "[DONE]" and _content(frame)]
    return [at - left for left, at in zip(record, arrived, strict=True)]


def _content(frame: Frame) -> str | None:
    choices = json.loads(frame.data)["choices"]
    content: str | None = choices[0]["delta"].get("content") if choices else None
    return content


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of them do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]
