"""What the settings say of one chain: its key, the prompts that it names, the models that may serve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from chains.models.spec import ModelSpec
from chains.strict_yaml import load_yaml
from lab.cases import ChainName
from lab.served import CHAINS, model_spec

_RUNNABLES = {f"{build.__module__}:{build.__name__}": chain for chain, build in CHAINS.items()}


class PromoteError(ValueError):
    """It cannot be done; the message says why, and where there is something to do, what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A chain as the settings describe it.

    - `name`: its key under `chains`; `chain`: which chain it is, whose prompts it has
    - `prompts`: what it names, by language
    - `model`: which of `models` it is set to, or `auto`
    """

    name: str
    chain: ChainName
    prompts: Mapping[str, str]
    model: str


def parse_settings(text: str) -> dict[str, Any]:
    """What a text says. `PromoteError` if it is no YAML, or says anything but keys and values."""
    try:
        return _mapping(load_yaml(text), "The file")
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            problem = f"{error.problem} in line {error.problem_mark.line + 1}"
        raise PromoteError(f"The settings are not YAML: {problem}.") from error


def find_entry(settings: Mapping[str, Any], wanted: str) -> Entry:
    """The chain that is called so, as its key or as the project calls it. `PromoteError` if that is not just one."""
    entries = _mapping(settings.get("chains"), "`chains`")
    name = _find_name(entries, wanted)
    own = _mapping(entries[name], f"`chains.{name}`")
    chain = _built(own) or next((chain for chain in CHAINS if chain == _spelt(name)), None)
    if chain is None:
        raise PromoteError(
            f"chains.{name} is a chain of your own, whose line is written by hand. The server says what it has to be."
        )
    return Entry(name, chain, _prompts(own, name), str(own.get("model") or settings.get("model") or "auto"))


def described_models(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What stands under `models`, unread."""
    return _mapping(settings.get("models"), "`models`")


def models_of(settings: Mapping[str, Any], entry: Entry) -> dict[str, ModelSpec]:
    """What may serve the chain, by its name under `models`: one, or what `auto` has to choose from. `PromoteError`."""
    described = described_models(settings)
    named = ["embedded", "openai"] if entry.model == "auto" else [entry.model]
    names = [name for name in named if name in described]
    if not names:
        raise PromoteError(
            f"chains.{entry.name} is served by the model {' or '.join(named)}, which is not described under `models`."
        )
    return {name: model_spec(name, described[name]) for name in names}


def _find_name(entries: Mapping[str, Any], wanted: str) -> str:
    called = [wanted] if wanted in entries else [name for name in entries if _spelt(name) == _spelt(wanted)]
    match called or [name for name, own in entries.items() if _built(own) == _spelt(wanted)]:
        case [name]:
            return name
        case []:
            raise PromoteError(f"There is no chain {wanted!r}; the settings have {', '.join(entries) or 'none'}.")
        case several:
            raise PromoteError(f"{wanted!r} is served more than once. Say which: {', '.join(several)}.")


def _spelt(name: str) -> str:
    """As in Python; in addresses and settings it is usually spelt with hyphens."""
    return name.replace("-", "_")


def _built(own: Any) -> ChainName | None:
    """Which chain its `runnable` builds, if it is one of the project's."""
    return _RUNNABLES.get(str(own.get("runnable"))) if isinstance(own, dict) else None


def _prompts(own: Mapping[str, Any], name: str) -> dict[str, str]:
    where = f"`chains.{name}.prompts`"
    named = {} if own.get("prompts") is None else _mapping(own["prompts"], where)
    for language, prompt in named.items():
        if not isinstance(prompt, str):
            raise PromoteError(f"{where} names no prompt for {language}, but {prompt!r}.")
    return named


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PromoteError(f"{what} should hold keys and values.")
    return {key: inner for key, inner in value.items() if isinstance(key, str)}
