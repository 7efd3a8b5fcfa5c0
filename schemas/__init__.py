"""What crosses a boundary: requests, results, events, errors, and how each field settles.

This room knows the standard library and pydantic, nothing else; the other rooms build on it.
"""

from schemas.across import across
from schemas.chat import Candidate, ChatReply, ChatRequest, Message, Recommendation
from schemas.errors import (
    BY_PHASE,
    MEANING,
    Breach,
    Code,
    ErrorEnvelope,
    OutputError,
    ParseError,
    RequestError,
    ServerError,
    StreamError,
    UpstreamError,
)
from schemas.events import (
    ALWAYS_SENT,
    TERMINAL,
    Cancelled,
    Complete,
    Conflict,
    Event,
    EventName,
    Failed,
    FieldPlan,
    FieldSettled,
    Invalid,
    Note,
    Partial,
    Pinned,
    Reset,
    SchemaRef,
    Start,
    Timings,
    Token,
    Usage,
    from_json,
    to_json,
)
from schemas.fold import Fold, copy_json
from schemas.meeting import Category, MeetingInfo, MeetingRequest, Period, PlanStep
from schemas.pin import PinReceipt, PinRequest
from schemas.pointer import Path, from_pointer, to_pointer
from schemas.progress import Progress
from schemas.run import RunReceipt, RunView
from schemas.settle import Settle, SettleNode, Stream, settle_tree
from schemas.sse import from_frames, to_frame
from schemas.text import Language, OneLine, Trim

__all__ = [
    "ALWAYS_SENT",
    "BY_PHASE",
    "MEANING",
    "TERMINAL",
    "Breach",
    "Cancelled",
    "Candidate",
    "Category",
    "ChatReply",
    "ChatRequest",
    "Code",
    "Complete",
    "Conflict",
    "ErrorEnvelope",
    "Event",
    "EventName",
    "Failed",
    "FieldPlan",
    "FieldSettled",
    "Fold",
    "Invalid",
    "Language",
    "MeetingInfo",
    "MeetingRequest",
    "Message",
    "Note",
    "OneLine",
    "OutputError",
    "ParseError",
    "Partial",
    "Path",
    "Period",
    "PinReceipt",
    "PinRequest",
    "Pinned",
    "PlanStep",
    "Progress",
    "Recommendation",
    "RequestError",
    "Reset",
    "RunReceipt",
    "RunView",
    "SchemaRef",
    "ServerError",
    "Settle",
    "SettleNode",
    "Start",
    "Stream",
    "StreamError",
    "Timings",
    "Token",
    "Trim",
    "UpstreamError",
    "Usage",
    "across",
    "copy_json",
    "from_frames",
    "from_json",
    "from_pointer",
    "settle_tree",
    "to_frame",
    "to_json",
    "to_pointer",
]
