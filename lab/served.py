"""Models and chains as `langserve.yaml` describes them, for whoever tries prompts without a server."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from chains import Model, StructuredChain, chatbot, meeting_info
from chains.models.spec import ModelSpec
from chains.strict_yaml import load_yaml
from lab.cases import ChainName

CHAINS: Mapping[ChainName, Callable[..., StructuredChain]] = {
    "meeting_info": meeting_info.build,
    "chatbot": chatbot.build,
}
"""What builds each chain: `(model, limits, prompts=…)`."""

_SPEC: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)


def config_file() -> Path:
    """The file that CONFIG names, or the `langserve.yaml` beside the rooms."""
    return Path(os.environ.get("CONFIG") or Path(__file__).parents[1] / "langserve.yaml")


def chain_named(name: str) -> ChainName:
    """The chain of this name, however it is spelt: as in addresses (`meeting-info`) or in Python. `ValueError`."""
    spelt = name.replace("-", "_")
    for known in CHAINS:
        if spelt == known:
            return known
    raise ValueError(f"There is no chain {name!r}; there are {', '.join(CHAINS)}.")


def load_model(name: str, config: Path | None = None) -> Model:
    """A model by its name under `models`. `close()` it afterwards: the embedded one is a process.

    `ValueError` if there is no such model; `ModelUnavailable` says what to set where it cannot be had.
    """
    file = config or config_file()
    try:
        settings = load_yaml(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file.name} is not YAML: {' '.join(str(error).split())}") from error
    models: dict[str, Any] = (settings or {}).get("models") or {}
    if name not in models:
        raise ValueError(f"{file.name} describes no model {name!r}; it describes {', '.join(models) or 'none'}.")
    return model_spec(name, models[name]).load()


def model_spec(name: str, description: Any) -> ModelSpec:
    """What stands under a model's name, typed; nothing is loaded. `ValueError` names the key that is wrong."""
    try:
        return _SPEC.validate_python(description)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, ("models", name, *first["loc"][1:])))  # without the provider, which pydantic names
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}.") from error
