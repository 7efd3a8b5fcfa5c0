"""Prompt files: every one loads, speaks its language, and asks only for what its chain gives it."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

from chains import chatbot, meeting_info
from chains.prompts import load_prompts, parse_prompt
from schemas import ChatRequest, Language, MeetingRequest
from tests.chains.answers import CHOOSING, GOAL

VARIABLES: dict[str, Any] = {
    "chatbot": chatbot.ask(ChatRequest.model_validate(CHOOSING)).variables,
    "meeting_info": meeting_info.ask(MeetingRequest.model_validate(GOAL)).variables,
}

LANGUAGES: tuple[Language, ...] = ("ko", "en")


def parsed(folder: Path, text: str) -> ChatPromptTemplate:
    file = folder / "en.md"
    file.write_text(text, encoding="utf-8")
    return parse_prompt(file)


# -- the files that ship -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chain", VARIABLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chains_prompt_asks_only_for_what_the_chain_gives(chain: str, language: Language) -> None:
    prompt = load_prompts(chain)[language]
    assert set(prompt.input_variables) <= set(VARIABLES[chain])
    messages = prompt.format_messages(**VARIABLES[chain])
    assert messages[0].type == "system"
    assert messages[-1].type == "human"
    assert not any("{{" in message.text or "# user" in message.text for message in messages)


@pytest.mark.parametrize("chain", VARIABLES)
def test_both_languages_use_the_same_variables(chain: str) -> None:
    prompts = load_prompts(chain)
    assert set(prompts) == set(LANGUAGES)
    assert set(prompts["ko"].input_variables) == set(prompts["en"].input_variables)


@pytest.mark.parametrize("chain", VARIABLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_front_matter_says_which_language_it_is(chain: str, language: Language) -> None:
    metadata = load_prompts(chain)[language].metadata
    assert metadata is not None
    assert metadata["language"] == language
    assert metadata["description"]


def test_a_chain_without_prompts_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="no_such_chain"):
        load_prompts("no_such_chain")


# -- the format --------------------------------------------------------------------------------------------------------


def test_a_file_is_front_matter_and_messages(tmp_path: Path) -> None:
    prompt = parsed(
        tmp_path,
        "---\ndescription: x\n---\nnot read\n\n# system\n\nBe kind.\n## Not a role\n# nor this\n\n"
        '# user\nHi\n\n# assistant\n{{"a": 1}}\n\n# messages\n\n# user\n{goal}\n',
    )
    assert isinstance(prompt.messages[3], MessagesPlaceholder)
    messages = prompt.format_messages(goal="달리기", messages=[("user", "{as it is}")])
    assert [(message.type, message.text) for message in messages] == [
        ("system", "Be kind.\n## Not a role\n# nor this"),
        ("human", "Hi"),
        ("ai", '{"a": 1}'),
        ("human", "{as it is}"),
        ("human", "달리기"),
    ]


@pytest.mark.parametrize(
    "text",
    ["# system\nBe kind.\n", "", "\n---\na: b\n---\n# system\nBe kind.\n", "---\na: b\n# system\nBe kind.\n"],
    ids=["none", "empty file", "not at the top", "never closed"],
)
def test_a_file_without_front_matter_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"^en\.md: .*front matter"):
        parsed(tmp_path, text)


@pytest.mark.parametrize("body", ["", "Be kind.\n", "# systems\nBe kind.\n"])
def test_a_file_without_a_message_is_an_error_that_names_it(tmp_path: Path, body: str) -> None:
    with pytest.raises(ValueError, match=r"^en\.md: .*heading"):
        parsed(tmp_path, "---\na: b\n---\n" + body)
