"""JSON of LangServe's own endpoints: whole characters, and no line that is two to some reader."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langserve.serialization import WellKnownLCSerializer

from server.wire.serializer import WireSerializer


@pytest.mark.parametrize("value", [{"a": [1, None, True, 1.5, "가 😀"]}, "text", [], None, {"": {}}])
def test_plain_json_is_what_it_was(value: Any) -> None:
    assert json.loads(WireSerializer().dumps(value)) == value
    assert WireSerializer().dumps(value) == WellKnownLCSerializer().dumps(value)


@pytest.mark.parametrize("text", ["\x85", "\u2028", "\u2029", "a\u2028b\x85c\u2029d", "\\\u2028", "\\u2028"])
def test_line_ends_are_escaped_and_mean_the_same(text: str) -> None:
    written = WireSerializer().dumps({"text": text}).decode()
    assert len(written.splitlines()) == 1
    assert json.loads(written) == {"text": text}


@pytest.mark.parametrize(
    ("text", "told"), [("\ud83d", "\ufffd"), ("a\ude00b", "a\ufffdb"), ("\ud83d\ude00", "😀"), ("\ud83d x", "\ufffd x")]
)
def test_half_a_character_does_not_break_the_stream(text: str, told: str) -> None:
    assert json.loads(WireSerializer().dumps({"text": text})) == {"text": told}
    message = json.loads(WireSerializer().dumps({"chunk": AIMessageChunk(content=text)}))
    assert message["chunk"]["content"] == told


def test_messages_come_back_as_messages() -> None:
    message = HumanMessage(content="안녕\u2028하세요")
    assert WireSerializer().loads(WireSerializer().dumps(message)) == message
