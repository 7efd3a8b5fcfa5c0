"""The stream vectors: what they say is what the projection does, and each keeps the contract."""

import json

import pytest

from schemas import TERMINAL, from_json
from tests.chains.contract import check
from tests.vectors.generate import FOLDER, as_text, vector_of
from tests.vectors.scenarios import SCENARIOS, Scenario

each = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@each
def test_a_vector_is_what_its_scenario_gives(scenario: Scenario) -> None:
    file = FOLDER / f"{scenario.name}.json"
    assert as_text(vector_of(scenario)) == file.read_text(encoding="utf-8"), "stale: python -m tests.vectors.generate"


def test_every_vector_has_a_scenario() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {scenario.name for scenario in SCENARIOS}


@each
def test_a_vector_keeps_the_contract(scenario: Scenario) -> None:
    events = [from_json(json.dumps(event)) for event in vector_of(scenario)["events"]]
    if scenario.name == "resumed":
        assert [event.seq for event in events] == list(range(events[0].seq, events[0].seq + len(events)))
        assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    else:
        check(events, scenario.result)


def test_the_vectors_show_every_event_and_every_sort_of_end() -> None:
    kinds = {event["type"] for scenario in SCENARIOS for event in vector_of(scenario)["events"]}
    assert kinds == {
        *("start", "token", "partial", "field", "invalid", "pinned", "reset"),
        *TERMINAL,
    }
