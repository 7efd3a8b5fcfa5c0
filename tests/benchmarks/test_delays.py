"""What was sent joined to what arrived, on records made by hand."""

import json

import pytest

from benchmarks import answers
from benchmarks.delays import Mark, by_partials, by_tokens, delays, direct, percentile, sent
from benchmarks.simulator import Script
from benchmarks.wire import Frame


def token(at: int, path: str, text: str) -> Frame:
    return Frame(at, "token", json.dumps({"type": "token", "path": path, "text": text}))


@pytest.mark.parametrize("group", [1, 4])
def test_a_write_brings_every_text_as_far_as_its_last_character(group: int) -> None:
    script = Script(800, 25, group)
    width = 4 * group
    writes = [answers.text(800)[at : at + width] for at in range(0, 800, width)]
    record = [100 * number for number in range(len(writes))]
    marks = sent(script, record)
    value = answers.value(800)
    assert {mark.path: mark.length for mark in marks} == {
        f"/{name}": len(value[name]) for name in ("title", "summary", "reply")
    }
    for mark in marks:
        # The JSON up to this write holds the text so far, and that up to the write before does not.
        text = json.dumps(value[mark.path[1:]][: mark.length])[1:-1]
        number = mark.at // 100
        assert text in "".join(writes[: number + 1])
        assert text not in "".join(writes[:number])


def test_each_character_is_awaited_until_an_event_holds_it() -> None:
    left = [Mark(10, "/name", 2), Mark(20, "/name", 6), Mark(30, "/name", 9), Mark(30, "/text", 1)]
    frames = [
        token(15, "/name", "The"),
        token(40, "/name", " Slow"),
        Frame(41, "field", "{}"),
        token(42, "/text", "A"),
        token(50, "/name", "!"),
    ]
    assert delays(left, by_tokens(frames)) == [5, 20, 20, 12]


def test_what_never_arrives_is_told() -> None:
    with pytest.raises(ValueError, match="character 4 of /name never arrived"):
        delays([Mark(10, "/name", 4)], by_tokens([token(15, "/name", "The")]))
    with pytest.raises(ValueError, match="character 1 of /text never arrived"):
        delays([Mark(10, "/text", 1)], by_tokens([token(15, "/name", "The")]))


def test_snapshots_say_how_far_each_text_is() -> None:
    frame = Frame(7, "partial", json.dumps({"value": {"title": "Slow", "options": ["a"], "reply": "We"}}))
    assert by_partials([token(5, "/title", "Slow"), frame]) == [Mark(7, "/title", 4), Mark(7, "/reply", 2)]


def test_chunks_are_joined_to_writes_one_by_one() -> None:
    def chunk(at: int, **delta: str) -> Frame:
        return Frame(at, "message", json.dumps({"choices": [{"delta": delta}]}))

    last = Frame(60, "message", '{"choices": []}'), Frame(61, "message", "[DONE]")
    frames = [chunk(5, role="assistant", content=""), chunk(12, content="a"), chunk(25, content="b"), *last]
    assert direct([10, 20], frames) == [2, 5]
    with pytest.raises(ValueError, match="shorter"):
        direct([10, 20, 30], frames)


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(100, 0, -1))
    assert [percentile(values, percent) for percent in (50, 99, 100)] == [50, 99, 100]
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert percentile([7.0], 50) == 7.0
