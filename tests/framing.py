"""Texts that would be frames if they could, events that are full of them, and three readers that know nothing of us."""

from collections.abc import Callable, Iterable
from typing import Any

from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import strategies as st
from sseclient import SSEClient

from schemas import (
    Breach,
    Cancelled,
    Code,
    Complete,
    Conflict,
    Event,
    Failed,
    FieldPlan,
    FieldSettled,
    Invalid,
    Note,
    Partial,
    Pinned,
    Reset,
    SchemaRef,
    Start,
    Timings,
    Token,
    Usage,
)
from tests import whatwg
from tests.whatwg import Message

PIECES = [
    *("\n", "\r", "\r\n", "\n\n", "\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e", "\x00", "\ufeff", "\t"),
    *(" ", ":", "data:", "data: {}", "event: complete", "id: 99", "id:\x00", "retry: 1", ": ping", "\\n", "\\u000a"),
    '\n\nid:9\nevent: complete\ndata: {"type":"complete","seq":9,"value":{}}\n\n',
    '"}\n\ndata: {"type":"token"',
    "한",
    "😀",
]
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=5).map("".join)
POINTER = TEXT.map(lambda text: "/" + text.replace("~", "~0").replace("/", "~1"))
VALUE: st.SearchStrategy[Any] = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
OBJECT = st.dictionaries(TEXT, VALUE, max_size=3)
_SEQ = st.integers(1, 10**9)
_TEXTS = st.lists(TEXT, max_size=2).map(tuple)
_BREACHES = st.lists(st.builds(Breach, path=TEXT, rule=TEXT, message=TEXT), max_size=2).map(tuple)
_CODE = st.sampled_from(Code)

STARTS = st.builds(
    dict,
    seq=_SEQ,
    run_id=TEXT,
    chain=TEXT,
    model=TEXT,
    attempt=_SEQ,
    schema=st.builds(SchemaRef, name=TEXT, hash=TEXT),
    fields=st.lists(st.builds(FieldPlan, path=TEXT, settle=st.just("char")), max_size=2).map(tuple),
    notes=st.lists(st.builds(Note, code=TEXT, message=TEXT), max_size=2).map(tuple),
).map(Start.model_validate)
COMPLETES = st.builds(
    Complete,
    seq=_SEQ,
    value=OBJECT,
    finish_reason=TEXT,
    usage=st.none() | st.builds(Usage, input_tokens=_SEQ, output_tokens=_SEQ, total_tokens=_SEQ, uncounted=st.just(0)),
    timings=st.builds(Timings, first_token_ms=_SEQ, fields=st.dictionaries(TEXT, _SEQ, max_size=2), total_ms=_SEQ),
    attempts=_SEQ,
    repaired=st.booleans(),
    conflicts=st.lists(st.builds(Conflict, path=TEXT, model_value=VALUE), max_size=2).map(tuple),
)
FAILURES = st.builds(
    Failed,
    seq=_SEQ,
    code=_CODE,
    phase=st.just("server"),
    message=TEXT,
    retryable=st.booleans(),
    retry_after_ms=st.none(),
    partial=OBJECT,
    errors=_BREACHES,
)
CANCELS = st.builds(Cancelled, seq=_SEQ, reason=TEXT, partial=OBJECT)
EVENTS: st.SearchStrategy[list[Event]] = st.lists(
    STARTS
    | st.builds(Token, seq=_SEQ, path=POINTER, text=TEXT)
    | st.builds(Partial, seq=_SEQ, value=OBJECT, settled=_TEXTS, resumed=st.none())
    | st.builds(FieldSettled, seq=_SEQ, path=POINTER, value=VALUE, source=st.just("model"), ms=_SEQ)
    | st.builds(Invalid, seq=_SEQ, paths=_TEXTS, errors=_BREACHES)
    | st.builds(Pinned, seq=_SEQ, path=POINTER, value=VALUE)
    | st.builds(Reset, seq=_SEQ, attempt=_SEQ, keep=st.lists(POINTER, max_size=2).map(tuple), reason=_CODE)
    | COMPLETES
    | FAILURES
    | CANCELS,
    max_size=5,
)
"""Events with such texts wherever a text may stand: values, keys, paths, names, messages, ids."""


def by_httpx_sse(stream: bytes) -> list[Message]:
    """As the package httpx-sse reads it."""
    lines, frames = SSELineDecoder(), SSEDecoder()
    told = [frames.decode(line) for line in [*lines.decode(stream.decode()), *lines.flush()]]
    return [Message(frame.id, frame.event, frame.data) for frame in told if frame and frame.data]


def by_sseclient(stream: bytes) -> list[Message]:
    """As the package sseclient-py reads it, which leaves it to its user to remember the last id."""
    told: list[Message] = []
    for frame in SSEClient(iter([stream])).events():
        told.append(Message(frame.id or (told[-1].id if told else ""), frame.event, frame.data))
    return told


READERS: dict[str, Callable[[bytes], list[Message]]] = {
    "whatwg": whatwg.messages,
    "httpx-sse": by_httpx_sse,
    "sseclient": by_sseclient,
}


def read_alike(stream: bytes) -> list[Message]:
    """What all three read. None of them may read anything else."""
    [first, *others] = [read(stream) for read in READERS.values()]
    assert others == [first] * len(others)
    return first


def expected(events: Iterable[Event]) -> list[tuple[str, str]]:
    """The id and the type of these events' messages."""
    return [(str(event.seq), event.type) for event in events]
