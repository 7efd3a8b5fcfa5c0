"""The JSON Schema document: what other languages build on. Checked by a validator that is not pydantic's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas import Event, to_json
from schemas.document import schema_document
from schemas.errors import StreamError
from tests.chains.answers import CHOOSING, GOAL, MEETING, PLAN, RECOMMENDING
from tests.schemas.samples import EVENTS

ROOT = Path(__file__).parents[2]
DOCUMENT = schema_document()


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": DOCUMENT["$defs"]})


def test_it_is_valid_json_schema() -> None:
    Draft202012Validator.check_schema(DOCUMENT)
    assert DOCUMENT["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_the_file_is_what_the_command_prints() -> None:
    printed = subprocess.run([sys.executable, "-m", "schemas"], cwd=ROOT, capture_output=True, check=True).stdout
    assert (ROOT / "schemas" / "schema.json").read_bytes() == printed, "python -m schemas > schemas/schema.json"


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            inside = [found for item in node.values() for found in references(item)]
            return inside + ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        return [found for item in node for found in references(item)] if isinstance(node, list) else []

    assert {name.removeprefix("#/$defs/") for name in references(DOCUMENT)} <= set(DOCUMENT["$defs"])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.type}-{event.seq}")
def test_events_meet_it(event: Event) -> None:
    validator("Event").validate(json.loads(to_json(event)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MeetingRequest", GOAL | {"name": "이름", "plan": PLAN, "language": None}),
        ("MeetingInfo", MEETING),
        ("MeetingInfo", MEETING | {"plan": PLAN}),
        ("ChatRequest", CHOOSING),
        ("ChatReply", RECOMMENDING),
        ("ChatReply", RECOMMENDING | {"recommendation": None}),
        ("ErrorEnvelope", StreamError("Oops.").envelope()),
    ],
)
def test_requests_results_and_errors_meet_it(name: str, value: dict[str, Any]) -> None:
    validator(name).validate(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MeetingRequest", {"goal": ""}),
        ("MeetingRequest", GOAL | {"colour": "red"}),
        ("MeetingInfo", MEETING | {"max_members": 101}),
        ("MeetingInfo", MEETING | {"tags": ["a", "b", "a"]}),
        ("MeetingInfo", MEETING | {"category": "운동"}),
        ("ChatRequest", CHOOSING | {"messages": []}),
        ("ChatReply", RECOMMENDING | {"options": ["a"] * 6}),
        ("Event", {"type": "error", "seq": 1}),
        ("Event", {"type": "token", "seq": 0, "path": "", "text": ""}),
    ],
)
def test_it_holds_the_limits(name: str, value: dict[str, Any]) -> None:
    assert not validator(name).is_valid(value)
