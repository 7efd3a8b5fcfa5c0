"""Models as `langserve.yaml` describes them, and how a description becomes a `Model`."""

import os
from typing import Annotated, Any, Literal, Self

import httpx2
import openai
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from chains.models.embedded import EmbeddedServer
from chains.models.model import Gate, Model
from chains.models.openai_compatible import StreamingChatOpenAI
from chains.models.scripted import Reply, ScriptedChatModel
from chains.models.transport import AiohttpTransport
from chains.output import Dialect, Way
from schemas import Language


class ModelUnavailable(RuntimeError):
    """A model cannot be had as it is described; the message says what to set."""


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: list[Language] = Field(default=["ko", "en"], min_length=1)
    structured_output: Way = "json_schema"
    dialect: Dialect | Literal["auto"] = "auto"
    context_tokens: int = Field(default=16384, ge=256)
    max_tokens: int = Field(default=2048, ge=16)
    wide_tokens: float = Field(default=1.0, gt=0)
    about: str = ""

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.max_tokens >= self.context_tokens:
            raise ValueError("max_tokens is a part of context_tokens: the prompt needs the rest")
        return self

    def model(self, **own: Any) -> Model:
        """The parts of a `Model` that every provider shares; `own` adds the rest."""
        shared = {
            "way": self.structured_output,
            "dialect": "plain" if self.dialect == "auto" else self.dialect,
            "languages": tuple(self.languages),
            "context_tokens": self.context_tokens,
            "max_tokens": self.max_tokens,
            "wide_tokens": self.wide_tokens,
            "about": self.about,
        }
        return Model(**{**shared, **own})


class _OverHTTP(_Spec):
    parameters: dict[str, Any] = Field(default_factory=dict)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    read_timeout: float = Field(default=60.0, gt=0)
    max_retries: int = Field(default=1, ge=0)

    def chat(self, *, model: str, base_url: str | None, api_key: str) -> StreamingChatOpenAI:
        """The chat model of a server that speaks OpenAI's protocol."""
        parameters: dict[str, Any] = {
            "model": model,
            "base_url": base_url,
            "api_key": SecretStr(api_key),
            "max_completion_tokens": self.max_tokens,
            "timeout": openai.Timeout(self.read_timeout, connect=10.0),
            "max_retries": self.max_retries,
            "stream_usage": True,
            "stream_chunk_timeout": None,  # the run's own idle limit stands above
            "use_responses_api": False,
            "extra_body": self.extra_body or None,
            "http_async_client": httpx2.AsyncClient(transport=AiohttpTransport(), follow_redirects=True),
        }
        return StreamingChatOpenAI(**parameters | self.parameters)


class EmbeddedSpec(_OverHTTP):
    """The small model that comes with the product, run by llama.cpp in a child process."""

    provider: Literal["embedded"]
    languages: list[Language] = Field(default=["en"], min_length=1)
    context_tokens: int = Field(default=2048, ge=256)
    max_tokens: int = Field(default=768, ge=16)
    wide_tokens: float = Field(default=3.0, gt=0)
    slots: int = Field(default=2, ge=1, le=16)

    def load(self) -> Model:
        """Starts the child, which takes about a second. `ModelUnavailable` if it cannot run here."""
        server = EmbeddedServer(slots=self.slots, context_tokens=self.context_tokens)
        endpoint = server.start()
        chat = self.chat(model=endpoint.model, base_url=endpoint.base_url, api_key=endpoint.api_key)
        return self.model(
            chat=chat,
            name=endpoint.model,
            gate=Gate(self.slots),
            alive=lambda: server.pid is not None,
            revive=server.start,
            close=server.close,
        )


class OpenAISpec(_OverHTTP):
    """Any server that speaks OpenAI's chat completions: OpenAI, vLLM, llama.cpp, Ollama, Hugging Face."""

    provider: Literal["openai"]
    max_concurrency: int = Field(default=200, ge=1)
    name: str | None = None
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"

    def load(self) -> Model:
        """Connects to nothing yet. `ModelUnavailable` names the setting that is missing."""
        base_url = self.base_url or os.environ.get("OPENAI_BASE_URL")
        api_key = os.environ.get(self.api_key_env) or ("none" if base_url else "")
        name = self.name or os.environ.get("MODEL")
        if not api_key:
            raise ModelUnavailable(f"No key for OpenAI: set {self.api_key_env}, or OPENAI_BASE_URL for another server.")
        if not name:
            raise ModelUnavailable("Which model? Set MODEL to its name, for example MODEL=gpt-5-mini.")
        dialect = self.dialect
        if dialect == "auto":
            dialect = "plain" if base_url and "api.openai.com" not in base_url else "strict"
        chat = self.chat(model=name, base_url=base_url, api_key=api_key)
        return self.model(chat=chat, name=name, dialect=dialect, gate=Gate(self.max_concurrency))


class ScriptedSpec(_Spec):
    """A fake that says what it is told to, for demos and tests."""

    provider: Literal["scripted"]
    replies: list[Reply] = Field(min_length=1)
    chunk_size: int = Field(default=4, ge=1)
    pace_ms: float = Field(default=20, ge=0)
    first_ms: float = Field(default=0, ge=0)

    def load(self) -> Model:
        """The fake, ready."""
        chat = ScriptedChatModel(
            replies=self.replies, chunk_size=self.chunk_size, pace_ms=self.pace_ms, first_ms=self.first_ms
        )
        return self.model(chat=chat, name="scripted")


def default_model() -> Literal["openai", "embedded"]:
    """What `model: auto` means here: `openai` where the environment names one, else `embedded`."""
    return "openai" if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL") else "embedded"


ModelSpec = Annotated[EmbeddedSpec | OpenAISpec | ScriptedSpec, Field(discriminator="provider")]
