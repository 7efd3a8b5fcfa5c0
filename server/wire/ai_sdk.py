"""The Vercel AI SDK's UI message stream, version 1, for `useChat` (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol).

The field that is spoken is a text part; the object is a data part, which each further one replaces, and in which the
spoken field stands when it is whole. Everything that the SDK has no word for (`start`, `field`, `invalid`, `reset`,
`pinned`, `failed`, `cancelled`) goes as a data part of that name, to `onData` only.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas import (
    Cancelled,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Partial,
    Pinned,
    Reset,
    Token,
    to_pointer,
)
from server.wire.data_frames import DataFrames, Told
from server.wire.protocol import Reading

HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_FINISHES = {"stop": "stop", "length": "length", "content_filter": "content-filter", "tool_calls": "tool-calls"}


class UIMessageFrames(DataFrames):
    """Writes a run as one message. Its id is the run's.

    A text that a repair voids is taken back by `reset-step`, which the SDK knows since its version 7. Older ones end in
    an error there.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._speaking = False
        self._news = False  # of what is not spoken, since the object was told

    def _begin(self) -> Iterator[Told]:
        run_id = self._reading.run_id
        yield {"type": "start", "messageId": run_id, "messageMetadata": {"run_id": run_id}}
        yield {"type": "start-step"}

    def _told(self, event: Event) -> Iterator[Told]:
        match event:
            case Token(path=path):
                self._news = self._news or path != to_pointer((self._reading.spoken,))
            case Partial(settled=settled):
                if self._news or event.resumed:
                    yield self._object(settled)
            case Reset(keep=keep):
                yield _aside(event)
                yield self._object(keep)
            case FieldSettled() | Pinned():
                self._news = True
                yield _aside(event)
            case Complete():
                yield self._object([to_pointer((name,)) for name in event.value])
                yield from self._finish(event)
            case Failed(message=message):
                yield from self._fail(event, message)
            case Cancelled(reason=reason):
                yield from self._fail(event, f"The run was cancelled: {reason}.")
            case _:
                yield _aside(event)

    def _object(self, settled: Iterable[str]) -> Told:
        """The object so far, in place of the one before."""
        self._news = False
        unfinished = self._reading.spoken if self._speaking else ""
        value = {name: part for name, part in self._fold.value.items() if name != unfinished}
        return {"type": "data-object", "id": "object", "data": {"value": value, "settled": list(settled)}}

    def _spoken(self, kind: str, value: Any) -> Iterator[Told]:
        text = {"id": self._reading.spoken}
        if kind == "void":
            self._speaking = False
            yield {"type": "reset-step"}
            return
        if not self._speaking and kind in ("text", "value"):
            self._speaking = True
            yield {"type": "text-start", **text}
        if kind in ("text", "value") and value:
            yield {"type": "text-delta", **text, "delta": value}
        if kind in ("closed", "value"):
            self._speaking = False
            yield {"type": "text-end", **text}

    def _finish(self, event: Complete) -> Iterator[Told]:
        self.over = True
        told = event.model_dump(mode="json", include={"usage", "timings", "attempts", "conflicts"}, exclude_none=True)
        yield {"type": "finish-step"}
        yield {
            "type": "finish",
            "finishReason": _FINISHES.get(event.finish_reason or "stop", "other"),
            "messageMetadata": told,
        }

    def _fail(self, event: Event, message: str) -> Iterator[Told]:
        self.over = True
        yield _aside(event)
        yield {"type": "error", "errorText": message}


def _aside(event: Event) -> Told:
    """What the SDK has no word for."""
    return {"type": f"data-{event.type}", "data": event.model_dump(mode="json", exclude={"type"}), "transient": True}
