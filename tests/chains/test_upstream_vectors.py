"""What models and their servers really send, recorded, and the events that it must give.

The recordings and their format: `tests/vectors/upstream/README.md`. Another one is another two files.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel, ConfigDict

from chains import chatbot, meeting_info
from chains.models.spec import OpenAISpec
from chains.output import Way
from chains.prompts.quoting import without_control
from chains.structured import StructuredChain
from schemas import Event, StreamError
from schemas.events import Complete, Failed, FieldSettled, Invalid, Partial, Reset, Start, Token, to_json
from tests.upstream import Call, Script, Upstream, stream

FOLDER = Path(__file__).parents[1] / "vectors" / "upstream"
BUILD = {"chatbot": chatbot.build, "meeting_info": meeting_info.build}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Request(_Strict):
    """What the user asks of which chain."""

    chain: str
    input: dict[str, Any]


class AskedAgain(_Strict):
    """What the second call must ask: only these fields. Its last message `says` these words; the one before `wrote`."""

    fields: list[str]
    says: list[str]
    wrote: str


class Expected(_Strict):
    """What must happen, and why."""

    about: str
    request: str
    events: list[list[Any]]
    end: dict[str, Any]
    asked_again: AskedAgain | None = None
    never: list[str] = []


REQUESTS = {
    name: Request.model_validate(request)
    for name, request in json.loads((FOLDER / "requests.json").read_bytes()).items()
}
RECORDINGS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.json"))

each_recording = pytest.mark.parametrize("recording", RECORDINGS)
# Mistral's reasoning models send a list for content, which the SDK's own types do not know.
may_warn = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")


# -- playing a recording -----------------------------------------------------------------------------------------------


@lru_cache
def chain_on(base_url: str, way: str, name: str) -> StructuredChain:
    spec = {"provider": "openai", "base_url": base_url, "name": "m", "max_retries": 0, "structured_output": way}
    return BUILD[name](OpenAISpec.model_validate(spec).load())


def way_of(recording: str) -> str:
    return recording.partition("/")[0]


def expected_of(recording: str) -> Expected:
    return Expected.model_validate_json((FOLDER / f"{recording}.json").read_bytes())


def answers_of(recording: str) -> list[bytes]:
    """What the server sent, call by call. The frame behind `: times 300` came so often."""
    paths = [FOLDER / f"{recording}.sse", *sorted(FOLDER.glob(f"{recording}.[2-9].sse"))]
    often = re.compile(rb": times (\d+)\n\n(.*?\n\n)", re.DOTALL)
    return [often.sub(lambda found: found[2] * int(found[1]), path.read_bytes()) for path in paths]


Cut = Callable[[bytes], list[bytes]]


def in_one_write(data: bytes) -> list[bytes]:
    return [data]


def at_awkward_places(data: bytes) -> list[bytes]:
    """Inside every character of more than one byte, every escape, every `data:`, and between the ends of lines."""
    pieces = re.split(rb"(?<=[\xc2-\xf4])|(?<=\\u..)|(?<=\nda)(?=ta:)|(?<=[\r\n])(?=[\r\n])", data)
    return [piece for piece in pieces if piece]


def play(upstream: Upstream, recording: str, cut: Cut) -> tuple[StructuredChain, dict[str, Any], Script]:
    """The chain and the input that the recording was made with, and its server."""
    request = REQUESTS[expected_of(recording).request]
    chain = chain_on(upstream.base_url, way_of(recording), request.chain)
    return chain, request.input, upstream.plays_in_turn(*(stream(*cut(answer)) for answer in answers_of(recording)))


# -- what happened, as compactly as it is expected ---------------------------------------------------------------------


def told(events: list[Event]) -> list[list[Any]]:
    """The events without what the request alone, the clock or the pieces decide.

    That is `start`, given fields and `partial`, and how many tokens a text came in.
    """
    lines: list[list[Any]] = []
    for event in events:
        match event:
            case Start() | Partial() | FieldSettled(source="given"):
                pass
            case Token(path=path, text=text) if lines and lines[-1][:2] == ["token", path]:
                lines[-1][2] += text
            case Token(path=path, text=text):
                lines.append(["token", path, text])
            case FieldSettled(path=path, value=value, source=source):
                lines.append(["field" if source == "model" else source, path, value])
            case Invalid(errors=errors):
                lines.append(["invalid", *([breach.path, breach.rule] for breach in errors)])
            case Reset(keep=keep, reason=reason):
                lines.append(["reset", list(keep), reason.value])
            case _:
                lines.append([event.type])
    return lines


def end_of(last: Event, expected: dict[str, Any]) -> dict[str, Any]:
    """The last event, as far as something is expected of it."""
    facts = {key: value for key, value in last.model_dump(mode="json").items() if key in expected}
    if isinstance(last, Failed):
        facts["errors"] = [[breach.path, breach.rule] for breach in last.errors or ()]
        facts["says"] = [word for word in expected["says"] if word in last.message]
    return facts


def fields_asked(way: str, body: dict[str, Any]) -> list[str]:
    match way:
        case "json_schema":
            schema = body["response_format"]["json_schema"]["schema"]
        case "tools":
            schema = body["tools"][0]["function"]["parameters"]
        case _:
            _, _, text = body["messages"][0]["content"].partition("JSON Schema:\n")
            schema = json.loads(text)
    return list(schema["properties"])


def check_second_call(way: str, first: Call, second: Call, expected: AskedAgain) -> None:
    assert fields_asked(way, second.body) == expected.fields
    *before, answer, wrong = second.body["messages"]
    assert before[1:] == first.body["messages"][1:]  # the prompt itself may hold the schema
    assert (answer["role"], wrong["role"]) == ("assistant", "user")
    # What it wrote goes back to it as any other text: it can spell no token of control.
    [wrote] = without_control([AIMessage(expected.wrote)])
    assert answer["content"].startswith(wrote.text)
    assert [word for word in expected.says if word in wrong["content"]] == expected.says


# -- the tests ---------------------------------------------------------------------------------------------------------


@may_warn
@each_recording
@pytest.mark.parametrize("cut", [in_one_write, at_awkward_places])
async def test_a_recording_gives_its_events(upstream: Upstream, recording: str, cut: Cut) -> None:
    expected = expected_of(recording)
    chain, input, script = play(upstream, recording, cut)
    events = [event async for event in chain.astream_typed(input, hold=0)]
    *before, end = events

    assert told(before) == expected.events
    assert end_of(end, expected.end) == expected.end
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [word for word in expected.never if any(word in to_json(event) for event in events)] == []

    attempts = len(answers_of(recording))
    assert script.count == attempts
    if isinstance(end, Complete):
        assert (end.attempts, end.repaired) == (attempts, attempts > 1)
    if expected.asked_again:
        check_second_call(way_of(recording), script.next_call(), script.next_call(), expected.asked_again)


@may_warn
@each_recording
def test_without_events_it_comes_to_the_same(upstream: Upstream, recording: str) -> None:
    end = expected_of(recording).end
    chain, input, _ = play(upstream, recording, in_one_write)
    if end["type"] == "complete":
        assert chain.invoke(input) == end["value"]
    else:
        with pytest.raises(StreamError) as failure:
            chain.invoke(input)
        assert failure.value.code == end["code"]


# -- the recordings themselves -----------------------------------------------------------------------------------------


def test_there_are_recordings_for_every_way() -> None:
    assert {way_of(recording) for recording in RECORDINGS} == set(get_args(Way))


def test_a_second_answer_is_recorded_where_there_is_a_second_call() -> None:
    recorded = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.sse")}
    again = {f"{recording}.2.sse" for recording in RECORDINGS if expected_of(recording).asked_again}
    assert recorded == {f"{recording}.sse" for recording in RECORDINGS} | again
