"""Guards against JSON that two readers would read differently, or that nobody can write again: only I-JSON is taken.

RFC 8259 lets such texts be JSON and says that what they mean is unpredictable; RFC 7493 (I-JSON) leaves them out. What
stands behind the door (LangServe, pydantic, a model's server, Redis, the page) is then never asked about them.
"""

import json
import re
from math import isfinite
from typing import Any

from schemas import Code, RequestError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NESTING = (dict, list)
_BITS_64 = range(-(1 << 63), 1 << 63)
_SAFE_DIGITS = 18
"""So many, with their sign, always fit into 64 bits."""


def read_ijson(body: bytes, depth: int) -> Any:
    """The value of this text, nested at most so deep. `RequestError` says why it is none.

    Refused is whatever is not UTF-8 or begins with a byte order mark, a key that comes twice in an object, half of a
    surrogate pair, and a number that is none (NaN), is beyond a double or, as an integer, beyond 64 bits.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_without_repetition,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except ValueError as error:
        raise _refused("The body is not JSON in UTF-8.") from error
    except RecursionError as error:  # some hundred levels, at which the parser itself gives up
        raise _too_deep(depth) from error
    if text.count("[") + text.count("{") > depth:
        _check_depth(value, depth)
    if _SURROGATE.search(text):
        _check_characters(value)
    return value


def _check_depth(value: Any, depth: int) -> None:
    """Level by level, so that nothing here goes as deep as the value does."""
    level: list[Any] = [[value]]
    for _ in range(depth + 1):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, _NESTING)]
        if not level:
            return
    raise _too_deep(depth)


def _check_characters(value: Any) -> None:
    """Escapes alone can make half a character here, in a text or in a key; whole ones can be written in UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused("The body has half of a surrogate pair in a text or a key.") from error


def _inside(value: dict[str, Any] | list[Any]) -> Any:
    return value.values() if isinstance(value, dict) else value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One reader takes the first of two, another the last: what was checked would not be what is used."""
    if len(value := dict(pairs)) < len(pairs):
        raise _refused("The body has a key twice in one object.")
    return value


def _refuse_constant(name: str) -> Any:
    raise _refused(f"The body has {name} in it, which is not JSON.")


def _finite(number: str) -> float:
    if not isfinite(value := float(number)):
        raise _refused("The body has a number that is too large.")
    return value


def _whole(number: str) -> int:
    if len(number) > _SAFE_DIGITS and not (len(number) <= 2 * _SAFE_DIGITS and int(number) in _BITS_64):
        raise _refused("The body has an integer beyond 64 bits.")
    return int(number)


def _too_deep(depth: int) -> RequestError:
    return _refused(f"The body is nested more than {depth} levels deep.")


def _refused(message: str) -> RequestError:
    return RequestError(message, code=Code.INVALID_JSON)
