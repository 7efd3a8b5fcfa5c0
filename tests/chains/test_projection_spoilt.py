"""The two chains that are served, whatever their model answers: the contract over spoilt texts and attempts."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chains.ask import Ask
from chains.chatbot import ask as ask_chat
from chains.meeting_info import ask as ask_meeting
from schemas import ChatRequest, MeetingRequest
from tests.chains.answers import CHOOSING, GOAL, MEETING, RECOMMENDING, STEPS
from tests.chains.generated_runs import SCRAPS, junk
from tests.chains.parsing import cuts
from tests.chains.projecting import Run, what_matters

ASKS = {
    "meeting": (ask_meeting(MeetingRequest.model_validate(GOAL | {"include_plan": True})), MEETING | {"plan": STEPS}),
    "given": (ask_meeting(MeetingRequest.model_validate(GOAL | {"name": " mine ", "tags": ["a", "b", "c"]})), MEETING),
    "chat": (ask_chat(ChatRequest.model_validate(CHOOSING)), RECOMMENDING),
}
Answers = list[tuple[list[str], str | None]]


@st.composite
def spoilt(draw: st.DrawFn, right: dict[str, Any]) -> tuple[list[str], str | None]:
    """A text with other values, lost and repeated keys, characters out of place, or an early end; and its end."""
    pairs = [(key, draw(junk) if draw(st.integers(0, 3)) == 0 else value) for key, value in right.items()]
    pairs += draw(st.lists(st.sampled_from(pairs), max_size=1) if draw(st.integers(0, 3)) == 0 else st.just([]))
    text = "{" + ",".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.text(SCRAPS, max_size=2)) + text[place + draw(st.integers(0, 2)) :]
    end = draw(st.integers(0, len(text))) if draw(st.integers(0, 3)) == 0 else len(text)
    return draw(cuts(text[:end])), draw(st.sampled_from(["stop", "length", "content_filter", None]))


@st.composite
def answered(draw: st.DrawFn) -> tuple[Ask, Answers]:
    """One of the chains, and what its model answers, again and again."""
    ask, right = ASKS[draw(st.sampled_from(sorted(ASKS)))]
    return ask, draw(st.lists(spoilt(right), min_size=1, max_size=3))


def run(ask: Ask, answers: Answers, *, cut: bool = True) -> Run:
    """Every answer until the end of the run, which is held to the contract."""
    told = Run(ask, repairs=len(answers) - 1)
    for pieces, finish_reason in answers:
        if told.projection.repair:
            told.again()
        told.feed(pieces if cut else ["".join(pieces)], every=0.05).finish(finish_reason)
    assert told.projection.ended
    return told


@given(answered())
def test_the_same_texts_mean_the_same_whatever_the_cut(case: tuple[Ask, Answers]) -> None:
    assert what_matters(run(*case).events) == what_matters(run(*case, cut=False).events)
