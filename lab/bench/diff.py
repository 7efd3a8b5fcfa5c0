"""What two prompts made of one case, field by field: words that only one of them wrote are marked."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

from lab.bench.trial import Trial
from lab.pages import rendered

Kind = Literal["same", "deleted", "inserted"]

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_MARKS: Mapping[Kind, tuple[str, str]] = {"same": ("", ""), "deleted": ("[-", "-]"), "inserted": ("{+", "+}")}


class Piece(NamedTuple):
    """Some words, and which of the two wrote them."""

    kind: Kind
    text: str


@dataclass(frozen=True, repr=False)
class Diff:
    """The answers to one case, `a`'s and `b`'s, by field in form order: deleted is what only `a` wrote."""

    a: Trial
    b: Trial

    @property
    def fields(self) -> dict[str, tuple[Piece, ...]]:
        """By property. Of a run that did not complete it is what stood at its end."""
        old, new = self.a.drafts[-1], self.b.drafts[-1]
        return {name: tuple(_pieces(_text(old, name), _text(new, name))) for name in {**old, **new}}

    @property
    def case(self) -> str:
        """The case's id."""
        return self.a.case.id

    @property
    def model(self) -> str:
        """What the bench calls the model that answered both."""
        return self.a.model

    @property
    def said_a(self) -> str:
        """The first prompt's name; and how its run ended, if it did not complete."""
        return _said(self.a)

    @property
    def said_b(self) -> str:
        """The same of the second."""
        return _said(self.b)

    def __str__(self) -> str:
        whose = [_marked(Piece("deleted", self.said_a)), _marked(Piece("inserted", self.said_b))]
        title = f"{self.case}, {self.model}: {' '.join(whose)}"
        return "\n".join([title, *(f"  {name}: {''.join(map(_marked, each))}" for name, each in self.fields.items())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return rendered("bench/diff.html", diff=self)


def _said(trial: Trial) -> str:
    return trial.prompt.name if trial.complete else f"{trial.prompt.name} ({trial.outcome})"


def _text(value: Mapping[str, Any], name: str) -> str:
    item = value.get(name, "")
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _pieces(old: str, new: str) -> Iterator[Piece]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    for _, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if before[i:j] == after[k:m]:
            yield Piece("same", "".join(before[i:j]))
            continue
        if i < j:
            yield Piece("deleted", "".join(before[i:j]))
        if k < m:
            yield Piece("inserted", "".join(after[k:m]))


def _marked(piece: Piece) -> str:
    before, behind = _MARKS[piece.kind]
    return f"{before}{piece.text}{behind}"
