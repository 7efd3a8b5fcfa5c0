"""The prompts that a chain has, and those of them that it is served with: one for each language."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from chains.prompts.prompt import Prompt, PromptError
from schemas import Language

_HERE = Path(__file__).parent

Chosen = Mapping[Language, Prompt | str]
"""By language: a prompt, or how a file is named: `en_warm`, or exactly: `en_warm@8f21ab03c4d1`."""

Check = Callable[[Prompt], None]
"""Raises a `PromptError` if a prompt cannot be served."""


def folder_of(chain: str) -> Path:
    """Where the prompts of one of the chains of this room are."""
    return _HERE / chain


def prompts_of(chain: str, folder: Path | None = None) -> dict[str, Prompt]:
    """Every prompt of a chain by its name. `PromptError` if one cannot be used, or there is none."""
    folder = folder or folder_of(chain)
    prompts = {path.stem: Prompt.read(path) for path in prompt_files(folder)}
    if not prompts:
        raise PromptError(f"There are no prompts of the chain {chain!r}.")
    return prompts


def prompt_files(folder: Path) -> list[Path]:
    """The files in a folder that are meant to be prompts; an editor's own begin with a dot."""
    return sorted(folder.glob("[!.]*.md"))


def load_prompts(chain: str, chosen: Chosen | None = None, *, folder: Path | None = None) -> "Shelf":
    """The prompts that a chain is served with. For a language without a choice it is the file named after it.

    `folder`: where a chain of one's own has them. `PromptError` if one is missing or cannot be used.
    """
    shelf = Shelf(folder or folder_of(chain))
    if problems := shelf.look(chosen or {}).problems:
        raise PromptError(" ".join(problems))
    if not shelf:
        raise PromptError(f"There are no prompts of the chain {chain!r}.")
    return shelf


class Shelf(Mapping[Language, Prompt]):
    """A prompt for each language, as the last `look` has found them.

    - `named`: what each language's prompt was called when it was chosen: `en`, `en_warm`, `en_warm@8f21ab03c4d1`
    """

    def __init__(self, folder: Path) -> None:
        self.named: dict[Language, str] = {}
        self._folder = folder
        self._served: dict[Language, Prompt] = {}
        self._seen: dict[Language, tuple[str, tuple[int, ...]]] = {}  # what was looked at last, usable or not

    def __getitem__(self, language: Language) -> Prompt:
        return self._served[language]

    def __iter__(self) -> Iterator[Language]:
        return iter(self._served)

    def __len__(self) -> int:
        return len(self._served)

    def look(self, chosen: Chosen, check: Check | None = None) -> "Looked":
        """Serves what is chosen, as its files are now; reads only what has changed since the last look.

        Each language for itself: where something cannot be used, what was there before stays, and that is said once.
        """
        changed, problems = [], []
        for language, which in {**self._defaults(), **chosen}.items():
            if self._seen.get(language) == (seen := self._sight(which)):
                continue
            self._seen[language] = seen
            try:
                prompt = which if isinstance(which, Prompt) else self._read(language, which)
                if check:
                    check(prompt)
            except PromptError as error:
                problems.append(str(error))
                continue
            self.named[language] = which.reference if isinstance(which, Prompt) else which
            if self._served.get(language) != prompt:
                self._served[language] = prompt
                changed.append(prompt)
        return Looked(tuple(changed), tuple(problems))

    def _defaults(self) -> dict[Language, str]:
        """The files that are named after a language, and the languages that have been served by others."""
        return {
            language: language
            for language in get_args(Language)
            if language in self._served or self._path(language).exists()
        }

    def _path(self, named: str) -> Path:
        return self._folder / f"{named.partition('@')[0]}.md"

    def _sight(self, which: Prompt | str) -> tuple[str, tuple[int, ...]]:
        """What is another one when there is something to read. Taken before that: what is written meanwhile is seen."""
        return (which.reference, ()) if isinstance(which, Prompt) else (which, file_stamp(self._path(which)))

    def _read(self, language: Language, named: str) -> Prompt:
        path = self._path(named)
        if not path.exists():
            there = ", ".join(each.stem for each in prompt_files(self._folder)) or "none"
            raise PromptError(f"There is no {path.name} in {self._folder.name}; there are {there}.")
        prompt = Prompt.read(path)
        if prompt.about.language != language:
            raise PromptError(f"{path.name} is in {prompt.about.language}, not in {language}.")
        return prompt


@dataclass(frozen=True, slots=True)
class Looked:
    """What has come of a look: prompts that are served from now on, and why others are not."""

    changed: tuple[Prompt, ...]
    problems: tuple[str, ...]


def file_stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file does; empty if there is none. Editors replace files, and tools may keep their times."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
