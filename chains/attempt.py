"""One answer of the model, read as it comes: which text is told, when a place closes, what is wrong with it.

It ends in one of three ways: `closed` (whatever follows is no part of the answer), `fault` (nothing will come of it),
or with its text, which `bad_end` then judges.
"""

from collections import deque
from collections.abc import Collection, Iterable, Set
from typing import Any

from chains.breaches import discreet, places
from chains.ledger import Ledger, same
from chains.partial_json import Change, Closed, Grew, NestedTooDeep, PartialJSONParser, TextTooLarge
from chains.shape import Shape
from chains.words import WordCutter
from schemas import (
    Breach,
    Code,
    OutputError,
    ParseError,
    Path,
    Settle,
    StreamError,
    UpstreamError,
    to_pointer,
)

_GAVE_UP = {"error", "abort", "insufficient_system_resource"}
"""What servers call it when they end an answer that the model had not ended."""

REFUSAL_SHOWN = 500
"""Characters of a model's refusal that reach the user."""

SAID_KEPT = 4000
"""Characters of the answer that are remembered, for showing the model what it wrote."""


class Attempt:
    """Reads the text of one answer into the ledger.

    - `shape`: what the model was asked for
    - `checked`: the properties whose values wait, closed and valid, until they have `passed`, and what is behind them
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
        self._string_pointer = ""
        self._string_told = False  # whether the string at that path is told as it grows ...
        self._by_words = False  # ... and then by whole words
        self._words = WordCutter()
        self._length = 0  # characters of that string, from the first that is no blank

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

    def feed(self, text: str) -> None:
        """Tells what a piece of the text means."""
        self.said += text[: SAID_KEPT - len(self.said)]
        self._unread.extend(self._parser.feed(text))
        self._read_on()

    def passed(self) -> None:
        """The value that was `waiting` may be told: it is, unless it is the user's by now, and what came behind it."""
        if self.waiting:
            (path, value), self.waiting = self.waiting, None
            if path[0] not in self._ledger.pinned:
                self._settle(path, value)
            elif len(path) == 1:
                self._open.discard(str(path[0]))
            self._read_on()

    def let_go(self, name: str) -> None:
        """The user has taken a property over: nothing more of it is told."""
        if self._string_path[:1] == (name,):
            self._string_told, self._words = False, WordCutter()

    def rest_of_words(self) -> None:
        """Tells the words that were held back because more text might have changed them."""
        self._token(self._words.flush())

    def bad_end(self, finish_reason: str | None, refusal: str) -> StreamError | None:
        """Why this end of the text cannot lead to a whole object, if it cannot."""
        if refusal:
            words = "." if self._checked else f": {refusal[:REFUSAL_SHOWN]}"  # nothing unchecked leaves
            return UpstreamError(f"The model declined{words}", code=Code.REFUSED)
        if finish_reason == "content_filter":
            return UpstreamError("The model's provider filtered its answer.", code=Code.CONTENT_FILTER)
        if not self.lacking:
            return None
        if self._parser.closed:
            return None if self._is_object else ParseError("The model wrote a list instead of an object.")
        if finish_reason == "length":
            return UpstreamError("The model's token limit ended its answer early.", code=Code.TRUNCATED)
        if finish_reason is None or finish_reason in _GAVE_UP:
            return UpstreamError("The model's server ended the answer early.", code=Code.UPSTREAM_CUT)
        return ParseError("The model stopped before its JSON object was whole.")

    def missing(self, names: Iterable[str]) -> tuple[Breach, ...]:
        """That the model left these out, and whether it put its answer inside another object, as if in an envelope.

        Then nothing of what it wrote is what it seems: an envelope may have a `name` of its own.
        """
        message = "The model left this field out."
        broken = [Breach(path=to_pointer((name,)), rule="missing", message=message) for name in names]
        inside = [value for name, value in (self._parser.value or {}).items() if name not in self._shape.fields]
        missing = set(names)
        if any(isinstance(value, dict) and not missing.isdisjoint(value) for value in inside):
            broken.append(Breach(path="", rule="wrapped", message="The fields stand inside another object."))
        return tuple(broken)

    # -- reading the parser's changes --------------------------------------------------------------------------------

    def _read_on(self) -> None:
        while self._unread and not self.fault and not self.waiting and self._open:
            self._read(self._unread.popleft())
        if not self._open:
            self._unread.clear()
        elif self._parser.error and not (self._unread or self.waiting or self.fault or self._parser.closed):
            if self.lacking:
                self.fault = self._unreadable()
            else:
                self._open.clear()

    @property
    def lacking(self) -> Set[str]:
        """The properties that are still needed: what the user has taken over is read on only for its conflicts."""
        return self._open - self._ledger.pinned.keys()

    def _read(self, change: Change) -> None:
        path = change.path
        if not path:
            self._is_object = isinstance(change, Closed) and isinstance(change.value, dict)
        elif path[0] not in self._shape.fields:
            return  # nobody asked for it
        elif path[0] in self._ledger.pinned:
            self._overruled(change)
        elif isinstance(change, Grew):
            if self._streams(path):
                self._grow(path, change.text)
        elif isinstance(change, Closed):
            self._take_closed(path, change.value)
        else:
            self.fault = _repeated(path if path[0] not in self._checked else path[:1])

    def _grow(self, path: Path, text: str) -> None:
        """Tells text of a string, but not beyond its limit: it cannot become valid again by growing on."""
        longest = self._shape.fields[str(path[0])].longest if len(path) == 1 else None
        end = None if longest is None else self._first_beyond(longest, text)
        self._token(self._words.feed(text[:end]) if self._by_words else text[:end])
        if end is not None:
            self.rest_of_words()
            self._string_told = False
            message = f"String should have at most {longest} characters"
            self._invalid(path, [Breach(path=to_pointer(path), rule="string_too_long", message=message)])

    def _first_beyond(self, longest: int, text: str) -> int | None:
        """Where in a piece of the string the first character beyond the limit ends: in the same place however the text
        is cut. Blanks at the string's edges do not count, since they may be trimmed.
        """
        lead = 0 if self._length else len(text) - len(text.lstrip())
        begin = lead + max(longest - self._length, 0)
        self._length += len(text) - lead
        beyond = text[begin:].lstrip()
        return len(text) - len(beyond) + 1 if beyond else None

    def _take_closed(self, path: Path, value: Any) -> None:
        if self._is_field(path):
            self.rest_of_words()
            self._validate(path, value)
        elif value == "" and self._streams(path):
            # A string without text is told, too: it has a place of its own in its list.
            self._token("", even_empty=True)
        else:
            self.rest_of_words()

    def _overruled(self, change: Change) -> None:
        """The user has taken this property over: what the model says of it is only remembered."""
        if isinstance(change, Closed) and len(change.path) == 1:
            name = str(change.path[0])
            self._open.discard(name)
            if name not in self._checked:
                self._ledger.wrote(name, self._shape.check(change.path, change.value)[0])

    def _token(self, text: str, *, even_empty: bool = False) -> None:
        if text or even_empty:
            self._ledger.token(self._string_pointer, text)

    def _streams(self, path: Path) -> bool:
        """Whether this string is told as it grows. Not behind a neighbour of which nothing could be told: no gaps."""
        if path != self._string_path:
            settle = self._settles(path)
            self._string_path, self._string_pointer, self._by_words = path, to_pointer(path), settle == "word"
            self._length = 0
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

    def _validate(self, path: Path, value: Any) -> None:
        name = str(path[0])
        valid, broken = self._shape.check(path, value)
        if broken:
            if len(path) == 1 and name not in self._checked:
                self._ledger.wrote(name, valid)
            self._invalid(path, broken)
        elif name in self.void:
            return
        elif name in self._checked and not self._has_passed(path, valid):
            self.waiting = (path, valid)
        else:
            self._settle(path, valid)

    def _has_passed(self, path: Path, value: Any) -> bool:
        """A list all of whose items have passed has itself."""
        name = str(path[0])
        return isinstance(value, list) and len(path) == 1 and same(value, self._ledger.value.get(name, []))

    def _settle(self, path: Path, value: Any) -> None:
        self._ledger.field(path, value, "model")
        if len(path) > 1:
            return
        name = str(path[0])
        self._open.discard(name)
        self._ledger.wrote(name, value)
        if self._ledger.cross(name):
            self._doom()

    def _invalid(self, path: Path, broken: Collection[Breach]) -> None:
        name = str(path[0])
        self.void.add(name)
        self._ledger.invalid(self._discreet(name, broken))
        self._doom()

    def _discreet(self, name: str, broken: Collection[Breach]) -> Collection[Breach]:
        """What may be told of a breach: nothing of a checked value that its check has not seen."""
        return discreet(broken) if name in self._checked else broken

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
