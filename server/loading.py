"""The models and chains that the settings name, and a look at the models now and then."""

import asyncio
import importlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from chains.faults import log_fault
from chains.models.model import Model
from chains.models.spec import ModelSpec
from chains.prompts import PromptError
from chains.structured import StructuredChain
from server.settings import ChainSettings, Settings, SettingsError, complaints

_log = logging.getLogger(__name__)

WATCH_S = 1.0
"""Seconds between two looks at whether the models are there."""


def load_models(settings: Settings) -> dict[str, Model]:
    """The models that the chains use, by their names. `SettingsError`."""
    names = {settings.model_name(chain) for chain in settings.chains}
    return {name: _load(name, settings.models[name]) for name in sorted(names)}


def load_chains(settings: Settings, models: Mapping[str, Model]) -> dict[str, StructuredChain]:
    """The chains, by the names that they have in the settings. `SettingsError`."""
    return {
        name: _build(name, served, models[settings.model_name(name)], settings)
        for name, served in settings.chains.items()
    }


async def watch_models(models: Mapping[str, Model], told: Callable[[str, bool], None]) -> None:
    """Brings back a model whose process has died; until then `/ready` says so. `told`: of each whether it is there."""
    while True:
        await asyncio.sleep(WATCH_S)
        for name, model in models.items():
            told(name, model.alive())
            if not model.alive():
                try:
                    await asyncio.to_thread(model.revive)
                except Exception as error:  # noqa: BLE001  # tried again the next time
                    log_fault(_log, f"{model.name} cannot be brought back", error)


def _load(name: str, spec: ModelSpec) -> Model:
    """Loads one model. `SettingsError` says which of the `parameters`, which are LangChain's to know, are wrong."""
    try:
        return spec.load()
    except ValidationError as error:
        raise SettingsError(f"models.{name}.parameters cannot be used:\n{complaints(error)}") from error


def _build(name: str, served: ChainSettings, model: Model, settings: Settings) -> StructuredChain:
    """Imports a chain's builder and calls it. `SettingsError` says what in `runnable` is wrong."""
    module, _, function = served.runnable.partition(":")
    where = f"chains.{name}.runnable: {served.runnable}"
    try:
        build = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, TypeError) as error:
        raise SettingsError(f"{where} cannot be imported ({error})") from error
    named: dict[str, Any] = {"prompts": served.prompts} if served.prompts else {}
    try:
        chain = build(model, settings.run_limits(name), **named)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where} cannot be built ({error})") from error
    if not isinstance(chain, StructuredChain):
        raise SettingsError(f"{where} does not build a StructuredChain")
    try:
        for prompt in (chain.shelf or {}).values():
            chain.check_prompt(prompt)
    except PromptError as error:
        raise SettingsError(f"chains.{name} cannot be served: {error}") from error
    return chain
