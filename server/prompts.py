"""Which prompts the chains are served with: held to what was reviewed, and in development read again when they change.

In production a prompt whose text is not the one that the settings name is refused at the start. In development it is
served, `start` says which text it was, and who edits a file sees it in the next answer.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chains.faults import log_fault
from chains.prompts import Chosen, file_stamp
from chains.structured import StructuredChain
from server.settings import Settings, SettingsError, load_settings

_log = logging.getLogger(__name__)

LOOK_S = 0.5
"""Seconds between two looks at the files, in development."""


def hold_prompts(settings: Settings, chains: Mapping[str, StructuredChain]) -> None:
    """In production, `SettingsError` unless every prompt is what was named; elsewhere it is only said."""
    complaints = [text for name, chain in chains.items() for text in _complaints(settings, name, chain)]
    if complaints and settings.mode == "production":
        raise SettingsError("\n".join(complaints))
    for complaint in complaints:
        _log.warning("%s", complaint)


async def watch_prompts(settings: Settings, chains: Mapping[str, StructuredChain], file: Path | None = None) -> None:
    """Takes what prompts have become, and what `file`, the settings' own, names by now: what of it can be served."""
    watch = _Watch(settings, chains, file)
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            for level, sentence in await asyncio.to_thread(watch.look):
                _log.log(level, "%s", sentence)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next look may find it mended
            log_fault(_log, "the prompts could not be looked at", error)


class _Watch:
    """What was found the last time, of the settings and of each chain's prompts. `look` does all of it again."""

    def __init__(self, settings: Settings, chains: Mapping[str, StructuredChain], file: Path | None) -> None:
        self._settings = settings
        self._chains = chains
        self._file = file
        self._stamp = file_stamp(file) if file else ()
        self._said = {name: set(_complaints(settings, name, chain)) for name, chain in chains.items()}

    def look(self) -> list[tuple[int, str]]:
        """Serves what can be served; what there is to say of it, once."""
        said = [(logging.WARNING, text) for text in self._reread_settings()]
        for name, chain in self._chains.items():
            if chain.shelf is None:
                continue
            looked = chain.shelf.look(self._chosen(name), chain.check_prompt)
            said += [(logging.INFO, f"{name} is served with {prompt.reference} now") for prompt in looked.changed]
            said += [(logging.WARNING, f"{name} is served as before: {problem}") for problem in looked.problems]
            complaints = set(_complaints(self._settings, name, chain))
            said += [(logging.WARNING, text) for text in sorted(complaints - self._said[name])]
            self._said[name] = complaints
        return said

    def _chosen(self, name: str) -> Chosen:
        served = self._settings.chains.get(name)  # a chain that was taken out is served on until the next start
        return served.prompts if served else {}

    def _reread_settings(self) -> Iterator[str]:
        if self._file is None or (stamp := file_stamp(self._file)) == self._stamp:
            return
        self._stamp = stamp
        try:
            settings = load_settings(self._file)
        except SettingsError as error:
            yield f"all is served as before: {error}"
            return
        if _without_prompts(settings) != _without_prompts(self._settings):
            yield f"{self._file.name} has changed: but for the prompts, that takes another start"
        self._settings = settings


def _without_prompts(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(exclude={"chains": {name: {"prompts"} for name in settings.chains}})


def _complaints(settings: Settings, name: str, chain: StructuredChain) -> Iterator[str]:
    """What production would not serve. A chain that names no prompts at all is not held to any."""
    served = settings.chains.get(name)
    if chain.shelf is None or served is None:
        return
    for language in chain.model.languages:
        prompt = chain.shelf[language]
        named = served.prompts.get(language, "nothing")
        if served.prompts and named != prompt.reference:
            yield (
                f"chains.{name}.prompts.{language} names {named}, but {prompt.name}.md is {prompt.reference}. Take the "
                f"change back, or ship it by writing there: {language}: {prompt.reference}"
            )
        if prompt.about.model and prompt.about.model != (model := settings.model_name(name)):
            yield (
                f"chains.{name} is served by the model {model!r}, but {prompt.name}.md was made for "
                f"{prompt.about.model!r}. Set chains.{name}.model, or take `model` out of the prompt."
            )
