"""No JSON whatever makes an endpoint fault."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import ErrorEnvelope
from tests.server.configs import both
from tests.server.endpoints import JSON, PATHS
from tests.server.inprocess import client_of

CONFIG = both()
KEYS = ["input", "inputs", "config", "kwargs", "goal", "messages", "role", "content", "candidates", "want", "tags"]

text = st.text(st.characters(exclude_categories=()), max_size=8)  # halves of surrogate pairs too
keys = st.sampled_from(KEYS) | text
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text | st.just("user")
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
inputs = st.dictionaries(keys, anything, max_size=4) | anything
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "input": inputs,
        "inputs": st.lists(inputs, max_size=4) | anything,
        "config": anything,
        "kwargs": anything,
        "diff": anything,
        "include_names": anything,
    },
)


@given(st.sampled_from(PATHS), envelopes | anything)
@settings(max_examples=200, deadline=None)
async def test_no_json_at_all_makes_a_server_error(path: str, body: Any) -> None:
    async with client_of(CONFIG) as client:
        response = await client.post(path, content=json.dumps(body), headers=JSON)
    if response.status_code != 200:
        assert 400 <= response.status_code < 500
        assert ErrorEnvelope.model_validate_json(response.content).code in ("invalid_json", "invalid_request")
