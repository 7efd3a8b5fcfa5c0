"""What every log of a run promises, whoever made it: each promise a small function; `check` holds a log to all.

A promise looks at one event and at what the events before it add up to (`SoFar`). It knows the log and the result's
model, and nothing of how the log came about: so generated runs, examples, recordings and whole chains are held to the
same. What cannot be seen in a log (whatever the cut, the same settles; what the model is asked again) is tested where
the texts are known, in `test_contract_*`.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from itertools import accumulate
from typing import Any

import regex
from pydantic import BaseModel

from schemas import (
    MEANING,
    TERMINAL,
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Invalid,
    Partial,
    Pinned,
    Reset,
    Start,
    Token,
    from_json,
    from_pointer,
    to_json,
    to_pointer,
)
from schemas.progress import TAKEOVERS
from schemas.text import trimmed
from tests.chains.contract_state import SoFar, above, alike, at, broken_rules, inside, name_at, strings, top
from tests.chains.parsing import exact

_CLUSTER = regex.compile(r"\X")
_WORD_END = regex.compile(r"\b", regex.WORD | regex.V1)
_LONG = 256  # characters without a boundary may be held back, and not more

held = Counter[str]()
"""How many logs were held to the contract, and how many of them had each kind of event: what a summary can tell."""


Promise = Callable[[SoFar, Event], None]


def check(events: Iterable[Event], result: type[BaseModel], *, ended: bool = True) -> None:
    """Asserts that a log of a run at this result keeps every promise. `ended=False`: the reader left before the end."""
    so_far = hold(events, result, PROMISES)
    assert not ended or (so_far.last and so_far.last.type in TERMINAL), "the log has no end"
    held.update({"logs", *so_far.kinds} if so_far.kinds else ())


def hold(events: Iterable[Event], result: type[BaseModel], promises: Collection[Promise]) -> SoFar:
    """Holds a log to these promises; gives what it adds up to."""
    so_far = SoFar(result)
    for event in events:
        for promise in promises:
            promise(so_far, event)
        so_far.take(event)
    return so_far


# -- the order of things -----------------------------------------------------------------------------------------------


def seq_has_no_hole(so_far: SoFar, event: Event) -> None:
    """`seq` counts 1, 2, 3."""
    assert event.seq == so_far.count + 1


def start_is_first(so_far: SoFar, event: Event) -> None:
    """The first event, and no other, is `start`, in attempt 1."""
    assert isinstance(event, Start) == (so_far.count == 0)
    assert not isinstance(event, Start) or event.attempt == 1


def nothing_follows_the_end(so_far: SoFar, event: Event) -> None:
    """Exactly one terminal event, and it is the last."""
    assert not so_far.last or so_far.last.type not in TERMINAL


def given_first_and_defaults_last(so_far: SoFar, event: Event) -> None:
    """Given fields stand right behind `start`, those that a takeover finds untold right behind its `reset`.

    Behind a default, the model has nothing more to tell in its attempt.
    """
    if isinstance(event, FieldSettled) and event.source == "given":
        before = so_far.last
        taken_over = isinstance(before, Reset) and before.reason in TAKEOVERS
        assert isinstance(before, Start) or taken_over or getattr(before, "source", "") == "given"
    elif isinstance(event, Token | FieldSettled) and getattr(event, "source", "model") == "model":
        assert so_far.by_source["default"] <= so_far.kept


def time_passes(so_far: SoFar, event: Event) -> None:
    """`ms` never runs back, and `timings` says of each field in the object what its event said."""
    if isinstance(event, FieldSettled):
        assert event.ms >= so_far.ms
    elif isinstance(event, Complete):
        told = {path: field.ms for path, field in so_far.settled.items() if isinstance(field, FieldSettled)}
        assert event.timings.fields.keys() == so_far.settled.keys()
        assert told.items() <= event.timings.fields.items()
        assert event.timings.total_ms >= max(event.timings.fields.values(), default=0)


# -- what is told, and where -------------------------------------------------------------------------------------------


def every_place_was_announced(so_far: SoFar, event: Event) -> None:
    """`start` named every place; what it says is held has no `token`, and only properties and items are a `field`."""
    match event:
        case Token(path=path):
            assert so_far.settle_of(from_pointer(path)) in ("char", "word")
        case FieldSettled(path=path):
            depth = path.count("/")
            assert depth == 1 or (depth == 2 and so_far.places[top(path)] in ("items", "grow"))
            assert top(path) in so_far.names
        case Pinned(path=path):
            assert path in so_far.names
        case Invalid(paths=paths):
            assert {top(path) for path in paths} <= {*so_far.names, ""}


def text_only_grows(so_far: SoFar, event: Event) -> None:
    """A `token` appends to a string that has not settled, or begins one where there is room for one."""
    if isinstance(event, Token):
        place: Any = so_far.told.value
        for key in from_pointer(event.path):
            if isinstance(key, int):
                items = [] if place is None else place
                assert isinstance(items, list)
                assert key <= len(items)
                place = items[key] if key < len(items) else None
            else:
                assert place is None or isinstance(place, dict)
                place = (place or {}).get(key)
        assert place is None or isinstance(place, str)
        assert so_far.settled.keys().isdisjoint(above(event.path))


def lists_only_grow(so_far: SoFar, event: Event) -> None:
    """The items of a list settle one after another, without a gap, and before it does."""
    if isinstance(event, FieldSettled) and event.path.count("/") == 2:
        name, index = from_pointer(event.path)
        known = so_far.told.value.get(str(name), [])
        settled = so_far.items[top(event.path)]
        assert top(event.path) not in so_far.settled
        assert index == settled
        assert isinstance(known, list)
        assert len(known) <= settled + 1


def what_settled_stays(so_far: SoFar, event: Event) -> None:
    """A settled value is told once, is in every later value as it was told, and in the end."""
    value: Any
    match event:
        case FieldSettled(path=path, value=value):
            assert path not in so_far.settled
            items = [f"{path}/{index}" for index in range(so_far.items[path])]
            assert [exact(so_far.settled[item].value) for item in items] == [
                exact(at(value, from_pointer(item)[1:])) for item in items
            ]
            return
        case Partial(value=value) | Complete(value=value) | Failed(partial=value) | Cancelled(partial=value):
            pass
        case _:
            return
    for path, told in so_far.settled.items():
        assert exact(at(value, from_pointer(path))) == exact(told.value)


def what_settled_is_valid(so_far: SoFar, event: Event) -> None:
    """What the model or the user settled meets its own constraints."""
    if isinstance(event, Pinned) or (isinstance(event, FieldSettled) and event.source == "model"):
        assert not broken_rules(so_far.result, from_pointer(event.path), event.value)


def tokens_add_up_to_their_field(so_far: SoFar, event: Event) -> None:
    """The tokens of a path concatenate to its text in the `field`, but for the trimming that the schema names.

    In a list below another, the text behind a neighbour of which nothing was told comes with the `field` alone.
    """
    if isinstance(event, FieldSettled) and event.source == "model":
        path = from_pointer(event.path)
        for place, text in strings(event.value, path):
            told = "".join(so_far.texts.get(to_pointer(place), ()))
            nested = any(isinstance(key, int) for key in place[2:])
            if so_far.settle_of(place) in ("char", "word") and (told or not nested):
                assert text == (trimmed(told) if so_far.trims(place) else told), place
        texts = {to_pointer(place) for place, _ in strings(event.value, path)}
        below = {place for place in so_far.texts if place == event.path or inside(place, event.path)}
        assert below <= texts, "text was told where the field has none"


def words_come_whole(so_far: SoFar, event: Event) -> None:
    """Where the schema asks for words, no token ends within one, nor within what a reader sees as one character."""
    if isinstance(event, FieldSettled):
        for path, tokens in so_far.texts.items():
            if so_far.settle_of(from_pointer(path)) == "word" and (path == event.path or inside(path, event.path)):
                text = "".join(tokens)
                ends = set(accumulate(map(len, tokens))) - {0}
                assert ends <= {match.end() for match in _CLUSTER.finditer(text)}
                assert len(text) > _LONG or ends <= {match.end() for match in _WORD_END.finditer(text)} | {len(text)}


# -- the user's word ---------------------------------------------------------------------------------------------------


def pinned_is_the_users(so_far: SoFar, event: Event) -> None:
    """Of a pinned field there is no `token` and no `field` any more."""
    if isinstance(event, Token | FieldSettled):
        assert top(event.path) not in so_far.pinned


def conflicts_are_told(so_far: SoFar, event: Event) -> None:
    """A conflict is a pinned field where the model differs; where the model's value had been told, none is left out."""
    if isinstance(event, Complete):
        conflicts = {conflict.path: conflict.model_value for conflict in event.conflicts}
        pinned = {path: so_far.settled[path].value for path in so_far.pinned}
        assert len(conflicts) == len(event.conflicts)
        assert conflicts.keys() <= pinned.keys()
        for path, value in conflicts.items():
            assert exact(value) != exact(pinned[path])
        for path, value in so_far.overruled.items():
            assert path in conflicts or alike(value, pinned[path])


# -- what is wrong -----------------------------------------------------------------------------------------------------


def invalid_says_what_is_wrong(so_far: SoFar, event: Event) -> None:
    """`invalid` names the places of its errors, each rule of an attempt once."""
    if isinstance(event, Invalid):
        assert event.errors
        assert event.paths == tuple(dict.fromkeys(error.path for error in event.errors))


def nothing_is_told_of_what_is_invalid(so_far: SoFar, event: Event) -> None:
    """What broke its rules cannot become valid in its attempt, so nothing more of it is told."""
    if isinstance(event, Token | FieldSettled):
        assert top(event.path) not in so_far.void


def reset_keeps_what_settled(so_far: SoFar, event: Event) -> None:
    """`keep` names settled top-level fields, in order, each that is not in doubt, and all that are lasting.

    Lasting is what was given or pinned, and what a repair has kept.
    """
    if isinstance(event, Reset):
        keep = set(event.keep)
        whole = [name for name in so_far.names if name in so_far.settled]
        by_code = so_far.by_source["given"] | so_far.by_source["default"]
        lasting = so_far.pinned | so_far.mended | so_far.by_source["given"]
        doubted = set(whole) if "" in so_far.void else so_far.void
        dropped = set(whole) - keep - doubted
        assert list(event.keep) == [name for name in whole if name in keep]
        assert keep >= lasting
        assert keep & so_far.void <= lasting | by_code
        assert len(dropped) <= (event.reason is Code.DUPLICATE_KEY)  # the one that was written twice


def reset_says_why(so_far: SoFar, event: Event) -> None:
    """Attempts count up; only what another answer can mend begins one, a token limit only if more is kept by now.

    A takeover begins one at any time.
    """
    if isinstance(event, Reset):
        mendable = (Code.INVALID_OUTPUT, Code.NOT_JSON, Code.DUPLICATE_KEY, Code.TRUNCATED)
        assert event.attempt == so_far.attempt + 1
        assert event.reason in (*mendable, *TAKEOVERS)
        if event.reason is Code.INVALID_OUTPUT:  # what broke a rule ended its attempt at once
            assert isinstance(so_far.last, Invalid) or getattr(so_far.last, "source", "") == "default"
        if event.reason is Code.TRUNCATED:
            assert set(event.keep) - so_far.kept


# -- what it adds up to ------------------------------------------------------------------------------------------------


def partial_is_the_sum(so_far: SoFar, event: Event) -> None:
    """A `partial` is what the events so far add up to, and names the topmost places that have settled."""
    if isinstance(event, Partial):
        topmost = {path for path in so_far.settled if so_far.settled.keys().isdisjoint(above(path)[:-1])}
        assert exact(event.value) == exact(so_far.told.value)
        assert len(event.settled) == len(set(event.settled))
        assert set(event.settled) == topmost


def complete_is_whole_and_valid(so_far: SoFar, event: Event) -> None:
    """`complete` holds every announced field as it was told, in order, and the result's model takes it."""
    if isinstance(event, Complete):
        assert so_far.settled.keys() >= set(so_far.names)
        assert exact(event.value) == exact({name_at(path): so_far.told.value[name_at(path)] for path in so_far.names})
        assert not so_far.broken
        assert (event.attempts, event.repaired) == (so_far.attempt, so_far.repairs > 0)
        so_far.result.model_validate_json(json.dumps(event.value), strict=True)


def what_had_come_is_kept(so_far: SoFar, event: Event) -> None:
    """A bad end holds the object so far, and every rule that is broken by then; its phase is its code's."""
    if isinstance(event, Failed | Cancelled):
        assert exact(event.partial) == exact(so_far.told.value)
    if isinstance(event, Failed):
        errors = event.errors or ()
        assert len(errors) == len(set(errors))
        assert {error for invalid in so_far.broken for error in invalid.errors} <= set(errors)
        assert errors or event.code is not Code.INVALID_OUTPUT
        assert (event.phase, event.retryable) == MEANING[event.code][:2]


def readings_agree(so_far: SoFar, event: Event) -> None:
    """`token,field` and all the events add up to the same; so does `partial`, as often as one comes."""
    if event.type in TERMINAL or isinstance(event, Partial):
        assert exact(so_far.readings["token,field"].value) == exact(so_far.told.value)
        assert exact(so_far.readings["all"].value) == exact(so_far.told.value)
    if isinstance(so_far.last, Partial):
        assert exact(so_far.readings["partial"].value) == exact(so_far.told.value)


def every_event_can_be_sent(so_far: SoFar, event: Event) -> None:
    """An event is one line of JSON in UTF-8, without half a character, and is the same when it is read."""
    try:
        line = to_json(event).encode().decode()
    except ValueError as error:
        raise AssertionError(f"{event.type} cannot be sent") from error
    assert line.splitlines() == [line]
    again = from_json(line)
    assert again == event
    assert exact(again) == exact(event)


PROMISES: tuple[Promise, ...] = (
    seq_has_no_hole,
    start_is_first,
    nothing_follows_the_end,
    given_first_and_defaults_last,
    time_passes,
    every_place_was_announced,
    text_only_grows,
    lists_only_grow,
    what_settled_stays,
    what_settled_is_valid,
    tokens_add_up_to_their_field,
    words_come_whole,
    pinned_is_the_users,
    conflicts_are_told,
    invalid_says_what_is_wrong,
    nothing_is_told_of_what_is_invalid,
    reset_keeps_what_settled,
    reset_says_why,
    partial_is_the_sum,
    complete_is_whole_and_valid,
    what_had_come_is_kept,
    readings_agree,
    every_event_can_be_sent,
)
