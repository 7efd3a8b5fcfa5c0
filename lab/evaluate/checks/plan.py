"""Whether a plan is one: steps that count up, times that go forward, nothing said twice."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lab.cases import Case
from lab.evaluate.checks.check import Check
from lab.evaluate.checks.texts import letters, writes

_KOREAN = ("첫", "두", "세", "네", "다섯", "여섯", "일곱", "여덟")
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_NUMBERS = {word: number for words in (_KOREAN, _CARDINALS, _ORDINALS) for number, word in enumerate(words, start=1)}

# What a title begins with. Not 3주 or 10일, which may be how long; not 12월, behind which comes 1월.
_TIMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\W*제?(?P<number>\d+)(?:\s?[~-]\s?\d+)?\s?(?P<unit>주\s?차|일\s?차|개월\s?차|회\s?차|번째|단계)",
        rf"\W*(?P<number>{'|'.join(_KOREAN)})\s?(?P<unit>번째|째\s?주|째\s?달|째\s?날)",
        rf"\W*(?P<unit>week|day|month|session|step)s?\s(?P<number>\d+|{'|'.join(_CARDINALS)})\b",
        rf"\W*(?P<number>{'|'.join(_ORDINALS)})\s(?P<unit>week|day|month|session|step)\b",
    )
)


def time_of(title: str) -> tuple[str, int] | None:
    """When a step is, if its title begins with that: a unit, and which of them."""
    for times in _TIMES:
        if found := times.match(title):
            number = found["number"].casefold()
            unit = "".join(found["unit"].casefold().split())
            return unit, int(number) if number.isdecimal() else _NUMBERS[number]
    return None


def _in_order(_: Case, value: Mapping[str, Any]) -> str | None:
    plan = value.get("plan") or []
    if (steps := [item["step"] for item in plan]) != list(range(1, len(plan) + 1)):
        return f"the steps count {steps}"
    latest: dict[str, tuple[int, str]] = {}
    for title in [item["title"] for item in plan]:
        if time := time_of(title):
            unit, number = time
            before, earlier = latest.get(unit, (number, title))
            if number < before:
                return f"“{title}” comes behind “{earlier}”"
            latest[unit] = number, title
    return None


def _twice(_: Case, value: Mapping[str, Any]) -> str | None:
    plan = value.get("plan") or []
    if found := _repeated(_untimed(item["title"]) for item in plan):
        return f"two steps are called “{found}”"
    for item in plan:
        if found := _repeated(item["details"]):
            return f"“{found}” stands twice in step {item['step']}"
    return None


def _untimed(title: str) -> str:
    """The title without the time it begins with, if more is left than that."""
    found = next(filter(None, (times.match(title) for times in _TIMES)), None)
    rest = title[found.end() :] if found else ""
    return rest if letters(rest) else title


def _repeated(texts: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for text in texts:
        if (bare := letters(text) or text.strip()) in seen:
            return text.strip()
        seen.add(bare)
    return None


CHECKS = (
    Check(
        "plan-in-order",
        "The plan's steps count 1, 2, 3, and the weeks or days that its titles begin with (2주차, Day 2) go forward.",
        writes("plan"),
        _in_order,
    ),
    Check(
        "plan-says-nothing-twice",
        "No two steps have one title, apart from their numbering, and no step has a line twice.",
        writes("plan"),
        _twice,
    ),
)
