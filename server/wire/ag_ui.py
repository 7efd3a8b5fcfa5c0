"""AG-UI's events, for `HttpAgent` (https://docs.ag-ui.com/concepts/events).

The object is the agent's state: a snapshot first, then, whenever a `partial` is due, the fields that have changed, each
by an `add`, which replaces what stood there (RFC 6902, section 4.1). The field that is spoken is a message, and in the
state when it is whole.
Events that AG-UI has no word for (`start`, `field`, `invalid`, `reset`, `pinned`, `failed`) are `CUSTOM`, by their
names.
"""

from collections.abc import Iterator
from typing import Any

from schemas import (
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Partial,
    Pinned,
    Reset,
    Token,
    from_pointer,
    to_pointer,
)
from server.wire.data_frames import DataFrames, Told
from server.wire.protocol import Reading


class AGUIFrames(DataFrames):
    """Writes a run as a run of AG-UI's, and its spoken field as one message of it, whose id is the run's."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._ids = {key: str(reading.body.get(key) or reading.run_id) for key in ("threadId", "runId")}
        self._message = {"messageId": reading.run_id}
        self._changed: dict[str, None] = {}  # the fields that have since the state was told
        self._speaking = self._said = False
        self._silent = not isinstance(reading.body.get("messages"), list)
        """Whether the message is kept for the end: one can be taken back only by a list of all, which this reader has
        not sent; and it is taken back but once.
        """

    def _begin(self) -> Iterator[Told]:
        yield {"type": "RUN_STARTED", **self._ids, "metadata": {"run_id": self._reading.run_id}}
        yield self._snapshot()

    def _told(self, event: Event) -> Iterator[Told]:
        match event:
            case Token(path=path):
                self._change(path)
            case Partial(resumed=True):
                yield self._snapshot()
            case Partial():
                yield from self._delta(event)
            case Complete():
                yield from self._say_whole(event)
                yield self._snapshot()
                yield from self._finish({"type": "success"}, result=event.value, metadata=_said_of(event))
            case Cancelled():
                yield _custom(event)
                yield from self._finish({"type": "cancelled"})
            case Failed(code=code, message=message):
                yield _custom(event)
                yield self._fail(code, message)
            case Reset():
                yield _custom(event)
                yield self._snapshot()
            case FieldSettled(path=path) | Pinned(path=path):
                self._change(path)
                yield _custom(event)
            case _:
                yield _custom(event)

    def _change(self, pointer: str) -> None:
        self._changed[str(from_pointer(pointer)[0])] = None

    def _snapshot(self) -> Told:
        self._changed = {}
        state = {name: value for name, value in self._fold.value.items() if name != self._unfinished}
        return {"type": "STATE_SNAPSHOT", "snapshot": state}

    def _delta(self, event: Partial) -> Iterator[Told]:
        """What has changed. A patch that fails would go unnoticed: each field is told whole, which cannot."""
        names = [name for name in self._changed if name in event.value and name != self._unfinished]
        self._changed = {}
        if names:
            patch = [{"op": "add", "path": to_pointer((name,)), "value": event.value[name]} for name in names]
            yield {"type": "STATE_DELTA", "delta": patch}

    @property
    def _unfinished(self) -> str:
        return "" if self._said else self._reading.spoken

    def _spoken(self, kind: str, value: Any) -> Iterator[Told]:
        if kind == "void":
            yield from self._unsaid()
            return
        self._said = self._said or kind in ("closed", "value")
        if self._silent:
            return
        if kind in ("text", "value"):
            yield from self._say(value)
        if kind in ("closed", "value"):
            yield from self._end_message()

    def _say(self, text: Any) -> Iterator[Told]:
        if not self._speaking:
            self._speaking = True
            yield {"type": "TEXT_MESSAGE_START", **self._message, "role": "assistant"}
        if text:
            yield {"type": "TEXT_MESSAGE_CONTENT", **self._message, "delta": text}

    def _say_whole(self, event: Complete) -> Iterator[Told]:
        """The message, if it was kept for the end."""
        if self._silent and self._reading.spoken in event.value:
            yield from self._say(event.value[self._reading.spoken])
            yield from self._end_message()

    def _end_message(self) -> Iterator[Told]:
        if self._speaking:
            self._speaking = False
            yield {"type": "TEXT_MESSAGE_END", **self._message}

    def _unsaid(self) -> Iterator[Told]:
        """The message is empty again, which only a list of all messages can say."""
        self._said = False
        if not self._silent:
            self._silent = True
            yield from self._end_message()
            empty = {"id": self._reading.run_id, "role": "assistant", "content": ""}
            yield {"type": "MESSAGES_SNAPSHOT", "messages": [*self._reading.body["messages"], empty]}

    def _finish(self, outcome: Told, **more: Any) -> Iterator[Told]:
        self.over = True
        yield from self._end_message()
        yield {"type": "RUN_FINISHED", **self._ids, "outcome": outcome, **more}

    def _fail(self, code: Code, message: str) -> Told:
        self.over = True
        return {"type": "RUN_ERROR", "message": message, "code": code}


def _said_of(event: Complete) -> Told:
    """What else is known of a whole object."""
    return event.model_dump(mode="json", exclude={"type", "seq", "value"}, exclude_none=True)


def _custom(event: Event) -> Told:
    return {"type": "CUSTOM", "name": event.type, "value": event.model_dump(mode="json", exclude={"type"})}
