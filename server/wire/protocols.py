"""The protocols in which a run can be read, by the names that `?protocol=` takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from server.wire import ai_sdk, ai_sdk_object
from server.wire.ag_ui import AGUIFrames
from server.wire.inputs import in_envelope, of_agent, of_use_chat
from server.wire.langserve import LangServeFrames
from server.wire.protocol import Frames, Reading

ProtocolName = Literal["events", "langserve", "ai-sdk", "ai-sdk-object", "ag-ui"]
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A protocol of somebody else's.

    - `frames`: writes it
    - `asked`: the chain's input, out of a body as its clients send it
    - `media_type`, `headers`: of the response
    - `takes_back`: whether its clients can be told that a field has changed: else nobody can take one over
    """

    frames: Callable[[Reading], Frames]
    asked: Callable[[Mapping[str, Any], type[BaseModel]], Any]
    media_type: str = EVENT_STREAM
    headers: Mapping[str, str] = field(default_factory=dict)
    takes_back: bool = True


FOREIGN: Mapping[str, Foreign] = {
    "langserve": Foreign(LangServeFrames, in_envelope, takes_back=False),
    "ai-sdk": Foreign(ai_sdk.UIMessageFrames, of_use_chat, headers=ai_sdk.HEADERS),
    "ai-sdk-object": Foreign(ai_sdk_object.ObjectText, in_envelope, media_type=ai_sdk_object.MEDIA_TYPE),
    "ag-ui": Foreign(AGUIFrames, of_agent),
}
"""All but our own, `events`."""
