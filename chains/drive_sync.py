"""Drives a projection for callers without an event loop: `invoke`, `stream`, a notebook's plain cell."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from langchain_core.messages import BaseMessageChunk

from chains.faults import chain_fault
from chains.reading import Reading, stream_error
from chains.repair import Repair
from chains.turn import Course, over_budget, overtime
from schemas import Event, Path, StreamError

Judge = Callable[[Path, Any], StreamError | None]


def drive_sync(
    course: Course, ask: Callable[[Repair | None], Generator[BaseMessageChunk]], judge: Judge
) -> Iterator[Event]:
    """The events of one run, as `chains.drive` tells them.

    Nothing is held back at the beginning, and silence is bounded by the model client's own read time-out.
    """
    projection = course.projection
    until = time.monotonic() + course.limits.total
    while not projection.ended:
        repair, projection.repair = projection.repair, None
        reading = Reading(course.budget.wrote)
        try:
            with closing(ask(repair)) as chunks:
                yield from _attempt(course, _texts(chunks, reading), reading, until, judge)
        except Exception as error:
            if not projection.started:
                raise
            if not isinstance(error, StreamError):
                yield from projection.fail(chain_fault(error))
            elif projection.reading:
                yield from projection.break_off(error, reading.usage)
        if not projection.started:
            yield from course.opening()
        yield from projection.finish(reading.finish_reason, reading.usage, reading.refusal)


def _attempt(course: Course, texts: Iterator[str], reading: Reading, until: float, judge: Judge) -> Iterator[Event]:
    projection = course.projection
    for text in texts:
        if not projection.started:
            yield from course.opening()
        yield from projection.feed(text, reading.usage)
        while projection.waiting:
            yield from projection.verdict(judge(*projection.waiting))
        if projection.reading and course.budget.over:
            yield from projection.fail(over_budget())
        now = time.monotonic()
        if projection.given_up or now >= until:
            break
        if not projection.reading:
            until = min(until, now + course.tail)
    if projection.reading and time.monotonic() >= until:
        yield from projection.break_off(overtime(total=True), reading.usage)


def _texts(chunks: Iterator[BaseMessageChunk], reading: Reading) -> Iterator[str]:
    """What each chunk says; what the model raises is told as ours."""
    begun = False
    try:
        for chunk in chunks:
            begun = True
            yield reading.take(chunk)
    except Exception as error:
        raise stream_error(error, begun=begun) from error
