"""The contract over runs that nobody wrote: any schema, any object, cut, fault, and pins and verdicts at any moment.

`Run` holds each log to `tests.chains.contract`; here stands what cannot be seen in a log alone.
"""

import json
from typing import Any

from hypothesis import given, settings

from chains.ask import names
from schemas import Complete, FieldSettled, Pinned, Reset, Token, from_pointer, to_pointer
from tests.chains.contract_state import broken_rules, name_at, top
from tests.chains.generated_runs import Case, cases
from tests.chains.parsing import exact
from tests.chains.projecting import Run, of, what_matters

many = settings(max_examples=3 * settings().max_examples // 2)


# -- whatever happens --------------------------------------------------------------------------------------------------


@given(cases())
@many
def test_every_promise_is_kept_whatever_happens(case: Case) -> None:
    run = case.play()
    assert_known_is_told(case, run)
    assert_checked_is_told_only_once_it_has_passed(case, run)
    assert_asked_again_for_what_is_not_kept(case, run)
    assert_every_count_is_in_the_sum(run)


def assert_known_is_told(case: Case, run: Run) -> None:
    """What was given, and what code knows, is told as it is."""
    given, defaults = (
        {name_at(event.path): exact(event.value) for event in of(FieldSettled, run.events) if event.source == source}
        for source in ("given", "default")
    )
    assert given == {name: exact(value) for name, value in case.ask.given.items()}
    for name, value in case.ask.defaults.items():
        assert defaults.get(name, exact(value)) == exact(value)  # the run may end, or the user pin it, before


def assert_checked_is_told_only_once_it_has_passed(case: Case, run: Run) -> None:
    """Of what the model writes there; a list whose items have all passed has itself. And no text of it, ever."""
    passed = {(to_pointer(path), exact(value)) for path, value in run.judged}
    checked = {to_pointer((name,)) for name in case.checked}
    told = {event.path: event.value for event in of(FieldSettled, run.events) if event.source == "model"}
    for path, value in told.items():
        if top(path) in checked and (path, exact(value)) not in passed:
            assert isinstance(value, list)
            assert all(f"{path}/{index}" in told for index in range(len(value)))
    assert not [token for token in of(Token, run.events) if top(token.path) in checked]


def assert_asked_again_for_what_is_not_kept(case: Case, run: Run) -> None:
    """The model is asked again for what is not in `keep`, for nothing else, and is told what stays."""
    wanted = names(case.ask.wanted)
    for reset, repair in zip(of(Reset, run.events), run.repairs, strict=True):
        kept = [name_at(pointer) for pointer in reset.keep]
        assert list(repair.kept) == kept
        assert repair.error.code is reset.reason
        assert names(repair.ask.wanted) == tuple(name for name in wanted if name not in kept)
        assert repair.ask.result is case.ask.result


def assert_every_count_is_in_the_sum(run: Run) -> None:
    """`usage` sums what was counted, and says how many attempts were not."""
    end = run.events[-1]
    if isinstance(end, Complete):
        counted, silent = len(run.counted), end.attempts - len(run.counted)
        expected = (sum(usage.total_tokens for usage in run.counted), silent) if counted else None
        assert expected == (end.usage and (end.usage.total_tokens, end.usage.uncounted))


# -- whatever the cut --------------------------------------------------------------------------------------------------


@given(cases())
@many
def test_the_same_text_means_the_same_whatever_the_cut(case: Case) -> None:
    assert what_matters(case.play().events) == what_matters(case.play(cut=False).events)


# -- the user's word ---------------------------------------------------------------------------------------------------


@given(cases(sound=True))
@many
def test_a_faultless_answer_completes_and_every_pin_wins_whenever_it_comes(case: Case) -> None:
    run = case.play()
    end = run.events[-1]
    assert isinstance(end, Complete), end
    known = {**case.result.settled(case.said), **case.ask.defaults, **case.ask.given}
    pinned = {name_at(event.path): event.value for event in of(Pinned, run.events)}
    assert exact(end.value) == exact({name: {**known, **pinned}[name] for name in case.ask.fields})
    assert {conflict.path: as_json(conflict.model_value) for conflict in end.conflicts} == conflicts(case, run)
    for pointer, value in run.refused:
        path = from_pointer(pointer) if pointer.startswith("/") else ()
        no_field = len(path) != 1 or path[0] not in case.ask.fields
        assert no_field or value == "\ud83d" or broken_rules(case.result.model, path, value)


def conflicts(case: Case, run: Run) -> dict[str, str]:
    """Where the model wrote something else than the user pinned, whenever that was; what is checked, if it passed."""
    found = {}
    for path, pinned in {event.path: event for event in of(Pinned, run.events)}.items():
        name = name_at(path)
        if name in case.said and name in names(case.ask.wanted):
            theirs, users = map(case.result.kinds[name].settled, (case.said[name], pinned.value))
            told = [event.path for event in of(FieldSettled, run.events) if event.source == "model"]
            if as_json(theirs) != as_json(users) and (name not in case.checked or path in told):
                found[path] = as_json(theirs)
    return found


def as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
