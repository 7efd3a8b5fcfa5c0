"""Which prompts the chains are served with: held to what was reviewed, and in development read again when they change.

In production a prompt whose text is not the one that the settings name is refused at the start. In development it is
served, `start` says which text it was, and who edits a file sees it in the next answer.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chains.prompts import PromptError, file_stamp
from chains.structured import StructuredChain
from server.settings import Settings, SettingsError, load_settings

_log = logging.getLogger(__name__)

LOOK_S = 0.5
"""Seconds between two looks at the files, in development."""


def hold_prompts(settings: Settings, chains: Mapping[str, StructuredChain]) -> None:
    """In production, `SettingsError` unless every prompt is what was named; elsewhere it is only said."""
    complaints = list(_complaints(settings, chains))
    if complaints and settings.mode == "production":
        raise SettingsError("\n".join(complaints))
    for complaint in complaints:
        _log.warning("%s", complaint)


async def watch_prompts(settings: Settings, chains: Mapping[str, StructuredChain], file: Path | None = None) -> None:
    """Takes what prompts have become, and what `file`, the settings' own, names by now: what of it can be served."""
    names = _Names(settings, file) if file else None
    while True:
        await asyncio.sleep(LOOK_S)
        if names:
            await names.look(chains)
        for name, chain in chains.items():
            if chain.shelf is not None:
                reread = await asyncio.to_thread(chain.shelf.reread, chain.check_prompt)
                for prompt in reread.changed:
                    _log.info("%s is served with %s now", name, prompt.reference)
                for problem in reread.problems:
                    _log.warning("%s is served as before: %s", name, problem)


class _Names:
    """The settings' file, of which a change in what prompts are named is taken at once."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self._settings = settings
        self._file = file
        self._stamp = file_stamp(file)

    async def look(self, chains: Mapping[str, StructuredChain]) -> None:
        if (now := file_stamp(self._file)) == self._stamp:
            return
        self._stamp = now
        try:
            settings = await asyncio.to_thread(load_settings, self._file)
            for name, served in settings.chains.items():
                chain = chains.get(name)
                if chain and chain.shelf is not None and served.prompts != self._settings.chains[name].prompts:
                    chain.shelf.choose(served.prompts, chain.check_prompt)
                    _log.info("%s is served with %s now", name, ", ".join(p.reference for p in chain.shelf.values()))
        except (SettingsError, PromptError) as error:
            _log.warning("all is served as before: %s", error)
            return
        if _without_prompts(settings) != _without_prompts(self._settings):
            _log.warning("%s has changed: but for the prompts, that takes another start", self._file.name)
        self._settings = settings


def _without_prompts(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(exclude={"chains": {name: {"prompts"} for name in settings.chains}})


def _complaints(settings: Settings, chains: Mapping[str, StructuredChain]) -> Iterator[str]:
    for name, chain in chains.items():
        if chain.shelf is None:
            continue
        for named, prompt in chain.shelf.edited.items():
            yield (
                f"chains.{name}.prompts names {named}, but that file has changed: it is {prompt.reference}. Take the "
                f"change back, or name it (python -m lab.promote {name} {prompt.name})."
            )
        for prompt in chain.shelf.values():
            if prompt.about.model and prompt.about.model != (model := settings.model_name(name)):
                yield (
                    f"chains.{name} is served by the model {model!r}, but {prompt.name}.md was made for "
                    f"{prompt.about.model!r}. Set chains.{name}.model, or take `model` out of the prompt."
                )
