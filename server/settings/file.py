"""Reads `langserve.yaml`. What is unknown, wrong or missing is refused with a sentence that names the key."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from chains.strict_yaml import load_yaml
from server.settings.errors import SettingsError
from server.settings.whole import Settings


def load_settings(path: Path) -> Settings:
    """The settings in a file. `SettingsError` if there are none to be had."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error
    return parse_settings(text, str(path))


def parse_settings(text: str, where: str) -> Settings:
    """The settings in a text; `where` is named in errors."""
    try:
        return Settings.model_validate(load_yaml(text) or {})
    except yaml.YAMLError as error:
        raise SettingsError(f"{where} is not YAML: {_problem(error)}") from error
    except ValidationError as error:
        raise SettingsError(f"{where} cannot be used:\n{complaints(error)}") from error


def complaints(error: ValidationError) -> str:
    """Each key that is wrong, and what is wrong with it: one a line."""
    return "\n".join(f"  {_key(item['loc'])}: {_sentence(item)}" for item in error.errors(include_url=False))


def _problem(error: yaml.YAMLError) -> str:
    """What is wrong, and where. Not the line itself, which may hold what should not be there: a key."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} in line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    return str(error)


def _key(location: tuple[str | int, ...]) -> str:
    """A key as the file spells it: without the provider, which pydantic names in between (`models.demo.scripted.…`)."""
    if location[:1] == ("models",):
        location = location[:2] + location[3:]
    return ".".join(map(str, location)) or "the whole"


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    return str(error["msg"]).removeprefix("Value error, ")
