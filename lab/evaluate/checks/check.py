"""One question about an answer that has only one right reply, whoever asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.cases import Case, ChainName

Applies = Callable[[ChainName, Case], bool]


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked of an answer, and of which answers.

    - `name`: a slug, the column of every table
    - `about`: the same as a sentence for people; it says what holds when the check passes
    - `applies`: whether it can be asked of this case at all
    - `broken`: None if it passes, else why not, in words for whoever reads the report
    """

    name: str
    about: str
    applies: Applies
    broken: Callable[[Case, Mapping[str, Any]], str | None]
