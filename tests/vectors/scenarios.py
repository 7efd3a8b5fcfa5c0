"""The runs behind the stream vectors: each a model's text, in pieces, and what the user and the server do meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from chains import chatbot, meeting_info
from chains.ask import Ask, part_of
from schemas import (
    ChatReply,
    ChatRequest,
    Code,
    Event,
    Fold,
    MeetingInfo,
    MeetingRequest,
    Partial,
    Stream,
    Token,
    Trim,
    UpstreamError,
    Usage,
    across,
    copy_json,
)
from server.runs.log import Log
from server.runs.run import Run as ServerRun
from tests.chains.answers import CHOOSING, GOAL, MEETING, RECOMMENDING, STEPS, text, without
from tests.chains.projecting import Run

BEAT = 1 / 32  # seconds between two pieces, which floats can add up exactly
USAGE = Usage(input_tokens=120, output_tokens=80, total_tokens=200)


@dataclass(frozen=True)
class Scenario:
    """One run: what it shows, the model of its result, and its log."""

    name: str
    about: str
    result: type[BaseModel]
    log: Callable[[], Sequence[Event]]


class Trip(BaseModel):
    """A property of each sort: free text, words, a choice, a number, short strings, objects that grow."""

    title: Annotated[str, Field(max_length=30), Trim()]
    motto: Annotated[str, Stream("word")]
    mood: Literal["calm", "wild"]
    first: int
    last: int
    tags: list[Annotated[str, Field(max_length=8)]]
    stops: list["Stop"]
    note: str = "none"

    @model_validator(mode="after")
    @across("first", "last")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError("the last day comes after the first")
        return self


class Stop(BaseModel):
    """A place on the way."""

    place: str
    hours: float
    things: list[str]


TRIP: dict[str, Any] = {
    "title": "섬 한 바퀴",
    "motto": "천천히, 그리고 끝까지 🚶‍♀️",
    "mood": "calm",
    "first": 1,
    "last": 3,
    "tags": ["섬", "바다"],
    "stops": [{"place": "항구", "hours": 1.5, "things": ["표", ""]}, {"place": "등대", "hours": 2, "things": []}],
    "note": "",
}


def pieces(said: str, size: int = 9) -> list[str]:
    """The text as it comes."""
    return [said[at : at + size] for at in range(0, len(said), size)]


def trip(**changes: Any) -> str:
    """What a model writes of the trip, with these changes."""
    return text(TRIP | changes)


def trip_run(*, repairs: int = 0, checked: tuple[str, ...] = (), ask: Ask | None = None) -> Run:
    return Run(ask or Trip, repairs=repairs, checked=checked)


def said(run: Run, answer: str, *, end: str | None = "stop", usage: Usage | None = USAGE) -> Run:
    """The model says this and ends."""
    return run.feed(pieces(answer), every=BEAT).finish(end, usage)


def pinned(before: str, *pins: tuple[str, Any], answer: str = "") -> list[Event]:
    """A run in which the user pins just before this comes."""
    answer = answer or trip()
    run, at = trip_run(), answer.index(before)
    run.feed(pieces(answer[:at]), every=BEAT)
    for pointer, value in pins:
        run.pin(pointer, value)
    return said(run, answer[at:]).events


# -- runs that need more than a line -----------------------------------------------------------------------------------


def meeting(**given: Any) -> Ask:
    return meeting_info.ask(MeetingRequest.model_validate(GOAL | given))


def chat() -> list[Event]:
    ask = chatbot.ask(ChatRequest.model_validate(CHOOSING))
    return said(Run(ask), text(RECOMMENDING)).events


def escapes() -> list[Event]:
    """Every escape of JSON, cut anywhere: also between the halves of a character."""
    title = '\\ud55c\\uae00 \\"\\\\\\/\\n\\t \\ud83d\\ude00 \\ud83d \\u2028'
    answer = trip(title="TITLE", motto="é e\u0301 👨‍👩‍👧 \u0085").replace("TITLE", title)
    return trip_run().feed(pieces(answer, 3), every=BEAT).finish("stop", USAGE).events


def known() -> list[Event]:
    ask = Ask(
        Trip,
        wanted=part_of(Trip, ("title", "motto", "mood")),
        given={"tags": ["mine"], "first": 2, "last": 2},
        defaults={"stops": [], "note": "by code"},
    )
    return said(trip_run(ask=ask), trip(tags=["the model's"], first=9)).events


def repaired() -> list[Event]:
    run = said(trip_run(repairs=1), trip(tags=["섬", "much too long"], mood="calm"))
    return said(run.again(), text(without(TRIP, "title", "motto", "mood"))).events


def repaired_twice() -> list[Event]:
    run = said(trip_run(repairs=2), trip(first=5))
    run = said(run.again(), '{"first": "two", "last": 4}')
    return said(run.again(), text(without(TRIP, "title", "motto", "mood"))).events


def pinned_and_repaired() -> list[Event]:
    run = trip_run(repairs=1)
    run.feed(pieces(trip()[:30]), every=BEAT)
    run.pin("/tags", ["내 것"])
    run = said(run, trip(mood="angry")[30:])
    run.again().pin("/title", "내 제목")
    return said(run, trip()).events


def checked() -> list[Event]:
    run = trip_run(checked=("title", "tags")).feed(pieces(trip()), every=BEAT)
    while run.projection.waiting:
        run.wait(0.2).judge()
    return run.finish("stop", USAGE).events


def refused() -> list[Event]:
    run = trip_run(checked=("title", "tags")).feed(pieces(trip()), every=BEAT).wait(0.2).judge()
    return run.judge(UpstreamError("This word is not used here.", code=Code.REFUSED)).events


def cut() -> list[Event]:
    answer = trip()[:60]
    return trip_run().feed(pieces(answer), every=BEAT).fail(UpstreamError("It broke.", code=Code.UPSTREAM_CUT)).events


def cancelled() -> list[Event]:
    """Ended from outside, by the server."""
    return asyncio.run(_cancelled(trip_run().feed(pieces(trip()[:75]), every=BEAT).events))


async def _cancelled(events: Sequence[Event]) -> list[Event]:
    all_told = asyncio.Event()

    async def produce() -> AsyncGenerator[Event]:
        for event in events:
            yield event
        all_told.set()
        await asyncio.Event().wait()

    log = Log()
    run = ServerRun(produce(), log.put)
    await all_told.wait()
    await run.cancel("The user left.")
    return [entry.event for entry in log.entries]


def resumed() -> list[Event]:
    """What a reader gets whom the log can no longer serve from where it left: where things stand, and the rest."""
    log = said(trip_run(), trip()).events
    at = next(index for index, event in enumerate(log) if isinstance(event, Token) and event.path == "/motto")
    fold, settled = Fold(), dict[str, None]()
    for event in log[: at + 1]:
        fold.apply(event)
        settled |= {event.path: None} if event.type == "field" else {}
    top = tuple(path for path in settled if path.count("/") == 1 or path[: path.index("/", 1)] not in settled)
    here = Partial(seq=log[at].seq, value=copy_json(fold.value), settled=top, resumed=True)
    return [here, *log[at + 1 :]]


SCENARIOS = [
    Scenario(
        "form", "The meeting form, without a fault.", MeetingInfo, lambda: said(Run(meeting()), text(MEETING)).events
    ),
    Scenario("chat", "A chat's reply, quick replies, a recommended group.", ChatReply, chat),
    Scenario(
        "plan",
        "Objects in a list grow; the numbers in them come with the item.",
        MeetingInfo,
        lambda: said(Run(meeting(include_plan=True)), text(MEETING | {"plan": STEPS})).events,
    ),
    Scenario("escapes", "Escapes, emoji, Korean, combining marks, line separators, half a character.", Trip, escapes),
    Scenario(
        "items", "Short strings come item by item, closed.", Trip, lambda: said(trip_run(), trip(stops=[])).events
    ),
    Scenario(
        "words",
        "Text by whole words, and other text by characters.",
        Trip,
        lambda: trip_run().feed(trip(motto="don't cut 낱말들을 3.14 번 é 👨‍👩‍👧!"), every=BEAT).finish("stop").events,
    ),
    Scenario(
        "trimmed",
        "Blanks around a text are no part of its value where the schema says x-trim; its tokens have them.",
        Trip,
        lambda: said(trip_run(), trip(title="  섬 한 바퀴 \n", motto=" kept ")).events,
    ),
    Scenario(
        "known", "What the user gave comes first, what code knows last; the model is not asked for it.", Trip, known
    ),
    Scenario(
        "nothing",
        "The model says nothing that is an object.",
        Trip,
        lambda: said(trip_run(), "I would rather not.").events,
    ),
    Scenario(
        "invalid",
        "Broken rules, read to the end; failed tells them all, and what had come.",
        Trip,
        lambda: said(trip_run(), trip(title="x" * 31, mood="angry", tags=["섬", "much too long", "b"])).events,
    ),
    Scenario(
        "across",
        "Two fields break a rule together, after each had settled.",
        Trip,
        lambda: said(trip_run(), trip(first=5)).events,
    ),
    Scenario("repaired", "A broken item: the rest is asked for again, the half-done list whole.", Trip, repaired),
    Scenario("repaired-twice", "Two resets, each for another reason.", Trip, repaired_twice),
    Scenario(
        "pinned-before",
        "The user takes a field over before the model has come to it.",
        Trip,
        lambda: pinned('"mood"', ("/stops", []), ("/note", " mine ")),
    ),
    Scenario(
        "pinned-while",
        "The user takes a field over in the middle of its text, and then changes it again.",
        Trip,
        lambda: pinned("한 바퀴", ("/title", "내"), ("/title", "내 제목")),
    ),
    Scenario(
        "pinned-after",
        "The user takes over what had settled: once with another value, once with the same.",
        Trip,
        lambda: pinned('"stops"', ("/title", "내 제목"), ("/mood", "calm")),
    ),
    Scenario(
        "pinned-invalid",
        "The user mends what the model broke, alone and together.",
        Trip,
        lambda: pinned('"stops"', ("/title", "short"), ("/last", 9), answer=trip(title="x" * 31, first=5)),
    ),
    Scenario(
        "pinned-list",
        "The user takes a list over while its items come.",
        Trip,
        lambda: pinned(', "바다"', ("/tags", ["mine", "too"])),
    ),
    Scenario("pinned-and-repaired", "Pins before and behind a reset.", Trip, pinned_and_repaired),
    Scenario("checked", "Fields are held until a check has let them pass.", Trip, checked),
    Scenario("refused", "A check refuses an item; it is told in no event.", Trip, refused),
    Scenario("cut", "The connection to the model broke.", Trip, cut),
    Scenario("truncated", "The model's token limit.", Trip, lambda: said(trip_run(), trip()[:70], end="length").events),
    Scenario("cancelled", "Somebody stopped the run.", Trip, cancelled),
    Scenario(
        "resumed",
        "A reader comes back to where the log no longer reaches: where things stand, in the middle of a text.",
        Trip,
        resumed,
    ),
]
