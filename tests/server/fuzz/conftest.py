"""A real server that answers whatever is sent to it, shared by all that is sent."""

import re
from collections.abc import Iterator

import pytest

from tests.server.configs import CHAT, MEETING, by_chain, text
from tests.server.process import ServerProcess, serving

PLAN = [{"step": 1, "title": "첫 만남", "details": []}]
CONFIG = by_chain(
    {"chatbot": text(CHAT), "meeting-info": text({**MEETING, "plan": PLAN})},  # a plan is passed over unless asked for
    limits={"body_bytes": 200_000, "runs": 5_000, "requests": 1_000},  # it is to say what is wrong, not that it is busy
    runs={"grace_s": 3_600},
)
_FAULT = re.compile(r'HTTP/1\.[01]" 5|\b(ERROR|CRITICAL)\b|a request broke')


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """At the end it must be alive still, and have logged no fault: neither a traceback, nor what it told nobody."""
    with serving(CONFIG, tmp_path_factory.mktemp("fuzzed")) as server:
        yield server
        assert [line for line in server.log.splitlines() if _FAULT.search(line)] == []
