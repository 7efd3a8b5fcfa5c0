"""What the projection makes of answers without a fault, beside what every log promises (`tests.chains.contract`)."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chains.pace import Pace
from schemas import Complete, Fold, Partial, copy_json, to_json
from tests.chains.generated import Answer, answers
from tests.chains.projecting import Run, of

gaps = st.sampled_from([0.0, 0.001, 0.03, 0.1, 0.5])


def run(answer: Answer, every: float = 0.03) -> Run:
    return Run(answer.model).feed(answer.pieces, every=every).finish()


@given(answers(), gaps)
def test_complete_holds_the_object(answer: Answer, every: float) -> None:
    end = run(answer, every).events[-1]
    assert isinstance(end, Complete), end
    assert list(end.value) == list(answer.model.model_fields)
    assert json.dumps(end.value, sort_keys=True) == json.dumps(answer.value, sort_keys=True)


@given(answers(), gaps)
def test_events_share_nothing_that_changes_later(answer: Answer, every: float) -> None:
    """What was sent is kept in logs: an event may not hold a container that grows on."""
    live = Run(answer.model)
    kept = [(event, to_json(event)) for event in live.events]
    for piece in answer.pieces:
        before = len(live.events)
        live.feed([piece], every=every)
        kept += [(event, to_json(event)) for event in live.events[before:]]
    live.finish()
    assert [to_json(event) for event, _ in kept] == [line for _, line in kept]


# -- pace --------------------------------------------------------------------------------------------------------------


@given(answers(), gaps)
def test_partials_keep_their_distance(answer: Answer, every: float) -> None:
    told = run(answer, every)
    times = [time for time, event in zip(told.times, told.events, strict=True) if isinstance(event, Partial)]
    assert all(later - earlier >= 0.0999 for earlier, later in pairwise(times))


@given(answers())
def test_without_an_interval_a_change_is_followed_by_a_partial(answer: Answer) -> None:
    told = Run(answer.model, Pace(interval=0)).feed(answer.pieces)
    fold = Fold()
    for event in told.events:
        fold.apply(event)
    partials = of(Partial, told.events)
    assert (partials[-1].value if partials else {}) == copy_json(fold.value)
