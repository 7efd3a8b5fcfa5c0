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


def folder_of(chain: str) -> Path:
    """Where the prompts of one of the chains of this room are."""
    return _HERE / chain


def prompts_of(chain: str, folder: Path | None = None) -> dict[str, Prompt]:
    """Every prompt of a chain by its name. `PromptError` if one cannot be used, or there is none."""
    folder = folder or folder_of(chain)
    prompts = {path.stem: Prompt.read(path) for path in sorted(folder.glob("*.md"))}
    if not prompts:
        raise PromptError(f"There are no prompts of the chain {chain!r}.")
    return prompts


def load_prompts(chain: str, chosen: Chosen | None = None, *, folder: Path | None = None) -> "Shelf":
    """The prompts that a chain is served with. For a language without a choice it is the file named after it.

    `folder`: where a chain of one's own has them. `PromptError` if one is missing or cannot be used.
    """
    folder = folder or folder_of(chain)
    named: dict[Language, Prompt | str] = {
        language: language for language in get_args(Language) if (folder / f"{language}.md").exists()
    }
    named |= chosen or {}
    if not named:
        raise PromptError(f"There are no prompts of the chain {chain!r}.")
    return Shelf(folder, named)


@dataclass(frozen=True, slots=True)
class _Place:
    """A language's prompt, and the file that it is read from, if it is."""

    prompt: Prompt
    named: str = ""
    path: Path | None = None
    stamp: tuple[int, ...] = ()

    @property
    def edited(self) -> bool:
        """Whether the file is no longer what was named."""
        return "@" in self.named and self.named != self.prompt.reference


class Shelf(Mapping[Language, Prompt]):
    """A prompt for each language. Those that are files can be read again."""

    def __init__(self, folder: Path, chosen: Chosen) -> None:
        self._folder = folder
        self._places: dict[Language, _Place] = {}
        self.choose(chosen)

    def __getitem__(self, language: Language) -> Prompt:
        return self._places[language].prompt

    def __iter__(self) -> Iterator[Language]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def edited(self) -> Mapping[str, Prompt]:
        """The prompts whose files are not what they were when they were named, by that name."""
        return {place.named: place.prompt for place in self._places.values() if place.edited}

    def choose(self, chosen: Chosen, check: Callable[[Prompt], None] | None = None) -> None:
        """From now on these; languages that are not among them stay as they are. All or nothing: `PromptError`."""
        places = {language: self._placed(language, which) for language, which in chosen.items()}
        for place in places.values():
            if check:
                check(place.prompt)
        self._places |= places

    def reread(self, check: Callable[[Prompt], None]) -> "Reread":
        """Takes what files have become since. One that cannot be used, or does not pass the check, stays as it was."""
        changed, problems = [], []
        for language, place in self._places.items():
            if place.path is None or (stamp := file_stamp(place.path)) == place.stamp:
                continue
            try:
                new = self._placed(language, place.named)
                check(new.prompt)
            except PromptError as error:
                problems.append(str(error))
                new = _Place(place.prompt, place.named, place.path, stamp)  # not complained of again
            else:
                if new.prompt.text != place.prompt.text:
                    changed.append(new.prompt)
            self._places[language] = new
        return Reread(tuple(changed), tuple(problems))

    def _placed(self, language: Language, which: Prompt | str) -> _Place:
        if isinstance(which, Prompt):
            place = _Place(which)
        else:
            path = self._folder / f"{which.partition('@')[0]}.md"
            stamp = file_stamp(path)  # first: what is written while it is read will be read again
            place = _Place(Prompt.read(path), which, path, stamp)
        if place.prompt.about.language != language:
            raise PromptError(f"{place.prompt.name}.md is in {place.prompt.about.language}, not in {language}.")
        return place


@dataclass(frozen=True, slots=True)
class Reread:
    """What has come of reading again: prompts that are others now, and what is wrong with those that are not taken."""

    changed: tuple[Prompt, ...]
    problems: tuple[str, ...]


def file_stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file does. Editors replace files: the inode is among it."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino)
