"""The chains' endpoints, a sound body for each, and what a refusal looks like."""

from typing import Any

import httpx

from schemas import ErrorEnvelope
from tests.server.configs import CHAT_INPUT, MEETING_INPUT

SINGLE = ("invoke", "stream", "stream_events", "stream_log")
PATHS = [f"/{chain}/{name}" for chain in ("chatbot", "meeting-info") for name in (*SINGLE, "batch")]
JSON = {"content-type": "application/json"}


def body_of(path: str, value: Any) -> dict[str, Any]:
    """An input in the envelope of the endpoint."""
    return {"inputs": [value]} if path.endswith("/batch") else {"input": value}


def sound(path: str) -> dict[str, Any]:
    """A body that the endpoint accepts."""
    return body_of(path, CHAT_INPUT if path.startswith("/chatbot") else MEETING_INPUT)


def refusal(response: httpx.Response, status: int, code: str) -> ErrorEnvelope:
    """The envelope of a response that must be this refusal."""
    assert response.status_code == status, response.text
    envelope = ErrorEnvelope.model_validate_json(response.content)
    assert envelope.code == code
    return envelope
