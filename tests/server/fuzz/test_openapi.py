"""Whatever our own OpenAPI document allows to ask, and what it forbids: nothing of it is a fault, and what is answered
is what the document says.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case, Config, GenerationMode, Response, openapi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas import MEANING, ErrorEnvelope
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S

ASKED = settings.default.max_examples if settings.default else 100  # more of it in `make test-long`
DOCUMENTED = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Api:
    """The server as its document describes it, and what it makes of whoever reads that well or badly."""

    def __init__(self, url: str, session: requests.Session) -> None:
        schema = openapi.from_url(f"{url}/openapi.json", config=Config.from_dict({}))
        self.cases = {mode: schema.as_strategy(mode) for mode in GenerationMode}
        self._session = session

    def answer(self, case: Case[Any]) -> Response:
        return case.call(session=self._session, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def api(server: ServerProcess) -> Iterator[Api]:
    with requests.Session() as session:
        yield Api(server.url, session)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@given(data=st.data())
@settings(max_examples=ASKED)
def test_nothing_is_a_fault_and_every_refusal_is_the_envelope(
    api: Api, mode: GenerationMode, data: st.DataObject
) -> None:
    response = api.answer(data.draw(api.cases[mode]))
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert MEANING[ErrorEnvelope.model_validate_json(response.content).code].status == response.status_code


@given(data=st.data())
@settings(max_examples=ASKED)
def test_what_is_answered_is_documented(api: Api, data: st.DataObject) -> None:
    case = data.draw(api.cases[GenerationMode.POSITIVE])
    case.validate_response(api.answer(case), checks=DOCUMENTED)
