"""Which model it was, and how it was set: for people beside a figure, and for the cache's keys."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from chains.models.model import Model
from chains.prompts import Parameters

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def settings_of(model: Model) -> dict[str, Any]:
    """How the model's dice and lengths are set, for a caption: by its own settings, and by what each call is sent.

    Of what goes into the request's body as it is, only numbers and switches: texts might be anything.
    """
    chat = model.chat
    own = {name: getattr(chat, name, None) for name in Parameters.model_fields}
    body = getattr(chat, "extra_body", None) or {}
    switches = {name: value for name, value in body.items() if isinstance(value, int | float)}
    return {name: value for name, value in {**own, **switches, **model.parameters}.items() if value is not None}


def identity_of(model: Model) -> dict[str, Any]:
    """Everything about a model that may change its answers or their times, as JSON, without secrets.

    LangChain's own cache string will not do: it leaves out a scripted model's script, and holds the port of a server on
    this machine, which the embedded model chooses anew at every start.
    """
    chat = model.chat.model_dump(exclude={"metadata", "tags", "verbose", "custom_get_token_ids"})
    return {
        "name": model.name,
        "way": model.way,
        "dialect": model.dialect,
        "context_tokens": model.context_tokens,
        "max_tokens": model.max_tokens,
        "wide_tokens": model.wide_tokens,
        "parameters": _plain(model.parameters),
        "kind": type(model.chat).__qualname__,
        "chat": _plain({name: value for name, value in chat.items() if not name.endswith("_headers")}),
    }


def _plain(value: Any) -> Any:
    """The value as JSON. Of an address only the place, of a secret only that there is one, of an object its kind."""
    match value:
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case SecretStr():
            return "secret"
        case str() if "://" in value:
            return _place(value)
        case str() | int() | float() | None:
            return value
        case _:
            return type(value).__qualname__


def _place(url: str) -> str:
    """An address without what may be a credential, and without a port on this machine."""
    parts = urlsplit(url)
    local = parts.hostname in _LOOPBACK
    return f"{parts.scheme}://{parts.hostname}{'' if local or not parts.port else f':{parts.port}'}{parts.path}"
