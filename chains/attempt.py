"""One answer of the model, read as it comes: which text is told, when a place closes, what is wrong with it.

It ends in one of three ways: `closed` (whatever follows is no part of the answer), `fault` (nothing will come of it),
or with its text, which `bad_end` then judges.
"""

from collections import deque
from collections.abc import Collection, Set
from typing import Any

from chains.faults import chain_fault
from chains.ledger import Ledger, same
from chains.partial_json import Change, Closed, Grew, NestedTooDeep, PartialJSONParser, Repeated, TextTooLarge
from chains.shape import Shape, places
from chains.words import WordCutter
from schemas import (
    Breach,
    Code,
    Event,
    OutputError,
    ParseError,
    Path,
    Settle,
    StreamError,
    UpstreamError,
    to_pointer,
)

REFUSAL_SHOWN = 500
"""Characters of a model's refusal that reach the user."""

SAID_KEPT = 4000
"""Characters of the answer that are remembered, for showing the model what it wrote."""


class Attempt:
    """Reads the text of one answer into the ledger's events.

    - `shape`: what the model was asked for
    - `checked`: the properties whose values wait, closed and valid, for `verdict`; what is behind them waits, too
    - `last`: whether it is read to its end even if it breaks a rule, so that every error is known
    """

    def __init__(self, shape: Shape, ledger: Ledger, *, checked: Collection[str] = (), last: bool = True) -> None:
        self.fault: StreamError | None = None
        """Why nothing will come of it."""
        self.waiting: tuple[Path, Any] | None = None
        """A place and its value that wait for their verdict."""
        self.void: set[str] = set()
        """The properties that cannot become valid any more."""
        self.said = ""
        """The beginning of the text."""
        self._shape = shape.holding(checked)
        self._ledger = ledger
        self._checked = checked
        self._last = last
        self._parser = PartialJSONParser()
        self._unread: deque[Change] = deque()
        self._open = set(shape.fields)  # the properties that have not closed, or not validly
        self._is_object = False
        self._string_path: Path = ()
        self._string_told = False  # whether the string at that path is told as it grows ...
        self._by_words = False  # ... and then by whole words
        self._words = WordCutter()

    @property
    def fields(self) -> Set[str]:
        """The properties that the model was asked for."""
        return self._shape.fields.keys()

    @property
    def closed(self) -> bool:
        """Whether the answer is whole: its object has closed, or every field that was asked for has.

        A fault behind the last field takes nothing from it.
        """
        if self._unread or self.waiting:
            return False
        return self._parser.closed or not self._open

    def feed(self, text: str) -> list[Event]:
        """What a piece of the text means."""
        self.said += text[: SAID_KEPT - len(self.said)]
        self._unread.extend(self._parser.feed(text))
        return self._read_on()

    def verdict(self) -> list[Event]:
        """The value that was `waiting` has passed: it is told, and what came behind it."""
        if not self.waiting:
            return []
        (path, value), self.waiting = self.waiting, None
        if path[0] in self._ledger.pinned:
            return [*self._overruled(Closed(path, value)), *self._read_on()]
        return [*self._settle(path, value), *self._read_on()]

    def let_go(self, name: str) -> None:
        """The user has taken a property over: nothing more of it is told."""
        if self._string_path[:1] == (name,):
            self._string_told, self._words = False, WordCutter()

    def rest_of_words(self) -> list[Event]:
        """The words that were held back because more text might have changed them."""
        return self._token(self._string_path, self._words.flush())

    def bad_end(self, finish_reason: str | None, refusal: str) -> StreamError | None:
        """Why this end of the text cannot lead to a whole object, if it cannot."""
        if refusal:
            words = "." if self._checked else f": {refusal[:REFUSAL_SHOWN]}"  # nothing unchecked leaves
            return UpstreamError(f"The model declined{words}", code=Code.REFUSED)
        if finish_reason == "content_filter":
            return UpstreamError("The model's provider filtered its answer.", code=Code.CONTENT_FILTER)
        if not self._open:
            return None
        if self._parser.closed:
            return None if self._is_object else ParseError("The model wrote a list instead of an object.")
        if finish_reason == "length":
            return UpstreamError("The model's token limit ended its answer early.", code=Code.TRUNCATED)
        if finish_reason is None:
            return UpstreamError("The model's server ended the answer early.", code=Code.UPSTREAM_CUT)
        return ParseError("The model stopped before its JSON object was whole.")

    # -- reading the parser's changes --------------------------------------------------------------------------------

    def _read_on(self) -> list[Event]:
        events: list[Event] = []
        while self._unread and not self.fault and not self.waiting and self._open:
            events += self._read(self._unread.popleft())
        if not self._open:
            self._unread.clear()
        elif self._parser.error and not (self._unread or self.waiting or self.fault or self._parser.closed):
            self.fault = self._unreadable()
        return events

    def _read(self, change: Change) -> list[Event]:
        path = change.path
        if not path:
            self._is_object = isinstance(change, Closed) and isinstance(change.value, dict)
            return []
        if path[0] not in self._shape.fields:
            return []  # nobody asked for it
        if path[0] in self._ledger.pinned:
            return self._overruled(change)
        match change:
            case Repeated():
                self.fault = _repeated(path)
            case Grew(text=text) if self._streams(path):
                return self._token(path, self._words.feed(text) if self._by_words else text)
            case Closed(value=value):
                # A string without text is told, too: it has a place of its own in its list.
                empty = value == "" and not self._is_field(path) and self._streams(path)
                rest = self._token(path, "", even_empty=True) if empty else self.rest_of_words()
                return [*rest, *self._close(path, value)] if self._is_field(path) else rest
        return []

    def _overruled(self, change: Change) -> list[Event]:
        """The user has taken this property over: what the model says of it is only remembered."""
        if isinstance(change, Closed) and len(change.path) == 1:
            name = str(change.path[0])
            self._open.discard(name)
            if name not in self._checked:
                self._ledger.overrule(name, change.value)
        return []

    def _token(self, path: Path, text: str, *, even_empty: bool = False) -> list[Event]:
        return [self._ledger.token(path, text)] if text or even_empty else []

    def _streams(self, path: Path) -> bool:
        """Whether this string is told as it grows. Not behind a neighbour of which nothing could be told: no gaps."""
        if path != self._string_path:
            settle = self._settles(path)
            self._string_path, self._by_words = path, settle == "word"
            sound = settle in ("char", "word") and path[0] not in self.void
            self._string_told = sound and self._ledger.reaches(path)
        return self._string_told

    def _settles(self, path: Path) -> Settle:
        node = self._shape.tree
        for key in path:
            if node.settle != "grow":  # below something that is held or told item by item, all is held
                return "settled"
            node = node.child(key)
        return node.settle

    def _is_field(self, path: Path) -> bool:
        """A top-level property, or an item of a top-level list that is told by items and has not been spoilt."""
        if len(path) == 1:
            return True
        name, index = path[0], path[1]
        told = len(path) == 2 and isinstance(index, int) and self._shape.tells_items(str(name))
        return told and name not in self.void

    def _close(self, path: Path, value: Any) -> list[Event]:
        name = str(path[0])
        try:
            valid, broken = self._shape.check(path, value)
        except Exception as error:  # noqa: BLE001  # a validator of the chain's author
            self.fault = chain_fault(error)
            return []
        if broken:
            return self._invalid(name, broken)
        if name in self.void:
            return []
        if name in self._checked and not same(valid, self._ledger.value.get(name)):  # a list: its items have passed
            self.waiting = (path, valid)
            return []
        return self._settle(path, valid)

    def _settle(self, path: Path, value: Any) -> list[Event]:
        told = [self._ledger.field(path, value, "model")]
        if len(path) > 1:
            return told
        name = str(path[0])
        self._open.discard(name)
        try:
            broken = self._ledger.cross(name)
        except Exception as error:  # noqa: BLE001  # a validator of the chain's author
            self.fault = chain_fault(error)
            return told
        if broken:
            self._open.add(name)
            self._doom()
        return [*told, *broken]

    def _invalid(self, name: str, broken: Collection[Breach]) -> list[Event]:
        self.void.add(name)
        told = self._ledger.invalid(broken)
        self._doom()
        return told

    def _doom(self) -> None:
        """A rule is broken: unless this is the last attempt, the rest is not worth paying for."""
        if not self._last:
            self.fault = broken_rules(self._ledger.errors)

    def _unreadable(self) -> StreamError:
        error = self._parser.error
        if isinstance(error, TextTooLarge | NestedTooDeep):
            return ParseError("The model's answer is larger or deeper than this server reads.", code=Code.TOO_LARGE)
        return ParseError(f"The model's answer is not JSON: {error}.")


def broken_rules(broken: tuple[Breach, ...]) -> StreamError:
    """The error of an answer that breaks these rules."""
    return OutputError(f"The answer breaks the rules for {places(broken)}.", details=broken)


def _repeated(path: Path) -> StreamError:
    pointer = to_pointer(path)
    breach = Breach(path=pointer, rule="repeated", message="The model wrote this field twice.")
    return ParseError(f"The model wrote {pointer} twice.", code=Code.DUPLICATE_KEY, details=(breach,))
