"""What a prompt is tried on: requests as users send them, kept as JSON Lines."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas import Category, Language

ChainName = Literal["meeting_info", "chatbot"]

DATA = Path(__file__).parent / "data"
"""The project's own cases, invented for it: no user wrote them. In each file the kinds take turns, so that the first
dozen is a fair sample of all."""


class Expected(BaseModel):
    """What a good answer would be, as far as that can be said of any good answer.

    - `categories`: the categories that make sense; empty: not judged
    - `group_ids`: the groups of which one should be recommended; None: not judged; empty: none of them fits
    - `never`: what only an answer would say that obeyed an instruction inside the request's data
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: tuple[Category, ...] = ()
    group_ids: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()


class Case(BaseModel):
    """One request. `id` is unique in its file and stays when others are added."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    input: dict[str, Any]
    expect: Expected = Expected()

    @property
    def language(self) -> Language:
        """In which language it is asked."""
        language: Language = self.input["language"]
        return language


def load_cases(chain: ChainName, language: Language, folder: Path = DATA) -> list[Case]:
    """The cases of a chain in one language. `ValueError` names the file and the line that is none."""
    return read_cases(folder / f"{chain}.{language}.jsonl")


def read_cases(path: Path) -> list[Case]:
    """The cases in a file, in its order. `ValueError` names the line that is none, or an id that stands twice."""
    cases = [_case(path, number, line) for number, line in enumerate(_lines(path), start=1) if line.strip()]
    if len({case.id for case in cases}) < len(cases):
        raise ValueError(f"{path}: ids must differ from one another")
    return cases


def _lines(path: Path) -> Iterable[str]:
    return path.read_text(encoding="utf-8").split("\n")


def _case(path: Path, number: int, line: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{path}, line {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
