"""Pydantic's errors as ours: which rules a value broke, and where."""

from collections.abc import Callable, Iterable
from typing import get_args

from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from schemas import Breach, Path, from_pointer, to_pointer

MAX_BREACHES = 20
"""How many broken rules are told of one value: beyond it a list tells a client nothing more."""


def breaches(error: ValidationError, at: Callable[[Path], Path] = lambda place: place) -> tuple[Breach, ...]:
    """Pydantic's errors as ours: the first of them, if there are very many. `at` says where a place in the value is."""
    errors = error.errors(include_url=False, include_input=False)
    told = [
        Breach(path=to_pointer(at(item["loc"])), rule=item["type"], message=_sentence(item["type"], item["msg"]))
        for item in errors[:MAX_BREACHES]
    ]
    if more := len(errors) - len(told):
        told.append(Breach(path=told[-1].path, rule="more", message=f"And {more} more."))
    return tuple(told)


def places(broken: Iterable[Breach]) -> str:
    """Where the rules were broken, for a sentence."""
    paths = list(dict.fromkeys(breach.path or "the whole" for breach in broken))
    return ", ".join(paths[:5]) + (" and more" if len(paths) > 5 else "")


def _sentence(rule: str, message: str) -> str:
    if rule == "union_tag_invalid":
        return "This is none of the kinds that may stand here."  # pydantic's own words quote the value
    return message.removeprefix("Value error, ")


_OWN_WORDS = {"value_error", "assertion_error"}  # of the chain's author, who may quote the value


def discreet(broken: Iterable[Breach]) -> tuple[Breach, ...]:
    """The breaches without what the value may have put into them: keys of its inside, an author's words."""
    known = set(get_args(ErrorType)) - _OWN_WORDS
    return tuple(
        Breach(
            path=to_pointer(_place(from_pointer(breach.path))),
            rule=breach.rule,
            message=breach.message if breach.rule in known else "This breaks a rule of its own.",
        )
        for breach in broken
    )


def _place(path: Path) -> Path:
    """The property, or its item, that a path leads into."""
    return path[:2] if len(path) > 1 and isinstance(path[1], int) else path[:1]
