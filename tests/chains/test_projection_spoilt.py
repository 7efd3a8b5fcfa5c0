"""What the projection promises of answers that are wrong: any schema, any fault, any cut of the text."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chains.chatbot import ask as ask_chat
from chains.meeting_info import ask as ask_meeting
from schemas import (
    TERMINAL,
    ChatRequest,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Fold,
    Invalid,
    MeetingRequest,
    Partial,
    Token,
    from_pointer,
    to_json,
)
from tests.chains.answers import CHOOSING, GOAL, MEETING, RECOMMENDING, STEPS
from tests.chains.generated import answers
from tests.chains.parsing import cuts, exact
from tests.chains.projecting import Run, at, of

SCRAPS = '{}[]",:\\ue0123456789.-tfn \n`가😀\ud83d'
ASKS = {
    "meeting": (ask_meeting(MeetingRequest.model_validate(GOAL | {"include_plan": True})), MEETING | {"plan": STEPS}),
    "chat": (ask_chat(ChatRequest.model_validate(CHOOSING)), RECOMMENDING),
}
ENDS = st.sampled_from(["stop", "length", "content_filter", None])

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.sampled_from(["title", "details", "0"]), inner),
    max_leaves=9,
)


@st.composite
def wrong(draw: st.DrawFn) -> tuple[Any, list[str]]:
    """What was asked for, and an answer with other values, lost and repeated keys, spoilt text, or an early end."""
    ask: Any
    if draw(st.booleans()):
        answer = draw(answers())
        ask, text = answer.model, answer.text
    else:
        ask, right = ASKS[draw(st.sampled_from(sorted(ASKS)))]
        pairs = [(key, draw(junk) if draw(st.integers(0, 3)) == 0 else value) for key, value in right.items()]
        pairs += draw(st.lists(st.sampled_from(pairs), max_size=1) if draw(st.integers(0, 3)) == 0 else st.just([]))
        text = "{" + ",".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.text(SCRAPS, max_size=2)) + text[place + draw(st.integers(0, 2)) :]
    end = draw(st.integers(0, len(text))) if draw(st.integers(0, 3)) == 0 else len(text)
    return ask, draw(cuts(text[:end]))


def run(ask: Any, pieces: list[str], finish_reason: str | None, every: float = 0.05) -> list[Event]:
    return Run(ask).feed(pieces, every=every).finish(finish_reason).events


@given(wrong(), ENDS)
def test_one_end_and_a_log_without_holes_that_can_be_sent(asked: tuple[Any, list[str]], reason: str | None) -> None:
    events = run(*asked, reason)
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for event in events:
        to_json(event).encode()


@given(wrong(), ENDS)
def test_any_cut_comes_to_the_same(asked: tuple[Any, list[str]], reason: str | None) -> None:
    ask, pieces = asked
    cut, whole = run(ask, pieces, reason), run(ask, ["".join(pieces)], reason)
    assert what_matters(cut) == what_matters(whole)


def what_matters(events: list[Event]) -> list[Any]:
    """What settled, what was invalid and how it ended, in order; and the text that came of each string."""
    texts: dict[str, str] = {}
    for token in of(Token, events):
        texts[token.path] = texts.get(token.path, "") + token.text
    told: list[Any] = [texts]
    for event in events:
        match event:
            case FieldSettled():
                told.append((event.path, exact(event.value)))
            case Invalid():
                told.append(event.errors)
            case Complete():
                told.append(exact(event.value))
            case Failed():
                told.append((event.code, event.message, event.errors, exact(event.partial)))
    return told


@given(wrong(), ENDS)
def test_what_was_told_stays_told(asked: tuple[Any, list[str]], reason: str | None) -> None:
    fold, settled = Fold(), dict[str, str]()
    *events, end = run(*asked, reason)
    for event in events:
        if isinstance(event, Partial):
            assert exact(event.value) == exact(fold.value)
        fold.apply(event)
        if isinstance(event, FieldSettled):
            settled[event.path] = exact(event.value)
    value = end.partial if isinstance(end, Failed) else fold.value
    assert value == fold.value
    assert {path: exact(at(value, from_pointer(path))) for path in settled} == settled


@given(wrong(), ENDS)
def test_complete_is_never_invalid_and_failed_is_never_whole(asked: tuple[Any, list[str]], reason: str | None) -> None:
    ask, _ = asked
    events = run(*asked, reason)
    result = getattr(ask, "result", ask)
    if isinstance(end := events[-1], Complete):
        result.model_validate_json(json.dumps(end.value))
        assert not of(Invalid, events)
    else:
        assert isinstance(end, Failed)
        broken = {breach for invalid in of(Invalid, events) for breach in invalid.errors}
        assert broken <= set(end.errors or ())
