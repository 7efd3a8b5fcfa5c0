"""No JSON whatever makes a pin a fault, and a run lives through all of it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import Complete, ErrorEnvelope, Pinned
from server import create_app
from server.settings import parse_settings
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.thread import ThreadServer
from tests.server.user import User, reading
from tests.upstream import DONE, Upstream, ends, gate, says, stream

letters = st.text(st.characters(exclude_categories=()), max_size=8)  # halves of surrogate pairs too
keys = st.sampled_from([*MEETING, "plan", "step", "path", "value"]) | letters
scalars = st.none() | st.booleans() | st.integers() | st.floats() | letters | st.sampled_from([*MEETING.values()])
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
paths = keys.map(lambda key: f"/{key}") | anything
pins = st.fixed_dictionaries({"path": paths, "value": anything}, optional={"seq": anything}) | anything


@pytest.fixture(scope="module")
def user(upstream: Upstream) -> Iterator[User]:
    """One run that waits for all the pins, and ends well behind them."""
    script = upstream.plays(*stream(says(text(MEETING)[:20]), gate, says(text(MEETING)[20:]), ends(), DONE))
    app = create_app(parse_settings(openai(upstream.base_url), "the test's settings"))
    with ThreadServer(app) as server, reading(server.url, "meeting-info", MEETING_INPUT) as user:
        yield user
        script.next_call().permit()
        end = user.read_to_end()
    assert isinstance(end, Complete)
    last = {event.path[1:]: event.value for event in user.events if isinstance(event, Pinned)}
    assert end.value == {**MEETING, **last}


@given(pins)
@settings(max_examples=300)
def test_it_is_taken_or_refused(user: User, pin: Any) -> None:
    response: httpx.Response = user.post(json.dumps(pin).encode())
    if response.status_code == 200:
        assert response.json()["seq"] > 1
        return
    assert response.status_code in (400, 422), response.text
    assert ErrorEnvelope.model_validate_json(response.content).code in ("invalid_json", "invalid_request")
