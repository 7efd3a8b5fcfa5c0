"""What only the end of an answer can tell: what is missing, the defaults, and what breaks the object as a whole."""

import json
from typing import Any

from pydantic import ValidationError

from chains.ask import Ask
from chains.attempt import Attempt, broken_rules
from chains.breaches import breaches
from chains.faults import chain_fault
from chains.ledger import Ledger
from chains.shape import shape_of
from schemas import StreamError


def look_whole(ask: Ask, ledger: Ledger, attempt: Attempt) -> StreamError | None:
    """Tells what an answer that has ended lacks, its defaults, and what it breaks. Returns what is wrong with it."""
    try:
        _miss(ask, ledger, attempt)
        for look in (_tell_defaults, _check_whole):
            if not ledger.errors:
                look(ask, ledger)
    except Exception as error:  # noqa: BLE001  # a default factory or validator of the chain's author
        return chain_fault(error)
    return broken_rules(ledger.errors) if ledger.errors else None


def whole_of(ask: Ask, ledger: Ledger) -> dict[str, Any]:
    """The object, its properties in the result's order."""
    return {name: ledger.value[name] for name in ask.fields}


def _miss(ask: Ask, ledger: Ledger, attempt: Attempt) -> None:
    """What the model was not free to leave out, and did."""
    fields = shape_of(ask.wanted).fields
    missing = [
        name
        for name, field in fields.items()
        if name not in ledger.value and name not in attempt.void and field.info.is_required()
    ]
    if missing:
        ledger.invalid(attempt.missing(missing))


def _tell_defaults(ask: Ask, ledger: Ledger) -> None:
    """What the model was not asked for, or was free to leave out."""
    fields = shape_of(ask.wanted).fields
    for name in ask.fields:
        if name not in ledger.value:
            known = name in ask.defaults
            ledger.field((name,), ask.defaults[name] if known else fields[name].default, "default")
            if ledger.cross(name):
                return


def _check_whole(ask: Ask, ledger: Ledger) -> None:
    """The whole object against its model: what crosses fields without saying so can break only here."""
    try:
        ask.result.model_validate_json(json.dumps(whole_of(ask, ledger)))
    except ValidationError as error:
        ledger.invalid(breaches(error))
