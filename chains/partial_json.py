"""An incremental JSON parser: text in, in pieces of any size; what grew and what closed out, at once.

Standard library only, no I/O. It reads each character once. `feed(text)` returns the changes that the text brought:

    Grew(path, text)       text was appended to the string value at `path`
    Closed(path, value)    the value at `path` is whole; children come before their parents, the root has path ()
    Repeated(path)         an object repeats a key; the last value will be kept, as `json.loads` does

`finish()` gives the final value or raises the error that stopped the parser. However the text is cut, the sequence of
`Closed` and `Repeated`, the concatenation of `Grew` for each path, and the result are the same.

What it accepts is RFC 8259 and nothing else, with two exceptions that a language model makes necessary: prose and a
markdown fence around the object are skipped, and a lone surrogate becomes U+FFFD (so that what leaves is always
Unicode). Text whose first non-blank character is `{` or `[` is read as JSON from there; any other text is prose up to
the first `{` that a key follows. What is held back while it is incomplete: escapes, surrogate pairs, numbers, literals
and keys.

Bounds: `max_depth` containers inside one another (64), `max_bytes` of UTF-8 text in all (1 MiB); at the bound the
parser stops with a typed error, and what it read until then stays valid. There is no recovery: feed a new parser.

The errors, all of them `ValueError`s:

    PartialJSONError
    ├── MalformedJSON     not JSON at `position`
    ├── UnfinishedJSON    the text ended first
    ├── TrailingData      something stands behind the end of the object
    ├── NestedTooDeep
    └── TextTooLarge
"""

import re
from collections.abc import Callable
from math import isinf
from typing import Any, Literal, NamedTuple

Path = tuple[str | int, ...]


class Grew(NamedTuple):
    """`text` was appended to the string at `path`."""

    path: Path
    text: str


class Closed(NamedTuple):
    """The value at `path` is whole. Containers are the parser's own: read them, do not change them."""

    path: Path
    value: Any


class Repeated(NamedTuple):
    """The key at the end of `path` stands in its object a second time."""

    path: Path


Change = Grew | Closed | Repeated


class PartialJSONError(ValueError):
    """The text cannot be read (on). `position` counts the characters fed before the place."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (character {position})")
        self.position = position


class MalformedJSON(PartialJSONError):
    """The text is not JSON."""


class UnfinishedJSON(PartialJSONError):
    """The text ended before its object did."""


class TrailingData(PartialJSONError):
    """Something other than blanks stands behind the end."""


class NestedTooDeep(PartialJSONError):
    """More containers inside one another than `max_depth`."""


class TextTooLarge(PartialJSONError):
    """More text than `max_bytes`."""


_BLANKS = re.compile(r"[ \t\n\r]*")
_BLANKS_AND_FENCE = re.compile(r"[ \t\n\r`]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ONLY_CHARACTERS = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]+')
_HEX = re.compile(r"[0-9a-fA-F]*")
_NUMBER_CHARACTERS = re.compile(r"[-+.0-9eE]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_JOINED = 64  # so many pieces of a string become one
_LITERALS: dict[str, tuple[str, Any]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class PartialJSONParser:
    """Reads one JSON object (or array) as it arrives. See the module for the contract.

    A state is a method that reads `text` from index `at` and returns the index after what it took; it takes at least
    one character or hands over to a state that does.
    """

    def __init__(self, *, max_depth: int = 64, max_bytes: int = 1 << 20) -> None:
        self.error: PartialJSONError | None = None
        self.closed = False
        """Whether the object is whole. What follows is not part of it: stop feeding, the first object wins."""
        self._max_depth = max_depth
        self._room = max_bytes
        self._position = 0  # characters read before the current text
        self._state: Callable[[str, int], int] = self._before
        self._changes: list[Change] = []
        self._root: Any = None
        self._holders: list[Any] = []  # the open containers, outermost first
        self._path: list[str | int] = []  # where the value that is being read stands
        self._string: Literal["", "key", "value"] = ""  # which kind of string is open, if any
        self._chunks: list[str] = []  # the string that is being read, as far as its pieces have been joined ...
        self._pieces: list[str] = []  # ... and its further pieces, or those of a number or literal
        self._told = 0  # how many of the pieces have been told as growth
        self._high = ""  # a high surrogate that waits for its other half
        self._fenced = False

    def feed(self, text: str) -> list[Change]:
        """What this text brought. Never raises: what came before an error is returned, and after it nothing more."""
        if self._string == "value" and self.error is None and self._carries_on(text):
            return [Grew(tuple(self._path), text)]
        changes: list[Change] = []
        if self.error is None:
            self._changes = changes
            try:
                self._read(text)
            except PartialJSONError as error:
                self.error = error
            if self._string == "value":
                self._tell_growth()
        return changes

    def finish(self) -> Any:
        """The whole value. Raises the error that stopped the parser, or `UnfinishedJSON`."""
        if self.error is None and not self.closed:
            self.error = UnfinishedJSON("the text ended before its object did", self._position)
        if self.error is not None:
            raise self.error
        return self._root

    @property
    def value(self) -> Any:
        """A copy of the value so far, its open containers and its open string as far as they have come.

        Keys that have no value yet and numbers and literals that are still open are left out. `None` before the object
        begins.
        """
        if self._string == "value":
            self._place("".join([*self._chunks, *self._pieces]))
        return _copy(self._root)

    # -- the text ----------------------------------------------------------------------------------------------------

    def _carries_on(self, text: str) -> bool:
        """Takes a text that is nothing but characters of the open string, as nearly every one is; no other."""
        if self._high or self._state != self._characters or not _ONLY_CHARACTERS.fullmatch(text):
            return False
        size = len(text) if text.isascii() else len(text.encode())
        if size > self._room:
            return False
        self._room -= size
        self._position += len(text)
        self._pieces.append(text)
        self._told = len(self._pieces)
        if self._told == _JOINED:  # a string of four characters takes sixty bytes by itself
            self._chunks.append("".join(self._pieces))
            self._pieces, self._told = [], 0
        return True

    def _read(self, text: str) -> None:
        fitting = self._fitting(text)
        at, end = 0, len(fitting)
        while at < end:
            at = self._state(fitting, at)
        self._position += end
        if end < len(text):
            raise TextTooLarge("the text is larger than the parser may read", self._position)

    def _fitting(self, text: str) -> str:
        """As much of the text as `max_bytes` leaves room for."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        self._room -= size
        if self._room >= 0:
            return text
        room = self._room + size
        for at, character in enumerate(text):  # once in a parser's life
            room -= len(character.encode("utf-8", "surrogatepass"))
            if room < 0:
                return text[:at]
        return text

    def _malformed(self, message: str, at: int) -> MalformedJSON:
        return MalformedJSON(message, self._position + at)

    # -- around the object -------------------------------------------------------------------------------------------

    def _before(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at < len(text):
            self._state = self._value if text[at] in "{[" else self._prose
        return at

    def _prose(self, text: str, at: int) -> int:
        start = text.find("{", at)
        end = len(text) if start < 0 else start
        self._fenced = self._fenced or "`" in text[at:end]
        if start < 0:
            return end
        self._state = self._brace_in_prose
        return start + 1

    def _brace_in_prose(self, text: str, at: int) -> int:
        """Behind a brace: the object begins here if a key does, or in a fence if it is empty. Else it was prose."""
        at = _skip(_BLANKS, text, at)
        if at == len(text):
            return at
        if text[at] == '"' or (text[at] == "}" and self._fenced):
            return self._open_container({}, at - 1)
        self._state = self._prose
        return at

    def _after(self, text: str, at: int) -> int:
        at = _skip(_BLANKS_AND_FENCE if self._fenced else _BLANKS, text, at)
        if at < len(text):
            raise TrailingData("something stands behind the end of the object", self._position + at)
        return at

    # -- values ------------------------------------------------------------------------------------------------------

    def _value(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at == len(text):
            return at
        if self._holders and isinstance(holder := self._holders[-1], list):
            self._path.append(len(holder))
        character = text[at]
        if character == '"':
            return self._open_string("value", at)
        if character in "{[":
            return self._open_container({} if character == "{" else [], at)
        self._pieces = []
        if character in "-0123456789":
            self._state = self._number
        elif character in _LITERALS:
            self._state = self._literal
        else:
            raise self._malformed("a value was expected", at)
        return at

    def _close(self, value: Any) -> None:
        """The value that was being read is whole and in its place."""
        self._changes.append(Closed(tuple(self._path), value))
        if self._holders:
            self._path.pop()
            self._state = self._after_value
        else:
            self.closed = True
            self._state = self._after

    def _place(self, value: Any) -> None:
        """Puts a value where it stands: `value` may have put an unfinished one there before."""
        if not self._holders:
            self._root = value
        elif (key := self._path[-1]) == len(holder := self._holders[-1]) and isinstance(holder, list):
            holder.append(value)
        else:
            holder[key] = value

    def _number(self, text: str, at: int) -> int:
        end = _skip(_NUMBER_CHARACTERS, text, at)
        self._pieces.append(text[at:end])
        if end < len(text):
            value = self._to_number("".join(self._pieces), end)
            self._place(value)
            self._close(value)
        return end

    def _to_number(self, text: str, at: int) -> int | float:
        match = _NUMBER.fullmatch(text)
        if not match:
            raise self._malformed("a number is malformed", at)
        if not match[1] and not match[2]:
            try:
                return int(text)
            except ValueError:  # more digits than the interpreter converts
                raise self._malformed("a number is too long", at) from None
        value = float(text)
        if isinf(value):
            raise self._malformed("a number is out of range", at)
        return value

    def _literal(self, text: str, at: int) -> int:
        """`true`, `false` or `null`, a character at a time: they are short, and a wrong one is seen where it stands."""
        self._pieces.append(text[at])
        got = "".join(self._pieces)
        word, value = _LITERALS[got[0]]
        if not word.startswith(got):
            raise self._malformed(f"{word} was expected", at)
        if got == word:
            self._place(value)
            self._close(value)
        return at + 1

    # -- containers --------------------------------------------------------------------------------------------------

    def _open_container(self, container: dict[str, Any] | list[Any], at: int) -> int:
        if len(self._holders) == self._max_depth:
            raise NestedTooDeep(f"more than {self._max_depth} containers inside one another", self._position + at)
        self._place(container)
        self._holders.append(container)
        self._state = self._first_key if isinstance(container, dict) else self._first_item
        return at + 1

    def _close_container(self, at: int) -> int:
        self._close(self._holders.pop())
        return at + 1

    def _first_item(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at < len(text):
            if text[at] == "]":
                return self._close_container(at)
            self._state = self._value
        return at

    def _first_key(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at < len(text):
            if text[at] == "}":
                return self._close_container(at)
            self._state = self._key
        return at

    def _key(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at == len(text):
            return at
        if text[at] != '"':
            raise self._malformed("a key was expected", at)
        return self._open_string("key", at)

    def _colon(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at == len(text):
            return at
        if text[at] != ":":
            raise self._malformed("a colon was expected", at)
        self._state = self._value
        return at + 1

    def _after_value(self, text: str, at: int) -> int:
        at = _skip(_BLANKS, text, at)
        if at == len(text):
            return at
        is_object = isinstance(self._holders[-1], dict)
        if text[at] == ",":
            self._state = self._key if is_object else self._value
            return at + 1
        if text[at] == ("}" if is_object else "]"):
            return self._close_container(at)
        raise self._malformed("a comma or the end of the container was expected", at)

    # -- strings -----------------------------------------------------------------------------------------------------

    def _open_string(self, kind: Literal["key", "value"], at: int) -> int:
        self._string, self._chunks, self._pieces, self._told, self._high = kind, [], [], 0, ""
        self._state = self._characters
        return at + 1

    def _characters(self, text: str, at: int) -> int:
        end = _skip(_PLAIN, text, at)
        if end > at:
            self._append(text[at:end])
        if end == len(text):
            return end
        if text[end] == "\\":
            self._state = self._escape
        elif text[end] == '"':
            self._close_string()
        else:
            raise self._malformed("a control character stands in a string", end)
        return end + 1

    def _escape(self, text: str, at: int) -> int:
        character = text[at]
        if character == "u":
            self._hex = ""
            self._state = self._unicode
        elif character in _ESCAPES:
            self._append(_ESCAPES[character])
            self._state = self._characters
        else:
            raise self._malformed("an unknown escape stands in a string", at)
        return at + 1

    def _unicode(self, text: str, at: int) -> int:
        end = min(_skip(_HEX, text, at), at + 4 - len(self._hex))
        self._hex += text[at:end]
        if len(self._hex) == 4:
            self._append(chr(int(self._hex, 16)))
            self._state = self._characters
        elif end < len(text):
            raise self._malformed("four hexadecimal digits were expected", end)
        return end

    def _append(self, piece: str) -> None:
        """Adds to the open string, joining surrogate halves that were escaped apart or cut apart."""
        if self._high:
            piece, self._high = self._high + piece, ""
        if not piece.isascii() and _SURROGATE.search(piece):
            if "\ud800" <= piece[-1] <= "\udbff":
                piece, self._high = piece[:-1], piece[-1]
            piece = piece.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if piece:
            self._pieces.append(piece)

    def _close_string(self) -> None:
        if self._high:
            self._pieces.append("\ufffd")
        whole = "".join([*self._chunks, *self._pieces])
        if self._string == "key":
            self._path.append(whole)
            if whole in self._holders[-1]:
                self._changes.append(Repeated(tuple(self._path)))
            self._state = self._colon
        else:
            self._tell_growth()
            self._place(whole)
            self._close(whole)
        self._string = ""

    def _tell_growth(self) -> None:
        if self._told < len(self._pieces):
            self._changes.append(Grew(tuple(self._path), "".join(self._pieces[self._told :])))
            self._told = len(self._pieces)


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    """The index behind what a pattern that matches anywhere matches at `at`."""
    return pattern.match(text, at).end()  # type: ignore[union-attr]


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
