"""Writes the stream vectors, `streams/*.json`: logs, and what a client must make of them, in whatever language it is.

    python -m tests.vectors.generate

Each file holds

    name, about     which run this is
    schema          the JSON Schema of the result
    events          the log
    readings        what the events of a reading add up to, before the last one
    value           what the run ended in; null if it failed or was cancelled

A reading is the events that it names, what is always sent, and a `partial` that is `resumed`. The last event repeats
the whole value, so readings are compared before it.
"""

import json
from pathlib import Path
from typing import Any

from schemas import ALWAYS_SENT, TERMINAL, Complete, Event, Fold, Partial, copy_json
from tests.chains.contract_state import READINGS
from tests.vectors.scenarios import SCENARIOS, Scenario

FOLDER = Path(__file__).parent / "streams"


def vector_of(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a vector."""
    events = list(scenario.log())
    end = events[-1]
    return {
        "name": scenario.name,
        "about": scenario.about,
        "schema": scenario.result.model_json_schema(),
        "events": [event.model_dump(mode="json") for event in events],
        "readings": {reading: _sum_of(events, names) for reading, names in READINGS.items()},
        "value": end.value if isinstance(end, Complete) else None,
    }


def _sum_of(events: list[Event], names: set[str]) -> Any:
    fold = Fold()
    for event in events:
        resumed = isinstance(event, Partial) and event.resumed
        if (event.type in names | ALWAYS_SENT or resumed) and event.type not in TERMINAL:
            fold.apply(event)
    return copy_json(fold.value)


def as_text(vector: dict[str, Any]) -> str:
    """A vector as it stands in its file: each event on a line."""
    lines = [
        f'  "events": [\n{_lines(vector["events"])}\n  ]' if key == "events" else _pair(key, vector[key])
        for key in vector
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(events: list[Any]) -> str:
    return ",\n".join(f"    {_json(event)}" for event in events)


def _pair(key: str, value: Any) -> str:
    return f"  {_json(key)}: {_json(value)}"


def _json(value: Any) -> str:
    """Line separators escaped: editors break lines at them."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


def main() -> None:
    """Writes all vectors, and removes what no scenario makes any more."""
    FOLDER.mkdir(exist_ok=True)
    files = {FOLDER / f"{scenario.name}.json": as_text(vector_of(scenario)) for scenario in SCENARIOS}
    for stale in set(FOLDER.glob("*.json")) - files.keys():
        stale.unlink()
    for file, content in files.items():
        file.write_text(content, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
