"""Settings that cannot be used are refused in words, whatever is wrong with them."""

import pytest

from server.app import create_app
from server.settings import SettingsError, parse_settings

GOOD = """
models:
  demo: {provider: scripted, replies: ['{}']}
model: demo
chains:
  chatbot: {runnable: "RUNNABLE", path: PATH}
cors: {origins: [ORIGIN]}
"""


def settings(
    *, path: str = "/chatbot", origin: str = "https://example.com", runnable: str = "chains.chatbot:build"
) -> str:
    return GOOD.replace("PATH", path).replace("ORIGIN", origin).replace("RUNNABLE", runnable)


@pytest.mark.parametrize("path", ["/health", "/page", "/runs/chat", "/ready"])
def test_the_servers_own_paths_are_taken(path: str) -> None:
    with pytest.raises(SettingsError, match=path):
        parse_settings(settings(path=path), "test.yaml")


@pytest.mark.parametrize("origin", ["https://example.com/", "https://example.com/app", "example.com", '"*"'])
def test_an_origin_is_exact(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"cors\.origins"):
        parse_settings(settings(origin=origin), "test.yaml")


@pytest.mark.parametrize("text", ["mode: 2024-13-45", "[" * 5000, "a: b: c", "\t"])
def test_what_is_no_yaml_is_said(text: str) -> None:
    with pytest.raises(SettingsError, match=r"test\.yaml"):
        parse_settings(text, "test.yaml")


@pytest.mark.parametrize("runnable", ["json:dumps", "os:sep", "nowhere:build", "chains.chatbot:nothing"])
def test_a_runnable_that_builds_no_chain_is_named(runnable: str) -> None:
    with pytest.raises(SettingsError, match=runnable):
        create_app(parse_settings(settings(runnable=runnable), "test.yaml"))


def test_an_answer_that_leaves_no_room_for_the_prompt_is_refused() -> None:
    text = settings().replace("replies:", "context_tokens: 1000, max_tokens: 1000, replies:")
    with pytest.raises(SettingsError, match="max_tokens"):
        parse_settings(text, "test.yaml")
