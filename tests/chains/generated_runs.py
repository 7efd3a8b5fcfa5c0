"""Runs that nobody wrote: attempts with their faults, a user's pins, the verdicts of checks, each at any moment."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import strategies as st

from chains.ask import Ask, part_of
from chains.partial_json import PartialJSONParser
from schemas import Code, RequestError, UpstreamError, Usage, to_pointer
from tests.chains.generated import Result, Values, left_out, positive_zero, results, written
from tests.chains.projecting import Run

SCRAPS = '{}[]",:\\ue0123456789.-tfn \n`가😀\ud83d'

junk: Values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False).map(positive_zero) | st.text(max_size=90),
    lambda inner: (
        st.lists(inner, max_size=9) | st.dictionaries(st.sampled_from(["name", "title", "details", "0"]), inner)
    ),
    max_leaves=9,
)


# -- a run, written down -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pin:
    """The user takes a field over, or tries to."""

    pointer: str
    value: Any


@dataclass(frozen=True)
class Judge:
    """What waits for a verdict gets it; if nothing waits, it means nothing."""

    refuses: bool = False


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: float


Moment = Pin | Judge | Wait


@dataclass(frozen=True)
class Ends:
    """The model ends its answer."""

    finish_reason: str | None = "stop"
    usage: Usage | None = None
    refusal: str = ""


@dataclass(frozen=True)
class Breaks:
    """The connection to the model breaks."""


@dataclass(frozen=True)
class Attempt:
    """One answer: its text, where it is cut, what happens between which of its characters, and how it ends."""

    text: str
    cuts: Collection[int] = ()
    moments: tuple[tuple[int, Moment], ...] = ()
    end: Ends | Breaks = Ends()


@dataclass(frozen=True)
class Case:
    """What is asked, which of it is checked, and the attempts that the model makes, as far as they are needed."""

    result: Result
    ask: Ask
    said: Mapping[str, Any]
    """What a model that makes no mistake writes."""
    attempts: tuple[Attempt, ...]
    checked: frozenset[str] = frozenset()
    affordable: bool = True
    every: float = 0.03

    def play(self, *, cut: bool = True) -> Run:
        """Plays it to its end: with `cut=False` each text comes in one piece from one moment to the next."""
        run = Run(
            self.ask,
            repairs=len(self.attempts) - 1,
            checked=self.checked,
            affordable=lambda repair: self.affordable,
        )
        for attempt in self.attempts:
            if run.projection.ended:
                break
            if run.projection.repair:
                run.again()
            self._attempt(run, attempt, cut)
        assert run.projection.ended
        return run

    def _attempt(self, run: Run, attempt: Attempt, cut: bool) -> None:
        at = 0
        for place, moment in attempt.moments:
            run.feed(_pieces(attempt, at, place, cut), every=self.every)
            _happen(run, moment)
            at = place
        run.feed(_pieces(attempt, at, len(attempt.text), cut), every=self.every)
        run.pass_all()
        if run.projection.given_up:
            return
        match attempt.end:
            case Ends(finish_reason, usage, refusal):
                run.finish(finish_reason, usage, refusal)
            case Breaks():
                run.break_off(UpstreamError("It broke.", code=Code.UPSTREAM_CUT))


def _pieces(attempt: Attempt, start: int, end: int, cut: bool) -> list[str]:
    places = [start, *(place for place in sorted(attempt.cuts) if cut and start < place < end), end]
    return [attempt.text[before:after] for before, after in pairwise(places)]


def _happen(run: Run, moment: Moment) -> None:
    match moment:
        case Pin(pointer, value) if run.projection.ended:
            with pytest.raises(RequestError, match="not going on"):
                run.pin(pointer, value)
        case Pin(pointer, value):
            with suppress(RequestError):
                run.pin(pointer, value)
        case Judge(refuses):
            run.judge(UpstreamError("Not this.", code=Code.REFUSED) if refuses else None)
        case Wait(seconds):
            run.wait(seconds)


# -- any run -----------------------------------------------------------------------------------------------------------


@st.composite
def _moments(
    draw: st.DrawFn, text: str, result: Result, whole: Mapping[str, Any], checks: bool, refuses: bool
) -> tuple[int, Moment]:
    """Before a character of the text: a pin, by a value that may be, is or may not be; a verdict; time."""
    place = draw(st.integers(0, len(text)))
    kinds = ["pin"] * 3 + ["pin what is being written"] * 4 + ["nonsense", "wait"] + ["judge"] * (8 if checks else 0)
    match draw(st.sampled_from(kinds)):
        case "nonsense":
            pointer = to_pointer((min(result.kinds),))
            return place, draw(
                st.sampled_from(
                    [Pin("", 1), Pin("/", 1), Pin("name", 1), Pin(f"{pointer}/0", 1), Pin(pointer, "\ud83d")]
                )
            )
        case "wait":
            return place, Wait(draw(st.sampled_from([0.01, 0.05, 0.2, 1.0])))
        case "judge":
            return place, Judge(refuses=refuses and draw(st.sampled_from([False] * 9 + [True])))
        case which:
            names = sorted(result.kinds)
            if which != "pin" and (begun := [name for name in _begun(text[:place]) if name in names]):
                names = begun[-1:]
            name = draw(st.sampled_from(names))
            values = draw(st.sampled_from([result.kinds[name].values] * 2 + [st.just(whole[name]), junk]))
            return place, Pin(to_pointer((name,)), draw(values))


def _begun(text: str) -> list[str]:
    """The properties that a text has begun to write, in order."""
    parser = PartialJSONParser()
    parser.feed(text)
    return [*parser.value] if isinstance(parser.value, dict) else []


@st.composite
def _faulty(draw: st.DrawFn, result: Result, values: Mapping[str, Any]) -> str:
    """A text with other values, lost and repeated keys, characters out of place, or an early end."""
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        match draw(st.sampled_from(["right"] * 6 + ["junk"] * 2 + ["another"] * 2 + ["lost", "twice"])):
            case "right":
                pairs.append((name, value))
            case "junk":
                pairs.append((name, draw(junk)))
            case "another":
                pairs.append((name, draw(result.kinds[name].values)))
            case "twice":
                pairs += [(name, value), (name, value)]
    text: str = draw(written(pairs))
    match draw(st.sampled_from(["whole"] * 5 + ["spoilt", "short", "short"])):
        case "spoilt":
            place = draw(st.integers(0, len(text)))
            return text[:place] + draw(st.text(SCRAPS, max_size=2)) + text[place + draw(st.integers(0, 2)) :]
        case "short":
            return text[: draw(st.integers(0, len(text)))]
    return text


COUNTED = Usage(input_tokens=3, output_tokens=5, total_tokens=8)
BAD_ENDS: list[Ends | Breaks] = [
    *[Ends(reason, usage) for reason in ("stop", "length", "length", None) for usage in (None, COUNTED)] * 3,
    Ends("content_filter"),
    Ends(refusal="No."),
    Breaks(),
    Breaks(),
]


@st.composite
def _attempts(
    draw: st.DrawFn,
    result: Result,
    values: Mapping[str, Any],
    moments: Callable[[str], st.SearchStrategy[tuple[int, Moment]]],
    faults: int,
) -> Attempt:
    """An answer that has a fault so many times out of ten."""
    fault = draw(st.sampled_from([False] * (10 - faults) + [True] * faults))
    text: str = draw(_faulty(result, values) if fault else written([*values.items()]))
    happens = draw(st.lists(moments(text), max_size=5))
    return Attempt(
        text,
        draw(st.sets(st.integers(0, len(text)), max_size=12)),
        tuple(sorted(happens, key=lambda moment: moment[0])),
        draw(st.sampled_from(BAD_ENDS if fault else [Ends(), Ends("stop", COUNTED)])),
    )


@st.composite
def asks(draw: st.DrawFn, result: Result, whole: Mapping[str, Any]) -> Ask:
    """The whole model asked for, or a part of it, the rest being given or known by code."""
    roles = {name: draw(st.sampled_from(["wanted"] * 5 + ["given", "default"])) for name in result.kinds}
    roles[draw(st.sampled_from(sorted(roles)))] = "wanted"
    if set(roles.values()) == {"wanted"}:
        return Ask(result.model, wanted=result.model)
    known = result.settled(whole)
    return Ask(
        result.model,
        wanted=part_of(result.model, tuple(name for name, role in roles.items() if role == "wanted")),
        given={name: known[name] for name, role in roles.items() if role == "given"},
        defaults={name: known[name] for name, role in roles.items() if role == "default"},
    )


@st.composite
def cases(draw: st.DrawFn, *, sound: bool = False) -> Case:
    """Any run. `sound`: a single attempt, without a fault, at a result without rules across its fields."""
    result = draw(results(crossing=not sound))
    whole: dict[str, Any] = draw(result.values)
    ask = draw(asks(result, whole))
    silent = draw(left_out(result))
    values = {name: value for name, value in whole.items() if name not in silent}
    wanted = sorted(set(result.kinds) - {*ask.given, *ask.defaults})
    checked = draw(st.sampled_from([[]] * 5 + [wanted, wanted[:1], wanted[1:]]))
    settled = result.settled(whole)
    faults = [0] if sound else draw(st.sampled_from([[5], [8, 5], [9, 4], [9, 8, 4]]))
    return Case(
        result,
        ask,
        values,
        tuple(
            draw(
                _attempts(result, values, lambda text: _moments(text, result, settled, bool(checked), not sound), often)
            )
            for often in faults
        ),
        frozenset(checked),
        affordable=draw(st.sampled_from([True] * 12 + [False])),
        every=draw(st.sampled_from([0.0, 0.001, 0.03, 0.1, 0.5])),
    )
