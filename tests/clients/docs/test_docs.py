"""Every block of docs/clients.md runs as it stands, and brings the answer home."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.clients.docs.blocks import Block, blocks_of, empty_pages, said_by, show
from tests.server.configs import CHAT, MEETING, both
from tests.server.process import ROOT, ServerProcess

BLOCKS = blocks_of(ROOT / "docs/clients.md")
IN_A_PAGE = [block for block in BLOCKS if block.place == "browser"]
IN_A_PROCESS = [block for block in BLOCKS if block.place != "browser"]
LONGEST = 15


def wanted(block: Block) -> Any:
    """What whoever runs a block must come to see of its chain's answer."""
    return CHAT["reply"].rpartition("\n")[2] if "/chatbot" in block.code else MEETING["description"].partition(' "')[0]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with empty_pages() as origin:
        yield origin


@pytest.fixture
def server(shared: Callable[[str], ServerProcess]) -> str:
    return shared(both()).url


@pytest.fixture
def foreign_server(shared: Callable[[str], ServerProcess], origin: str) -> str:
    return shared(both(cors={"origins": [origin]})).url


@pytest.mark.parametrize("block", IN_A_PROCESS, ids=lambda block: block.name)
def test_a_program_brings_the_answer_home(block: Block, server: str, tmp_path: Path) -> None:
    assert wanted(block) in said_by(block, server, tmp_path)


@pytest.mark.browser
@pytest.mark.parametrize("block", IN_A_PAGE, ids=lambda block: block.name)
def test_a_page_brings_the_answer_home(
    block: Block, foreign_server: str, browser: Browser, origin: str, tmp_path: Path
) -> None:
    shown = show(block, foreign_server, browser, origin, tmp_path)
    if block.language == "tsx":
        shown.page.get_by_text(wanted(block)).wait_for()
    else:
        while not any("whole:" in line for line in shown.logged):
            shown.page.wait_for_event("console")
        assert any(wanted(block) in line for line in shown.logged)
    shown.page.close()
    assert shown.faults == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_no_client_takes_more_than_a_few_lines(block: Block) -> None:
    lines = [line for line in block.code.splitlines() if line.strip()]
    assert len(lines) <= LONGEST


def test_every_section_but_the_table_has_a_client() -> None:
    headings = [
        section.partition("\n")[0]
        for section in (ROOT / "docs/clients.md").read_text(encoding="utf-8").split("\n## ")[2:]
    ]
    assert headings == list(dict.fromkeys(block.heading for block in BLOCKS))
