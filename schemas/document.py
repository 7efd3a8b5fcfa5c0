"""One JSON Schema document of all requests, results, events and the error envelope, for clients in other languages."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from schemas.chat import ChatReply, ChatRequest
from schemas.errors import ErrorEnvelope
from schemas.events import Event
from schemas.meeting import MeetingInfo, MeetingRequest
from schemas.pin import PinReceipt, PinRequest
from schemas.run import RunReceipt, RunView, TicketReceipt


def schema_document() -> dict[str, Any]:
    """The document: every model under `$defs`, and the union of events under `$defs/Event`."""
    _, document = models_json_schema(
        [
            (ChatRequest, "validation"),
            (MeetingRequest, "validation"),
            (PinRequest, "validation"),
            (ChatReply, "serialization"),
            (MeetingInfo, "serialization"),
            (PinReceipt, "serialization"),
            (RunReceipt, "serialization"),
            (RunView, "serialization"),
            (TicketReceipt, "serialization"),
            (ErrorEnvelope, "serialization"),
        ],
        ref_template="#/$defs/{model}",
    )
    events = TypeAdapter(Event).json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = {**document["$defs"], **events.pop("$defs"), "Event": events}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Requests, results, events and errors",
        "$defs": dict(sorted(definitions.items())),
    }
