"""What the models say in the tests of the page, and what a user does there."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page, Request, expect

from tests.upstream import DONE, Step, chunk, ends, says, stream

CONFIG = """
models:
  form: {provider: scripted}
  talk: {provider: scripted}
chains:
  meeting-info: {runnable: "chains.meeting_info:build", path: /meeting-info, model: form}
  chatbot: {runnable: "chains.chatbot:build", path: /chatbot, model: talk}
"""

DESCRIPTION = "We walk at the pace of the slowest.\n  Bring water,\n  shoes and curiosity: " + "and tea " * 20 + "."
MEETING: dict[str, Any] = {
    "name": "Sunday First Steps",
    "category": "스포츠",
    "summary": "처음 걷는  사람들의 일요일",
    "description": DESCRIPTION,
    "tags": ["hiking", "초보환영", "tea"],
    "period": "3~6개월",
    "max_members": 12,
}
PLAN = [
    {"step": 1, "title": "By the river", "details": ["Two flat hours", "Meet at nine"]},
    {"step": 2, "title": "A small summit", "details": ["Tea on top", "x" * 79]},
    {"step": 3, "title": "Choose together", "details": []},
]
REPLY = {"reply": "Hello! 안녕하세요,  nice to meet you.\nIndoors or outdoors?", "options": ["Indoors", "밖에서"]}

Open = Callable[..., Page]


def config(*, form: Any = MEETING, talk: Any = REPLY, pace_ms: int = 5) -> str:
    """A configuration whose models say these things: objects, or replies as the scripted model takes them."""
    settings = yaml.safe_load(CONFIG)
    for name, said in (("form", form), ("talk", talk)):
        replies = [_text(reply) for reply in (said if isinstance(said, list) else [said])]
        settings["models"][name] |= {"pace_ms": pace_ms, "replies": replies}
    return yaml.safe_dump(settings, allow_unicode=True)


def _text(reply: Any) -> Any:
    scripted = isinstance(reply, str) or "text" in reply
    return reply if scripted else json.dumps(reply, ensure_ascii=False)


def writing(*steps: str | Step, finish_reason: str = "stop") -> tuple[Step, ...]:
    """What an upstream plays: pieces of text, with `gate`s where the test wants to look."""
    played = [says(step) if isinstance(step, str) else step for step in steps]
    return stream(chunk({"role": "assistant", "content": ""}), *played, ends(finish_reason), DONE)


def fields(*names: str, **changed: Any) -> str:
    """Some of the meeting's fields as a model writes them, without the braces around them."""
    return ", ".join(f"{json.dumps(name)}: {json.dumps(changed.get(name, MEETING.get(name)))}" for name in names)


def ask(page: Page, *, plan: bool = False) -> None:
    page.get_by_label("What is the group for?").fill("Easy weekend hikes")
    page.get_by_test_id("include-plan").set_checked(plan)
    page.get_by_test_id("fill").click()


def say(page: Page, text: str) -> None:
    page.get_by_test_id("chat-entry").fill(text)
    page.keyboard.press("Enter")


def give_token(page: Page, token: str) -> None:
    """Gives the page an access token, as it asks for one."""
    page.get_by_label("Access token").fill(token)
    page.get_by_test_id("access-give").click()


def input_of(request: Request) -> Any:
    """What the page sent to a chain."""
    body: Any = request.post_data_json
    assert body.keys() == {"input"}
    return body["input"]


def save_recording(page: Page, folder: Path) -> Path:
    """What the page saves of its last run. The log must be open."""
    with page.expect_download() as saved:
        page.get_by_test_id("recording-save").click()
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    return path


def keep_picture(page: Page, name: str) -> None:
    folder = Path(os.environ.get("ARTIFACTS", "build/artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


def finished(page: Page) -> None:
    expect(page.get_by_test_id("form-phase")).to_have_text("Done")
