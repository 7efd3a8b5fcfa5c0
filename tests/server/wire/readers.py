"""What other people's clients make of what we write, as their own documents say, in a few lines each.

Their own packages read it in `tests.foreign`; these can be run thousands of times, and say where a rule was broken.
"""

import json
from collections.abc import Iterable
from typing import Any

from schemas import Event, from_pointer
from server.runs.entry import Entry
from server.wire.protocol import Frames


def pieces(frames: Frames, events: Iterable[Event]) -> list[bytes]:
    """What is written of each event."""
    return [frames.write([Entry(event)]) for event in events]


def data_of(pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    """The data of frames that have no name and no number."""
    frames = b"".join(pieces).decode().split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in frames)
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


class Langserve:
    """Adds chunks up: texts and lists are joined, everything else must come once."""

    def __init__(self, pieces: Iterable[bytes], *, lists_join: bool = True) -> None:
        self.value: dict[str, Any] = {}
        self.end = ""
        for frame in b"".join(pieces).decode("ascii").split("\n\n")[:-1]:
            name, _, data = frame.removeprefix("event: ").partition("\ndata: ")
            assert not self.end, "something follows the end"
            if name == "data":
                for key, part in json.loads(data).items():
                    self._add(key, part, lists_join)
            elif name != "metadata":
                self.end = name

    def _add(self, key: str, part: Any, lists_join: bool) -> None:
        if key not in self.value:
            self.value[key] = part
        else:
            assert isinstance(part, str | list), f"{key} came twice"
            assert lists_join or isinstance(part, str), f"the list {key} came in parts"
            self.value[key] = self.value[key] + part


class UIMessage:
    """Puts a message together: texts, and the object in its data part."""

    def __init__(self, chunks: Iterable[dict[str, Any]]) -> None:
        self.texts: list[str] = []
        self.object: dict[str, Any] = {}
        self.settled: list[str] = []
        self.end = ""
        self._speaking = False
        for index, chunk in enumerate(chunks):
            assert not self.end, "something follows the end"
            assert (chunk["type"] == "start") == (index == 0)
            self._take(chunk.pop("type"), chunk)

    def _take(self, kind: str, chunk: dict[str, Any]) -> None:
        match kind:
            case "text-start":
                assert not self._speaking
                self._speaking = True
                self.texts.append("")
            case "text-delta":
                assert self._speaking
                assert chunk["delta"]
                self.texts[-1] += chunk["delta"]
            case "text-end":
                assert self._speaking
                self._speaking = False
            case "reset-step":
                self._speaking, self.texts, self.object = False, [], {}
            case "data-object":
                assert chunk["id"]
                self.object, self.settled = chunk["data"]["value"], chunk["data"]["settled"]
            case "finish" | "error":
                self.end = kind
            case "start" | "start-step" | "finish-step":
                pass
            case _:
                assert kind.startswith("data-")
                assert chunk["transient"]


class Agent:
    """Follows an agent's state and its messages."""

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.state: dict[str, Any] = {}
        self.messages: dict[str, str] = {}
        self.end = ""
        self.outcome = ""
        self.result: Any = None
        self._open: set[str] = set()
        for index, event in enumerate(events):
            assert not self.end, "something follows the end"
            assert (event["type"] == "RUN_STARTED") == (index == 0)
            self._take(event.pop("type"), event)

    def _take(self, kind: str, event: dict[str, Any]) -> None:
        match kind:
            case "TEXT_MESSAGE_START":
                self._open.add(event["messageId"])
                self.messages.setdefault(event["messageId"], "")
            case "TEXT_MESSAGE_CONTENT":
                assert event["messageId"] in self._open
                assert event["delta"]
                self.messages[event["messageId"]] += event["delta"]
            case "TEXT_MESSAGE_END":
                self._open.remove(event["messageId"])
            case "STATE_SNAPSHOT":
                self.state = event["snapshot"]
            case "STATE_DELTA":
                self.state = patched(self.state, event["delta"])
            case "MESSAGES_SNAPSHOT":
                self.messages = {message["id"]: message["content"] for message in event["messages"]}
            case "CUSTOM" | "RUN_STARTED":
                pass
            case "RUN_FINISHED":
                assert not self._open
                self.end, self.outcome, self.result = kind, event["outcome"]["type"], event.get("result")
            case "RUN_ERROR":
                self.end = kind
            case _:
                raise AssertionError(kind)


def patched(state: dict[str, Any], patch: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The state after operations that each put a field where it may have stood before."""
    assert all(operation["op"] == "add" for operation in patch)
    return state | {str(name): one["value"] for one in patch for name in from_pointer(one["path"])}
